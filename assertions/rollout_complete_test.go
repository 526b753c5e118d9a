package assertions

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// rollingOut is a run in which three pods were replaced one after another, as the watch on pods told it.
func rollingOut() *record.Run {
	run := &record.Run{SLO: record.DefaultSLO(), Workload: record.Workload{Name: "app", Replicas: 3, Strategy: "RollingUpdate"}}
	run.Faults = []record.Fault{{Name: "rolling-update", Target: "app", Round: 1, Began: deletedAt, Ended: deletedAt, Happened: true,
		Attr: map[string]string{"pods": "old-1,old-2,old-3"}}}
	run.Windows = []record.Window{{Kind: record.Disruption, Round: 1, Began: deletedAt, Ended: deletedAt + 30*time.Second}}
	for i := 1; i <= 3; i++ {
		run.Events = append(run.Events, podEvent(time.Second, record.PodReady, fmt.Sprintf("old-%d", i)))
	}
	for i := 1; i <= 3; i++ {
		at := deletedAt + time.Duration(i)*3*time.Second
		run.Events = append(run.Events,
			podEvent(at, record.PodReady, fmt.Sprintf("new-%d", i)),
			podEvent(at+10*time.Millisecond, record.PodTerminating, fmt.Sprintf("old-%d", i)),
			podEvent(at+12*time.Second, record.PodNotReady, fmt.Sprintf("old-%d", i)),
			podEvent(at+13*time.Second, record.PodGone, fmt.Sprintf("old-%d", i)))
	}
	return run
}

func podEvent(at time.Duration, kind, pod string) record.Event {
	return record.Event{At: at, Source: record.SourcePod, Kind: kind, Object: pod}
}

// withoutEvents drops those of the kind about the object.
func withoutEvents(run *record.Run, kind, object string) {
	var kept []record.Event
	for _, e := range run.Events {
		if e.Kind != kind || e.Object != object {
			kept = append(kept, e)
		}
	}
	run.Events = kept
}

func TestARollOutReplacesEveryPodAndKeepsItsPromise(t *testing.T) {
	early := func(run *record.Run, pods ...string) { // the old pods end before their successors are ready
		for _, pod := range pods {
			withoutEvents(run, record.PodTerminating, pod)
			run.Events = append(run.Events, podEvent(deletedAt+time.Second, record.PodTerminating, pod))
		}
	}
	for name, c := range map[string]struct {
		change    func(*record.Run)
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"complete":                      {func(*record.Run) {}, record.Pass, "", "never fewer than 3 were ready"},
		"one away, as promised":         {func(r *record.Run) { r.Workload.MaxUnavailable = 1; early(r, "old-1") }, record.Pass, "", "never fewer than 2"},
		"one away, against the promise": {func(r *record.Run) { early(r, "old-1") }, record.Fail, record.Unexplained, "Only 2 of 3 pods were ready from 1.00 s"},
		"an old pod fails by itself": {func(r *record.Run) {
			r.Events = append(r.Events, podEvent(deletedAt+time.Second, record.PodNotReady, "old-3"))
		}, record.Fail, record.Unexplained, "Only 2 of 3"},
		"all away at once": {func(r *record.Run) { r.Workload.MaxUnavailable = 3; early(r, "old-1", "old-2", "old-3") }, record.Fail, "F14", "Only 0 of 3"},
		"an old pod stays": {func(r *record.Run) { withoutEvents(r, record.PodGone, "old-2") }, record.Fail, record.Unexplained, "1 of 3 old pods were still there"},
		"a new pod never becomes ready": {func(r *record.Run) {
			withoutEvents(r, record.PodReady, "new-3")
			withoutEvents(r, record.PodTerminating, "old-3")
			r.Workload.MaxUnavailable = 1
		}, record.Fail, record.Unexplained, "2 new pods ready"},
		"the watch had a gap": {func(r *record.Run) {
			r.Events = append(r.Events, record.Event{At: deletedAt + time.Second, Source: record.SourceHeartbeat, Kind: record.WatchGap, Object: "pods"})
		}, record.Unknown, "", "interrupted"},
		"a gap before it is none": {func(r *record.Run) {
			r.Events = append(r.Events, record.Event{At: time.Second, Source: record.SourceHeartbeat, Kind: record.WatchGap, Object: "pods"})
		}, record.Pass, "", "All 3"},
		"the old pods are not known": {func(r *record.Run) { r.Faults[0].Attr = nil }, record.Unknown, "", "not in the record"},
		"it could not be injected":   {func(r *record.Run) { r.Faults[0].Error = "refused" }, record.Unknown, "", "refused"},
		"its window is missing":      {func(r *record.Run) { r.Windows = nil }, record.Unknown, "", "no window"},
		"another fault":              {func(r *record.Run) { r.Faults[0].Name = "pod-delete" }, record.Skipped, "", "No roll-out"},
	} {
		t.Run(name, func(t *testing.T) {
			run := rollingOut()
			c.change(run)
			f := wants(t, run, "rollout-complete", "", c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
		})
	}
}
