package record_test

import (
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestADelayEndsWhenTheNodeWasSeenToRunAgain(t *testing.T) {
	const s = time.Second
	run := &record.Run{Faults: []record.Fault{
		{Name: "slow-programming", Began: 10 * s, Ended: 11 * s, Happened: true, Attr: map[string]string{record.DelayNodes: "a,b,c", record.DelayLength: "4s"}},
		{Name: "slow-programming", Began: 50 * s, Ended: 51 * s, Attr: map[string]string{record.DelayNodes: "a", record.DelayLength: "4s"}},
		{Name: "pod-delete", Began: 11 * s, Ended: 12 * s, Happened: true},
	}, Events: []record.Event{
		{Kind: record.ProxyResumed, Object: "a", At: 14 * s, Uncertainty: time.Millisecond},
		{Kind: record.ProxyResumed, Object: "c", At: 15*s + 300*time.Millisecond}, // by a timer that was late
		{Kind: record.ProxyResumed, Object: "b", At: 60 * s},                      // of a later undo: the delay was over long before
	}}
	got := run.Delays()
	if len(got) != 3 || got[0] != (record.Delay{Node: "a", Began: 10 * s, Ended: 14 * s, Uncertainty: time.Millisecond}) ||
		got[1] != (record.Delay{Node: "b", Began: 10 * s, Ended: 15 * s, Uncertainty: s}) || got[2].Ended != 15*s+300*time.Millisecond {
		t.Fatalf("%+v", got)
	}
	for _, c := range []struct{ from, to, want time.Duration }{
		{11 * s, 13 * s, 2 * s}, {13 * s, 20 * s, s}, {5 * s, 11 * s, s}, {14 * s, 20 * s, 0}, {1 * s, 2 * s, 0},
	} {
		if part := got[0].Overlap(c.from, c.to); part != c.want {
			t.Errorf("from %s to %s: %s, want %s", c.from, c.to, part, c.want)
		}
	}
}
