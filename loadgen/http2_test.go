package loadgen

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/lastcall-dev/lastcall/record"
)

// sent runs a load against the target until the channel closes, and returns what it recorded and its ledger.
func sent(t *testing.T, s Spec, target Target, until <-chan struct{}) ([]record.Request, record.Ledger) {
	t.Helper()
	if s.Path == "" {
		s.Path = "/fast?x=y"
	}
	if s.Rate == 0 {
		s.Rate = 200
	}
	load, err := New(s, time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var requests []record.Request
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = load.Run(ctx, until, target, func(r record.Request) {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	if begun := load.Progress().Begun; begun != uint64(len(requests)) {
		t.Errorf("%d requests were begun and %d recorded", begun, len(requests))
	}
	return requests, load.(Ledgered).Ledger()
}

// checkLedger holds the entries of connections against the requests that name them.
func checkLedger(t *testing.T, requests []record.Request, kept record.Ledger) {
	t.Helper()
	carried := map[uint64]map[int]bool{} // the numbers of its requests
	for _, r := range requests {
		if carried[r.Conn] == nil {
			carried[r.Conn] = map[int]bool{}
		}
		carried[r.Conn][r.Reused] = true
	}
	for _, c := range kept.Connections {
		// The request that a connection was made for names it also where it ended before it carried any.
		if n := len(carried[c.Conn]); n != c.Requests && (n != 1 || c.Requests != 0) || c.Closed < c.Opened || c.End == "" || c.Requests > 0 && (c.First < c.Opened || c.Last < c.First || c.LastAnswer > c.Last) {
			t.Errorf("%d requests name it: %+v", len(carried[c.Conn]), c)
		}
		delete(carried, c.Conn)
	}
	delete(carried, 0)
	if len(carried) > 0 {
		t.Errorf("connections that are not in the ledger: %v", carried)
	}
}

func TestManyRequestsShareAFewConnections(t *testing.T) {
	count, enough := nthCall(60)
	server := &http2Server{asked: func(p *http2Peer, stream uint32, _ int) {
		p.answer(stream)
		count()
	}}
	requests, kept := sent(t, Spec{Class: record.HTTP2Fast, Connections: 2, Method: http.MethodPost, Body: []byte("a body")}, Target{Address: server.start(t)}, enough)
	if tally(requests)[record.NoError] != server.requests.Load() || int64(len(requests)) != server.requests.Load() || server.connections.Load() != 2 {
		t.Errorf("%v of %d over %d connections", tally(requests), server.requests.Load(), server.connections.Load())
	}
	reused := map[[2]uint64]bool{}
	for _, r := range requests {
		if r.Code != 200 || r.Pod != podName || r.PodByConn || r.Bytes != 2 || r.Want != 2 || r.FirstByte < r.Connected || r.Connected < r.Start || r.Path != "/fast" || r.Close {
			t.Errorf("%+v", r)
		}
		if key := [2]uint64{r.Conn, uint64(r.Reused)}; reused[key] || r.Dials != 0 && r.Reused > 0 {
			t.Errorf("twice number %d of its connection: %+v", r.Reused, r)
		} else {
			reused[key] = true
		}
	}
	checkLedger(t, requests, kept)
	for _, c := range kept.Connections {
		if c.Class != record.HTTP2Fast || c.Pod != podName || c.End != record.ConnectionDone || len(c.GoAways) > 0 || c.Answered != c.Requests {
			t.Errorf("%+v", c)
		}
	}
}

func TestAConnectionThatIsToldToGoAwayLosesNothingAndIsReplaced(t *testing.T) {
	count, enough := nthCall(5)
	server := &http2Server{left: func(p *http2Peer) {
		if p.told {
			count()
		}
	}}
	server.asked = func(p *http2Peer, stream uint32, nth int) {
		if nth == 3 {
			p.goAway(lastStream, http2.ErrCodeNo)
		}
		p.answer(stream)
	}
	requests, kept := sent(t, Spec{Class: record.HTTP2Fast, Connections: 2}, Target{Address: server.start(t)}, enough)
	if kinds := tally(requests); kinds[record.NoError] != int64(len(requests)) || server.requests.Load() != int64(len(requests)) {
		t.Errorf("%v; %d arrived", kinds, server.requests.Load())
	}
	checkLedger(t, requests, kept)
	left := 0
	for _, c := range kept.Connections {
		if c.Requests < 4 {
			continue // not told yet when the load ended
		}
		left++
		if at, told := c.Told(); !told || len(c.GoAways) != 1 || c.GoAways[0].LastStream != lastStream || c.GoAways[0].Code != 0 || at < c.First || at > c.Closed {
			t.Errorf("%+v", c)
		}
		if c.End != record.ConnectionLeft && c.End != record.ConnectionDone {
			t.Errorf("%+v", c)
		}
	}
	if left < 5 {
		t.Errorf("%d connections were left: %+v", left, kept.Connections)
	}
	for _, r := range requests {
		if r.Close && r.Reused < 3 {
			t.Errorf("told before it was: %+v", r)
		}
	}
}

func TestWhatGoAwayRefusesFailsOnceAndIsNotRepeated(t *testing.T) {
	count, enough := nthCall(5)
	var refused, answered atomic.Int64
	server := &http2Server{}
	var mu sync.Mutex
	gone := map[int64]bool{} // connections
	server.asked = func(p *http2Peer, stream uint32, nth int) {
		mu.Lock()
		defer mu.Unlock()
		if nth == 2 {
			gone[p.number] = true
			p.goAway(stream-2, http2.ErrCodeNo)
			count()
		}
		if gone[p.number] {
			refused.Add(1)
			return
		}
		p.answer(stream)
		answered.Add(1)
	}
	requests, kept := sent(t, Spec{Class: record.HTTP2Fast, Connections: 2}, Target{Address: server.start(t)}, enough)
	waitFor(func() bool { return server.requests.Load() == int64(len(requests)) }) // what was refused may still be read
	kinds := tally(requests)
	if kinds[record.ErrGoAway] != refused.Load() || kinds[record.NoError] != answered.Load() || len(kinds) != 2 {
		t.Errorf("recorded %v; the server refused %d and answered %d", kinds, refused.Load(), answered.Load())
	}
	for _, r := range requests {
		if r.ErrKind == record.ErrGoAway && (r.Error != "refused by GOAWAY" || r.Pod != podName || !r.PodByConn || r.Code != 0 || r.Reused < 2) {
			t.Errorf("%+v", r)
		}
	}
	checkLedger(t, requests, kept)
}

// failed runs a load until the server has been asked once, and returns the first record.
func failed(t *testing.T, s Spec, settings []http2.Setting, asked func(p *http2Peer, stream uint32)) (record.Request, record.Ledger) {
	t.Helper()
	count, once := nthCall(1)
	server := &http2Server{settings: settings, asked: func(p *http2Peer, stream uint32, _ int) {
		asked(p, stream)
		count()
	}}
	s.Class, s.Rate = record.HTTP2Fast, 20
	requests, kept := sent(t, s, Target{Address: server.start(t)}, once)
	return requests[0], kept
}

func TestEachWayToFailOverHTTP2IsTakenForWhatItIs(t *testing.T) {
	for name, c := range map[string]struct {
		asked func(p *http2Peer, stream uint32)
		want  record.ErrKind
		says  string
	}{
		"refused":                    {func(p *http2Peer, s uint32) { p.reset(s, http2.ErrCodeRefusedStream) }, record.ErrGoAway, "refused by RST_STREAM"},
		"reset before the answer":    {func(p *http2Peer, s uint32) { p.reset(s, http2.ErrCodeInternal) }, record.ErrReset, "stream reset: INTERNAL_ERROR"},
		"reset in the answer":        {func(p *http2Peer, s uint32) { p.begin(s, 10); p.reset(s, http2.ErrCodeCancel) }, record.ErrTruncated, "stream reset: CANCEL"},
		"closed before the answer":   {func(p *http2Peer, _ uint32) { p.kill(false) }, record.ErrEOF, "EOF"},
		"cut before the answer":      {func(p *http2Peer, _ uint32) { p.kill(true) }, record.ErrReset, "reset"},
		"closed in the answer":       {func(p *http2Peer, s uint32) { p.begin(s, 10); p.data(s, false, "ok"); p.kill(false) }, record.ErrTruncated, "EOF"},
		"closed in a frame":          {func(p *http2Peer, _ uint32) { _, _ = p.conn.Write([]byte{0, 0, 9}); p.kill(false) }, record.ErrEOF, "unexpected EOF"},
		"shorter than announced":     {func(p *http2Peer, s uint32) { p.begin(s, 3); p.data(s, true, "ok") }, record.ErrTruncated, "EOF"},
		"another status":             {func(p *http2Peer, s uint32) { p.header(s, true, ":status", "503") }, record.ErrStatus, "status 503"},
		"no status":                  {func(p *http2Peer, s uint32) { p.header(s, true, "x-secret", "s3cr3t") }, record.ErrOther, "malformed answer"},
		"a body before the header":   {func(p *http2Peer, s uint32) { p.data(s, true, "s3cr3t") }, record.ErrOther, "malformed answer"},
		"a field that is none":       {func(p *http2Peer, s uint32) { p.header(s, true, ":status", "200", "X-Upper", "s3cr3t") }, record.ErrOther, "malformed answer"},
		"a frame that is too large":  {func(p *http2Peer, _ uint32) { _, _ = p.conn.Write([]byte("HTTP/1.1 400 s3cr3t\r\n\r\n")) }, record.ErrOther, "malformed answer"},
		"a push":                     {func(p *http2Peer, s uint32) { p.push(s) }, record.ErrOther, "malformed answer"},
		"informational without end":  {func(p *http2Peer, s uint32) { p.inform(s, maxInformational+1) }, record.ErrOther, "malformed answer"},
		"some informational answers": {func(p *http2Peer, s uint32) { p.inform(s, maxInformational); p.answer(s) }, record.NoError, ""},
		"a digest that is wrong": {func(p *http2Peer, s uint32) {
			p.header(s, false, ":status", "200", "content-digest", digestOf("other"))
			p.data(s, true, "ok")
		}, record.ErrChecksum, "sha-256 differs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, kept := failed(t, Spec{}, nil, c.asked)
			if r.ErrKind != c.want || !strings.Contains(r.Error, c.says) || strings.Contains(r.Error, "s3cr3t") {
				t.Errorf("%q %q, want %q %q", r.ErrKind, r.Error, c.want, c.says)
			}
			for _, k := range kept.Connections {
				if k.End == "" || strings.Contains(k.Error, "s3cr3t") {
					t.Errorf("%+v", k)
				}
			}
		})
	}
}

func (p *http2Peer) push(stream uint32) {
	p.do(func(f *http2.Framer) error {
		return f.WritePushPromise(http2.PushPromiseParam{StreamID: stream, PromiseID: 2, BlockFragment: []byte{0x82}, EndHeaders: true})
	})
}

func (p *http2Peer) inform(stream uint32, times int) {
	for range times {
		p.header(stream, false, ":status", "103")
	}
}

func TestHowAConnectionEndsIsInTheLedger(t *testing.T) {
	for end, asked := range map[string]func(p *http2Peer, stream uint32){
		record.ConnectionClosed: func(p *http2Peer, s uint32) { p.answer(s); p.kill(false) },
		record.ConnectionBroken: func(p *http2Peer, s uint32) { p.answer(s); p.kill(true) },
		record.ConnectionLeft:   func(p *http2Peer, s uint32) { p.goAway(lastStream, http2.ErrCodeNo); p.answer(s) },
	} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			ended, until := nthCall(1)
			server := &http2Server{left: func(*http2Peer) { ended() }}
			server.asked = func(p *http2Peer, stream uint32, nth int) {
				if p.number == 1 && nth == 0 {
					asked(p, stream)
				} else {
					p.answer(stream)
				}
			}
			requests, kept := sent(t, Spec{Class: record.HTTP2Fast, Rate: 20, Connections: 1}, Target{Address: server.start(t)}, until)
			checkLedger(t, requests, kept)
			if c := kept.Connections[0]; c.End != end || (c.Kind != "") != (end == record.ConnectionBroken) || (c.Error != "") != (c.Kind != "") {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestARequestOverHTTP2ThatIsNotAnsweredInTimeIsTakenBack(t *testing.T) {
	var canceled atomic.Int64
	count, enough := nthCall(3)
	server := &http2Server{asked: func(p *http2Peer, stream uint32, nth int) {
		if nth%2 == 1 {
			p.answer(stream)
		}
	}}
	server.frame = func(_ *http2Peer, f http2.Frame) {
		if r, ok := f.(*http2.RSTStreamFrame); ok && r.ErrCode == http2.ErrCodeCancel {
			canceled.Add(1)
			count()
		}
	}
	requests, kept := sent(t, Spec{Class: record.HTTP2Fast, Rate: 20, Connections: 1, Timeout: 200 * time.Millisecond}, Target{Address: server.start(t)}, enough)
	kinds := tally(requests)
	if kinds[record.ErrTimeout] < 3 || kinds[record.NoError] < 1 || len(kinds) != 2 {
		t.Errorf("%v", kinds)
	}
	if len(kept.Connections) != 1 {
		t.Errorf("a connection on which one request was late is used no more: %+v", kept.Connections)
	}
}

func TestWhatTheHardDeadlineCutsOffOverHTTP2IsCanceled(t *testing.T) {
	server := &http2Server{asked: func(*http2Peer, uint32, int) {}}
	load, err := New(Spec{Class: record.HTTP2Fast, Rate: 50, Path: "/"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var requests []record.Request
	var mu sync.Mutex
	err = load.Run(ctx, make(chan struct{}), Target{Address: server.start(t)}, func(r record.Request) {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r)
	})
	if !errors.Is(err, context.DeadlineExceeded) || tally(requests)[record.ErrCanceled] != int64(len(requests)) || len(requests) == 0 {
		t.Errorf("%v, %v", err, tally(requests))
	}
}

func TestARefusedDialOverHTTP2FailsTheRequestThatAskedForIt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	requests, kept := sent(t, Spec{Class: record.HTTP2Fast, Rate: 50}, Target{Address: address}, after100ms())
	if len(requests) == 0 || len(kept.Connections) > 0 {
		t.Fatalf("%d requests, %+v", len(requests), kept)
	}
	for _, r := range requests {
		if r.ErrKind != record.ErrRefused || r.Dials != 1 || r.Conn != 0 || r.Connected != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestAConnectionOverHTTP2ThatIsGivenNamesItsPod(t *testing.T) {
	server := &http2Server{asked: func(p *http2Peer, stream uint32, _ int) { p.header(stream, true, ":status", "200") }}
	address := server.start(t)
	for _, r := range through(t, record.HTTP2Fast, func(ctx context.Context) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return podConn{c.(*net.TCPConn)}, nil
	}) {
		if r.Pod != podName || r.PodByConn || r.ErrKind != record.NoError {
			t.Errorf("%+v", r)
		}
	}
}

func TestTheHeaderOfARequestOverHTTP2IsTheOneThatWasAskedFor(t *testing.T) {
	got := make(chan map[string]string, 1)
	count, once := nthCall(1)
	server := &http2Server{asked: func(p *http2Peer, stream uint32, _ int) { p.answer(stream); count() }}
	server.frame = func(_ *http2Peer, f http2.Frame) {
		h, ok := f.(*http2.MetaHeadersFrame)
		if !ok {
			return
		}
		fields := map[string]string{}
		for _, field := range h.Fields {
			fields[field.Name] = field.Value
		}
		select {
		case got <- fields:
		default:
		}
	}
	header := map[string]string{"Host": "shop", "Authorization": "Bearer x", "Connection": "close", "X-Long": strings.Repeat("l", 40_000)}
	sent(t, Spec{Class: record.HTTP2Fast, Rate: 20, Method: http.MethodPut, Body: []byte("text"), Header: header}, Target{Address: server.start(t)}, once)
	want := map[string]string{
		":method": "PUT", ":scheme": "http", ":authority": "shop", ":path": "/fast?x=y", "user-agent": "lastcall",
		"content-length": "4", "authorization": "Bearer x", "x-long": strings.Repeat("l", 40_000),
	}
	if fields := <-got; !reflect.DeepEqual(fields, want) {
		t.Errorf("got %d fields", len(fields))
	}
}
