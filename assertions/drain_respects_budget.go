package assertions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// nodeDrain is the name of the fault.
const nodeDrain = "drain"

var _ = register(Check{
	Name:      "drain-respects-budget",
	Guarantee: "A drain empties the node, never leaves fewer pods than the budget allows, and ends with the node as it was",
	Reference: "Kubernetes, Safely Drain a Node, and Disruptions: evictions honour PodDisruptionBudgets; a refused one (429) is asked for again",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	return f.perFault([]string{nodeDrain}, "No node was drained in this run.", f.drain)
})

// drain judges one drain by the pods of the application that were on the node.
func (f *facts) drain(x record.Fault, w record.Window) record.Finding {
	wanted, budget := f.run.Workload.Replicas, f.run.Workload.Budget
	promised := 1 // without a budget nothing is promised, but a service of none serves nobody
	if budget != nil {
		promised = max(wanted-*budget, 1)
	}
	d := f.evicted(x, w)
	r := f.readyBetween(x.Began, w.Ended)
	out := record.Finding{
		Measured:  record.Quantity{Value: float64(r.least), Unit: "pods", Text: fmt.Sprintf("%d of %d left, ≥ %d ready", len(d.pods)-len(d.stay), len(d.pods), r.least)},
		Threshold: record.Quantity{Value: float64(promised), Unit: "pods", Text: fmt.Sprintf("all left, ≥ %d ready", promised)},
	}
	switch {
	case len(d.pods) == 0 || wanted == 0:
		out.Verdict, out.Message = record.Unknown, "Which pods of the application were on the node is not in the record."
	case r.least < promised:
		f.tooFew(&out, x, d, r, promised)
	case d.timedOut:
		gaveUp(&out, x, d, budget)
	case r.gap:
		out.Verdict, out.Message = record.Unknown, "The watch on pods was interrupted during the drain, so how few were ready is not known."
	case len(d.stay) > 0:
		out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
		out.Message = fmt.Sprintf("The drain ended, and %s still on %s %s after it began.", list(d.stay, 3), x.Target, seconds(w.Ended-x.Began))
	case !d.restored:
		out.Verdict, out.Message = record.Unknown, fmt.Sprintf("Nothing in the record shows that %s takes pods again.", x.Target)
	default:
		out.Verdict = record.Pass
		out.Message = fmt.Sprintf("%s left %s; never fewer than %d were ready, %d had to be. %s", count(len(d.pods), "pod"), x.Target, r.least, promised, d.waits())
	}
	return out
}

// tooFew says what took the pods away: without a budget the drain itself, where all were on its node.
func (f *facts) tooFew(out *record.Finding, x record.Fault, d eviction, r readiness, promised int) {
	out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
	out.Message = fmt.Sprintf("Only %d of %d pods were ready %s after the drain of %s began; at least %d had to be.",
		r.least, f.run.Workload.Replicas, seconds(r.at-x.Began), x.Target, promised)
	if f.run.Workload.Budget == nil && len(d.pods) == f.run.Workload.Replicas {
		out.Diagnosis, out.Advice = "F16", remedy("F16")
		out.Message += fmt.Sprintf(" All %d replicas were on that node, and there is no PodDisruptionBudget.", len(d.pods))
	}
}

// gaveUp says why a drain did not end in time.
func gaveUp(out *record.Finding, x record.Fault, d eviction, budget *int) {
	out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
	out.Message = fmt.Sprintf("The drain of %s gave up after %s with %s still there. %s", x.Target, x.Attr["limit"], count(len(d.stay), "pod"), d.waits())
	if budget != nil && *budget == 0 && len(d.blocked) > 0 {
		out.Diagnosis, out.Advice = "F15", remedy("F15")
		out.Message += " The budget allows no disruption, so that would not have changed."
	}
	if !d.restored {
		out.Message += fmt.Sprintf(" Nothing in the record shows that %s takes pods again.", x.Target)
	}
}

// eviction is what became of the application's pods on a drained node.
type eviction struct {
	pods, stay []string
	blocked    []string // refused at least once
	longest    time.Duration
	why        string // the first refusal, as the API server put it
	timedOut   bool
	restored   bool // uncordoned, or cordoned by somebody else before
}

func (f *facts) evicted(x record.Fault, w record.Window) eviction {
	d := eviction{pods: podsOf(x)}
	gone := f.readyBetween(x.Began, w.Ended).gone
	for _, name := range d.pods {
		if !gone[name] {
			d.stay = append(d.stay, name)
		}
	}
	refused := map[string]time.Duration{}
	for _, e := range f.run.Events {
		if e.At < x.Began || e.At > w.Ended && e.Kind != record.NodeUncordoned {
			continue // of an earlier round or a later one; the node's cordon may stay until the run ends
		}
		if e.Object == x.Target {
			d.ofNode(e, refused)
		} else if slices.Contains(d.pods, e.Object) {
			d.ofPod(e, refused)
		}
	}
	d.blocked = append(d.blocked, sorted(refused)...)
	return d
}

// ofNode takes an event of the node. Refused are the evictions that were refused and not yet accepted, since when.
func (d *eviction) ofNode(e record.Event, refused map[string]time.Duration) {
	switch {
	case e.Kind == record.NodeUncordoned, e.Kind == record.NodeCordoned && e.Attr[record.Foreign] == "true":
		d.restored = true
	case e.Kind == record.DrainTimedOut:
		d.timedOut = true
		for _, at := range refused {
			d.longest = max(d.longest, e.At-at)
		}
	}
}

// ofPod takes an event of a pod that was on the node.
func (d *eviction) ofPod(e record.Event, refused map[string]time.Duration) {
	at, blocked := refused[e.Object]
	switch {
	case e.Kind == record.EvictionBlocked:
		refused[e.Object] = e.At
		if d.why == "" {
			d.why = e.Detail
		}
	case e.Kind == record.EvictionAccepted && blocked:
		d.longest = max(d.longest, e.At-at)
		d.blocked = append(d.blocked, e.Object)
		delete(refused, e.Object)
	}
}

// waits tells how long the budget held evictions back.
func (d eviction) waits() string {
	if len(d.blocked) == 0 {
		return "No eviction was refused."
	}
	return fmt.Sprintf("%s refused by the budget and asked for again, for %s at most (%s).", count(len(d.blocked), "eviction")+" "+wasWere(len(d.blocked)), seconds(d.longest), strings.TrimSuffix(d.why, "."))
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
