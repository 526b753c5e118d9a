package faults

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// madeOf is the event of a pod's creation.
func madeOf(image string, at time.Duration, pod string) record.Event {
	e := podSaid(at, record.PodCreated, pod)
	e.Attr = map[string]string{"image": image}
	return e
}

func TestTheImageIsSetOnlyOnceEveryPodIsProbedAndRoundsTakeTurns(t *testing.T) {
	for round, want := range map[int]string{1: "image app:2", 2: "image app:1", 3: "image app:2"} {
		s, agents := aStage([]string{"n1", "n2", "n1"}, []string{"n1", "n2"})
		s.images = []string{"app:1", "app:2"}
		in := circumstance(t)
		in.Round = round
		fault, undo, err := RollingUpdateImage{}.Inject(t.Context(), s, in)
		if err != nil || undo != nil || !slices.Equal(s.asked, []string{want}) {
			t.Fatalf("round %d: %v, asked %v", round, err, s.asked)
		}
		for _, a := range agents {
			if pods, _ := probed(a); !slices.Equal(pods, []string{"a", "b", "c"}) {
				t.Errorf("%s probed %v", a.node, pods)
			}
		}
		if fault.Target != "app" || fault.Attr[PodsAttr] != "a,b,c" || "image "+fault.Attr[ImageAttr] != want || fault.Began <= 0 || fault.Ended < fault.Began {
			t.Errorf("%+v", fault)
		}
	}
}

func TestAChangeOfImageThatWouldChangeNothingIsRefused(t *testing.T) {
	for _, images := range [][]string{nil, {"app:1"}, {"app:1", "app:1"}} {
		for _, f := range []Fault{RollingUpdateImage{}, RollingUpdateUndone{}} {
			s, _ := aStage([]string{"n1", "n2"}, []string{"n1"})
			s.images = images
			if _, _, err := f.Inject(t.Context(), s, circumstance(t)); err == nil || !strings.Contains(err.Error(), "two images") || len(s.asked) > 0 {
				t.Errorf("%s with %q: %v, asked %v", f.Name(), images, err, s.asked)
			}
		}
	}
}

func TestAnImageThatCouldNotBeSetIsAnError(t *testing.T) {
	for _, f := range []Fault{RollingUpdateImage{}, RollingUpdateUndone{}} {
		s, _ := aStage([]string{"n1", "n2"}, []string{"n1"})
		s.images, s.refuse = []string{"app:1", "app:2"}, errRefused
		if _, _, err := f.Inject(t.Context(), s, circumstance(t)); !errors.Is(err, errRefused) {
			t.Errorf("%s: error %v", f.Name(), err)
		}
	}
}

func TestAnImageHasChangedWhenAsManyPodsOfItCameAsOldOnesWent(t *testing.T) {
	fault := record.Fault{Began: time.Second, Attr: map[string]string{PodsAttr: "a,b", ImageAttr: "app:2"}}
	const after = 2 * time.Second
	went := []record.Event{podSaid(after, record.PodTerminating, "a"), podSaid(after, record.PodTerminating, "b")}
	came := []record.Event{madeOf("app:2", after, "c"), podSaid(after, record.PodReady, "c"), madeOf("app:2", after, "d"), podSaid(after, record.PodReady, "d")}
	other := slices.Clone(came)
	other[2] = madeOf("app:1", after, "d")
	for name, c := range map[string]struct {
		events []record.Event
		want   bool
	}{
		"two went and two came":       {slices.Concat(went, came), true},
		"one went":                    {slices.Concat(went[:1], came), false},
		"one that came was not ready": {slices.Concat(went, came[:3]), false},
		"one runs the old image":      {slices.Concat(went, other), false},
		"nothing":                     {nil, false},
	} {
		if got := (RollingUpdateImage{}).Happened(fault, c.events); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (RollingUpdateImage{}).Happened(record.Fault{}, slices.Concat(went, came)) {
		t.Error("a fault that did not say what it did took place")
	}
}
