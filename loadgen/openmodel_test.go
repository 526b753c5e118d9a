package loadgen

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// staller answers nothing from its first request until the stall is over.
type staller struct {
	first sync.Once
	ended chan struct{} // the stall is over
	over  time.Time     // taken before ended closes
	after time.Duration
}

func (s *staller) ServeHTTP(http.ResponseWriter, *http.Request) {
	s.first.Do(func() {
		time.AfterFunc(s.after, func() {
			s.over = time.Now()
			close(s.ended)
		})
	})
	<-s.ended
}

const stall = 500 * time.Millisecond

func stalled(t *testing.T, change func(*http1)) (requests []record.Request, over time.Duration, err error) {
	t.Helper()
	s := &staller{ended: make(chan struct{}), after: stall}
	address := serverOf(t, s.ServeHTTP)
	epoch := time.Now()
	load, err := New(Spec{Class: record.ReusedFast, Rate: 100, Path: "/"}, epoch)
	if err != nil {
		t.Fatal(err)
	}
	change(load.(*http1))
	requests, err = runLoad(t, load, address, s.ended)
	return requests, s.over.Sub(epoch), err
}

func TestRequestsDueWhileTheServerStallsAreSentAndCountFromTheirDueTime(t *testing.T) {
	requests, over, err := stalled(t, func(*http1) {})
	if err != nil {
		t.Error(err)
	}
	during := 0
	for _, r := range requests {
		if r.Start >= over {
			continue
		}
		during++
		if r.End < over || r.Latency() < over-r.Due {
			t.Errorf("due at %v in a stall until %v, latency %v", r.Due, over, r.Latency())
		}
	}
	// 50 are due. A closed model would have sent as many as it has connections, 20, and then waited.
	if during <= DefaultConnections {
		t.Errorf("%d requests were begun during a stall of %v at 100/s", during, stall)
	}
}

func TestAGeneratorThatRunsOutOfWorkersSaysSoAndItsLatenciesStillCountFromTheDueTime(t *testing.T) {
	requests, over, err := stalled(t, func(l *http1) { l.limit = 1 })
	if !errors.Is(err, ErrExhausted) {
		t.Errorf("got %v", err)
	}
	if len(requests) == 0 || len(requests) > 3 {
		t.Errorf("%d requests with one worker", len(requests))
	}
	for _, r := range requests {
		if r.Due < over && r.Latency() < over-r.Due {
			t.Errorf("due at %v in a stall until %v, latency %v", r.Due, over, r.Latency())
		}
	}
}

func TestALoadThatIsStoppedFarBehindItsScheduleSaysSo(t *testing.T) {
	s := &staller{ended: make(chan struct{}), after: tolerated + stall}
	address := serverOf(t, s.ServeHTTP)
	load, err := New(Spec{Class: record.NewFast, Rate: 100, Path: "/"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	load.(*http1).limit = 1
	late := make(chan time.Duration, 1)
	time.AfterFunc(tolerated, func() { late <- load.Progress().Lateness })
	if _, err = runLoad(t, load, address, s.ended); !errors.Is(err, ErrBehind) {
		t.Errorf("got %v", err)
	}
	if seen := <-late; seen < tolerated/2 {
		t.Errorf("lateness %v after a second in which nothing could be begun", seen)
	}
}

func TestTheRateIsReachedAndEachDueTimeIsUsedOnce(t *testing.T) {
	const rate, shift = 200, 0.5
	address := serverOf(t, func(http.ResponseWriter, *http.Request) {})
	done := make(chan struct{})
	time.AfterFunc(time.Second, func() { close(done) })
	began := time.Now()
	load, err := New(Spec{Class: record.ReusedFast, Rate: rate, Path: "/", Phase: shift}, began)
	if err != nil {
		t.Fatal(err)
	}
	requests, err := runLoad(t, load, address, done)
	if err != nil {
		t.Fatal(err)
	}
	last := time.Duration(0)
	for _, r := range requests {
		last = max(last, r.Due)
	}
	seen, first := map[time.Duration]bool{}, last
	for _, r := range requests {
		seen[r.Due] = true
		first = min(first, r.Due)
	}
	interval := time.Second / rate
	for due := first; due <= last; due += interval {
		if !seen[due] {
			t.Errorf("nothing was sent for %v", due)
		}
	}
	if len(seen) != len(requests) || first < time.Duration(shift*float64(interval)) {
		t.Errorf("%d due times for %d requests, the first %v", len(seen), len(requests), first)
	}
	// A second's worth was due. What was late is begun all the same, so a busy machine costs only the last moment.
	if len(requests) < rate/2 || len(requests) > rate+1 {
		t.Errorf("%d requests in a second at %d/s", len(requests), rate)
	}
}

func TestConnectionsOfAPoolAreUsedInTurn(t *testing.T) {
	const size = 5
	var mu sync.Mutex
	enough, asked := make(chan struct{}), 0
	address := serverOf(t, func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked == 60 {
			close(enough)
		}
	})
	carried := map[uint64]int{}
	for _, r := range send(t, Spec{Class: record.ReusedFast, Rate: 200, Path: "/", Connections: size}, address, enough) {
		carried[r.Conn]++
	}
	regular := 0
	for _, n := range carried {
		if n >= 5 {
			regular++
		}
	}
	if regular < size {
		t.Errorf("requests by connection: %v; want %d that are used regularly", carried, size)
	}
}
