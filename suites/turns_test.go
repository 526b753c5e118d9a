package suites

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/scenarios"
)

// stagings are runs that write down what is done to them. A run is staged at once, and has traffic when it is its turn.
type stagings struct {
	lock    sync.Mutex
	steps   []string
	unclean bool  // what is observed did not go to its end
	broken  error // of each conclusion
	alone   Item  // that changes the cluster itself
	// staged are those that must have been staged before a run is concluded; nil: nobody waits.
	staged *sync.WaitGroup
}

func (s *stagings) did(what string, item Item) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.steps = append(s.steps, what+" "+item.Scenario)
}

func (s *stagings) done() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return strings.Join(s.steps, ", ")
}

func (s *stagings) begin(ctx context.Context, item Item, clear func(context.Context) error) begun {
	s.did("stage", item)
	if s.staged != nil {
		s.staged.Done()
	}
	err := clear(ctx)
	if err == nil {
		s.did("traffic", item)
	}
	return begun{clean: err == nil && !s.unclean, conclude: func() Result {
		if s.staged != nil {
			s.staged.Wait()
		}
		s.did("conclude", item)
		return Result{Err: errors.Join(err, s.broken)}
	}}
}

// turns of the items a, b and c, of which so many are to be staged before the first one is concluded.
func (s *stagings) turns(expected int) *Turns {
	s.staged = new(sync.WaitGroup)
	s.staged.Add(expected)
	return &Turns{begin: s.begin, alone: func(i Item) bool { return i == s.alone }, items: []Item{{Scenario: "a"}, {Scenario: "b"}, {Scenario: "c"}}}
}

func TestTheNextRunIsStagedWhileOneIsTakenDownAndHasNoTrafficBeforeItsTurn(t *testing.T) {
	s := &stagings{}
	turns := s.turns(2)
	turns.Run(t.Context(), 0)
	if got, want := s.done(), "stage a, traffic a, stage b, conclude a"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	s.staged.Add(1)
	if r := turns.Run(t.Context(), 1); r.Ahead <= 0 {
		t.Errorf("%+v", r)
	}
	turns.Run(t.Context(), 2)
	if got, want := s.done(), "stage a, traffic a, stage b, conclude a, traffic b, stage c, conclude b, traffic c, conclude c"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if err := turns.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoTrafficFollowsARunThatLeftSomethingBehind(t *testing.T) {
	s := &stagings{broken: scenarios.ErrUndoIncomplete}
	turns := s.turns(2)
	result := turns.Run(t.Context(), 0)
	if got, want := s.done(), "stage a, traffic a, stage b, conclude a, conclude b"; got != want || !errors.Is(result.Err, scenarios.ErrUndoIncomplete) || result.Unmet == "" {
		t.Errorf("%s, want %s; %+v", got, want, result)
	}
}

func TestAfterARunThatBrokeOffNothingIsStagedAhead(t *testing.T) {
	s := &stagings{unclean: true}
	turns := s.turns(1)
	turns.Run(t.Context(), 0)
	s.staged.Add(1)
	if r := turns.Run(t.Context(), 1); r.Ahead != 0 {
		t.Errorf("%+v", r)
	}
	if got, want := s.done(), "stage a, traffic a, conclude a, stage b, traffic b, conclude b"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestNothingIsStagedWhileTheClusterItselfIsPutBack(t *testing.T) {
	s := &stagings{alone: Item{Scenario: "a"}}
	turns := s.turns(1)
	turns.Run(t.Context(), 0)
	s.staged.Add(2)
	turns.Run(t.Context(), 1)
	if got, want := s.done(), "stage a, traffic a, conclude a, stage b, traffic b, stage c, conclude b"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if err := turns.Close(); err != nil {
		t.Error(err)
	}
	for scenario, alone := range map[string]bool{"drain": true, "apiserver-restart-graceful": true, "pod-delete-slow-programming": true, "pod-delete": false, "none": false} {
		if changesCluster(Item{Scenario: scenario}) != alone {
			t.Errorf("%s: %v", scenario, !alone)
		}
	}
}

func TestWhatWasStagedForNothingIsTakenDown(t *testing.T) {
	s := &stagings{}
	turns := s.turns(2)
	turns.Run(t.Context(), 0)
	s.staged = nil
	turns.Run(t.Context(), 2) // another than the next
	if got, want := s.done(), "stage a, traffic a, stage b, conclude a, conclude b, stage c, traffic c, conclude c"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAnInterruptReachesTheRunWhoseTurnItIs(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	turns := &Turns{items: []Item{good, bad}, alone: func(Item) bool { return false }, begin: func(ctx context.Context, _ Item, _ func(context.Context) error) begun {
		cancel(errors.New("interrupted"))
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			t.Error("it goes on")
		}
		return begun{clean: true, conclude: func() Result { return Result{Err: context.Cause(ctx)} }}
	}}
	if r := turns.Run(ctx, 0); r.Err == nil || r.Err.Error() != "interrupted" || turns.ahead != nil {
		t.Errorf("%+v", r)
	}
}
