package assertions

import (
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// atOnce is how soon after SIGTERM a process ends or a listener closes that did not wait at all. What was measured on an
// idle cluster is 0.10 to 0.12 s after the delete.
const atOnce = time.Second

// order is how telling the causes are, the most telling first. It is that of record.Diagnoses; what no cause explains
// comes last.
func order() []string {
	var codes []string
	for _, d := range record.Diagnoses() {
		codes = append(codes, d.Code)
	}
	return append(codes, record.Unexplained)
}

// telling picks the most telling of the codes; "" of none.
func telling(codes map[string]int) string {
	for _, code := range order() {
		if codes[code] > 0 {
			return code
		}
	}
	return ""
}

// theory looks at a pod's life for one cause, and gives its code or "".
type theory func(*facts, *record.Timeline) string

// blame names the cause of a guarantee that the pod broke: a forced deletion before anything else, then what the pod's
// own life shows by the theories in their order, then what most of the requests say.
func (f *facts) blame(t *record.Timeline, requests []int, theories ...theory) string {
	if t.Forced {
		return "D2"
	}
	for _, holds := range theories {
		if code := holds(f, t); code != "" {
			return code
		}
	}
	if len(requests) == 0 {
		return record.Unexplained
	}
	return f.commonest(requests)
}

// commonest is the cause that most of the failed requests have; of equally many the most telling.
func (f *facts) commonest(requests []int) string {
	n := map[string]int{}
	for _, i := range requests {
		n[f.failure(i).Diagnosis]++
	}
	best := record.Unexplained
	for _, code := range order() {
		if n[code] > n[best] {
			best = code
		}
	}
	return best
}

// unhandled is F1: the process ended at once on SIGTERM, by a code that is not 0, and neither a word of its own nor an
// answer after that says that it did anything about the signal. Where the exit was not observed, requests that were cut
// must stand for it.
func (f *facts) unhandled(t *record.Timeline) string {
	return f.once("unhandled", t, (*facts).diedOfSignal)
}

// asked is the latest that a kubelet with time to spare sends SIGTERM: it hears of the delete when everybody who watches
// does, which on a busy control plane is well after the delete was sent, and then runs preStop.
func (f *facts) asked(t *record.Timeline) time.Duration {
	return max(t.Delete.At, t.Accepted.At, t.Terminating.At) + f.run.Workload.PreStop
}

func (f *facts) diedOfSignal(t *record.Timeline) string {
	if t.Forced || t.Killed || t.SignalLogged || t.Drained.Seen() || t.ExitCode == 0 {
		return ""
	}
	asked := f.asked(t)
	soon := t.Exited.Seen() && t.Exited.At-t.Exited.Uncertainty <= asked+atOnce
	if m := t.ListenerClosed; m.Seen() && (soon || !t.Exited.Seen()) {
		soon = m.At <= asked+atOnce && !f.answeredAfter(t, m.At+m.Uncertainty+atOnce)
	}
	if !soon || (t.ExitCode < 0 && len(f.flight(t).cut) == 0) {
		return ""
	}
	return "F1"
}

// answeredAfter reports whether the pod finished an answer later than that. A busy client may note an answer's end late,
// so the caller leaves room for it.
func (f *facts) answeredAfter(t *record.Timeline, at time.Duration) bool {
	for _, i := range f.atPod[t.Pod] {
		if r := &f.run.Requests[i]; r.Code > 0 && !r.Failed() && r.ErrKind == record.NoError && r.End-f.doubt[r.Agent] > at {
			return true
		}
	}
	return false
}

// closedEarly is F2: the listener surely closed before the removal budget was over.
func (f *facts) closedEarly(t *record.Timeline) string {
	return f.once("closedEarly", t, (*facts).listenerEndedEarly)
}

func (f *facts) listenerEndedEarly(t *record.Timeline) string {
	until := t.Delete.At + f.run.SLO.EndpointRemoval
	if at, _ := f.lastDial(t.Pod); at > until {
		until = at
	}
	for _, p := range f.run.Probes {
		if at := stopped(p); p.Pod == t.Pod && p.Accepted > 0 && at > 0 && at+f.doubt[p.Agent] < until {
			return "F2"
		}
	}
	if m := t.AppClosed; !t.ListenerClosed.Seen() && m.Seen() && m.At+m.Uncertainty < until {
		return "F2"
	}
	return ""
}

// aborted is F3: requests that the pod had accepted were cut, and the process did not simply die of the signal. A
// connection that was cut with the listener, before a byte of an answer, may never have been taken up: that is no proof.
func (f *facts) aborted(t *record.Timeline) string {
	fl := f.flight(t)
	for _, i := range append(append([]int(nil), fl.cut...), fl.late...) {
		if f.failure(i).Diagnosis == "F3" {
			return "F3"
		}
	}
	return ""
}
