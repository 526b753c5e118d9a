package scenarios

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// Observer is a stage that can read what its components count of themselves. A stage that cannot is not observed.
type Observer interface {
	// Observe reads components and returns when each has answered or the context has ended: every component at the same
	// time, or, while traffic must not feel it, one after the other, and only one of those that there are on each node, in
	// turn. A component that fails is a Scrape with an Error; At is on the run's clock.
	Observe(ctx context.Context, every bool) []record.Scrape
	// ObservePod reads one pod of the application.
	ObservePod(ctx context.Context, pod string) []record.Scrape
}

const (
	// observeEvery is the time between two readings during a disruption. An API server takes a tenth of a second of one
	// core to show what it counts, so that more would be felt on a small machine.
	observeEvery = 10 * time.Second
	// maxScrapes bounds what is kept of the readings during the disruption; 1,000 are about a megabyte.
	maxScrapes = 2000
)

// readings are the scrapes so far.
type readings struct {
	lock    sync.Mutex
	scrapes []record.Scrape
	last    int // number of the last reading
}

func (r *readings) add(scrapes []record.Scrape) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.last++
	for _, s := range scrapes {
		s.Reading = r.last
		r.scrapes = append(r.scrapes, s)
	}
}

func (r *readings) all() []record.Scrape {
	r.lock.Lock()
	defer r.lock.Unlock()
	return slices.Clone(r.scrapes)
}

func (r *readings) full() bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	return len(r.scrapes) >= maxScrapes
}

// observeAll reads every component once, while there is no traffic that could feel it. It never fails: what could not be
// read is in the record.
func (x *execution) observeAll(ctx context.Context) {
	stage, ok := x.stage.(Observer)
	if !ok || x.scenario.Fault == nil || ctx.Err() != nil {
		return
	}
	x.read(ctx, func(ctx context.Context) []record.Scrape { return stage.Observe(ctx, true) })
}

// observeDuring reads some components again and again until the returned function is called.
func (x *execution) observeDuring(ctx context.Context) (stop func()) {
	stage, ok := x.stage.(Observer)
	if !ok {
		return func() {}
	}
	some := func(ctx context.Context) []record.Scrape { return stage.Observe(ctx, false) }
	during, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	reading.Go(func() {
		for !x.readings.full() && faults.Hold(during, observeEvery) == nil {
			x.read(ctx, some) // one that has begun is not cut off by the end of the disruption
		}
	})
	reading.Go(func() {
		for pod := range x.signalled(during) {
			reading.Go(func() {
				x.read(ctx, func(ctx context.Context) []record.Scrape { return stage.ObservePod(ctx, pod) })
			})
		}
	})
	return func() {
		cancel()
		reading.Wait()
	}
}

// signalled are the pods that say that SIGTERM has come, each once and as soon as it is known: the wait before they close
// their listener is the last occasion to read them, and shorter than the time between two readings.
func (x *execution) signalled(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		known := make(map[string]bool)
		for {
			pod := ""
			err := x.log.await(ctx, func(events []record.Event) bool {
				i := slices.IndexFunc(events, func(e record.Event) bool { return e.Kind == record.AppSignal && !known[e.Object] })
				if i >= 0 {
					pod = events[i].Object
				}
				return i >= 0
			})
			known[pod] = true
			if err != nil || x.readings.full() || !yield(pod) {
				return
			}
		}
	}
}

// read takes one reading within its limit. A panic of the platform is not worth the run.
func (x *execution) read(ctx context.Context, observe func(context.Context) []record.Scrape) {
	ctx, cancel := context.WithTimeout(ctx, x.options.Limits.Observe)
	defer cancel()
	began := x.clock()
	err := surviving(func() error {
		x.readings.add(observe(ctx))
		return nil
	})
	if err != nil {
		why, _, _ := strings.Cut(err.Error(), "\n") // without the stack
		x.readings.add([]record.Scrape{{Source: record.SourceCommand, At: x.clock(), Took: x.clock() - began, Error: why}})
	}
}
