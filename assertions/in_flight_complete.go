package assertions

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// InFlight is the attribute of a fault that says how many slow requests were known to be in flight at the target when
// the delete was sent. A scenario that demands such requests sets it; none in the record is then unknown, not skipped.
const InFlight = "inflight"

var _ = registerPerPod(Check{
	Name:      "in-flight-complete",
	Guarantee: "A request that a pod accepted before SIGTERM is answered in full",
	Reference: "Kubernetes, Pod Lifecycle, Termination of Pods: the grace period is for finishing what was begun; RFC 9530 for the body's digest",
	Kind:      Guarantee,
}, func(f *facts, t *record.Timeline) record.Finding {
	fl := f.flight(t)
	total := fl.slow + fl.fast
	cut := append(append([]int(nil), fl.cut...), fl.late...)
	out := record.Finding{
		Measured:  record.Quantity{Value: float64(total - len(fl.cut)), Unit: "requests", Text: fmt.Sprintf("%s of %s", thousands(total-len(fl.cut)), thousands(total))},
		Threshold: record.Quantity{Value: float64(total), Unit: "requests", Text: "all"},
		Evidence:  f.seqs(cut),
	}
	wanted, demanded := demandedInFlight(f.run, t.Pod)
	switch {
	case len(cut) > 0:
		out.Verdict = record.Fail
		out.Message = f.cutWords(fl, total)
		out.Diagnosis = f.blame(t, cut, (*facts).unhandled, (*facts).aborted)
		out.Advice = f.advise(out.Diagnosis, t)
	case len(fl.canceled) > 0:
		out.Verdict = record.Unknown
		out.Message = fmt.Sprintf("%s of those in flight at SIGTERM ended by the harness's own hard deadline: whether they would have been answered is not known.", count(len(fl.canceled), "request"))
	case demanded && fl.slow == 0:
		out.Verdict = record.Unknown
		out.Message = fmt.Sprintf("The delete was to come while slow requests were in flight at this pod (%d were known), and the record holds none: nothing was tested.", wanted)
	case total == 0:
		out.Verdict, out.Measured = record.Skipped, record.Quantity{Text: "none in flight"}
		out.Message = "No request was in flight at the pod at the delete, and the scenario did not demand one."
	default:
		out.Verdict = record.Pass
		out.Message = fmt.Sprintf("%s and %s were open at the delete or came between it and SIGTERM; the pod answered them all in full.",
			count(fl.slow, "slow request"), count(fl.fast, "fast one"))
	}
	return out
})

// demandedInFlight is the number of slow requests that the fault on the pod says were in flight.
func demandedInFlight(run *record.Run, pod string) (n int, demanded bool) {
	for _, x := range run.Faults {
		if text, ok := x.Attr[InFlight]; ok && x.Target == pod {
			n, _ = strconv.Atoi(text) // not a number: demanded all the same, of 0 known
			return n, true
		}
	}
	return 0, false
}

// cutWords tells the requests accepted before SIGTERM from those accepted later.
func (f *facts) cutWords(fl flight, total int) string {
	var parts []string
	if len(fl.cut) > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s requests that the pod had accepted before SIGTERM were not answered in full (%s)",
			thousands(len(fl.cut)), thousands(total), f.kinds(fl.cut)))
	}
	if len(fl.late) > 0 {
		parts = append(parts, fmt.Sprintf("%s that it accepted after SIGTERM broke off in the answer (%s)",
			count(len(fl.late), "request"), f.kinds(fl.late)))
	}
	return strings.Join(parts, "; ") + "."
}

// kinds counts how the requests failed: "2 eof, 1 truncated".
func (f *facts) kinds(indexes []int) string {
	n := map[string]int{}
	for _, i := range indexes {
		n[string(f.run.Requests[i].ErrKind)]++
	}
	var parts []string
	for _, kind := range sorted(n) {
		parts = append(parts, fmt.Sprintf("%d %s", n[kind], kind))
	}
	return strings.Join(parts, ", ")
}
