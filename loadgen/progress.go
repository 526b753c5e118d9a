package loadgen

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Progress is how a load is doing.
type Progress struct {
	Begun    uint64        // requests begun
	Lateness time.Duration // the worst of the last second or two, with what is due and not yet begun
	InFlight []Flight      // of slow classes, those whose pod is known, the oldest first
}

// Flight is a slow request that is under way at a pod that is known: because its answer has begun, or because the
// connection says where it leads. Times are since the epoch of the load; FirstByte is 0 until the answer begins.
type Flight struct {
	Pod                string
	Class              record.Class
	Started, FirstByte time.Duration
	Takes              time.Duration // how long the whole answer is meant to take
}

// tracker keeps what Progress tells.
type tracker struct {
	epoch time.Time

	mu       sync.Mutex
	schedule *schedule
	begun    uint64
	second   int64            // since the epoch, that worst[0] is of
	worst    [2]time.Duration // of this second and of the one before
	flights  map[uint64]Flight
	exceeded bool
}

func newTracker(epoch time.Time) *tracker {
	return &tracker{epoch: epoch, flights: map[uint64]Flight{}}
}

func (t *tracker) follow(s *schedule) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.schedule = s
}

// begin counts a request that is begun so much after it was due.
func (t *tracker) begin(late time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun++
	t.turn()
	t.worst[0] = max(t.worst[0], late)
}

// turn moves on to the current second. The caller holds the lock.
func (t *tracker) turn() {
	second := int64(time.Since(t.epoch) / time.Second)
	switch second - t.second {
	case 0:
	case 1:
		t.worst = [2]time.Duration{0, t.worst[0]}
	default:
		t.worst = [2]time.Duration{}
	}
	t.second = second
}

func (t *tracker) answering(seq uint64, f Flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flights[seq] = f
}

func (t *tracker) answered(seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.flights, seq)
}

// local notes that this machine ran out of something.
func (t *tracker) local(exceeded bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.exceeded = t.exceeded || exceeded
}

func (t *tracker) ranOut() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.exceeded
}

func (t *tracker) count() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.begun
}

func (t *tracker) progress() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn()
	p := Progress{Begun: t.begun, Lateness: max(t.worst[0], t.worst[1])}
	if s := t.schedule; s != nil && !s.stopped() {
		p.Lateness = max(p.Lateness, s.overdue())
	}
	for _, f := range t.flights {
		p.InFlight = append(p.InFlight, f)
	}
	slices.SortFunc(p.InFlight, func(a, b Flight) int { return cmp.Compare(a.Started, b.Started) })
	return p
}
