package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/lastcall-dev/lastcall/record"
)

// Requests over HTTP/2 without TLS, with prior knowledge (RFC 9113, section 3.3): a few connections, each with as many
// requests under way as are due.
var _ = register(record.HTTP2Fast, func(s Spec, epoch time.Time) Load {
	return newHTTP2Load(s, epoch, exchanges{fields: requestFields, stream: plainStream, conclude: concludeHTTP})
})

// exchanges tell what differs between the classes that use HTTP/2.
type exchanges struct {
	fields func(s Spec, t Target) []hpack.HeaderField
	// stream of a new request.
	stream func() *http2Stream
	// conclude fills in the record what an answer that came whole says.
	conclude func(s Spec, of *http2Stream, r *record.Request) error
	grpc     bool // goes to the target's address for gRPC, each body a message
}

// http2Load is a load of requests on streams of HTTP/2.
type http2Load struct {
	spec    Spec
	epoch   time.Time
	tracker *tracker
	book    *http2Book
	exchanges
}

var _ Ledgered = (*http2Load)(nil)

func newHTTP2Load(s Spec, epoch time.Time, x exchanges) *http2Load {
	return &http2Load{spec: s, epoch: epoch, tracker: newTracker(epoch), book: newHTTP2Book(), exchanges: x}
}

func (l *http2Load) Progress() Progress { return l.tracker.progress() }

// Ledger has the connections.
func (l *http2Load) Ledger() record.Ledger { return l.book.ledger() }

func (l *http2Load) now() time.Duration { return time.Since(l.epoch) }

func (l *http2Load) Run(ctx context.Context, stop <-chan struct{}, t Target, rec func(record.Request)) error {
	body := l.spec.Body
	if l.grpc {
		if t = t.ForGRPC(); t.Address == "" {
			return fmt.Errorf("load %s: %w", l.spec.Class, errNoGRPC)
		}
		body = message(body)
	}
	pool := &http2Pool{size: l.spec.Connections, dial: func(ctx context.Context) (*http2Conn, int, error) { return l.dial(ctx, t) }}
	fields := l.fields(l.spec, t)
	a := &attack{spec: l.spec, epoch: l.epoch, limit: l.spec.maxInFlight(), tracker: l.tracker}
	err := a.run(ctx, stop, t, func(_ uint64, due time.Duration) { rec(l.hit(ctx, pool, fields, body, due)) })
	if err = errors.Join(err, l.book.close()); err != nil {
		return fmt.Errorf("load %s: %w", l.spec.Class, err)
	}
	return nil
}

// dial makes one connection, which lives until it ends or the load does.
func (l *http2Load) dial(ctx context.Context, t Target) (*http2Conn, int, error) {
	raw, tried, err := t.Open(ctx)
	if err != nil {
		return nil, tried, err
	}
	c := newHTTP2Conn(raw, l.spec, l.now, l.book.ended)
	l.book.begin(c)
	return c, tried, nil
}

// hit makes one request and returns its record. A connection that was told to go away between two requests is passed
// over: nothing was sent on it. For one that was made for this very request that is a failure.
func (l *http2Load) hit(ctx context.Context, pool *http2Pool, fields []hpack.HeaderField, body []byte, due time.Duration) record.Request {
	r := record.Request{Class: l.spec.Class, Method: l.spec.Method, Path: l.spec.pathOnly(), Due: due, Want: -1, Start: l.now()}
	limited, cancel := context.WithTimeout(ctx, l.spec.Timeout)
	defer cancel()
	for {
		c, dials, err := pool.get(limited)
		r.Dials = dials
		if err != nil {
			l.undialled(ctx, &r, err)
			return r
		}
		s := l.stream()
		err = c.send(limited, s, fields, body)
		if err != nil && dials == 0 {
			continue
		}
		if err != nil {
			s.err, s.ended = c.why(), l.now()
		}
		l.answered(ctx, &r, c, s)
		return r
	}
}

func (l *http2Load) undialled(ctx context.Context, r *record.Request, err error) {
	r.End = l.now()
	r.ErrKind, r.Error = classify(ctx, err, dialling), text(err)
	r.Pod = podOfError(err)
	r.PodByConn = r.Pod != ""
	l.tracker.local(isLocal(err))
}

// answered fills in the record how the request ended on the connection.
func (l *http2Load) answered(ctx context.Context, r *record.Request, c *http2Conn, s *http2Stream) {
	r.Connected, r.Conn, r.Reused = max(r.Start, c.made), c.id, s.carried
	r.FirstByte, r.End, r.Code, r.Bytes = s.begun, s.ended, s.code, s.bytes
	err := s.err
	if s.code != 0 {
		r.Want, r.Close = s.announcedLength(), s.told
		r.Pod = bounded(s.head.Get(l.spec.PodHeader), maxPodName)
		if err == nil {
			err = l.conclude(l.spec, s, r)
		}
	}
	if err != nil {
		r.ErrKind, r.Error = kindOfHTTP2(ctx, err, s.at())
	}
	if r.Pod == "" { // from one that is known
		r.Pod = c.ledger().Pod
		r.PodByConn = r.Pod != "" && r.Code == 0
	}
}

func plainStream() *http2Stream { return newHTTP2Stream(nil) }

// concludeHTTP checks an answer that came whole.
func concludeHTTP(spec Spec, s *http2Stream, r *record.Request) error {
	if err := s.whole(spec.Method); err != nil {
		return err
	}
	if r.Code != spec.Expect {
		r.ErrKind, r.Error = record.ErrStatus, "status "+strconv.Itoa(r.Code)
	}
	return nil
}

// requestFields are the header of each request (RFC 9113, section 8.3.1).
func requestFields(s Spec, t Target) []hpack.HeaderField {
	authority := t.Address
	var rest []hpack.HeaderField
	for name, value := range s.Header {
		switch name = strings.ToLower(name); name {
		case "host":
			authority = value
		case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "content-length":
			// say something of HTTP/1.1 (section 8.2.2), or are said below
		default:
			rest = append(rest, hpack.HeaderField{Name: name, Value: value, Sensitive: record.SecretName(name)})
		}
	}
	fields := []hpack.HeaderField{
		{Name: ":method", Value: s.Method}, {Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: authority}, {Name: ":path", Value: s.Path},
	}
	if _, given := s.Header["User-Agent"]; !given {
		fields = append(fields, hpack.HeaderField{Name: "user-agent", Value: "lastcall"})
	}
	if len(s.Body) > 0 && s.Method != http.MethodHead {
		fields = append(fields, hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(len(s.Body))})
	}
	return append(fields, rest...)
}
