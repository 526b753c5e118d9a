package loadgen

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/lastcall-dev/lastcall/record"
)

// gRPC server streams of numbered messages, on a connection each. The path is that of the method, and its query what the
// request asks for: "/lastcall.v1.Reference/Count?for=20s&every=500ms" sends the StringValue "for=20s&every=500ms", and
// behind message 12 "for=20s&every=500ms&after=12". The messages are StringValues as in "57 of 100".
//
// A server that ends hands a stream over by the status UNAVAILABLE with the trailer grpc-retry-pushback-ms, by which a
// client is to call again after that time (gRFC A6, "Pushback"). UNAVAILABLE alone asks nobody to come back.
var _ = register(record.GRPCStream, func(s Spec, epoch time.Time) Load {
	return grpcStreams{lastingLoad(followCall)(s, epoch)}
})

const (
	grpcUnavailable = 14
	pushback        = "Grpc-Retry-Pushback-Ms"
)

// grpcStreams go to the target's address for gRPC.
type grpcStreams struct{ Load }

var _ Ledgered = grpcStreams{}

func (l grpcStreams) Run(ctx context.Context, stop <-chan struct{}, t Target, rec func(record.Request)) error {
	if t = t.ForGRPC(); t.Address == "" {
		return fmt.Errorf("load %s: %w", record.GRPCStream, errNoGRPC)
	}
	return l.Load.Run(ctx, stop, t, rec)
}

// Ledger has the streams and their connections.
func (l grpcStreams) Ledger() (all record.Ledger) {
	if kept, ok := l.Load.(Ledgered); ok {
		all = kept.Ledger()
	}
	return all
}

// followCall follows one stream to its end.
func followCall(ctx context.Context, l *lasting, t Target, due time.Duration) (kept record.Ledger) {
	f := &followed{load: l, target: t, hard: ctx, succession: succession{next: 1}}
	f.open = func(ctx context.Context, c *contact, after int, got func(number, of int) error) (farewell, error) {
		bye, connection, err := callStream(ctx, c, after, got)
		kept.Connections = append(kept.Connections, connection)
		return bye, err
	}
	kept.Streams = []record.Stream{f.run(ctx, due)}
	return kept
}

// callStream makes one call on the contact's connection and returns when it has ended, and with it the connection.
func callStream(ctx context.Context, c *contact, after int, got func(number, of int) error) (farewell, record.Connection, error) {
	spec := c.load.spec
	request, err := countRequest(spec.Path, after)
	if err != nil {
		return farewell{}, record.Connection{}, err
	}
	conn := newHTTP2Conn(c.conn, spec, c.load.now, func(*http2Conn) {})
	conn.greet()
	var reading sync.WaitGroup
	reading.Go(conn.read)
	spec.Path = spec.pathOnly()
	s := newGRPCStream(func(text []byte) error {
		number, of, err := countMessage(text)
		if err != nil {
			return err
		}
		return got(number, of)
	})
	if err := conn.send(ctx, s, callFields(spec, c.target), message(request)); err != nil {
		s.err = conn.why()
	}
	conn.end(errDone)
	reading.Wait()
	entry := conn.ledger()
	if c.opened = s.begun; entry.Pod != "" {
		c.pod = entry.Pod
	}
	bye, err := goodbye(ctx, spec, s)
	return bye, entry, err
}

// goodbye tells how the call ended.
func goodbye(ctx context.Context, spec Spec, s *http2Stream) (farewell, error) {
	switch {
	case isTimeout(s.err):
		return farewell{}, s.err // it is the context that says what that means
	case s.err != nil:
		return farewell{}, callFailed(ctx, s, s.err)
	}
	status, err := statusOf(spec, s)
	bye := farewell{code: status}
	wait, pushed := strconv.ParseUint(s.trailer.Get(pushback), 10, 31)
	switch {
	case err == nil && status == grpcUnavailable && pushed == nil:
		bye.handedOver, bye.wait = true, time.Duration(wait)*time.Millisecond
		return bye, nil
	case errors.Is(err, errStatus), err == nil && status != grpcOK:
		return bye, &callFailure{kind: record.ErrStatus, said: statusWords(s, status)}
	case err != nil:
		return bye, callFailed(ctx, s, err)
	case !s.messages.whole():
		return bye, callFailed(ctx, s, errViolation)
	}
	return bye, nil
}

// callFailure is the end of a call that is known by its kind.
type callFailure struct {
	kind record.ErrKind
	said string
}

func (f *callFailure) Error() string { return f.said }

func callFailed(ctx context.Context, s *http2Stream, err error) error {
	f := &callFailure{}
	f.kind, f.said = kindOfHTTP2(ctx, err, s.at())
	return f
}

// countRequest is the request's message, encoded.
func countRequest(path string, after int) ([]byte, error) {
	_, asked, _ := strings.Cut(path, "?")
	if after > 0 {
		asked = strings.TrimPrefix(asked+"&after="+strconv.Itoa(after), "&")
	}
	text, err := proto.Marshal(wrapperspb.String(asked))
	if err != nil {
		return nil, fmt.Errorf("encode the request %q: %w", asked, err)
	}
	return text, nil
}

// countMessage reads a message of a stream.
func countMessage(text []byte) (number, of int, err error) {
	var value wrapperspb.StringValue
	if err := proto.Unmarshal(text, &value); err != nil {
		return 0, 0, fmt.Errorf("%w: it is no StringValue", errMalformed)
	}
	return numbered(value.GetValue())
}
