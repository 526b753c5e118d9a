package assertions

import (
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// crowded resets the new connections that stood in the 300 ms before the delete without an answer. The pod began to
// answer those before them takes after they had been made.
func crowded(takes time.Duration) *record.Run {
	run := build(closesAtOnce())
	for i := range run.Requests {
		r := &run.Requests[i]
		if r.Pod != victim || r.Class != record.NewFast || r.Start < deletedAt-takeUpSample || r.Start >= deletedAt {
			continue
		}
		if r.Start < deletedAt-300*time.Millisecond {
			r.FirstByte = r.Connected + takes
			r.End = r.FirstByte + time.Millisecond
			continue
		}
		r.PodByConn, r.FirstByte, r.Code, r.ErrKind, r.Error, r.Bytes = true, 0, 0, record.ErrReset, "connection reset", 0
		r.End = deletedAt + 200*time.Millisecond
	}
	Judge(run)
	return run
}

func TestAConnectionInTheBacklogOfABusyPodHasNotBeenAccepted(t *testing.T) {
	if f := find(t, crowded(400*time.Millisecond), "in-flight-complete", victim); f.Verdict == record.Fail {
		t.Errorf("connections that the pod was too busy to take up count as accepted: %s", f.Message)
	}
	if f := find(t, crowded(2*time.Millisecond), "in-flight-complete", victim); f.Verdict != record.Fail {
		t.Errorf("connections that the pod had time to take up do not count as accepted: %s %s", f.Verdict, f.Message)
	}
}
