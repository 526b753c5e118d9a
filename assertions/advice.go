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
	}
	return known.Remedy
}

// waits is the smallest wait and grace period that would have met the SLO in this run, with the evidence.
func (f *facts) waits(t *record.Timeline) string {
	pods := f.dying()
	if t != nil {
		pods = []*record.Timeline{t}
	}
	wait, why := f.run.SLO.EndpointRemoval, "the removal budget"
	for _, p := range pods {
		// The listener must outlast both the budget and the last connection, as far as the measurement can tell.
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
		most = max(most, l.Takes)
	}
	for i := range f.run.Requests {
		if r := &f.run.Requests[i]; r.ErrKind == record.NoError {
			most = max(most, r.End-r.Start)
		}
	}
	return most
}
