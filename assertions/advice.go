package assertions

import (
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// spare is added to a grace period beyond what was measured: kubelet starts to count before the process has its signal.
const spare = time.Second

// advise says what to change, with the figures of this run. Of a nil pod it speaks for the one that needs the longest.
func (f *facts) advise(code string, t *record.Timeline) string {
	known, ok := record.Explain(code)
	if !ok {
		return ""
	}
	switch code {
	case "F1", "F2":
		return known.Remedy + " " + f.waits(t)
	case "F3":
		return known.Remedy + fmt.Sprintf(" In this run: the longest request took %s, so drain for at least %d s after the listener has closed.",
			seconds(f.longest()), wholeSeconds(f.longest()))
	case "F5", "F6":
		if t != nil {
			return known.Remedy + " " + f.room(t)
		}
	}
	return known.Remedy
}

// room is how long a grace period the pod would have needed for what it was doing.
func (f *facts) room(t *record.Timeline) string {
	accepting, what := f.run.Workload.PreStop, "preStop"
	if m := t.ListenerClosed; m.Seen() && m.At < t.Exited.At-t.Exited.Uncertainty && m.At-t.Delete.At > accepting {
		accepting, what = m.At-t.Delete.At, "the time until its listener closed"
	}
	longest := f.longest()
	need := wholeSeconds(accepting + longest + spare)
	if had := f.grace(t); time.Duration(need)*time.Second <= had {
		return fmt.Sprintf("In this run: %s (%s), the longest request (%s) and %s would have fitted into the grace period of %s, so the drain waits for something else: find out what, and bound it.",
			what, seconds(accepting), seconds(longest), seconds(spare), seconds(had))
	}
	return fmt.Sprintf("In this run: terminationGracePeriodSeconds ≥ %d (%s, %s, + the longest request, %s, + %s; it was %g).",
		need, what, seconds(accepting), seconds(longest), seconds(spare), f.grace(t).Seconds())
}

// waits is the smallest wait and grace period that would have met the SLO in this run, with the evidence.
func (f *facts) waits(t *record.Timeline) string {
	pods := f.dying()
	if t != nil {
		pods = []*record.Timeline{t}
	}
	wait, why := f.run.SLO.EndpointRemoval, "the removal budget"
	for _, p := range pods {
		// The budget counts from the delete's acceptance, and a measurement must be able to tell that it was met.
		if least := f.run.SLO.EndpointRemoval + max(p.Accepted.At-p.Delete.At, 0) + p.ListenerClosed.Uncertainty; least > wait {
			wait, why = least, "the removal budget, and what its measurement adds"
		}
		// The listener must outlast the last connection, too.
		if upper := f.removal(p).upper; upper > wait {
			at, node := f.lastDial(p.Pod)
			wait, why = upper, "what was measured"
			if at > 0 {
				why = fmt.Sprintf("%s dialled it until %s after the delete", node, seconds(at-p.Delete.At))
			}
		}
	}
	longest := f.longest()
	grace := wholeSeconds(wait) + wholeSeconds(longest+spare)
	return fmt.Sprintf("In this run: accept for %s after the delete (%s), so preStop sleep + wait from SIGTERM to closing the listener ≥ %d s (preStop was %g s); terminationGracePeriodSeconds ≥ %d (that wait + the longest request, %s, + %s; it was %g).",
		seconds(wait), why, wholeSeconds(wait), f.run.Workload.PreStop.Seconds(), grace, seconds(longest), seconds(spare), f.run.Workload.Grace.Seconds())
}

// longest is how long the longest request took that was answered, or was meant to take.
func (f *facts) longest() time.Duration {
	var most time.Duration
	for _, l := range f.run.Loads {
		if !l.Class.Lasting() { // those are handed over
			most = max(most, l.Takes)
		}
	}
	for i := range f.run.Requests {
		if r := &f.run.Requests[i]; r.ErrKind == record.NoError {
			most = max(most, r.End-r.Start)
		}
	}
	return most
}
