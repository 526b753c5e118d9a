package loadgen

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Limits of a Prober.
const (
	// DefaultProbeInterval is the resolution with which the end of a listener is measured.
	DefaultProbeInterval = 10 * time.Millisecond
	// DefaultProbeLimit ends a probe of a pod that does not stop: twice the usual grace period of 60 s.
	DefaultProbeLimit = 2 * time.Minute
	// probeTimeout bounds one dial. It is longer than a healthy connect by far, and shorter than the kernel's first
	// retransmission of a SYN (1 s, RFC 6298), so that an accepted dial was accepted by its first SYN.
	probeTimeout = 500 * time.Millisecond
	// probeDials bounds the dials under way: more than one timeout's worth at the default interval. A dial that finds no
	// room is left out, which shows in Gap.
	probeDials = 64
	// probeQuiet is how long nothing must be accepted before the listener is taken to be gone for good.
	probeQuiet = 3 * time.Second
)

// Prober dials an address at a steady interval, connect and close, until nothing listens there any more. Each dial ends
// with the client's FIN, so it costs the server an accept and nothing else.
//
// It may begin before anything listens: what fails before the first accepted dial says nothing, because a listener that
// was never seen open cannot be seen to close.
type Prober struct {
	epoch  time.Time
	limit  time.Duration
	dialer net.Dialer

	mu   sync.Mutex
	seen record.Probe
	last time.Duration // start of the last dial
	// Starts of dials that failed after the last one that was accepted, as far as is known yet: an answer may come after
	// those of later dials.
	refused, silent []time.Duration
}

// NewProber makes a prober of one pod's address ("10.244.1.2:8080"). Interval and limit of 0 are the defaults. The probe's
// times are since epoch. Agent and Node are the caller's to fill in.
func NewProber(pod, address string, interval, limit time.Duration, epoch time.Time) *Prober {
	if interval <= 0 {
		interval = DefaultProbeInterval
	}
	if limit <= 0 {
		limit = DefaultProbeLimit
	}
	return &Prober{
		epoch: epoch, limit: limit,
		dialer: net.Dialer{Timeout: probeTimeout, KeepAlive: -1},
		seen:   record.Probe{Pod: pod, Address: address, Interval: interval},
	}
}

// Run dials until the listener is gone for good, the limit is reached or the context ends. Dials under way have ended
// when it returns.
func (p *Prober) Run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	p.begin()
	defer p.end()
	var dials sync.WaitGroup
	defer dials.Wait()
	room := make(chan struct{}, probeDials)
	ticker := time.NewTicker(p.seen.Interval)
	defer ticker.Stop()
	for !p.gone() {
		select {
		case room <- struct{}{}:
			dials.Go(func() {
				p.dial(ctx)
				<-room
			})
		default: // every dial is still out: the gap grows
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// Probe is what has been seen so far; its Ended is 0 while the prober runs.
func (p *Prober) Probe() record.Probe {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	if seen.Accepted == 0 {
		return seen
	}
	if len(p.refused) > 0 {
		seen.FirstRefused = p.refused[0]
	}
	if len(p.silent) > 0 {
		seen.FirstSilent = p.silent[0]
	}
	return seen
}

func (p *Prober) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen.Began = time.Since(p.epoch)
	p.last = p.seen.Began
}

func (p *Prober) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen.Ended = time.Since(p.epoch)
}

// started notes that a dial starts now.
func (p *Prober) started() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Since(p.epoch)
	p.seen.Gap = max(p.seen.Gap, now-p.last)
	p.last = now
	p.seen.Attempts++
	return now
}

// gone reports whether dials have failed for so long that the listener will not come back.
func (p *Prober) gone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen.Accepted == 0 {
		return false
	}
	for _, failed := range [][]time.Duration{p.refused, p.silent} {
		if len(failed) > 0 && time.Since(p.epoch)-failed[0] > probeQuiet {
			return true
		}
	}
	return false
}

func (p *Prober) dial(ctx context.Context) {
	start := p.started()
	raw, err := p.dialer.DialContext(ctx, "tcp", p.seen.Address)
	if err == nil {
		_ = raw.Close() // plain FIN: nothing was sent and nothing is left unread
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err != nil && over(ctx):
		p.seen.Attempts-- // cut off by this side: says nothing
	case err == nil:
		p.accepted(start)
	case isLocal(err):
		p.seen.Error = text(err)
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET):
		p.failed(&p.refused, start)
		if start < p.seen.LastAccepted {
			p.seen.Blips++
		}
	default:
		p.failed(&p.silent, start)
	}
}

// accepted takes back the failures that were followed by this dial. Before the first one there was no listener to fail.
func (p *Prober) accepted(start time.Duration) {
	first := p.seen.Accepted == 0
	p.seen.Accepted++
	if start < p.seen.LastAccepted {
		return
	}
	p.seen.LastAccepted = start
	before := len(p.refused)
	p.refused = after(p.refused, start)
	p.silent = after(p.silent, start)
	if !first {
		p.seen.Blips += before - len(p.refused)
	}
}

// failed keeps the start of a dial in order, unless a later one was accepted.
func (p *Prober) failed(starts *[]time.Duration, start time.Duration) {
	if start < p.seen.LastAccepted {
		return
	}
	i := len(*starts)
	for i > 0 && (*starts)[i-1] > start {
		i--
	}
	*starts = append(*starts, 0)
	copy((*starts)[i+1:], (*starts)[i:])
	(*starts)[i] = start
}

// after drops the starts up to the limit.
func after(starts []time.Duration, limit time.Duration) []time.Duration {
	for len(starts) > 0 && starts[0] <= limit {
		starts = starts[1:]
	}
	return starts
}
