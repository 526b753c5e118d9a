package assertions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// The names of the faults that are roll-outs.
const (
	rollingUpdate       = "rolling-update"
	rollingUpdateImage  = "rolling-update-image"
	rollingUpdateUndone = "rolling-update-undone"
)

// rollOuts says of each kind of roll-out how it has to end.
var rollOuts = map[string]func(*facts, rolled) outcome{
	rollingUpdate:       (*facts).allReplaced,
	rollingUpdateImage:  (*facts).allOfImage,
	rollingUpdateUndone: (*facts).allBack,
}

var _ = register(Check{
	Name:      "rollout-complete",
	Guarantee: "A roll-out replaces every pod, one that is undone leaves none of its own, and neither leaves fewer ready than maxUnavailable promises",
	Reference: "Kubernetes, Deployments, Rolling Update Deployment and Rolling Back: at least replicas − maxUnavailable pods are up, and the roll-out is complete when all are of the Deployment's template and no other one runs",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	return f.perFault(sorted(rollOuts), "No roll-out was begun in this run.", f.rolledOut)
})

// rolled is one roll-out as the watch on pods told it.
type rolled struct {
	fault  record.Fault
	wanted int           // replicas
	old    []string      // pods that were ready before, as the fault named them
	ready  []string      // at its end
	took   time.Duration // from its beginning until the last pod that ended in it was gone
	ended  time.Duration
	readiness
}

// outcome is how a roll-out ended, whatever happened on the way.
type outcome struct {
	verdict  record.Verdict
	words    string // a sentence without its full stop
	measured string
	wanted   string
}

// rolledOut judges one roll-out by the pods that the fault named as the old ones.
func (f *facts) rolledOut(x record.Fault, w record.Window) record.Finding {
	o := rolled{fault: x, wanted: f.run.Workload.Replicas, old: podsOf(x), ended: w.Ended, readiness: f.readyBetween(x.Began, w.Ended)}
	o.ready, o.took = sorted(o.readiness.ready), f.lastGone(x.Began, w.Ended)-x.Began
	if len(o.old) == 0 || o.wanted == 0 {
		return record.Finding{Verdict: record.Unknown, Message: "Which pods were to be replaced is not in the record."}
	}
	promised := max(o.wanted-f.run.Workload.MaxUnavailable, 1) // a promise of none still leaves nobody to serve
	end := rollOuts[x.Name](f, o)
	out := record.Finding{
		Verdict: end.verdict, Message: end.words + ".",
		Measured:  record.Quantity{Value: float64(o.least), Unit: "pods", Text: fmt.Sprintf("%s, ≥ %d ready", end.measured, o.least)},
		Threshold: record.Quantity{Value: float64(promised), Unit: "pods", Text: fmt.Sprintf("%s, ≥ %d ready", end.wanted, promised)},
	}
	switch {
	case o.least < promised:
		out.Verdict = record.Fail
		out.Message = fmt.Sprintf("Only %d of %d pods were ready from %s after the roll-out began; at least %d were promised (%s).",
			o.least, o.wanted, seconds(o.at-x.Began), promised, f.run.Workload.Strategy)
	case o.gap && end.verdict == record.Pass:
		out.Verdict, out.Message = record.Unknown, "The roll-out is complete, but the watch on pods was interrupted meanwhile, so how few were ready is not known."
	case o.gap:
		out.Verdict, out.Message = record.Unknown, "The watch on pods was interrupted, so how the roll-out ended is not known."
	case end.verdict == record.Pass:
		out.Message = fmt.Sprintf("%s; never fewer than %d were ready, %d were promised.", end.words, o.least, promised)
	}
	if out.Verdict == record.Fail {
		out.Diagnosis = record.Unexplained
		if o.least == 0 {
			out.Diagnosis, out.Advice = "F14", remedy("F14")
		}
	}
	return out
}

// lastGone is when the last pod was gone of those that went in that time; its end where none did.
func (f *facts) lastGone(from, to time.Duration) time.Duration {
	last := time.Duration(0)
	for _, t := range f.dying() {
		if at := t.PodGone.At; t.PodGone.Seen() && at >= from && at <= to {
			last = max(last, at)
		}
	}
	if last == 0 {
		return to
	}
	return last
}

// allReplaced is how a roll-out ends that was restarted: every old pod is gone, and as many new ones are ready.
func (f *facts) allReplaced(o rolled) outcome {
	stay, fresh := o.replaced()
	out := outcome{
		verdict:  record.Fail,
		measured: fmt.Sprintf("%d new", len(fresh)), wanted: fmt.Sprintf("%d new", o.wanted),
	}
	switch {
	case len(stay) > 0:
		out.words = fmt.Sprintf("%d of %s were still there %s after the roll-out began: %s", len(stay), count(len(o.old), "old pod"), seconds(o.ended-o.fault.Began), list(stay, 3))
	case len(fresh) != o.wanted:
		out.words = fmt.Sprintf("%s ready %s after the roll-out began instead of %d", count(len(fresh), "new pod"), seconds(o.ended-o.fault.Began), o.wanted)
	default:
		out.verdict = record.Pass
		out.words = fmt.Sprintf("All %d pods were replaced within %s, until the last old one was gone", o.wanted, seconds(o.took))
	}
	return out
}

// replaced tells which of the old pods are still there, and which of the ready ones are new.
func (o rolled) replaced() (stay, fresh []string) {
	for _, name := range o.old {
		if !o.gone[name] {
			stay = append(stay, name)
		}
	}
	for _, name := range o.ready {
		if !slices.Contains(o.old, name) {
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
