package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/lastcall-dev/lastcall/record"
)

// How a leg of the test's server ends.
const (
	inOrder  = "in order" // as the protocol has it, without a word
	handOver = "hand over"
	cutOff   = "cut off"
	hang     = "hang" // not at all, until the client gives up
)

// scriptedLeg is what the test's server sends over one connection.
type scriptedLeg struct {
	numbers []int
	end     string
	status  int // 0: 200
}

// scripted is a server that sends what it is told, on one connection after the other; the last leg is repeated.
type scripted struct {
	legs []scriptedLeg
	of   int

	mu    sync.Mutex
	asked []string // what each connection was to go on after, as it was sent
}

// next is the leg of a new connection.
func (s *scripted) next(after string) scriptedLeg {
	s.mu.Lock()
	defer s.mu.Unlock()
	leg := s.legs[min(len(s.asked), len(s.legs)-1)]
	s.asked = append(s.asked, after)
	return leg
}

func (s *scripted) handler(t *testing.T, class record.Class) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		after := r.FormValue("after")
		if class == record.EventStream {
			after = r.Header.Get("Last-Event-ID")
		}
		leg := s.next(after)
		w.Header().Set(DefaultPodHeader, podName)
		if leg.status != 0 {
			w.WriteHeader(leg.status)
			return
		}
		if class == record.SocketStream {
			s.socket(t, w, r, leg)
			return
		}
		if class == record.EventStream {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		}
		for _, n := range leg.numbers {
			if class == record.EventStream {
				_, _ = fmt.Fprintf(w, ": a comment\nid: %d\n", n)
				_, _ = io.WriteString(w, "data: ")
			}
			_, _ = fmt.Fprintf(w, "%d of %d\n", n, s.of)
			if class == record.EventStream {
				_, _ = io.WriteString(w, "\n")
			}
		}
		_ = http.NewResponseController(w).Flush()
		switch leg.end {
		case handOver:
			_, _ = io.WriteString(w, "event: reconnect\nretry: 1\ndata: elsewhere\n\n")
		case cutOff:
			panic(http.ErrAbortHandler)
		case hang:
			<-r.Context().Done()
		}
	}
}

func (s *scripted) socket(t *testing.T, w http.ResponseWriter, r *http.Request, leg scriptedLeg) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx := conn.CloseRead(context.WithoutCancel(r.Context()))
	for _, n := range leg.numbers {
		if err := conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "%d of %d", n, s.of)); err != nil {
			return
		}
	}
	switch leg.end {
	case inOrder:
		_ = conn.Close(websocket.StatusNormalClosure, "")
	case handOver:
		_ = conn.Close(websocket.StatusGoingAway, "elsewhere")
	case hang:
		<-ctx.Done()
	}
}

// lastingOf makes a load of the class that is not to be run, but whose streams or watches are followed one by one.
func lastingOf(t *testing.T, s Spec) *lasting {
	t.Helper()
	s.Rate, s.Takes = 1, max(s.Takes, 1)
	load, err := New(s, time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	l := load.(*lasting)
	l.reconnect = 10 * time.Millisecond
	return l
}

// followOne follows one stream.
func followOne(t *testing.T, l *lasting, handler http.HandlerFunc) record.Stream {
	t.Helper()
	kept := l.follow(t.Context(), l, Target{Address: serverOf(t, handler)}, l.now())
	if len(kept.Streams) != 1 {
		t.Fatalf("%d streams", len(kept.Streams))
	}
	return kept.Streams[0]
}

func ends(s record.Stream) string {
	var out []string
	for _, leg := range s.Legs {
		out = append(out, leg.End)
	}
	return strings.Join(out, ", ")
}

func TestAStreamIsFollowedOverItsConnections(t *testing.T) {
	all := []record.Class{record.EventStream, record.ChunkedStream, record.SocketStream}
	told := []record.Class{record.EventStream, record.SocketStream} // a download cannot be handed over
	for name, c := range map[string]struct {
		classes                         []record.Class
		legs                            []scriptedLeg
		ends, asked                     string
		got, missing, doubled, disorder int
	}{
		"complete": {all, []scriptedLeg{{numbers: []int{1, 2, 3, 4, 5}, end: inOrder}}, "complete", "", 5, 0, 0, 0},
		"handed over, and resumed": {told, []scriptedLeg{{numbers: []int{1, 2, 3}, end: handOver}, {numbers: []int{4, 5}, end: inOrder}},
			"handed over, complete", ",3", 5, 0, 0, 0},
		"handed over before its first message": {told, []scriptedLeg{{end: handOver}, {numbers: []int{1, 2, 3, 4, 5}, end: inOrder}},
			"handed over, complete", ",", 5, 0, 0, 0},
		"resumed with a gap": {told, []scriptedLeg{{numbers: []int{1, 2}, end: handOver}, {numbers: []int{4, 5}, end: inOrder}},
			"handed over, complete", ",2", 4, 1, 0, 0},
		"resumed too early": {told, []scriptedLeg{{numbers: []int{1, 2, 3}, end: handOver}, {numbers: []int{2, 3, 4, 5}, end: inOrder}},
			"handed over, complete", ",3", 5, 0, 2, 0},
		"two swapped": {all, []scriptedLeg{{numbers: []int{1, 3, 2, 4, 5}, end: inOrder}}, "complete", "", 5, 0, 0, 1},
		"cut, and resumed": {all, []scriptedLeg{{numbers: []int{1, 2}, end: cutOff}, {numbers: []int{3, 4, 5}, end: inOrder}},
			"broken, complete", ",2", 5, 0, 0, 0},
		"cut behind its last message": {all, []scriptedLeg{{numbers: []int{1, 2, 3, 4, 5}, end: cutOff}}, "broken", "", 5, 0, 0, 0},
		"stopped without a word": {all, []scriptedLeg{{numbers: []int{1, 2}, end: inOrder}, {numbers: []int{3, 4, 5}, end: inOrder}},
			"broken, complete", ",2", 5, 0, 0, 0},
		"turned away once": {all, []scriptedLeg{{status: 503}, {numbers: []int{1, 2, 3, 4, 5}, end: inOrder}}, "broken, complete", ",", 5, 0, 0, 0},
	} {
		for _, class := range c.classes {
			t.Run(name+", "+string(class), func(t *testing.T) {
				server := &scripted{legs: c.legs, of: 5}
				s := followOne(t, lastingOf(t, Spec{Class: class, Path: "/stream?for=1s"}), server.handler(t, class))
				if ends(s) != c.ends || strings.Join(server.asked, ",") != c.asked {
					t.Errorf("ends %s, want %s; asked to go on after %q, want %q", ends(s), c.ends, server.asked, c.asked)
				}
				if s.Wanted != 5 || s.Got != c.got || s.Missing != c.missing || s.Doubled != c.doubled || s.Disordered != c.disorder || s.Canceled {
					t.Errorf("%+v", s)
				}
				for _, leg := range s.Legs {
					if leg.Pod != podName || leg.Opened < leg.Began || leg.Ended < leg.Opened || (leg.Error != "") != (leg.End == record.LegBroken) {
						t.Errorf("leg %+v", leg)
					}
				}
			})
		}
	}
}

func TestTheEndOfALegSaysWhatTheProtocolSaid(t *testing.T) {
	for name, c := range map[string]struct {
		class record.Class
		leg   scriptedLeg
		code  int
		kind  record.ErrKind
	}{
		"a WebSocket in order":     {record.SocketStream, scriptedLeg{numbers: []int{1}, end: inOrder}, 1000, record.NoError},
		"a WebSocket going away":   {record.SocketStream, scriptedLeg{end: handOver}, 1001, record.NoError},
		"a WebSocket cut":          {record.SocketStream, scriptedLeg{end: cutOff}, 1006, record.ErrTruncated},
		"events in order":          {record.EventStream, scriptedLeg{numbers: []int{1}, end: inOrder}, 200, record.NoError},
		"events cut":               {record.EventStream, scriptedLeg{end: cutOff}, 200, record.ErrTruncated},
		"a download cut":           {record.ChunkedStream, scriptedLeg{end: cutOff}, 200, record.ErrTruncated},
		"a download turned away":   {record.ChunkedStream, scriptedLeg{status: 503}, 503, record.ErrStatus},
		"a WebSocket turned away":  {record.SocketStream, scriptedLeg{status: 503}, 503, record.ErrStatus},
		"a download of no message": {record.ChunkedStream, scriptedLeg{end: inOrder}, 200, record.ErrTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			server := &scripted{legs: []scriptedLeg{c.leg, {numbers: []int{1}, end: inOrder}}, of: 1}
			s := followOne(t, lastingOf(t, Spec{Class: c.class, Path: "/stream"}), server.handler(t, c.class))
			if leg := s.Legs[0]; leg.Code != c.code || leg.Kind != c.kind {
				t.Errorf("%+v", leg)
			}
		})
	}
}

func TestAServerThatSaysNonsenseIsNotBelievedAndNotQuoted(t *testing.T) {
	for name, sent := range map[string]string{
		"no number":                "<script>\n",
		"none of none":             "0 of 0\n",
		"beyond the last":          "3 of 2\n",
		"of another length":        "1 of 3\n2 of 4\n",
		"too many":                 "1 of 2000000\n",
		"a line without an end":    strings.Repeat("1", maxLine+1),
		"the same again and again": strings.Repeat("1 of 2\n", 5),
	} {
		t.Run(name, func(t *testing.T) {
			l := lastingOf(t, Spec{Class: record.ChunkedStream, Path: "/", Timeout: 200 * time.Millisecond})
			s := followOne(t, l, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, sent) })
			if leg := s.Legs[0]; leg.End != record.LegBroken || leg.Kind != record.ErrOther || strings.Contains(leg.Error, "script") || len(leg.Error) > maxError {
				t.Errorf("%+v", leg)
			}
		})
	}
	notEvents := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "id: 1\ndata: 1 of 1\n\n") }
	l := lastingOf(t, Spec{Class: record.EventStream, Path: "/", Timeout: 200 * time.Millisecond})
	if s := followOne(t, l, notEvents); s.Got != 0 || s.Legs[0].Kind != record.ErrOther {
		t.Errorf("events without their media type: %+v", s)
	}
}

func TestAStreamOfWhichNothingComesAnyMoreIsBroken(t *testing.T) {
	for _, class := range []record.Class{record.EventStream, record.ChunkedStream, record.SocketStream} {
		l := lastingOf(t, Spec{Class: class, Path: "/"})
		l.silence = 300 * time.Millisecond
		server := &scripted{legs: []scriptedLeg{{numbers: []int{1}, end: hang}, {numbers: []int{2}, end: inOrder}}, of: 2}
		s := followOne(t, l, server.handler(t, class))
		if ends(s) != "broken, complete" || s.Legs[0].Kind != record.ErrTimeout || s.Legs[0].Error != errSilent.Error() {
			t.Errorf("%s: %+v", class, s)
		}
	}
}

func TestAStreamThatNobodyAcceptsIsBrokenAndItsTimeIsBounded(t *testing.T) {
	server := serverOf(t, func(http.ResponseWriter, *http.Request) {})
	l := lastingOf(t, Spec{Class: record.EventStream, Path: "/", Timeout: 700 * time.Millisecond})
	s := l.follow(t.Context(), l, Target{Address: closedPort(t, server)}, 0).Streams[0]
	if len(s.Legs) < 2 || s.Wanted != 0 || s.Canceled {
		t.Errorf("%+v", s)
	}
	for _, leg := range s.Legs {
		if leg.End != record.LegBroken || leg.Kind != record.ErrRefused || leg.Opened != 0 {
			t.Errorf("%+v", leg)
		}
	}
}

// closedPort is an address beside the other one on which nothing listens.
func closedPort(t *testing.T, open string) string {
	t.Helper()
	host, _, _ := strings.Cut(open, ":")
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

func TestServerSentEventsAreReadAsTheStandardHasIt(t *testing.T) {
	const sent = "\nevent: a\r\nid:7\r\ndata:  one\ndata: two\nretry: 250\nretry: soon\n: comment\nunknown: x\n\nid\ndata\n\ndata: cut off"
	var got []serverEvent
	err := readEvents(func(take func(string) error) error { return readLines(strings.NewReader(sent), take) }, func(e serverEvent) error {
		got = append(got, e)
		return nil
	})
	want := []serverEvent{{}, {name: "a", id: "7", data: " one\ntwo", retry: 250 * time.Millisecond}, {}}
	if !errors.Is(err, io.ErrUnexpectedEOF) || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestALoadOfStreamsKeepsThemInItsLedgerAndCancelsWhatOutlastsIt(t *testing.T) {
	for _, class := range []record.Class{record.EventStream, record.SocketStream} {
		load, err := New(Spec{Class: class, Rate: 50, Path: "/", Takes: time.Minute}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		load.(*lasting).drain = 100 * time.Millisecond
		server := &scripted{legs: []scriptedLeg{{numbers: []int{1}, end: hang}}, of: 2}
		inner, some := server.handler(t, class), make(chan struct{})
		var once sync.Once
		requests, err := runLoad(t, load, serverOf(t, func(w http.ResponseWriter, r *http.Request) {
			once.Do(func() { close(some) })
			inner(w, r)
		}), some)
		if err != nil || len(requests) != 0 {
			t.Errorf("%v, %d requests", err, len(requests))
		}
		kept := load.(Ledgered).Ledger().Streams
		if len(kept) == 0 || len(kept) != len(server.asked) {
			t.Errorf("%d streams of %d are in the ledger", len(kept), len(server.asked))
		}
		for _, s := range kept {
			if !s.Canceled || s.Missing != 0 || ends(s) != "canceled" || s.Class != class || s.Began < s.Due {
				t.Errorf("%+v", s)
			}
		}
	}
}

func TestALastingLoadMustSayHowLongItTakes(t *testing.T) {
	if _, err := New(Spec{Class: record.AppWatch, Rate: 1, Path: "/watch"}, time.Now()); err == nil {
		t.Error("a watch of no length is accepted")
	}
	for _, c := range []record.Class{record.EventStream, record.ChunkedStream, record.SocketStream, record.AppWatch} {
		if !c.Lasting() || c.Slow() || c.NewConnection() || !slices.Contains(Classes(), c) {
			t.Errorf("%s", c)
		}
	}
	if record.APIWatch.Lasting() || record.NewSlow.Lasting() {
		t.Error("a class of requests is taken for one that lasts")
	}
}

func TestAMessageIsReadOnlyAsItIsWritten(t *testing.T) {
	for text, want := range map[string][2]int{"57 of 100": {57, 100}, "1 of 1": {1, 1}} {
		if n, of, err := numbered(text); err != nil || n != want[0] || of != want[1] {
			t.Errorf("%q: %d of %d, %v", text, n, of, err)
		}
	}
	for _, text := range []string{"", "57", "57 of", "of 3", "x of 3", "3 of x", strconv.Itoa(1<<62) + "0 of 3"} {
		if n, of, err := numbered(text); err == nil {
			t.Errorf("%q is %d of %d", text, n, of)
		}
	}
}
