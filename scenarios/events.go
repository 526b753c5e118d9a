package scenarios

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/lastcall-dev/lastcall/record"
)

// eventLog collects events from everything that observes, at the same time.
type eventLog struct {
	lock   sync.Mutex
	events []record.Event
	watch  Watcher
	sealed bool
	news   chan struct{} // closed, and replaced, with each event
}

func newEventLog(w Watcher) *eventLog { return &eventLog{watch: w, news: make(chan struct{})} }

func (l *eventLog) add(e record.Event) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.sealed && e.Source != record.SourceCommand {
		return
	}
	l.events = append(l.events, e)
	close(l.news)
	l.news = make(chan struct{})
	l.watch.Event(e)
}

// await returns when the events so far are as wanted, or the context has ended.
func (l *eventLog) await(ctx context.Context, wanted func([]record.Event) bool) error {
	for {
		l.lock.Lock()
		news, done := l.news, wanted(l.events)
		l.lock.Unlock()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-news:
		}
	}
}

// seal ends the observation: what is seen afterwards is the harness taking everything down, and says nothing of the
// service. The command's own notices are still taken.
func (l *eventLog) seal() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.sealed = true
}

// all returns the events so far in the order of their times.
func (l *eventLog) all() []record.Event {
	l.lock.Lock()
	defer l.lock.Unlock()
	all := slices.Clone(l.events)
	slices.SortStableFunc(all, func(a, b record.Event) int { return cmp.Compare(a.At, b.At) })
	return all
}

// nobody is a Watcher that does not look.
type nobody struct{}

func (nobody) Step(string)           {}
func (nobody) Counts(uint64, uint64) {}
func (nobody) Event(record.Event)    {}
