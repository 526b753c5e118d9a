package loadgen

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// accepting closes each connection at once and counts them, until the listener closes.
func accepting(work *sync.WaitGroup, listener net.Listener) {
	work.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	})
}

func TestTheMomentAListenerClosesIsBracketed(t *testing.T) {
	var work sync.WaitGroup
	defer work.Wait()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	accepting(&work, listener)
	epoch := time.Now().Add(-time.Second)
	prober := NewProber("pod", listener.Addr().String(), 5*time.Millisecond, 0, epoch)
	work.Go(func() { prober.Run(t.Context()) })
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for prober.Probe().Accepted < 20 {
			time.Sleep(time.Millisecond)
		}
	}()
	await(t, "20 accepted dials", accepted)
	if p := prober.Probe(); p.Ended != 0 || p.FirstRefused != 0 {
		t.Errorf("while it runs: %+v", p)
	}
	before := time.Since(epoch)
	_ = listener.Close()
	closed := time.Since(epoch)
	ended := make(chan struct{})
	go func() { work.Wait(); close(ended) }()
	await(t, "the prober to end by itself", ended)

	p := prober.Probe()
	if p.LastAccepted == 0 || p.LastAccepted > closed || p.FirstRefused <= p.LastAccepted {
		t.Errorf("closed between %v and %v: %+v", before, closed, p)
	}
	// The first dial after the close is refused, so it starts within one gap of it; one that was under way may be, too.
	if p.FirstRefused < before-probeTimeout || p.FirstRefused > closed+p.Gap {
		t.Errorf("closed between %v and %v, gap %v: %+v", before, closed, p.Gap, p)
	}
	if p.Blips != 0 || p.FirstSilent != 0 || p.Ended-p.FirstRefused < probeQuiet || p.Attempts <= p.Accepted || p.Error != "" {
		t.Errorf("%+v", p)
	}
}

func TestAProbeEndsAtItsLimitAndThenHasNoRefusal(t *testing.T) {
	var work sync.WaitGroup
	defer work.Wait()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	accepting(&work, listener)
	prober := NewProber("pod", listener.Addr().String(), time.Millisecond, 100*time.Millisecond, time.Now())
	prober.Run(context.Background())
	if p := prober.Probe(); p.Accepted == 0 || p.Accepted != p.Attempts || p.FirstRefused != 0 || p.Ended < p.Began+100*time.Millisecond {
		t.Errorf("%+v", p)
	}
}

func TestAProbeWaitsForAListenerThatOpensLate(t *testing.T) {
	epoch := time.Now()
	prober := NewProber("pod", "", time.Millisecond, 0, epoch)
	prober.refused = []time.Duration{-2 * probeQuiet} // for longer than a closed listener would be waited for
	if prober.gone() {
		t.Error("a listener that was never open is taken to be gone")
	}
	prober.accepted(-2*probeQuiet - time.Millisecond)
	if !prober.gone() {
		t.Error("a listener that was open and refuses for good is not taken to be gone")
	}
}

// A listener may refuse for a moment; the answers of dials may come in any order.
func TestOnlyARefusalAfterWhichNothingWasAcceptedCounts(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		answers func(p *Prober)
		want    record.Probe
	}{
		"accepted, refused, accepted, refused": {
			func(p *Prober) {
				p.accepted(1 * ms)
				p.failed(&p.refused, 2*ms)
				p.accepted(3 * ms)
				p.failed(&p.refused, 4*ms)
			},
			record.Probe{Accepted: 2, LastAccepted: 3 * ms, FirstRefused: 4 * ms, Blips: 1},
		},
		"refused until it listens": {
			func(p *Prober) { p.failed(&p.refused, 1*ms); p.accepted(2 * ms); p.failed(&p.refused, 3*ms) },
			record.Probe{Accepted: 1, LastAccepted: 2 * ms, FirstRefused: 3 * ms},
		},
		"it never listens": {
			func(p *Prober) { p.failed(&p.refused, 1*ms); p.failed(&p.silent, 2*ms) },
			record.Probe{},
		},
		"an early dial is accepted late": {
			func(p *Prober) { p.failed(&p.refused, 3*ms); p.failed(&p.refused, 4*ms); p.accepted(2 * ms) },
			record.Probe{Accepted: 1, LastAccepted: 2 * ms, FirstRefused: 3 * ms},
		},
		"the refusals come in the wrong order": {
			func(p *Prober) { p.accepted(1 * ms); p.failed(&p.refused, 4*ms); p.failed(&p.refused, 2*ms) },
			record.Probe{Accepted: 1, LastAccepted: 1 * ms, FirstRefused: 2 * ms},
		},
		"silent before it was accepted": {
			func(p *Prober) { p.failed(&p.silent, 1*ms); p.accepted(2 * ms); p.failed(&p.silent, 5*ms) },
			record.Probe{Accepted: 1, LastAccepted: 2 * ms, FirstSilent: 5 * ms},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := NewProber("", "", 0, 0, time.Now())
			c.answers(p)
			c.want.Interval = DefaultProbeInterval
			if got := p.Probe(); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestErrorsOfSocketsAreTakenForWhatTheyMean(t *testing.T) {
	dead, cancel := context.WithCancel(t.Context())
	cancel()
	number := func(n syscall.Errno) error { return &net.OpError{Op: "dial", Err: n} }
	for _, c := range []struct {
		ctx  context.Context
		err  error
		at   stage
		want record.ErrKind
	}{
		{t.Context(), number(syscall.ECONNREFUSED), dialling, record.ErrRefused},
		{t.Context(), number(syscall.EHOSTUNREACH), dialling, record.ErrDial},
		{t.Context(), number(syscall.ETIMEDOUT), dialling, record.ErrTimeout},
		{t.Context(), &net.DNSError{Err: "no such host"}, dialling, record.ErrDNS},
		{t.Context(), context.DeadlineExceeded, dialling, record.ErrTimeout},
		{dead, context.Canceled, dialling, record.ErrCanceled},
		{dead, number(syscall.ECONNRESET), waiting, record.ErrReset},
		{t.Context(), number(syscall.EPIPE), waiting, record.ErrReset},
		{t.Context(), number(syscall.EADDRNOTAVAIL), dialling, record.ErrCanceled},
		{t.Context(), number(syscall.EHOSTUNREACH), waiting, record.ErrOther},
	} {
		if got := classify(c.ctx, c.err, c.at); got != c.want {
			t.Errorf("%v at stage %d: got %q, want %q", c.err, c.at, got, c.want)
		}
	}
}
