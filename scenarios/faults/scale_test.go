package faults

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestAServiceIsScaledUpOnlyOnceItWasWholeWithFew(t *testing.T) {
	s, agents := aStage([]string{"n1", "n2", "n1", "n2"}, []string{"n1"})
	fault, undo, err := Scale{To: 1}.Inject(t.Context(), s, circumstance(t))
	if err != nil || !slices.Equal(s.scaled, []int{1, 4}) || !slices.Equal(s.asked, []string{"whole"}) {
		t.Fatalf("%v, scaled to %v, asked %v", err, s.scaled, s.asked)
	}
	if pods, _ := probed(agents[0]); len(pods) != 4 {
		t.Errorf("probed %v: who will go is not known before", pods)
	}
	if fault.Attr["from"] != "4" || fault.Attr["to"] != "1" || fault.Attr["up"] == "" || fault.Ended < fault.Began {
		t.Errorf("%+v", fault)
	}
	for range 2 {
		if err := undo(t.Context()); err != nil || s.scaled[len(s.scaled)-1] != 4 {
			t.Errorf("%v, scaled to %v", err, s.scaled)
		}
	}
}

func TestWhatWasScaledDownCanBeUndoneAfterAnError(t *testing.T) {
	s, _ := aStage([]string{"n1", "n2"}, []string{"n1"})
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errRefused)
	defer cancel()
	_, undo, err := Scale{To: 1, Hold: time.Minute}.Inject(ctx, s, circumstance(t))
	if !errors.Is(err, errRefused) || undo == nil || !slices.Equal(s.scaled, []int{1}) {
		t.Fatalf("%v, scaled to %v", err, s.scaled)
	}
	if err := undo(t.Context()); err != nil || !slices.Equal(s.scaled, []int{1, 2}) {
		t.Errorf("%v, scaled to %v", err, s.scaled)
	}
}

func TestAServiceIsNeverScaledToNobody(t *testing.T) {
	s, _ := aStage([]string{"n1", "n2"}, []string{"n1"})
	for _, to := range []int{-1, 0, 2, 3} {
		if _, _, err := (Scale{To: to}).Inject(t.Context(), s, circumstance(t)); err == nil || len(s.scaled) > 0 {
			t.Errorf("to %d: %v, scaled to %v", to, err, s.scaled)
		}
	}
}

func TestScalingHasHappenedWhenAsManyCameAsWent(t *testing.T) {
	fault := record.Fault{Began: time.Second, Attr: map[string]string{PodsAttr: "a,b,c", "from": "3", "to": "1"}}
	const after = 2 * time.Second
	went := []record.Event{podSaid(after, record.PodTerminating, "a"), podSaid(after, record.PodTerminating, "c")}
	came := []record.Event{podSaid(after, record.PodReady, "d"), podSaid(after, record.PodReady, "e")}
	for name, c := range map[string]struct {
		events []record.Event
		want   bool
	}{
		"two went and two came": {slices.Concat(went, came), true},
		"nobody came":           {went, false},
		"one came, twice":       {slices.Concat(went, came[:1], came[:1]), false},
		"nobody went":           {came, false},
		"an old one is ready":   {slices.Concat(went, came[:1], []record.Event{podSaid(after, record.PodReady, "b")}), false},
	} {
		if got := (Scale{To: 1}).Happened(fault, c.events); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (Scale{To: 1}).Happened(record.Fault{}, slices.Concat(went, came)) {
		t.Error("a fault that did not say what it did took place")
	}
}
