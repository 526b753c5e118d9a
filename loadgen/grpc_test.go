package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/lastcall-dev/lastcall/record"
)

// callee is a gRPC server of grpc-go with a unary method and a stream.
type callee struct {
	server *grpc.Server
	unary  func(nth int64) error // nil: all is well
	// messages of a stream behind the one of the number; nil: 1 to 20 of 20.
	stream  func(nth int64, after int, stream grpc.ServerStream) error
	asked   atomic.Int64
	address string
}

func (c *callee) start(t *testing.T) *callee {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.address, c.server = listener.Addr().String(), grpc.NewServer(grpc.WaitForHandlers(true))
	named := metadata.Pairs("x-pod-name", podName)
	c.server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Callee", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Unary", Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			text := new(wrapperspb.StringValue)
			if err := errors.Join(decode(text), grpc.SetHeader(ctx, named)); err != nil {
				return nil, err
			}
			if nth := c.asked.Add(1); c.unary != nil {
				if err := c.unary(nth); err != nil {
					return nil, err
				}
			}
			return text, nil
		}}},
		Streams: []grpc.StreamDesc{{StreamName: "Stream", ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
			text := new(wrapperspb.StringValue)
			if err := errors.Join(stream.RecvMsg(text), stream.SendHeader(named)); err != nil {
				return err
			}
			after := 0
			if _, number, found := strings.Cut(text.GetValue(), "after="); found {
				if _, err := fmt.Sscan(number, &after); err != nil {
					return err
				}
			}
			if c.stream == nil {
				return say(stream, after+1, 20)
			}
			return c.stream(c.asked.Add(1), after, stream)
		}}},
	}, nil)
	var serving sync.WaitGroup
	serving.Go(func() { _ = c.server.Serve(listener) })
	t.Cleanup(func() {
		c.server.Stop()
		serving.Wait()
	})
	return c
}

// say sends the messages from one number to another, of 20.
func say(stream grpc.ServerStream, from, to int) error {
	for number := from; number <= to; number++ {
		if err := stream.SendMsg(wrapperspb.String(fmt.Sprintf("%d of 20", number))); err != nil {
			return err
		}
	}
	return nil
}

func calls(class record.Class, method string) Spec {
	return Spec{Class: class, Path: "/test.Callee/" + method, Connections: 2}
}

func TestACallIsAnsweredWithAMessageAndAStatus(t *testing.T) {
	count, enough := nthCall(60)
	c := (&callee{unary: func(nth int64) error {
		count()
		switch nth % 3 {
		case 1:
			return status.Error(codes.Unavailable, "a secret of the server's")
		case 2:
			return status.Error(codes.NotFound, "another one")
		}
		return nil
	}}).start(t)
	spec := calls(record.GRPCFast, "Unary")
	spec.Body = []byte{0x0a, 2, 'h', 'i'} // StringValue "hi"
	requests, kept := sent(t, spec, Target{Address: "unused:80", GRPC: c.address}, enough)
	got := map[string]int{}
	for _, r := range requests {
		got[fmt.Sprintf("%s %d %s", r.ErrKind, r.GRPC, r.Error)]++
		if r.Code != 200 || r.Method != http.MethodPost || r.Path != "/test.Callee/Unary" || r.Pod != podName || r.FirstByte == 0 || r.Want != -1 {
			t.Errorf("%+v", r)
		}
		if r.GRPC == 0 && r.Bytes != prefixLength+int64(len(spec.Body)) {
			t.Errorf("not the message that was sent: %+v", r)
		}
	}
	if len(got) != 3 || got[" 0 "] == 0 || got["status 14 gRPC status 14 UNAVAILABLE"] == 0 || got["status 5 gRPC status 5 NOT_FOUND"] == 0 {
		t.Errorf("%v", got)
	}
	checkLedger(t, requests, kept)
	if int64(len(requests)) != c.asked.Load() || len(kept.Connections) != 2 {
		t.Errorf("%d requests, %d arrived, over %d connections", len(requests), c.asked.Load(), len(kept.Connections))
	}
}

func TestAMethodThatIsNotThereIsAStatus(t *testing.T) {
	c := (&callee{}).start(t)
	requests, _ := sent(t, calls(record.GRPCFast, "Absent"), Target{GRPC: c.address}, after100ms())
	if r := requests[0]; r.ErrKind != record.ErrStatus || r.GRPC != 12 || r.Error != "gRPC status 12 UNIMPLEMENTED" {
		t.Errorf("%+v", r)
	}
}

// greeted counts connections of which the server has said something. Those that have not come so far when a server ends
// are closed by grpc-go, or reset with its listener.
type greeted struct {
	net.Conn
	once  sync.Once
	count *atomic.Int64
}

func (g *greeted) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if n > 0 {
		g.once.Do(func() { g.count.Add(1) })
	}
	return n, err
}

// GracefulStop sends two GOAWAY frames and waits for what is under way. Routing has turned to another server by then.
func TestNoCallFailsWhenAServerEndsGracefully(t *testing.T) {
	ending, other := (&callee{}).start(t), (&callee{}).start(t)
	var routing sync.RWMutex // held by dials
	var dialled, works atomic.Int64
	route, stop := ending, make(chan struct{})
	go func() {
		defer close(stop)
		waitFor(func() bool { return ending.asked.Load() > 30 })
		routing.Lock()
		route = other
		routing.Unlock()
		waitFor(func() bool { return works.Load() == dialled.Load() })
		ending.server.GracefulStop()
		waitFor(func() bool { return other.asked.Load() > 30 })
	}()
	target := Target{GRPC: "service:81", DialGRPC: func(ctx context.Context) (net.Conn, error) {
		routing.RLock()
		defer routing.RUnlock()
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", route.address)
		if err != nil {
			return nil, err
		}
		dialled.Add(1)
		return &greeted{Conn: conn, count: &works}, nil
	}}
	requests, kept := sent(t, calls(record.GRPCFast, "Unary"), target, stop)
	if kinds := tally(requests); kinds[record.NoError] != int64(len(requests)) || ending.asked.Load()+other.asked.Load() != int64(len(requests)) {
		t.Errorf("%v; %d and %d arrived", kinds, ending.asked.Load(), other.asked.Load())
	}
	checkLedger(t, requests, kept)
	told := 0
	for _, c := range kept.Connections {
		if _, is := c.Told(); is {
			told++
			if c.GoAways[0].LastStream != lastStream {
				t.Errorf("the first GOAWAY refuses something: %+v", c)
			}
		}
	}
	if told != 2 {
		t.Errorf("%d of the two connections to the server that ended were told: %+v", told, kept.Connections)
	}
}

func waitFor(so func() bool) {
	for deadline := time.Now().Add(patience); !so() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

func TestWhatGoesToGRPCNeedsAnAddressForIt(t *testing.T) {
	for _, spec := range []Spec{{Class: record.GRPCFast, Path: "/a/B", Rate: 1}, {Class: record.GRPCStream, Path: "/a/B", Rate: 1, Takes: time.Second}} {
		load, err := New(spec, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		err = load.Run(t.Context(), after100ms(), Target{Address: "127.0.0.1:1"}, func(record.Request) { t.Error("sent all the same") })
		if !errors.Is(err, errNoGRPC) {
			t.Errorf("%s: %v", spec.Class, err)
		}
	}
}

func TestAnAnswerThatIsNoneOfGRPCIsMalformed(t *testing.T) {
	ok := []string{":status", "200", "content-type", "application/grpc", "x-pod-name", podName}
	whole := string(message([]byte("text")))
	for name, c := range map[string]struct {
		asked func(p *http2Peer, stream uint32)
		want  record.ErrKind
		says  string
	}{
		"all is well": {func(p *http2Peer, s uint32) {
			p.header(s, false, ok...)
			p.data(s, false, whole)
			p.header(s, true, "grpc-status", "0")
		}, record.NoError, ""},
		"no message": {func(p *http2Peer, s uint32) { p.header(s, false, ok...); p.header(s, true, "grpc-status", "0") }, record.ErrTruncated, "EOF"},
		"half a message": {func(p *http2Peer, s uint32) {
			p.header(s, false, ok...)
			p.data(s, false, whole[:7])
			p.header(s, true, "grpc-status", "0")
		}, record.ErrTruncated, "EOF"},
		"two messages": {func(p *http2Peer, s uint32) {
			p.header(s, false, ok...)
			p.data(s, false, whole+whole)
			p.header(s, true, "grpc-status", "0")
		}, record.ErrOther, "malformed answer"},
		"a compressed message": {func(p *http2Peer, s uint32) {
			p.header(s, false, ok...)
			p.data(s, false, "\x01"+whole[1:])
			p.header(s, true, "grpc-status", "0")
		}, record.ErrOther, "malformed answer"},
		"a huge message":      {func(p *http2Peer, s uint32) { p.header(s, false, ok...); p.data(s, false, "\x00\xff\xff\xff\xff") }, record.ErrOther, "malformed answer"},
		"no status":           {func(p *http2Peer, s uint32) { p.header(s, false, ok...); p.data(s, true, whole) }, record.ErrOther, "malformed answer"},
		"a status only":       {func(p *http2Peer, s uint32) { p.header(s, true, append(ok, "grpc-status", "13")...) }, record.ErrStatus, "gRPC status 13 INTERNAL"},
		"a status of no code": {func(p *http2Peer, s uint32) { p.header(s, true, append(ok, "grpc-status", "s3cr3t")...) }, record.ErrStatus, "gRPC status 2 UNKNOWN"},
		"HTML":                {func(p *http2Peer, s uint32) { p.header(s, true, ":status", "200", "content-type", "text/html") }, record.ErrOther, "malformed answer"},
		"a proxy's status":    {func(p *http2Peer, s uint32) { p.header(s, true, ":status", "502", "content-type", "text/html") }, record.ErrStatus, "status 502"},
		"cut in the answer":   {func(p *http2Peer, s uint32) { p.header(s, false, ok...); p.kill(false) }, record.ErrTruncated, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count, once := nthCall(1)
			server := &http2Server{asked: func(p *http2Peer, stream uint32, _ int) {
				c.asked(p, stream)
				count()
			}}
			spec := calls(record.GRPCFast, "Unary")
			spec.Rate = 20
			requests, _ := sent(t, spec, Target{GRPC: server.start(t)}, once)
			if r := requests[0]; r.ErrKind != c.want || !strings.Contains(r.Error, c.says) || strings.Contains(r.Error, "s3cr3t") {
				t.Errorf("%q %q, want %q %q", r.ErrKind, r.Error, c.want, c.says)
			}
		})
	}
}

func TestMessagesAreTakenApartHoweverTheyCome(t *testing.T) {
	var all []byte
	for i := range 20 {
		all = append(all, message([]byte(strings.Repeat("x", i*7)))...)
	}
	for piece := 1; piece < 40; piece++ {
		var lengths []int
		m := &messages{take: func(text []byte) error {
			lengths = append(lengths, len(text))
			return nil
		}}
		for rest := all; len(rest) > 0; {
			n := min(piece, len(rest))
			if err := m.part(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		for i, length := range lengths {
			if length != i*7 {
				t.Errorf("in pieces of %d message %d has %d bytes", piece, i, length)
			}
		}
		if len(lengths) != 20 || !m.whole() {
			t.Errorf("in pieces of %d: %d messages, whole %t", piece, len(lengths), m.whole())
		}
	}
}

func streamsOf(t *testing.T, c *callee, until <-chan struct{}) record.Ledger {
	t.Helper()
	spec := calls(record.GRPCStream, "Stream?for=1s")
	spec.Rate, spec.Takes, spec.Timeout = 20, time.Second, 2*time.Second
	requests, kept := sent(t, spec, Target{GRPC: c.address}, until)
	if len(requests) > 0 {
		t.Errorf("streams were recorded as requests: %+v", requests)
	}
	if len(kept.Streams) == 0 {
		t.Fatal("no stream was recorded")
	}
	legs, opened := 0, 0
	for _, s := range kept.Streams {
		legs += len(s.Legs)
		for _, leg := range s.Legs {
			if leg.Opened > 0 {
				opened++
			}
		}
	}
	if n := len(kept.Connections); n < opened || n > legs {
		t.Errorf("%d legs, %d of them opened, over %d connections", legs, opened, n)
	}
	for _, k := range kept.Connections {
		if k.Class != record.GRPCStream || k.Requests != 1 || k.Closed < k.Opened || k.End == "" {
			t.Errorf("%+v", k)
		}
	}
	return kept
}

func TestAGRPCStreamIsCompleteWithItsStatus(t *testing.T) {
	for _, s := range streamsOf(t, (&callee{}).start(t), after100ms()).Streams {
		leg := s.Legs[0]
		if len(s.Legs) != 1 || leg.End != record.LegComplete || leg.Pod != podName || leg.From != 1 || leg.To != 20 || leg.Opened < leg.Began || s.Got != 20 || s.Wanted != 20 || leg.Code != 0 {
			t.Errorf("%+v", s)
		}
	}
}

func TestAGRPCStreamIsHandedOverByAStatusThatAsksToCallAgain(t *testing.T) {
	c := (&callee{stream: func(_ int64, after int, stream grpc.ServerStream) error {
		if after > 0 {
			return say(stream, after+1, 20)
		}
		stream.SetTrailer(metadata.Pairs("grpc-retry-pushback-ms", "100"))
		return errors.Join(say(stream, 1, 7), status.Error(codes.Unavailable, "the process ends"))
	}}).start(t)
	for _, s := range streamsOf(t, c, after100ms()).Streams {
		if len(s.Legs) != 2 || s.Legs[0].End != record.LegHandedOver || s.Legs[0].To != 7 || s.Legs[0].Code != 14 || s.Legs[1].From != 8 || s.Legs[1].End != record.LegComplete || s.Got != 20 {
			t.Errorf("%+v", s)
		}
	}
}

func TestAGRPCStreamThatEndsInAnyOtherWayIsBroken(t *testing.T) {
	for name, c := range map[string]struct {
		first func(stream grpc.ServerStream) error
		kind  record.ErrKind
		code  int
		says  string
	}{
		"a status": {func(s grpc.ServerStream) error {
			return errors.Join(say(s, 1, 3), status.Error(codes.Internal, "s3cr3t"))
		}, record.ErrStatus, 13, "gRPC status 13 INTERNAL"},
		"UNAVAILABLE alone": {func(s grpc.ServerStream) error {
			return errors.Join(say(s, 1, 3), status.Error(codes.Unavailable, "s3cr3t"))
		}, record.ErrStatus, 14, "gRPC status 14 UNAVAILABLE"},
		"too early":          {func(s grpc.ServerStream) error { return say(s, 1, 3) }, record.ErrTruncated, 0, "ended without a word after message 3 of 20"},
		"not numbered":       {func(s grpc.ServerStream) error { return s.SendMsg(wrapperspb.String("s3cr3t")) }, record.ErrOther, 0, "malformed message"},
		"not even a message": {func(s grpc.ServerStream) error { return s.SendMsg(wrapperspb.Bytes([]byte{0xff})) }, record.ErrOther, 0, "malformed message"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := (&callee{stream: func(_ int64, after int, stream grpc.ServerStream) error {
				if after > 0 {
					return say(stream, after+1, 20)
				}
				return c.first(stream)
			}}).start(t)
			kept := streamsOf(t, server, after100ms())
			leg := kept.Streams[0].Legs[0]
			if leg.End != record.LegBroken || leg.Kind != c.kind || leg.Code != c.code || !strings.Contains(leg.Error, c.says) || strings.Contains(leg.Error, "s3cr3t") {
				t.Errorf("%+v, want %q %d %q", leg, c.kind, c.code, c.says)
			}
		})
	}
}
