package loadgen

import (
	"context"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(record.ReusedFast, reusedConnections)

// reusedConnections is traffic over a fixed number of kept-alive connections.
func reusedConnections(s Spec, epoch time.Time) Load {
	return newHTTP1(s, epoch, func(d dialer) connections { return &pool{dialer: d, size: s.Connections} })
}

// pool keeps size connections and hands them out in turn, the one that has been idle longest first, so that each is
// used regularly and none is forgotten. A request that finds all of them busy gets a further one, because the open model
// does not wait. A connection that died is replaced when the next request needs one, never for the request that it died
// under.
type pool struct {
	dialer
	size int

	mu   sync.Mutex
	open int // idle and handed out
	idle []*conn
}

func (p *pool) get(ctx context.Context) (*conn, int, error) {
	for {
		c := p.take()
		if c == nil {
			break
		}
		// The peer may close a connection between two requests as it likes: that fails no request.
		if c.usable() {
			return c, 0, nil
		}
		p.discard(c)
	}
	c, dials, err := p.dial(ctx)
	if err != nil {
		p.mu.Lock()
		p.open--
		p.mu.Unlock()
	}
	return c, dials, err
}

// take returns the connection that has been idle longest, or nil, having counted it, for one that is to be dialled.
func (p *pool) take() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open < p.size || len(p.idle) == 0 {
		p.open++
		return nil
	}
	c := p.idle[0]
	copy(p.idle, p.idle[1:])
	p.idle = p.idle[:len(p.idle)-1]
	return c
}

func (p *pool) put(c *conn, reusable bool) {
	p.mu.Lock()
	keep := reusable && p.open <= p.size
	if keep {
		p.idle = append(p.idle, c)
	} else {
		p.open--
	}
	p.mu.Unlock()
	if !keep {
		c.drop()
	}
}

func (p *pool) discard(c *conn) { p.put(c, false) }

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.open = nil, p.open-len(idle)
	p.mu.Unlock()
	for _, c := range idle {
		c.drop()
	}
}
