package loadgen

import (
	"errors"
	"io"
	"math/rand/v2"
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

func TestABodyWaitsForTheServersWindows(t *testing.T) {
	const size = 100_000
	var arrived atomic.Int64
	// What the client sends before it knows of the settings takes its stream's window below 0, which is to be made up for.
	const first = firstWindow + 10_000
	widen := func(p *http2Peer, stream, whole, part uint32) {
		p.do(func(f *http2.Framer) error {
			return errors.Join(f.WriteWindowUpdate(0, whole), f.WriteWindowUpdate(stream, part))
		})
	}
	count, once := nthCall(1)
	server := &http2Server{settings: []http2.Setting{{ID: http2.SettingInitialWindowSize, Val: 0}}}
	server.frame = func(p *http2Peer, f http2.Frame) {
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			widen(p, f.StreamID, 1, first)
		case *http2.DataFrame:
			if !f.StreamEnded() {
				widen(p, f.StreamID, f.Length, f.Length)
			}
		}
	}
	server.asked = func(p *http2Peer, stream uint32, _ int) {
		arrived.Store(int64(p.body)) // of all requests
		p.answer(stream)
		count()
	}
	body := strings.Repeat("0123456789", size/10)
	requests, _ := sent(t, Spec{Class: record.HTTP2Fast, Rate: 5, Connections: 1, Method: http.MethodPost, Body: []byte(body)}, Target{Address: server.start(t)}, once)
	if arrived.Load() != size*int64(len(requests)) || tally(requests)[record.NoError] != int64(len(requests)) {
		t.Errorf("%d bytes arrived, %v", arrived.Load(), tally(requests))
	}
}

func TestAnAnswerThatIsLargerThanAllWindowsComesWhole(t *testing.T) {
	body := strings.Repeat("much of it ", 400_000)
	server := &http.Server{Protocols: new(http.Protocols), ReadHeaderTimeout: patience}
	server.Protocols.SetUnencryptedHTTP2(true)
	count, enough := nthCall(3)
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Digest", digestOf(body))
		_, _ = io.WriteString(w, body)
		count()
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	requests, kept := sent(t, Spec{Class: record.HTTP2Fast, Rate: 20, Connections: 1}, Target{Address: listener.Addr().String()}, enough)
	for _, r := range requests {
		if r.ErrKind != record.NoError || r.Bytes != int64(len(body)) {
			t.Errorf("%+v", r)
		}
	}
	checkLedger(t, requests, kept)
}

func TestAServerThatAllowsFewStreamsIsSentNoMore(t *testing.T) {
	release := make(chan struct{})
	count, stalled := nthCall(12)
	server := &http2Server{settings: []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 1}}}
	var most, open sync.Map
	var knows sync.Map // connections whose client has acknowledged the settings
	server.frame = func(p *http2Peer, f http2.Frame) {
		if s, ok := f.(*http2.SettingsFrame); ok && s.IsAck() {
			knows.Store(p.number, true)
		}
	}
	server.asked = func(p *http2Peer, stream uint32, nth int) {
		count()
		if _, known := knows.Load(p.number); !known || nth == 0 {
			p.answer(stream)
			return
		}
		if _, twice := open.LoadOrStore(p.number, stream); twice {
			most.Store(p.number, true)
		}
		server.work.Go(func() {
			<-release
			open.Delete(p.number)
			p.answer(stream)
		})
	}
	address := server.start(t)
	stop := make(chan struct{})
	go func() {
		<-stalled
		close(release)
		close(stop)
	}()
	requests, kept := sent(t, Spec{Class: record.HTTP2Fast, Rate: 50, Connections: 2}, Target{Address: address}, stop)
	most.Range(func(number, _ any) bool {
		t.Errorf("connection %v had two streams at once", number)
		return true
	})
	if tally(requests)[record.NoError] != int64(len(requests)) {
		t.Errorf("%v", tally(requests))
	}
	checkLedger(t, requests, kept)
}

// Connections come and go at random while loads begin and end: once Run has returned, nothing is written down any more.
func TestNothingIsNotedOnceALoadHasEnded(t *testing.T) {
	server := &http2Server{}
	server.asked = func(p *http2Peer, stream uint32, _ int) {
		switch rand.IntN(12) {
		case 0:
			p.goAway(lastStream, http2.ErrCodeNo)
			p.answer(stream)
		case 1:
			p.goAway(stream-1, http2.ErrCodeNo)
		case 2:
			p.kill(rand.IntN(2) == 0)
		case 3:
			p.begin(stream, 10)
			p.reset(stream, http2.ErrCodeInternal)
		default:
			p.answer(stream)
		}
	}
	address := server.start(t)
	for range 40 {
		load, err := New(Spec{Class: record.HTTP2Fast, Rate: 2000, Path: "/", Connections: 3}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		var ended atomic.Bool
		var requests []record.Request
		var mu sync.Mutex
		time.AfterFunc(20*time.Millisecond, func() { close(stop) })
		err = load.Run(t.Context(), stop, Target{Address: address}, func(r record.Request) {
			if ended.Load() {
				t.Error("a request was recorded after the end")
			}
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, r)
		})
		ended.Store(true)
		if err != nil && !errors.Is(err, ErrBehind) && !errors.Is(err, ErrExhausted) {
			t.Fatal(err)
		}
		kept := load.(Ledgered).Ledger()
		checkLedger(t, requests, kept)
		for range 3 {
			if !reflect.DeepEqual(load.(Ledgered).Ledger(), kept) {
				t.Fatal("the ledger changed after the end")
			}
		}
	}
}

func TestALoadOfMoreConnectionsThanTheLedgerHoldsSaysSo(t *testing.T) {
	book := newHTTP2Book()
	book.past = make([]record.Connection, maxConnections)
	one, other := net.Pipe()
	defer func() { _ = other.Close() }()
	c := newHTTP2Conn(one, Spec{}, func() time.Duration { return 1 }, book.ended)
	c.end(errDone)
	c.close()
	book.ended(c)
	if err := book.close(); !errors.Is(err, ErrConnections) || len(book.ledger().Connections) != maxConnections {
		t.Errorf("%v, %d", err, len(book.ledger().Connections))
	}
}

func TestWhatIsTooManyInAPoolIsClosedWhenItIsIdle(t *testing.T) {
	now := func() time.Duration { return 1 }
	pool := &http2Pool{size: 1}
	var ends []net.Conn
	for range 3 {
		one, other := net.Pipe()
		ends = append(ends, one, other)
		pool.open = append(pool.open, newHTTP2Conn(one, Spec{}, now, func(*http2Conn) {}))
	}
	defer func() {
		for _, c := range ends {
			_ = c.Close()
		}
	}()
	kept, idle, unused := pool.open[0], pool.open[1], pool.open[2]
	idle.entry.Requests = 1
	if pool.take() != kept || len(pool.open) != 1 {
		t.Errorf("%d connections", len(pool.open))
	}
	if idle.cause == nil || unused.cause != nil || unused.usable() {
		t.Errorf("the idle one ended by %v; the one whose first request is still to come by %v", idle.cause, unused.cause)
	}
}
