package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// draining is a run in which a node with two of four pods was drained: the second eviction waited for the first one's
// successor.
func draining() *record.Run {
	one := 1
	run := &record.Run{SLO: record.DefaultSLO(), Workload: record.Workload{Name: "app", Replicas: 4, Budget: &one}}
	run.Faults = []record.Fault{{Name: "drain", Target: "worker", Round: 1, Began: deletedAt, Ended: deletedAt, Happened: true,
		Attr: map[string]string{"pods": "a,b", "limit": "50s"}}}
	run.Windows = []record.Window{{Kind: record.Disruption, Round: 1, Began: deletedAt, Ended: deletedAt + 25*time.Second}}
	for _, pod := range []string{"a", "b", "c", "d"} {
		run.Events = append(run.Events, podEvent(time.Second, record.PodReady, pod))
	}
	said := func(after time.Duration, kind, object, detail string) record.Event {
		return record.Event{At: deletedAt + after, Source: record.SourceCommand, Kind: kind, Object: object, Detail: detail}
	}
	run.Events = append(run.Events,
		said(10*time.Millisecond, record.NodeCordoned, "worker", ""),
		said(50*time.Millisecond, record.EvictionAccepted, "a", ""),
		podEvent(deletedAt+55*time.Millisecond, record.PodTerminating, "a"),
		said(60*time.Millisecond, record.EvictionBlocked, "b", "needs 3 healthy pods and has 3 currently"),
		podEvent(deletedAt+3*time.Second, record.PodReady, "e"),
		said(4060*time.Millisecond, record.EvictionAccepted, "b", ""),
		podEvent(deletedAt+4065*time.Millisecond, record.PodTerminating, "b"),
		podEvent(deletedAt+7*time.Second, record.PodReady, "f"),
		podEvent(deletedAt+13*time.Second, record.PodGone, "a"),
		podEvent(deletedAt+17*time.Second, record.PodGone, "b"),
		said(18*time.Second, record.NodeDrained, "worker", ""),
		said(60*time.Second, record.NodeUncordoned, "worker", ""))
	return run
}

// refused makes of it a drain whose budget never allowed anything.
func refused(run *record.Run, budget int) {
	run.Workload.Budget = &budget
	for _, pod := range []string{"a", "b"} {
		withoutEvents(run, record.EvictionAccepted, pod)
		withoutEvents(run, record.PodTerminating, pod)
		withoutEvents(run, record.PodGone, pod)
	}
	withoutEvents(run, record.NodeDrained, "worker")
	run.Events = append(run.Events, record.Event{At: deletedAt + 20*time.Second, Source: record.SourceCommand, Kind: record.DrainTimedOut, Object: "worker"})
}

// together makes of it a drain of a node that had all pods, evicted at once.
func together(run *record.Run) {
	run.Workload.Budget, run.Faults[0].Attr["pods"] = nil, "a,b,c,d"
	for _, pod := range []string{"a", "b", "c", "d"} {
		withoutEvents(run, record.PodTerminating, pod)
		run.Events = append(run.Events, podEvent(deletedAt+50*time.Millisecond, record.PodTerminating, pod), podEvent(deletedAt+14*time.Second, record.PodGone, pod))
	}
}

func TestADrainRespectsTheBudgetAndRestoresTheNode(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*record.Run)
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"as the budget allows": {func(*record.Run) {}, record.Pass, "", "1 eviction was refused by the budget and asked for again, for 4.00 s at most (needs 3 healthy"},
		"both at once, against the budget": {func(r *record.Run) {
			r.Events = append(r.Events, podEvent(deletedAt+time.Second, record.PodTerminating, "b"))
		}, record.Fail, record.Unexplained, "Only 2 of 4"},
		"a budget that can never be met":          {func(r *record.Run) { refused(r, 0) }, record.Fail, "F15", "gave up after 50s with 2 pods still there"},
		"refused though the budget allows one":    {func(r *record.Run) { refused(r, 1) }, record.Fail, record.Unexplained, "gave up"},
		"all on the node, without a budget":       {together, record.Fail, "F16", "Only 0 of 4"},
		"without a budget, others left":           {func(r *record.Run) { r.Workload.Budget = nil }, record.Pass, "", "1 had to be"},
		"a pod stays after the drain":             {func(r *record.Run) { withoutEvents(r, record.PodGone, "b") }, record.Fail, record.Unexplained, "b still on worker"},
		"the node is not seen uncordoned":         {func(r *record.Run) { withoutEvents(r, record.NodeUncordoned, "worker") }, record.Unknown, "", "takes pods again"},
		"another node is uncordoned":              {func(r *record.Run) { r.Events[len(r.Events)-1].Object = "worker2" }, record.Unknown, "", "takes pods again"},
		"cordoned by an operator before, and now": {func(r *record.Run) { withoutEvents(r, record.NodeUncordoned, "worker"); foreign(r) }, record.Pass, "", "2 pods left worker"},
		"the watch had a gap": {func(r *record.Run) {
			r.Events = append(r.Events, record.Event{At: deletedAt + time.Second, Source: record.SourceHeartbeat, Kind: record.WatchGap, Object: "pods"})
		}, record.Unknown, "", "interrupted"},
		"the pods are not known":   {func(r *record.Run) { r.Faults[0].Attr = nil }, record.Unknown, "", "not in the record"},
		"it could not be injected": {func(r *record.Run) { r.Faults[0].Error = "no such node" }, record.Unknown, "", "no such node"},
		"another fault":            {func(r *record.Run) { r.Faults[0].Name = "pod-delete" }, record.Skipped, "", "No node"},
	} {
		t.Run(name, func(t *testing.T) {
			run := draining()
			c.change(run)
			f := wants(t, run, "drain-respects-budget", "", c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
		})
	}
}

func foreign(run *record.Run) {
	for i := range run.Events {
		if run.Events[i].Kind == record.NodeCordoned {
			run.Events[i].Attr = map[string]string{record.Foreign: "true"}
		}
	}
}
