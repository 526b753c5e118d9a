package assertions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// rollingUpdate is the name of the fault.
const rollingUpdate = "rolling-update"

var _ = register(Check{
	Name:      "rollout-complete",
	Guarantee: "A roll-out replaces every pod and never leaves fewer ready than maxUnavailable promises",
	Reference: "Kubernetes, Deployments, Rolling Update Deployment: at least replicas − maxUnavailable pods are up, and the roll-out is complete when all are updated and no old one runs",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	return f.perFault(rollingUpdate, "No roll-out was restarted in this run.", f.rollout)
})

// rollout judges one roll-out by the pods that the fault named as the old ones.
func (f *facts) rollout(x record.Fault, w record.Window) record.Finding {
	old := podsOf(x)
	wanted := f.run.Workload.Replicas
	promised := max(wanted-f.run.Workload.MaxUnavailable, 1) // a promise of none still leaves nobody to serve
	r := f.readyBetween(x.Began, w.Ended)
	stay, fresh := replaced(old, r)
	out := record.Finding{
		Measured:  record.Quantity{Value: float64(r.least), Unit: "pods", Text: fmt.Sprintf("%d of %d new, ≥ %d ready", len(fresh), wanted, r.least)},
		Threshold: record.Quantity{Value: float64(promised), Unit: "pods", Text: fmt.Sprintf("%d new, ≥ %d ready", wanted, promised)},
	}
	switch {
	case len(old) == 0 || wanted == 0:
		out.Verdict, out.Message = record.Unknown, "Which pods were to be replaced is not in the record."
	case r.least < promised:
		out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
		out.Message = fmt.Sprintf("Only %d of %d pods were ready from %s after the roll-out began; at least %d were promised (%s).",
			r.least, wanted, seconds(r.at-x.Began), promised, f.run.Workload.Strategy)
		if r.least == 0 {
			out.Diagnosis, out.Advice = "F14", remedy("F14")
		}
	case r.gap && (len(stay) > 0 || len(fresh) != wanted):
		out.Verdict, out.Message = record.Unknown, "The watch on pods was interrupted, so how the roll-out ended is not known."
	case len(stay) > 0:
		out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
		out.Message = fmt.Sprintf("%d of %s were still there %s after the roll-out began: %s.", len(stay), count(len(old), "old pod"), seconds(w.Ended-x.Began), list(stay, 3))
	case len(fresh) != wanted:
		out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
		out.Message = fmt.Sprintf("%s ready %s after the roll-out began instead of %d.", count(len(fresh), "new pod"), seconds(w.Ended-x.Began), wanted)
	case r.gap:
		out.Verdict, out.Message = record.Unknown, "The roll-out is complete, but the watch on pods was interrupted meanwhile, so how few were ready is not known."
	default:
		out.Verdict = record.Pass
		out.Message = fmt.Sprintf("All %d pods were replaced within %s; never fewer than %d were ready, %d were promised.", wanted, seconds(w.Ended-x.Began), r.least, promised)
	}
	return out
}

// replaced tells which of the old pods are still there, and which of the ready ones are new.
func replaced(old []string, r readiness) (stay, fresh []string) {
	for _, name := range old {
		if !r.gone[name] {
			stay = append(stay, name)
		}
	}
	for _, name := range sorted(r.ready) {
		if !slices.Contains(old, name) {
			fresh = append(fresh, name)
		}
	}
	return stay, fresh
}

// podsOf are the pods that the fault was to end.
func podsOf(x record.Fault) []string {
	if x.Attr["pods"] == "" {
		return nil
	}
	return strings.Split(x.Attr["pods"], ",")
}

func roundName(round int) string { return fmt.Sprintf("round %d", round) }

// remedy of a documented cause.
func remedy(code string) string {
	d, _ := record.Explain(code)
	return d.Remedy
}
