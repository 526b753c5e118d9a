package assertions

import (
	"testing"
	"time"
)

func TestAProcessThatDiesOnALateSIGTERMStillDiesOfIt(t *testing.T) {
	const late = 1200 * time.Millisecond
	run := build(exitsAtOnce())
	// A busy API server accepts the delete late, so everything that follows from it comes late.
	run.Faults[0].Ended += late
	for i := range run.Events {
		if e := &run.Events[i]; e.Object == victim && e.At >= deletedAt {
			e.At += late
		}
	}
	for i := range run.Probes {
		if p := &run.Probes[i]; p.Pod == victim {
			p.LastAccepted, p.FirstRefused = p.LastAccepted+late, p.FirstRefused+late
		}
	}
	for i := range run.Requests {
		if r := &run.Requests[i]; r.Pod == victim && r.Class.Slow() && r.Failed() {
			r.End += late
		}
	}
	Judge(run)
	if f := find(t, run, "exits-cleanly", victim); f.Diagnosis != "F1" {
		t.Errorf("%s %q: %s", f.Verdict, f.Diagnosis, f.Message)
	}
}
