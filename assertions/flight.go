package assertions

import (
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// takeUp is how long after the kernel has made a connection an application that works has surely taken it up. A request
// of which no byte came back counts as accepted only from then on: a connection in the backlog is not the application's.
const takeUp = 50 * time.Millisecond

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
		case r.ErrKind == record.ErrCanceled && acceptedBefore(t, r, f.doubt[r.Agent]):
			out.canceled = append(out.canceled, i)
		case acceptedBefore(t, r, f.doubt[r.Agent]):
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
func acceptedBefore(t *record.Timeline, r *record.Request, clock time.Duration) bool {
	bound := max(t.Delete.At, t.Signal.At-t.Signal.Uncertainty) - clock
	switch {
	case r.FirstByte > 0:
		return r.FirstByte <= bound
	case r.Reused > 0:
		return r.Start+takeUp <= bound
	default:
		return r.Accepted() && r.Connected+takeUp <= bound
	}
}

// cutShort reports whether an answer that had begun did not come whole.
func cutShort(r *record.Request) bool { return r.Failed() && r.ErrKind != record.ErrStatus }
