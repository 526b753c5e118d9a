package assertions

import (
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// deletedUnready is a run in which a pod is deleted a tenth of a second after it was made.
func deletedUnready() *record.Run {
	run := &record.Run{SLO: record.DefaultSLO(), Workload: record.Workload{Name: "app", Replicas: 3, Grace: time.Minute},
		Pods: []record.Pod{{Name: "new"}}}
	run.Events = []record.Event{
		podEvent(deletedAt-100*time.Millisecond, record.PodCreated, "new"),
		podEvent(deletedAt, record.PodTerminating, "new"),
		{At: deletedAt + time.Second, Source: record.SourcePod, Kind: record.ContainerExited, Object: "new",
			Attr: map[string]string{"container": "app", "code": "137", "reason": statusUnknown}},
		podEvent(deletedAt+time.Second, record.PodGone, "new"),
	}
	return run
}

func TestOnlyAPodThatNothingWasRoutedToIsNotJudgedByItsTraffic(t *testing.T) {
	for name, c := range map[string]struct {
		change        func(*record.Run)
		traffic, exit record.Verdict
	}{
		"never ready": {func(*record.Run) {}, record.Skipped, record.Skipped},
		"ready only when it was to end": {func(r *record.Run) {
			r.Events = append(r.Events, podEvent(deletedAt+time.Millisecond, record.PodReady, "new"))
		}, record.Skipped, record.Skipped},
		"it was ready": {func(r *record.Run) {
			r.Events = append(r.Events, podEvent(deletedAt-time.Millisecond, record.PodReady, "new"))
		}, record.Unknown, record.Fail},
		"its endpoint was ready": {func(r *record.Run) {
			r.Events = append(r.Events, record.Event{At: deletedAt, Source: record.SourceEndpoint, Kind: record.EndpointReady, Object: "new"})
		}, record.Unknown, record.Fail},
		"a request reached it": {func(r *record.Run) {
			r.Requests = append(r.Requests, record.Request{Class: record.NewFast, Pod: "new", Code: 200, Start: deletedAt, End: deletedAt + time.Millisecond})
		}, record.Unknown, record.Fail},
		"its beginning was not seen": {func(r *record.Run) { withoutEvents(r, record.PodCreated, "new") }, record.Unknown, record.Fail},
		"the watch had a gap": {func(r *record.Run) {
			r.Events = append(r.Events, record.Event{At: deletedAt, Source: record.SourceHeartbeat, Kind: record.WatchGap, Object: "pods"})
		}, record.Unknown, record.Fail},
		"its process was killed": {func(r *record.Run) { r.Events[2].Attr["reason"] = "Error" }, record.Skipped, record.Fail},
		"its process had begun": {func(r *record.Run) {
			r.Events = append(r.Events, podEvent(deletedAt, record.ContainerStarted, "new"))
		}, record.Skipped, record.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			run := deletedUnready()
			c.change(run)
			Judge(run)
			for check, want := range map[string]record.Verdict{"serves-until-removed": c.traffic, "endpoint-removal": c.traffic, "exits-cleanly": c.exit} {
				if f := find(t, run, check, "new"); f.Verdict != want {
					t.Errorf("%s: %s, want %s: %s", check, f.Verdict, want, f.Message)
				}
			}
		})
	}
}
