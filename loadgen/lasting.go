package loadgen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	// lastingDrain is how long streams and watches may go on after their load was asked to stop. It is less than a run
	// grants its agents for that (scenarios.Limits.Drain).
	lastingDrain = 25 * time.Second
	// silence is how long nothing may come of a stream or a watch before its client gives the connection up. The messages
	// of both are a fraction of a second apart.
	silence = 10 * time.Second
	// reconnectAfter is how long a client waits before it connects again when the server did not say; browsers wait for
	// seconds, client-go's reflector for 0.8 s.
	reconnectAfter = 500 * time.Millisecond
	// The least and the most that a client waits, whatever the server asks.
	reconnectLeast = 100 * time.Millisecond
	reconnectMost  = 3 * time.Second
	// maxLegs bounds the connections of one stream or watch.
	maxLegs = 64
)

// Why a client itself ends what it follows.
var (
	errSilent   = errors.New("nothing came any more for 10 s")
	errTooLong  = errors.New("it had not ended 10 s after its time")
	errOutlasts = errors.New("the load was asked to stop 25 s before")
)

// lasting is a load of streams or watches. Each is begun when it is due, whatever the earlier ones do, and followed over
// as many connections as it takes, as a real client of its kind does. They are in the ledger and no requests: a stream that
// is handed over from one pod to another is no failure of either.
type lasting struct {
	spec    Spec
	epoch   time.Time
	tracker *tracker
	// follow follows one of them to its end. ctx ends when it must.
	follow                    func(ctx context.Context, l *lasting, t Target, due time.Duration) record.Ledger
	drain, silence, reconnect time.Duration

	mu   sync.Mutex
	kept record.Ledger
}

var _ Ledgered = (*lasting)(nil)

// lastingLoad is the constructor of a class.
func lastingLoad(follow func(ctx context.Context, l *lasting, t Target, due time.Duration) record.Ledger) constructor {
	return func(s Spec, epoch time.Time) Load {
		return &lasting{spec: s, epoch: epoch, tracker: newTracker(epoch), follow: follow,
			drain: lastingDrain, silence: silence, reconnect: reconnectAfter,
		}
	}
}

// Progress counts no requests, because none are recorded.
func (l *lasting) Progress() Progress {
	p := l.tracker.progress()
	p.Begun = 0
	return p
}

// Ledger holds those that have ended.
func (l *lasting) Ledger() (all record.Ledger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all.Append(l.kept)
	return all
}

func (l *lasting) Run(ctx context.Context, stop <-chan struct{}, t Target, _ func(record.Request)) error {
	ending, cancel := context.WithCancelCause(ctx)
	var bound sync.WaitGroup
	defer bound.Wait()
	defer cancel(nil)
	bound.Go(func() { l.outlast(ending, stop, cancel) })
	a := &attack{spec: l.spec, epoch: l.epoch, limit: l.spec.maxInFlight(), tracker: l.tracker}
	err := a.run(ctx, stop, t, func(_ uint64, due time.Duration) { l.keep(l.follow(ending, l, t, due)) })
	if err != nil {
		return fmt.Errorf("load %s: %w", l.spec.Class, err)
	}
	return nil
}

func (l *lasting) keep(ended record.Ledger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept.Append(ended)
}

// outlast cancels what has not ended some time after the load was asked to stop.
func (l *lasting) outlast(ctx context.Context, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	select {
	case <-stop:
	case <-ctx.Done():
		return
	}
	if sleep(ctx, l.drain) == nil {
		cancel(errOutlasts)
	}
}

func (l *lasting) now() time.Duration { return time.Since(l.epoch) }

// attended gives a context that ends when alive is not called for as long as silence.
func (l *lasting) attended(ctx context.Context) (attended context.Context, alive, end func()) {
	attended, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(l.silence, func() { cancel(errSilent) })
	return attended, func() { timer.Reset(l.silence) }, func() {
		timer.Stop()
		cancel(nil)
	}
}

// patience before a client connects again; asked is what the server said, 0 nothing.
func (l *lasting) patience(asked time.Duration) time.Duration {
	if asked <= 0 {
		return l.reconnect
	}
	return min(max(asked, reconnectLeast), reconnectMost)
}

// sleep returns after d, or earlier with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
