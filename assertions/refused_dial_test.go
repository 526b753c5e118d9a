package assertions

import (
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestARefusedConnectionCountsAsOneThatWasRoutedToThePod(t *testing.T) {
	run := build(graceful())
	routed := false
	for i := range run.Requests {
		r := &run.Requests[i]
		if r.Class != record.NewFast || r.Start < deletedAt+1500*time.Millisecond {
			continue
		}
		// Whoever dials knows the pod though no answer came from it.
		r.Pod, r.PodByConn, r.Code, r.FirstByte, r.Connected = victim, true, 0, 0, 0
		r.ErrKind, r.Error = record.ErrRefused, "connection refused"
		routed = true
		break
	}
	if !routed {
		t.Fatal("no request to change")
	}
	Judge(run)
	f := find(t, run, "endpoint-removal", victim)
	if f.Measured.Value < 1.4 {
		t.Errorf("the last new connection was begun 1.5 s after the delete, measured %+v: %s", f.Measured, f.Message)
	}
}
