package faults

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestARollOutIsRestartedOnlyOnceEveryPodIsProbedFromEverywhere(t *testing.T) {
	s, agents := aStage([]string{"n1", "n2", "n1"}, []string{"n1", "n2"})
	fault, undo, err := RollingUpdate{}.Inject(t.Context(), s, circumstance(t))
	if err != nil || undo != nil || !slices.Equal(s.asked, []string{"restart"}) {
		t.Fatalf("%v, asked %v", err, s.asked)
	}
	for _, a := range agents {
		if pods, interval := probed(a); !slices.Equal(pods, []string{"a", "b", "c"}) || interval != manyInterval {
			t.Errorf("%s probed %v every %v", a.node, pods, interval)
		}
	}
	if fault.Target != "app" || fault.Attr[PodsAttr] != "a,b,c" || fault.Began <= 0 || fault.Ended < fault.Began {
		t.Errorf("%+v", fault)
	}
}

func TestARollOutDoesNotBeginWhereAPodIsLackingAlready(t *testing.T) {
	for _, f := range []Fault{RollingUpdate{}, RollingUpdateImage{}, RollingUpdateUndone{}} {
		s, _ := aStage([]string{"n1", "n2"}, []string{"n1"})
		s.images, s.work.Replicas = []string{"app:1", "app:2"}, 3
		if _, _, err := f.Inject(t.Context(), s, circumstance(t)); err == nil || !strings.Contains(err.Error(), "only 2 of 3") || len(s.asked) > 0 {
			t.Errorf("%s: %v, asked %v", f.Name(), err, s.asked)
		}
	}
}

func TestARollOutThatWasRefusedIsAnError(t *testing.T) {
	s, _ := aStage([]string{"n1"}, []string{"n1"})
	s.refuse = errRefused
	if _, _, err := (RollingUpdate{}).Inject(t.Context(), s, circumstance(t)); !errors.Is(err, errRefused) {
		t.Errorf("error %v", err)
	}
}

func TestARollOutHasHappenedWhenEveryOldPodWasSeenToEnd(t *testing.T) {
	fault := record.Fault{Began: time.Second, Attr: map[string]string{PodsAttr: "a,b"}}
	after := 2 * time.Second
	for name, c := range map[string]struct {
		events []record.Event
		want   bool
	}{
		"both terminating":             {[]record.Event{podSaid(after, record.PodTerminating, "a"), podSaid(after, record.PodTerminating, "b")}, true},
		"one seen only when gone":      {[]record.Event{podSaid(after, record.PodTerminating, "a"), podSaid(after, record.PodGone, "b")}, true},
		"one, twice":                   {[]record.Event{podSaid(after, record.PodTerminating, "a"), podSaid(after, record.PodGone, "a")}, false},
		"one before the fault":         {[]record.Event{podSaid(after, record.PodTerminating, "a"), podSaid(0, record.PodTerminating, "b")}, false},
		"another pod":                  {[]record.Event{podSaid(after, record.PodTerminating, "a"), podSaid(after, record.PodTerminating, "c")}, false},
		"nothing":                      {nil, false},
		"not ready is not terminating": {[]record.Event{podSaid(after, record.PodTerminating, "a"), podSaid(after, record.PodNotReady, "b")}, false},
	} {
		if got := (RollingUpdate{}).Happened(fault, c.events); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (RollingUpdate{}).Happened(record.Fault{}, nil) {
		t.Error("a roll-out of no pods took place")
	}
}
