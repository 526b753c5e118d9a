package reports

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// facts are what several parts of a report derive from a run, worked out once. The run in it is a tidy copy.
type facts struct {
	*record.Run
	lines    []record.Timeline
	byPod    map[string]record.Timeline
	failed   []failed // unexplained first, then by time
	findings []record.Finding
	total    tally
}

func newFacts(run *record.Run) *facts {
	f := &facts{Run: tidy(run), byPod: make(map[string]record.Timeline)}
	f.lines = f.Timelines()
	for _, t := range f.lines {
		f.byPod[t.Pod] = t
	}
	f.failed = f.join()
	f.total = sum(f.Requests)
	f.findings = slices.Clone(f.Findings)
	slices.SortStableFunc(f.findings, func(a, b record.Finding) int { return cmp.Compare(urgency(a), urgency(b)) })
	return f
}

// urgency orders findings as a reader needs them: what cannot be explained, what is broken and named, what is broken,
// what was not decided, what was waived, what passed, what did not apply.
func urgency(f record.Finding) int {
	switch {
	case f.Verdict == record.Fail && f.Waived:
		return 4
	case f.Verdict == record.Fail && f.Diagnosis == record.Unexplained:
		return 0
	case f.Verdict == record.Fail && f.Diagnosis != "":
		return 1
	case f.Verdict == record.Fail:
		return 2
	case f.Verdict == record.Pass:
		return 5
	case f.Verdict == record.Skipped:
		return 6
	default:
		return 3
	}
}

// terminated are the timelines of the pods that were asked to end.
func (f *facts) terminated() []record.Timeline {
	var out []record.Timeline
	for _, t := range f.lines {
		if t.Terminated() {
			out = append(out, t)
		}
	}
	return out
}

// failed is one failed request with what the checks said of it.
type failed struct {
	record.Request
	Failure record.Failure
	At      time.Duration // when it failed
	Judged  bool          // the checks said something of it
	Sent    bool          // the request itself is in the record
}

// join brings failures and requests together. A failed request that no check has looked at is still listed: a run whose
// judging broke off must not look clean.
func (f *facts) join() []failed {
	judged := make(map[uint64]record.Failure, len(f.Failures))
	for _, v := range f.Failures {
		judged[v.Seq] = v
	}
	var out []failed
	for _, r := range f.Requests {
		v, ok := judged[r.Seq]
		if !ok && !r.Failed() {
			continue
		}
		delete(judged, r.Seq)
		out = append(out, failed{Request: r, Failure: v, At: r.End, Judged: ok, Sent: true})
	}
	for seq, v := range judged {
		out = append(out, failed{Request: record.Request{Seq: seq}, Failure: v, Judged: true})
	}
	slices.SortFunc(out, func(a, b failed) int {
		if a.unexplained() != b.unexplained() {
			if a.unexplained() {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
	})
	return out
}

func (f failed) unexplained() bool {
	return f.Failure.Diagnosis == "" || f.Failure.Diagnosis == record.Unexplained
}

// pod that served the request or should have; "" unknown.
func (f failed) pod() string { return cmp.Or(f.Failure.Pod, f.Pod) }

// concerns reports whether the pod is, or may be, the one that failed the request.
func (f failed) concerns(pod string) bool {
	return f.pod() == pod || (f.pod() == "" && slices.Contains(f.Failure.Candidates, pod))
}

// since tells when the delete was that a failure is counted from: that of its own pod, otherwise the last one before it.
func (f *facts) since(v failed) (time.Duration, bool) {
	if t, ok := f.byPod[v.pod()]; ok && t.Terminated() {
		return t.Delete.At, true
	}
	last, found := time.Duration(0), false
	for _, fault := range f.Faults {
		if fault.Began <= v.At && fault.Error == "" && (!found || fault.Began > last) {
			last, found = fault.Began, true
		}
	}
	return last, found
}

// tally counts requests by their due time.
type tally struct {
	class        record.Class
	sent, failed int
}

// tallies counts per class over the disruption windows, or over the whole run if there are none. Requests that the
// harness itself cut off count as neither.
func (f *facts) tallies() (out []tally, disrupted bool) {
	var windows []record.Window
	for _, w := range f.Windows {
		if w.Kind == record.Disruption {
			windows = append(windows, w)
		}
	}
	index := make(map[record.Class]int)
	for _, class := range f.classes() {
		index[class] = len(out)
		out = append(out, tally{class: class})
	}
	for _, r := range f.Requests {
		inside := len(windows) == 0 || slices.ContainsFunc(windows, func(w record.Window) bool { return w.Contains(r.Due) })
		if !inside || r.ErrKind == record.ErrCanceled {
			continue
		}
		t := &out[index[r.Class]]
		t.sent++
		if r.Failed() {
			t.failed++
		}
	}
	return out, len(windows) > 0
}

// sum is how many requests there are, and how many of them failed.
func sum(requests []record.Request) tally {
	t := tally{sent: len(requests)}
	for _, r := range requests {
		if r.Failed() {
			t.failed++
		}
	}
	return t
}

// classes are those of requests that were asked for, in their order, then any others that the record holds.
func (f *facts) classes() []record.Class {
	var out []record.Class
	seen := make(map[record.Class]bool)
	for _, l := range f.Loads {
		if !seen[l.Class] && !l.Class.Lasting() {
			seen[l.Class] = true
			out = append(out, l.Class)
		}
	}
	asked := len(out)
	for _, r := range f.Requests {
		if !seen[r.Class] {
			seen[r.Class] = true
			out = append(out, r.Class)
		}
	}
	slices.SortFunc(out[asked:], func(a, b record.Class) int { return strings.Compare(string(a), string(b)) })
	return out
}

// arrival is the last new connection from one node that reached a pod.
type arrival struct {
	node        string
	at          time.Duration
	uncertainty time.Duration
}

// lastArrivals finds, per node in alphabetical order, the last new connection that reached the pod.
func (f *facts) lastArrivals(pod string) []arrival {
	last := make(map[string]arrival)
	for _, r := range f.Requests {
		if r.Pod != pod || !r.Class.NewConnection() || !r.Accepted() {
			continue
		}
		if a, ok := last[r.Node]; !ok || r.Connected > a.at {
			last[r.Node] = arrival{node: r.Node, at: r.Connected, uncertainty: f.clockOf(r.Agent)}
		}
	}
	var out []arrival
	for _, a := range last {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b arrival) int { return strings.Compare(a.node, b.node) })
	return out
}

// clockOf is the uncertainty of an agent's clock; 0 for one that is not in the record.
func (f *facts) clockOf(agent string) time.Duration {
	for _, a := range f.Agents {
		if a.Name == agent {
			return a.Clock.Uncertainty
		}
	}
	return 0
}
