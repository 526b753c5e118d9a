package suites

import (
	"context"
	"errors"
	"time"

	"github.com/lastcall-dev/lastcall/scenarios"
)

// Turns runs items one after the other. While one is taken down and judged, the next is staged: neither has traffic then.
// The next one's traffic begins only after the result of the one before is there, so that nothing disturbs its figures,
// and not at all when that one left something behind.
type Turns struct {
	begin func(ctx context.Context, item Item, clear func(context.Context) error) begun
	items []Item
	// alone tells whether the item changes the cluster itself, so that nothing may be staged while that is taken back.
	alone func(Item) bool
	ahead *staged // the next one; nil: nothing is staged
}

// NewTurns runs the items in their order. Close must be called.
func NewTurns(r Runner, items []Item) *Turns {
	return &Turns{items: items, alone: changesCluster, begin: func(ctx context.Context, item Item, clear func(context.Context) error) begun {
		r.Options.Clear = clear
		return r.begin(ctx, item)
	}}
}

// changesCluster reports whether the item's scenario changes more than its own namespace. One that is not known does not.
func changesCluster(i Item) bool {
	scenario, err := scenarios.Find(i.Scenario)
	return err == nil && scenario.ChangesCluster()
}

// staged is a run that was begun and may not be observed yet.
type staged struct {
	at     int
	cancel context.CancelCauseFunc
	turn   chan struct{} // closed when its traffic may begin
	over   chan struct{} // closed when it has been observed
	began  time.Time
	begun  begun // once it has been observed
}

var errNotItsTurn = errors.New("it was not to be run after the one before")

// Run runs the item at that place. Items need not be run in their order; only then is the next one staged already.
func (t *Turns) Run(ctx context.Context, at int) Result {
	var left error
	if t.ahead != nil && t.ahead.at != at {
		left = t.Close()
	}
	mine, ahead := t.ahead, time.Duration(0)
	t.ahead = nil
	if mine == nil {
		mine = t.stage(at)
	} else {
		ahead = time.Since(mine.began)
	}
	close(mine.turn)
	interrupt := context.AfterFunc(ctx, func() { mine.cancel(context.Cause(ctx)) })
	<-mine.over
	interrupt()
	if at+1 < len(t.items) && ctx.Err() == nil && mine.begun.clean && !t.alone(t.items[at]) {
		t.ahead = t.stage(at + 1)
	}
	result := mine.begun.conclude()
	mine.cancel(nil)
	if ends(ctx, result) != "" {
		left = errors.Join(left, t.Close())
	}
	result.Ahead = ahead
	if left != nil {
		result.Err = errors.Join(result.Err, left)
		result.Unmet = unmet(result)
	}
	return result
}

func (t *Turns) stage(at int) *staged {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &staged{at: at, cancel: cancel, turn: make(chan struct{}), over: make(chan struct{}), began: time.Now()}
	go func() {
		defer close(s.over)
		s.begun = t.begin(ctx, t.items[at], func(ctx context.Context) error {
			select {
			case <-s.turn:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	}()
	return s
}

// Close takes down what was staged and is not to be run, and waits until it is gone. The folder of that run stays, and
// says that it never had traffic.
func (t *Turns) Close() error {
	s := t.ahead
	t.ahead = nil
	if s == nil {
		return nil
	}
	s.cancel(errNotItsTurn)
	<-s.over
	err := s.begun.conclude().Err
	if errors.Is(err, errNotItsTurn) && !errors.Is(err, scenarios.ErrUndoIncomplete) {
		return nil
	}
	return err
}
