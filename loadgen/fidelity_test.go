package loadgen

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lastcall-dev/lastcall/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// send runs a load until the channel closes and returns what it recorded.
func send(t *testing.T, s Spec, address string, until <-chan struct{}) []record.Request {
	t.Helper()
	load, err := New(s, time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	requests, err := runLoad(t, load, address, until)
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

func runLoad(t *testing.T, load Load, address string, until <-chan struct{}) ([]record.Request, error) {
	t.Helper()
	var mu sync.Mutex
	var requests []record.Request
	stop, ended := make(chan struct{}), make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		ended <- load.Run(ctx, stop, Target{Address: address, GRPC: address}, func(r record.Request) {
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, r)
		})
	}()
	select {
	case <-until:
		close(stop)
	case <-ctx.Done():
	}
	err := <-ended
	if begun := load.Progress().Begun; begun != uint64(len(requests)) {
		t.Errorf("%d requests were begun and %d recorded", begun, len(requests))
	}
	return requests, err
}

func tally(requests []record.Request) map[record.ErrKind]int64 {
	kinds := map[record.ErrKind]int64{}
	for _, r := range requests {
		kinds[r.ErrKind]++
	}
	return kinds
}

// kinds of failure that a kill must be recorded as, by whether it was a reset.
func wantKind(when moment, reset bool) record.ErrKind {
	switch {
	case when == insideHeader || when == insideBody:
		return record.ErrTruncated
	case reset:
		return record.ErrReset
	default:
		return record.ErrEOF
	}
}

func TestEveryKillIsRecordedOnceAndNoneIsInvented(t *testing.T) {
	for _, class := range []record.Class{record.NewFast, record.ReusedFast} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, when := range []moment{beforeReading, beforeFirstByte, insideHeader, insideBody} {
				for _, reset := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s %s %s reset=%t", class, method, when, reset), func(t *testing.T) {
						t.Parallel()
						killedOnce(t, class, method, when, reset)
					})
				}
			}
		}
	}
}

func killedOnce(t *testing.T, class record.Class, method string, when moment, reset bool) {
	const carriedBefore = 2 // a reused connection is killed under its third request
	var mu sync.Mutex
	connections := 0
	server := &killer{when: when, reset: reset, pick: func(nth int) bool {
		if !class.NewConnection() {
			return nth == carriedBefore
		}
		mu.Lock()
		defer mu.Unlock()
		connections++
		return connections%3 == 0
	}}
	server.enough.Store(8)
	address := server.start(t)
	spec := Spec{Class: class, Rate: 200, Method: method, Path: "/fast?x=y", Connections: 3}
	if method == http.MethodPost {
		spec.Body = []byte("a body")
	}
	requests := send(t, spec, address, server.done)

	if got, want := int64(len(requests)), server.arrived.Load(); got != want {
		t.Errorf("%d requests recorded, %d arrived", got, want)
	}
	kinds, want := tally(requests), wantKind(when, reset)
	if kinds[want] != server.killed.Load() || kinds[record.NoError] != server.answered.Load() || len(kinds) != 2 {
		t.Errorf("recorded %v; the server killed %d (to be %q) and answered %d", kinds, server.killed.Load(), want, server.answered.Load())
	}
	for _, r := range requests {
		checkRecord(t, r, class, carriedBefore)
	}
}

func checkRecord(t *testing.T, r record.Request, class record.Class, carriedBefore int) {
	t.Helper()
	fresh := r.Reused == 0
	switch {
	case r.Class != class || r.Path != "/fast" || r.Conn == 0 || r.Start < r.Due || r.End < r.Connected || r.Connected < r.Start:
		t.Errorf("inconsistent: %+v", r)
	case fresh && r.Dials != 1, !fresh && r.Dials != 0:
		t.Errorf("a connection that had carried %d was dialled %d times for it", r.Reused, r.Dials)
	case class.NewConnection() && !fresh:
		t.Errorf("a class of new connections reused one: %+v", r)
	case r.ErrKind == record.NoError && (r.Code != 200 || r.Pod != podName || r.PodByConn || r.Bytes != 2 || r.Want != 2 || r.FirstByte == 0):
		t.Errorf("an answer is recorded as %+v", r)
	case r.ErrKind != record.NoError && r.Error == "":
		t.Errorf("a failure has no text: %+v", r)
	case r.Failed() && !class.NewConnection() && (r.Reused != carriedBefore || r.Pod != podName):
		t.Errorf("a kill under request %d of a known pod's connection is recorded as %+v", carriedBefore, r)
	case r.Failed() && r.PodByConn != (r.Code == 0 && !class.NewConnection()):
		t.Errorf("whether the pod is known by the connection alone: %+v", r)
	}
}

// The rule that the test above checks does not hold by itself: this is what a client of net/http makes of such a server.
func TestAPlainTransportHidesKillsOfReusedConnections(t *testing.T) {
	server := &killer{when: beforeFirstByte, pick: func(nth int) bool { return nth == 2 }}
	server.enough.Store(1 << 30)
	address := server.start(t)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	failed, sent := 0, 30
	for range sent {
		answer, err := client.Get("http://" + address + "/")
		if err != nil {
			failed++
			continue
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
	if server.killed.Load() == 0 || failed != 0 || server.arrived.Load() <= int64(sent) {
		t.Errorf("%d sent, %d failed; %d arrived, %d killed: net/http no longer hides kills, so the contrast is gone",
			sent, failed, server.arrived.Load(), server.killed.Load())
	}
}

func TestAConnectionClosedBetweenTwoRequestsFailsNone(t *testing.T) {
	server := &killer{hangUp: true, pick: func(int) bool { return false }}
	server.enough.Store(20)
	address := server.start(t)
	requests := send(t, Spec{Class: record.ReusedFast, Rate: 100, Path: "/", Connections: 4}, address, server.done)
	failed := int64(len(requests)) - tally(requests)[record.NoError]
	// A request may be under way when the server hangs up: that one has failed.
	if failed != server.raced.Load() || server.answered.Load() < 20 {
		t.Errorf("%d failed and %d were on their way at a hang-up; %v", failed, server.raced.Load(), tally(requests))
	}
}

func TestAnIdleConnectionThatThePeerClosedIsNotUsable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c, _, err := dialer{target: Target{Address: listener.Addr().String()}, epoch: time.Now()}.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.drop()
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if !c.usable() {
		t.Error("a quiet connection is taken for unusable")
	}
	_ = server.Close()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for c.usable() && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}()
	await(t, "the FIN to be seen", closed)
}

func TestARefusedDialIsRecordedOncePerRequest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	for _, class := range Classes() {
		if class.OnAPI() || class.Lasting() || class.Ledgered() {
			continue // these have more than an address, are no requests, or go on trying: each has a test of its own for that
		}
		t.Run(string(class), func(t *testing.T) {
			requests := send(t, Spec{Class: class, Rate: 200, Path: "/"}, address, after100ms())
			if got := tally(requests)[record.ErrRefused]; got == 0 || got != int64(len(requests)) {
				t.Errorf("of %d requests %d are recorded as refused: %v", len(requests), got, tally(requests))
			}
			for _, r := range requests {
				if r.Dials != 1 || r.Conn != 0 || r.Accepted() || r.Error != "dial: connection refused" {
					t.Errorf("a refusal is recorded as %+v", r)
				}
			}
		})
	}
}

func after100ms() <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(100*time.Millisecond, func() { close(done) })
	return done
}

func TestErrorTextsAreBoundedAndWithoutWhatTheServerSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	defer work.Wait()
	defer func() { _ = listener.Close() }()
	work.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "secret "+strings.Repeat("x", 5000)+"\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	})
	requests := send(t, Spec{Class: record.NewFast, Rate: 100, Path: "/"}, listener.Addr().String(), after100ms())
	for _, r := range requests {
		if r.ErrKind != record.ErrOther || len(r.Error) > maxError || strings.Contains(r.Error, "secret") {
			t.Errorf("a malformed answer is recorded as %q, %q", r.ErrKind, r.Error)
		}
	}
	if len(requests) == 0 {
		t.Error("nothing was sent")
	}
}
