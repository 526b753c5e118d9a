package faults

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// halfReplaced is a stage of four pods, of which setting the image replaces so many; the last of the new ones is not ready,
// and has an address only if it is said to.
func halfReplaced(count int, address string) (*fakeStage, []*fakeAgent) {
	s, agents := aStage([]string{"n1", "n2", "n1", "n2"}, []string{"n1", "n2"})
	s.images = []string{"app:1", "app:2"}
	s.setting = func() {
		s.lock.Lock()
		defer s.lock.Unlock()
		s.ever = append(s.ever, s.pods[:count]...)
		s.pods = slices.Clone(s.pods[count:])
		for i := range count {
			s.pods = append(s.pods, record.Pod{Name: "new-" + string(rune('a'+i)), IP: "10.0.0.2"})
		}
		s.ever = append(s.ever, record.Pod{Name: "unready", IP: address})
	}
	return s, agents
}

func TestARollOutIsUndoneWhenHalfOfThePodsAreReplacedAndProbed(t *testing.T) {
	for address, last := range map[string][]string{"": nil, "10.0.0.3": {"unready"}} {
		s, agents := halfReplaced(2, address)
		fault, undo, err := RollingUpdateUndone{}.Inject(t.Context(), s, circumstance(t))
		if err != nil || undo != nil || !slices.Equal(s.asked, []string{"image app:2", "undo"}) {
			t.Fatalf("%v, asked %v", err, s.asked)
		}
		for _, a := range agents {
			pods, _ := probed(a)
			slices.Sort(pods)
			want := slices.Concat([]string{"a", "b", "c", "d", "new-a", "new-b"}, last)
			if !slices.Equal(pods, want) {
				t.Errorf("%s probed %v, want %v", a.node, pods, want)
			}
		}
		undone, err := time.ParseDuration(fault.Attr[UndoneAttr])
		if err != nil || undone < fault.Ended || fault.Ended < fault.Began || fault.Attr[PodsAttr] != "a,b,c,d" || fault.Attr[ImageAttr] != "app:2" || fault.Attr[halfAttr] != "2" {
			t.Errorf("%+v, %v", fault, err)
		}
	}
}

func TestARollOutIsNotUndoneBeforeHalfOfItIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		count  int
		silent string
	}{
		"one of four is replaced":     {1, ""},
		"a new pod was never reached": {2, "new-b"},
	} {
		s, agents := halfReplaced(c.count, "")
		agents[0].silent = c.silent
		ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errRefused)
		_, _, err := RollingUpdateUndone{}.Inject(ctx, s, circumstance(t))
		cancel()
		if !errors.Is(err, errRefused) || slices.Contains(s.asked, "undo") {
			t.Errorf("%s: %v, asked %v", name, err, s.asked)
		}
	}
}

func TestOnePodAloneIsNotReplacedHalfWay(t *testing.T) {
	s, _ := aStage([]string{"n1"}, []string{"n1"})
	s.images = []string{"app:1", "app:2"}
	if _, _, err := (RollingUpdateUndone{}).Inject(t.Context(), s, circumstance(t)); err == nil || len(s.asked) > 0 {
		t.Errorf("%v, asked %v", err, s.asked)
	}
}

func TestARollOutIsUndoneWhenHalfCameAndAllOfThatWent(t *testing.T) {
	fault := record.Fault{Began: time.Second, Attr: map[string]string{PodsAttr: "a,b", ImageAttr: "app:2", halfAttr: "1", UndoneAttr: "3s"}}
	const after = 2 * time.Second
	came := []record.Event{madeOf("app:2", after, "c"), podSaid(after, record.PodReady, "c"), madeOf("app:2", after, "d")}
	went := []record.Event{podSaid(after, record.PodTerminating, "a")}
	taken := []record.Event{podSaid(4*time.Second, record.PodTerminating, "c"), podSaid(4*time.Second, record.PodGone, "d")}
	for name, c := range map[string]struct {
		events []record.Event
		want   bool
	}{
		"half came, and all of that went":   {slices.Concat(came, went, taken), true},
		"one of the new ones stays":         {slices.Concat(came, went, taken[:1]), false},
		"none of the new ones was ready":    {slices.Concat(came[:1], went, taken[:1]), false},
		"none of the old ones went":         {slices.Concat(came, taken), false},
		"the new ones are of another image": {slices.Concat([]record.Event{madeOf("app:1", after, "c")}, came[1:2], went, taken[:1]), false},
		"nothing":                           {nil, false},
	} {
		if got := (RollingUpdateUndone{}).Happened(fault, c.events); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	delete(fault.Attr, UndoneAttr)
	if (RollingUpdateUndone{}).Happened(fault, slices.Concat(came, went, taken)) {
		t.Error("a roll-out was undone that nobody undid")
	}
}
