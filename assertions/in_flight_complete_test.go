package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// inFlight is a slow request that the victim had accepted before the delete.
func inFlight(t *testing.T, run *record.Run) *record.Request {
	t.Helper()
	for i := range run.Requests {
		r := &run.Requests[i]
		if r.Class.Slow() && r.Pod == victim && r.FirstByte < deletedAt && r.End > deletedAt+signalAt {
			return r
		}
	}
	t.Fatal("no slow request is in flight at the delete")
	return nil
}

func demand(run *record.Run) { run.Faults[0].Attr[InFlight] = "3" }

func TestARequestAcceptedBeforeSIGTERMIsAnsweredInFull(t *testing.T) {
	alone := graceful()
	alone.alone, alone.dataplane = true, []time.Duration{0, 0, 0}
	for name, c := range map[string]struct {
		death     death
		change    func(*record.Run)
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"all answered":              {graceful(), func(*record.Run) {}, record.Pass, "", "6 slow requests"},
		"all answered, as demanded": {graceful(), demand, record.Pass, "", "6 slow requests"},
		"one truncated":             {graceful(), func(r *record.Run) { inFlight(t, r).ErrKind = record.ErrTruncated }, record.Fail, "F3", "1 truncated"},
		"one with a wrong body":     {graceful(), func(r *record.Run) { inFlight(t, r).ErrKind = record.ErrChecksum }, record.Fail, "F3", "1 checksum"},
		"ended by the harness":      {graceful(), func(r *record.Run) { inFlight(t, r).ErrKind = record.ErrCanceled }, record.Unknown, "", "hard deadline"},
		"none, and none demanded":   {alone, func(*record.Run) {}, record.Skipped, "", "No request was in flight"},
		"none, though demanded":     {alone, demand, record.Unknown, "", "nothing was tested"},
		"cut after lame-duck began": {graceful(), cutLate, record.Fail, "F3", "accepted after SIGTERM"},
	} {
		t.Run(name, func(t *testing.T) {
			run := build(c.death)
			c.change(run)
			f := wants(t, run, "in-flight-complete", victim, c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
			if c.want == record.Fail && len(f.Evidence) != 1 {
				t.Errorf("evidence %v", f.Evidence)
			}
		})
	}
}

// cutLate makes a fast request reach the pod after SIGTERM and break off in its answer.
func cutLate(run *record.Run) {
	for i := range run.Requests {
		if r := &run.Requests[i]; r.Class == record.NewFast && r.Due > deletedAt+6*time.Second {
			r.Pod, r.ErrKind = victim, record.ErrTruncated
			return
		}
	}
}

func TestARequestInTheBacklogIsNotHeldToHaveBeenAccepted(t *testing.T) {
	// Connected 5 ms before SIGTERM and reset with the listener: refused by a pod that closes too early, not aborted.
	run := build(closesAtOnce())
	r := at(t, run, record.NewFast, deletedAt+signalAt-5*time.Millisecond)
	r.Pod, r.ErrKind, r.FirstByte, r.End = "", record.ErrReset, 0, deletedAt+125*time.Millisecond
	f := wants(t, run, "serves-until-removed", victim, record.Fail, "F2")
	if len(f.Evidence) != 1 {
		t.Errorf("evidence %v", f.Evidence)
	}
	wants(t, run, "in-flight-complete", victim, record.Pass, "")
}
