package faults

import (
	"time"

	"github.com/lastcall-dev/lastcall/loadgen/agent"
)

const (
	// slowReserve is how much of a slow request must be left when the delete is decided on; of one that takes less than
	// twice as long, half.
	slowReserve = 3 * time.Second
	// acceptedAfter is how long a request must have been under way when no byte of its answer tells that the pod works on
	// it: a process that accepts connections at all has taken it by then. Of a request that takes less than four times as
	// long, a quarter.
	acceptedAfter = 500 * time.Millisecond
)

// outlasts reports whether enough is left of the slow request for a delete that is sent now to fall into it.
func outlasts(r agent.InFlight, now time.Duration) bool {
	since := r.FirstByte
	if since == 0 {
		if since = r.Started; now-since < min(acceptedAfter, r.Takes/4) {
			return false
		}
	}
	return r.Takes-(now-since) >= min(slowReserve, r.Takes/2)
}
