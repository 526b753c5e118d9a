package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// allAtOnce is the run of one deletion, made into a drain that took all of its pods within 2.5 s to 6 s after it began.
func allAtOnce(t *testing.T) *record.Run {
	t.Helper()
	run := build(graceful())
	run.Faults = append(run.Faults, record.Fault{Name: "drain", Target: "worker", Round: 1, Began: deletedAt, Ended: deletedAt, Happened: true, Attr: map[string]string{"pods": "app-1,app-2,app-3"}})
	for _, pod := range []string{"app-2", "app-3"} {
		run.Events = append(run.Events, podEvent(deletedAt+2500*time.Millisecond, record.PodTerminating, pod))
	}
	return run
}

func TestARequestThatFailsWhileNoPodIsReadyIsExplainedByWhatTookThem(t *testing.T) {
	one := 1
	for name, c := range map[string]struct {
		change func(*record.Run)
		at     time.Duration
		want   string
	}{
		"during the drain":                 {func(*record.Run) {}, 3 * time.Second, "F16"},
		"during a roll-out":                {func(r *record.Run) { r.Faults[1].Name = "rolling-update" }, 3 * time.Second, "F14"},
		"while others were ready":          {func(*record.Run) {}, 2 * time.Second, record.Unexplained},
		"after the new one was ready":      {func(*record.Run) {}, 7 * time.Second, record.Unexplained},
		"though a budget should have held": {func(r *record.Run) { r.Workload.Budget = &one }, 3 * time.Second, record.Unexplained},
		"the drain was not injected":       {func(r *record.Run) { r.Faults[1].Error = "refused" }, 3 * time.Second, record.Unexplained},
		"another fault":                    {func(r *record.Run) { r.Faults[1].Name = "scale" }, 3 * time.Second, record.Unexplained},
	} {
		t.Run(name, func(t *testing.T) {
			run := allAtOnce(t)
			c.change(run)
			lose(at(t, run, record.NewFast, deletedAt+c.at), record.ErrTimeout, false, deletedAt+c.at+10*time.Millisecond)
			f := failure(t, run)
			if f.Diagnosis != c.want || strings.Contains(f.Why, "no pod was ready") != (c.want != record.Unexplained) {
				t.Errorf("%s, want %s: %s", f.Diagnosis, c.want, f.Why)
			}
		})
	}
}
