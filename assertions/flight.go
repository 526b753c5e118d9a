package assertions

import (
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// takeUp is how long after the kernel has made a connection an application that works has surely taken it up, on a
// machine with time to spare. A request of which no byte came back counts as accepted only from then on: a connection in
// the backlog is not the application's.
const takeUp = 50 * time.Millisecond

// takeUpSample is how long before the delete a pod's own time to take connections up is looked at.
const takeUpSample = 2 * time.Second

// takenUpWithin is takeUp for this pod: where processors are scarce connections wait longer in the backlog. By so much the
// slowest of its new connections began to answer later than its kept-alive ones usually did, which need no accept.
func (f *facts) takenUpWithin(t *record.Timeline) time.Duration {
	var fresh, kept []time.Duration
	for _, i := range f.atPod[t.Pod] {
		r := &f.run.Requests[i]
		if r.Class.Slow() || r.FirstByte == 0 || r.FirstByte < t.Delete.At-takeUpSample || r.Connected == 0 {
			continue
		}
		if r.Reused > 0 {
			kept = append(kept, r.FirstByte-r.Start)
		} else {
			fresh = append(fresh, r.FirstByte-r.Connected)
		}
	}
	if len(fresh) == 0 {
		return takeUp
	}
	usual := time.Duration(0)
	if len(kept) > 0 {
		slices.Sort(kept)
		usual = kept[len(kept)/2]
	}
	return max(takeUp, slices.Max(fresh)-usual)
}

// flight is what a pod had accepted and not yet answered when its termination began.
type flight struct {
	slow, fast int   // accepted before SIGTERM and still open at the delete or later
	cut        []int // of those, not answered in full
	late       []int // accepted after SIGTERM, begun to be answered, and cut
	canceled   []int // cut off by the harness itself: says nothing
}

// flight of a terminated pod. What was answered before the delete is not in it.
func (f *facts) flight(t *record.Timeline) flight {
	var out flight
	for _, i := range f.atPod[t.Pod] {
		r := &f.run.Requests[i]
		if r.End < t.Delete.At {
			continue
		}
		switch {
		case r.ErrKind == record.ErrCanceled && f.acceptedBefore(t, r):
			out.canceled = append(out.canceled, i)
		case f.acceptedBefore(t, r):
			if r.Class.Slow() {
				out.slow++
			} else {
				out.fast++
			}
			if r.Failed() {
				out.cut = append(out.cut, i)
			}
		case r.FirstByte > 0 && cutShort(r):
			out.late = append(out.late, i)
		}
	}
	return out
}

// acceptedBefore reports whether the pod had surely accepted the request before SIGTERM reached it.
func (f *facts) acceptedBefore(t *record.Timeline, r *record.Request) bool {
	bound := max(t.Delete.At, t.Signal.At-t.Signal.Uncertainty) - f.doubt[r.Agent]
	within, known := f.within[t.Pod]
	if !known {
		within = f.takenUpWithin(t)
		f.within[t.Pod] = within
	}
	switch {
	case r.ErrKind == record.ErrGoAway: // it says so: RFC 9113, section 8.7
		return false
	case r.FirstByte > 0:
		return r.FirstByte <= bound
	case r.Reused > 0:
		return r.Start+within <= bound
	default:
		return r.Accepted() && r.Connected+within <= bound
	}
}

// cutShort reports whether an answer that had begun did not come whole.
func cutShort(r *record.Request) bool { return r.Failed() && r.ErrKind != record.ErrStatus }
