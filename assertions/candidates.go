package assertions

import (
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// suspicion names the pod that a failed request must have gone to, though no answer said so, or those it may have.
type suspicion struct {
	pod        string   // "" where several are possible
	candidates []string // at least the pod itself where there is one
}

const (
	// blur is how far two things may lie apart that happened at once: a probe dials every 10 ms, a refusal travels back,
	// and a machine under load delays either.
	blur = 50 * time.Millisecond
	// staleRoute is how long after a pod is gone a connection may still be routed to it. Endpoints are programmed within
	// a tenth of a second on an idle cluster and within seconds on a large one.
	staleRoute = 10 * time.Second
)

// whose works out which pod a failed request went to when no answer named one. A pod is a suspect only when its own
// recorded life can produce this very error at this time: a listener that was closed refuses, a listener or a process
// that ends resets, a pod whose network is gone is silent. A ready pod whose listener is open can do none of that, but
// it can break off a connection that it had accepted; so it stays a candidate wherever no ending pod explains the error.
// The pod is named only when exactly one is suspected.
func (f *facts) whose(r *record.Request) suspicion {
	if r.ErrKind == record.ErrDNS || r.ErrKind == record.ErrOther {
		return suspicion{}
	}
	var suspects []string
	for i := range f.lines {
		if t := &f.lines[i]; f.mayBeRouted(t, r) && produces(t, r, f.doubt[r.Agent]) {
			suspects = append(suspects, t.Pod)
		}
	}
	switch len(suspects) {
	case 0:
		return suspicion{candidates: f.routable(r)}
	case 1:
		return suspicion{pod: suspects[0], candidates: suspects}
	default:
		return suspicion{candidates: suspects}
	}
}

// routable lists all pods that the dataplane may have sent the request to.
func (f *facts) routable(r *record.Request) []string {
	var out []string
	for i := range f.lines {
		if f.mayBeRouted(&f.lines[i], r) {
			out = append(out, f.lines[i].Pod)
		}
	}
	return out
}

// mayBeRouted reports whether the pod can have been an endpoint on some node while the request was on its way.
func (f *facts) mayBeRouted(t *record.Timeline, r *record.Request) bool {
	if t.Created.Seen() && !t.Ready.Seen() && !f.answered[t.Pod] {
		return false
	}
	if t.Ready.Seen() && r.End < t.Ready.At-t.Ready.Uncertainty {
		return false
	}
	gone := t.PodGone
	if !gone.Seen() && t.Terminated() {
		gone = t.Exited
	}
	return !gone.Seen() || r.Start <= gone.At+gone.Uncertainty+staleRoute
}

// closed is when the pod's listener ended, by the best witness there is: the probes, the application, the exit.
func closed(t *record.Timeline) record.Mark {
	for _, m := range []record.Mark{t.ListenerClosed, t.AppClosed, t.Exited} {
		if m.Seen() {
			return m
		}
	}
	return record.Mark{}
}

// produces reports whether the pod's life explains the request's error at that time.
func produces(t *record.Timeline, r *record.Request, clock time.Duration) bool {
	end := closed(t)
	if !end.Seen() {
		// Nobody saw its listener close: after the signal it may have, before it may not.
		end = t.Signal
		if !t.Terminated() || !end.Seen() {
			return false
		}
	}
	slack := blur + clock + end.Uncertainty
	over := r.End >= end.At-slack
	switch r.ErrKind {
	case record.ErrRefused, record.ErrDial:
		return over
	case record.ErrTimeout:
		return over && !r.Accepted()
	case record.ErrReset, record.ErrEOF:
		// Made while the listener still stood, or within its backlog, and cut when the listener or the process ended.
		return over && (!r.Accepted() || r.Start <= end.At+slack)
	default:
		return false
	}
}
