package loadgen

import (
	"context"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(record.NewFast, newConnections)

// newConnections is traffic that opens a connection for each request, so that the dataplane routes each of them anew.
//
// The request does not say "Connection: close": whether the answer says it is then the server's own doing, and it is the
// client that closes first. So TIME_WAIT stays with the client, 60 s × rate local ports of the 28 000 there are, enough
// for 400 requests a second from one source.
func newConnections(s Spec, epoch time.Time) Load {
	return newHTTP1(s, epoch, func(d dialer) connections { return fresh{d} })
}

// fresh dials for each request and keeps nothing.
type fresh struct{ dialer }

func (f fresh) get(ctx context.Context) (*conn, int, error) { return f.dial(ctx) }

func (f fresh) put(c *conn, _ bool) { c.drop() }

func (f fresh) close() {}
