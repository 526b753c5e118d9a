package assertions

import (
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var servesUntilRemoved = registerPerPod(Check{
	Name:      "serves-until-removed",
	Guarantee: "A pod accepts connections until nothing routes to it",
	Reference: "Kubernetes, Pod Lifecycle, Termination of Pods: endpoints are removed while the process is being stopped, not before",
	Kind:      Guarantee,
}, func(f *facts, t *record.Timeline) record.Finding {
	if f.neverServed(t) {
		return unserved("nothing was ever routed to it")
	}
	broken := f.refusals(t)
	seen := f.listener(t)
	out := record.Finding{Verdict: seen.verdict, Measured: seen.lasted, Threshold: limit(f.run.SLO.EndpointRemoval, "%s or longer"), Message: seen.words}
	if len(broken) > 0 {
		out.Verdict = record.Fail
		out.Evidence = f.seqs(broken)
		out.Message = fmt.Sprintf("%s to the pod failed after the delete. %s", count(len(broken), "new connection"), seen.words)
		if at, node := f.lastDial(t.Pod); at > 0 {
			out.Message += fmt.Sprintf(" %s dialled it until %s after the delete%s.", node, seconds(at-t.Delete.At), f.heldWords(node, t.Delete.At, at))
		}
	}
	if out.Verdict == record.Fail {
		out.Diagnosis = f.blame(t, broken, (*facts).unhandled, (*facts).closedEarly)
		out.Advice = f.advise(out.Diagnosis, t)
	}
	return out
})

// refusals are the new connections that failed on the pod once it was to end, without any answer: refused, reset, or not
// answered. Those it had accepted before SIGTERM are left to in-flight-complete. The first connection of a kept-alive
// class counts only when its dial itself failed: later errors do not tell when it was dialled.
func (f *facts) refusals(t *record.Timeline) []int {
	var out []int
	for _, i := range f.atPod[t.Pod] {
		r := &f.run.Requests[i]
		dialFailed := r.Reused == 0 && !r.Accepted()
		switch {
		case !r.Failed() || r.FirstByte > 0 || r.ErrKind == record.ErrStatus || r.End < t.Delete.At:
		case !r.Class.NewConnection() && !dialFailed:
		case f.acceptedBefore(t, r):
		default:
			out = append(out, i)
		}
	}
	return out
}

// heldWords tells how much of the time the run itself brought about, by holding up the node. The guarantee counts all of
// it: a pod accepts connections until nothing routes to it, however long that takes.
func (f *facts) heldWords(node string, from, to time.Duration) string {
	h := f.held(node, from, to)
	if h.length == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s net of the delay of %s that was injected there)", seconds(to-from-h.length), seconds(h.length))
}

// witness is what the probes say of a listener.
type witness struct {
	verdict record.Verdict
	lasted  record.Quantity
	words   string
}

// stopped is when a probe saw the listener end for good: the start of the first dial that was refused or silent; 0 never.
func stopped(p record.Probe) time.Duration {
	at := p.FirstRefused
	if p.FirstSilent > p.LastAccepted && (at == 0 || p.FirstSilent < at) {
		at = p.FirstSilent
	}
	return at
}

// listener judges the probes of a pod against the removal budget. One probe that surely saw it closed too early breaks
// the guarantee, and one that surely saw it open to the end of the budget proves it: an open listener is a fact about
// the pod, wherever it is seen from.
func (f *facts) listener(t *record.Timeline) witness {
	budget := f.run.SLO.EndpointRemoval
	seen := map[record.Verdict]*witness{} // the first of each kind, of those that fail the earliest
	probes, refused := 0, 0
	for _, p := range f.run.Probes {
		if p.Pod != t.Pod {
			continue
		}
		probes++
		if p.Accepted == 0 {
			continue
		}
		refused += p.Blips
		w := f.probe(t, p, budget)
		if known := seen[w.verdict]; known == nil || w.verdict == record.Fail && w.lasted.Value < known.lasted.Value {
			seen[w.verdict] = &w
		}
	}
	for _, v := range []record.Verdict{record.Fail, record.Pass, record.Unknown} {
		w := seen[v]
		if w == nil {
			continue
		}
		if v == record.Pass && refused > 0 {
			w.verdict = record.Unknown
			w.words += fmt.Sprintf(" But %s of it failed in between, and when is not recorded.", count(refused, "dial"))
		}
		return *w
	}
	why := "Nobody probed the pod's own address, so when its listener closed is not known."
	if probes > 0 {
		why = "No probe ever reached the pod's own address, so when its listener closed is not known."
	}
	return witness{record.Unknown, record.Quantity{Text: "not measured"}, why}
}

// probe judges one probe. The fault took effect between the delete's sending and its acceptance, so open long enough
// counts from the latter and closed too early from the former.
func (f *facts) probe(t *record.Timeline, p record.Probe, budget time.Duration) witness {
	clock, at := f.doubt[p.Agent], stopped(p)
	doubt := clock + p.Gap
	from := max(t.Accepted.At, t.Delete.At)
	w := witness{verdict: record.Unknown}
	if p.Ended > 0 && p.Ended+clock < t.Delete.At {
		w.lasted = record.Quantity{Text: "not measured"}
		w.words = fmt.Sprintf("The probe from %s had given up %s before the delete, because no dial was accepted for too long, so it says nothing of what the delete brought about.",
			p.Node, seconds(t.Delete.At-p.Ended))
		return w
	}
	open, how := at-t.Delete.At, "stopped accepting connections"
	if at > 0 {
		w.lasted = secondsOf(open)
	} else {
		open, how = p.LastAccepted-t.Delete.At, "was open when it was last dialled,"
		w.lasted = record.Quantity{Value: rounded(open.Seconds()), Unit: "s", Text: "open at " + seconds(open)}
	}
	w.words = fmt.Sprintf("The pod's listener %s %s after the delete (± %s, dialled from %s)", how, seconds(open), seconds(doubt), p.Node)
	switch {
	case p.LastAccepted-clock >= from+budget:
		w.verdict = record.Pass
		w.words += fmt.Sprintf(", so it outlasted the removal budget of %s.", exactly(budget))
	case at > 0 && at+clock < t.Delete.At+budget:
		w.verdict = record.Fail
		w.words += fmt.Sprintf(", before the removal budget of %s was over.", exactly(budget))
	default:
		w.words += fmt.Sprintf("; that is too near to the removal budget of %s for this measurement, or the probe ended too early, so it decides nothing.", exactly(budget))
	}
	return w
}
