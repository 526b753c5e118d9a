package loadgen

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// http1 is a load of HTTP/1.1 requests; where each gets its connection from is what tells the classes apart.
type http1 struct {
	spec    Spec
	epoch   time.Time
	connect func(dialer) connections
	tracker *tracker
	limit   int // requests in flight at most
}

func newHTTP1(s Spec, epoch time.Time, connect func(dialer) connections) *http1 {
	return &http1{spec: s, epoch: epoch, connect: connect, tracker: newTracker(epoch), limit: s.maxInFlight()}
}

func (l *http1) Progress() Progress { return l.tracker.progress() }

func (l *http1) Run(ctx context.Context, stop <-chan struct{}, t Target, rec func(record.Request)) error {
	wire, err := encode(l.spec, t)
	if err != nil {
		return fmt.Errorf("encode the request of %s: %w", l.spec.Class, err)
	}
	source := l.connect(dialer{target: t, epoch: l.epoch})
	defer source.close()
	a := &attack{spec: l.spec, epoch: l.epoch, limit: l.limit, tracker: l.tracker}
	err = a.run(ctx, stop, t, func(seq uint64, due time.Duration) {
		rec(l.hit(ctx, source, wire, seq, due))
	})
	if err != nil {
		return fmt.Errorf("load %s: %w", l.spec.Class, err)
	}
	return nil
}

// hit makes one request and returns its record.
func (l *http1) hit(ctx context.Context, source connections, wire []byte, seq uint64, due time.Duration) record.Request {
	r := record.Request{Class: l.spec.Class, Method: l.spec.Method, Path: l.spec.pathOnly(), Due: due, Want: -1}
	r.Start = time.Since(l.epoch)
	limited, cancel := context.WithTimeout(ctx, l.spec.Timeout)
	defer cancel()
	c, dials, err := source.get(limited)
	r.Dials = dials
	if err != nil {
		r.End = time.Since(l.epoch)
		r.ErrKind, r.Error = classify(ctx, err, dialling), text(err)
		r.Pod = podOfError(err)
		r.PodByConn = r.Pod != ""
		l.tracker.local(isLocal(err))
		return r
	}
	r.Connected = max(r.Start, c.made)
	x := exchange{spec: l.spec, epoch: l.epoch, wire: wire, hard: ctx, conn: c}
	x.begun = func(pod string, firstByte time.Duration) {
		if l.spec.Class.Slow() {
			l.tracker.answering(seq, Flight{Pod: pod, Class: l.spec.Class, Started: r.Start, FirstByte: firstByte, Takes: l.spec.Takes})
		}
	}
	if pod := podOf(c.Conn); pod != "" && l.spec.Class.Slow() {
		l.tracker.answering(seq, Flight{Pod: pod, Class: l.spec.Class, Started: r.Start, Takes: l.spec.Takes})
	}
	release := bind(limited, c)
	reusable := x.run(&r)
	reusable = release() && reusable
	l.tracker.answered(seq)
	source.put(c, reusable)
	return r
}

// bind ends the connection's reads and writes with the context. release gives it back and reports whether it is still
// fit for use.
func bind(ctx context.Context, c *conn) (release func() bool) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return stop
}

// encode makes the bytes of the request, which are the same for each: so what vegeta adds to its own copy of the request
// does not reach the wire, and sending costs one write.
func encode(s Spec, t Target) ([]byte, error) {
	request, err := http.NewRequest(s.Method, "http://"+t.Address+s.Path, bytes.NewReader(s.Body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "lastcall")
	for name, value := range s.Header {
		request.Header.Set(name, value)
		if http.CanonicalHeaderKey(name) == "Host" {
			request.Host = value
		}
	}
	var wire bytes.Buffer
	if err := request.Write(&wire); err != nil {
		return nil, err
	}
	return wire.Bytes(), nil
}
