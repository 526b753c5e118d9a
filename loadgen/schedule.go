package loadgen

import (
	"context"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// schedule is vegeta's constant pacer on a clock of its own, so that it is known when each hit was due, and with a wait
// that ends at once when the load is stopped.
type schedule struct {
	pacer vegeta.ConstantPacer
	began time.Time // one interval before the first hit is due
	stop  <-chan struct{}
	hard  <-chan struct{}
	hits  atomic.Uint64 // given out so far
}

var _ vegeta.Pacer = (*schedule)(nil)

func newSchedule(ctx context.Context, stop <-chan struct{}, s Spec) *schedule {
	interval := s.interval()
	shift := time.Duration(s.Phase * float64(interval))
	return &schedule{
		pacer: vegeta.ConstantPacer{Freq: 1, Per: interval},
		began: time.Now().Add(shift - interval),
		stop:  stop,
		hard:  ctx.Done(),
	}
}

// due is when the hit of that number, from 0, is to be made.
func (s *schedule) due(seq uint64) time.Time {
	return s.began.Add(time.Duration(seq+1) * s.pacer.Per)
}

// Pace waits until the next hit is due. vegeta's own clock, which began a little later, is not used.
func (s *schedule) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	s.hits.Store(hits)
	wait, stop := s.pacer.Pace(time.Since(s.began), hits)
	return 0, stop || !s.sleep(wait)
}

// Rate implements vegeta.Pacer.
func (s *schedule) Rate(elapsed time.Duration) float64 { return s.pacer.Rate(elapsed) }

// sleep reports whether the load goes on.
func (s *schedule) sleep(wait time.Duration) bool {
	timer := time.NewTimer(max(wait, 0))
	defer timer.Stop()
	select {
	case <-s.stop:
		return false
	case <-s.hard:
		return false
	case <-timer.C:
	}
	return !s.stopped()
}

// overdue is how long ago the next hit should have been begun; 0 when it is not yet due.
func (s *schedule) overdue() time.Duration {
	return max(time.Since(s.due(s.hits.Load())), 0)
}

// stopped reports whether nothing is due any more.
func (s *schedule) stopped() bool {
	select {
	case <-s.stop:
		return true
	case <-s.hard:
		return true
	default:
		return false
	}
}
