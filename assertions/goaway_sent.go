package assertions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// shownUntold bounds how many connections a message tells of.
const shownUntold = 3

var _ = register(Check{
	Name:      "goaway-sent",
	Guarantee: "An HTTP/2 connection that carries requests after SIGTERM is told by GOAWAY before it ends",
	Reference: "RFC 9113, section 6.8: by GOAWAY a client knows what was not processed; with the last stream 2^31-1 it can leave before anything is refused",
	Kind:      Guarantee,
	Needs:     []Need{TerminatedPod},
}, func(f *facts) []record.Finding {
	asked := slices.ContainsFunc(f.run.Loads, func(l record.Load) bool { return l.Class.OnHTTP2() })
	if !asked && len(f.run.Ledger.Connections) == 0 {
		return []record.Finding{{Verdict: record.Skipped, Message: "There was no HTTP/2 and no gRPC in the traffic of this run."}}
	}
	dying := f.dying()
	if len(dying) == 0 {
		return []record.Finding{f.nobodyDied()}
	}
	var out []record.Finding
	judged := false
	for _, t := range dying {
		one := f.goAway(t)
		one.Subject = t.Pod
		judged = judged || one.Verdict != record.Skipped
		out = append(out, one)
	}
	if !judged {
		out = append(out, record.Finding{
			Verdict: record.Unknown, Measured: record.Quantity{Text: "no connections"},
			Message: "Of the pods that ended none was seen to carry requests on an HTTP/2 connection after SIGTERM to the end of that connection, so nothing was tested.",
		})
	}
	return out
})

// leaving is what became of the connections to a pod that stood at its SIGTERM or were made later.
type leaving struct {
	told        int
	first, last time.Duration // when they were told, since SIGTERM
	// untold carried requests after SIGTERM, and ended by the pod.
	untold []record.Connection
	left   int // carried requests after SIGTERM, and their clients ended them before anything was said
}

func (f *facts) leaving(t *record.Timeline) (l leaving) {
	for _, c := range f.run.Ledger.Connections {
		doubt := f.doubt[c.Agent]
		if c.Pod != t.Pod || c.Closed > 0 && c.Closed+doubt < t.Signal.At-t.Signal.Uncertainty {
			continue
		}
		at, told := c.Told()
		switch carried := c.LastAnswer-doubt > t.Signal.At+t.Signal.Uncertainty; {
		case told:
			since := at - t.Signal.At
			if l.told == 0 || since < l.first {
				l.first = since
			}
			if l.told == 0 || since > l.last {
				l.last = since
			}
			l.told++
		case !carried:
		case c.End == record.ConnectionClosed || c.End == record.ConnectionBroken:
			l.untold = append(l.untold, c)
		default:
			l.left++
		}
	}
	return l
}

// goAway judges one pod.
func (f *facts) goAway(t *record.Timeline) record.Finding {
	l := f.leaving(t)
	all := l.told + len(l.untold)
	out := record.Finding{
		Measured:  record.Quantity{Value: float64(l.told), Unit: "connections", Text: fmt.Sprintf("%s of %s", thousands(l.told), thousands(all))},
		Threshold: record.Quantity{Value: float64(all), Unit: "connections", Text: "all"},
	}
	switch {
	case t.Forced:
		out.Verdict, out.Measured = record.Skipped, record.Quantity{Text: "no grace period"}
		out.Message = "The pod was deleted with grace period 0: it was given no time to say anything."
	case len(l.untold) > 0 && !f.signalKnown(t):
		out.Verdict = record.Unknown
		out.Message = fmt.Sprintf("%s to the pod ended without GOAWAY, but when SIGTERM reached it is not known, so neither is whether it had anything to say by then.",
			count(len(l.untold), "HTTP/2 connection"))
	case len(l.untold) > 0:
		out.Verdict = record.Fail
		out.Message = untoldConnections(t, l.untold, all)
		out.Evidence = f.carriedAfterSignal(t, l.untold)
		if out.Diagnosis = f.blame(t, nil, (*facts).livenessKilled, (*facts).unhandled, (*facts).overrun); out.Diagnosis == record.Unexplained {
			out.Diagnosis = "F8"
		}
		out.Advice = f.advise(out.Diagnosis, t)
	case l.told > 0:
		out.Verdict = record.Pass
		out.Message = fmt.Sprintf("All of %s to the pod were told by GOAWAY, the first %s and the last %s after SIGTERM.",
			count(all, "HTTP/2 connection"), seconds(l.first), seconds(l.last))
	case l.left > 0:
		out.Verdict, out.Measured = record.Skipped, record.Quantity{Text: "none to its end"}
		out.Message = fmt.Sprintf("%s to the pod carried requests after SIGTERM, but their clients closed them before the pod had to say anything.", count(l.left, "HTTP/2 connection"))
	default:
		out.Verdict, out.Measured = record.Skipped, record.Quantity{Text: "no connections"}
		out.Message = "No HTTP/2 connection to the pod carried a request after SIGTERM."
	}
	return out
}

// signalKnown reports whether the time of SIGTERM was seen, or follows from when the pod was deleted: a preStop hook that
// is no sleep takes nobody knows how long.
func (f *facts) signalKnown(t *record.Timeline) bool {
	kind := f.run.Workload.PreStopKind
	return t.SignalLogged || t.SignalSent.Seen() || kind == "" || kind == "sleep"
}

// untoldConnections tells of the connections that nobody was told to leave.
func untoldConnections(t *record.Timeline, untold []record.Connection, all int) string {
	var words []string
	for _, c := range untold[:min(len(untold), shownUntold)] {
		how := "was closed"
		if c.End == record.ConnectionBroken {
			how = "broke off (" + string(c.Kind) + ")"
		}
		words = append(words, fmt.Sprintf("one from %s (%s) answered a request sent %s after it, and %s %s after it",
			c.Node, c.Class, seconds(c.LastAnswer-t.Signal.At), how, seconds(c.Closed-t.Signal.At)))
	}
	text := fmt.Sprintf("%s of %s to the pod carried requests after SIGTERM and ended without GOAWAY: %s", thousands(len(untold)), count(all, "HTTP/2 connection"), strings.Join(words, "; "))
	if more := len(untold) - len(words); more > 0 {
		text += fmt.Sprintf("; and %s more", thousands(more))
	}
	return text + "."
}

// carriedAfterSignal are the requests that those connections carried after SIGTERM.
func (f *facts) carriedAfterSignal(t *record.Timeline, on []record.Connection) []uint64 {
	among := map[connection]bool{}
	for _, c := range on {
		among[connection{c.Agent, c.Conn}] = true
	}
	var out []int
	for _, i := range f.atPod[t.Pod] {
		if r := &f.run.Requests[i]; among[connection{r.Agent, r.Conn}] && r.Start > t.Signal.At {
			out = append(out, i)
		}
	}
	return f.seqs(out)
}
