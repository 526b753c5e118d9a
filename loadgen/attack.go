package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// attack runs one vegeta attack. vegeta paces, starts workers as they are needed and numbers the hits; the hits
// themselves are made by a function of ours behind http.Client, because vegeta would keep each body in memory and
// net/http would repeat requests.
type attack struct {
	spec     Spec
	epoch    time.Time
	limit    int
	tracker  *tracker
	schedule *schedule
	inFlight atomic.Int64
	full     atomic.Bool // all workers were busy at some time
}

// sequence is the header in which vegeta numbers its hits from 0. It is read here and never sent.
const sequence = "X-Vegeta-Seq"

// tolerated is how far behind its schedule a load may be when it is stopped before Run returns ErrBehind. What was begun
// late is in the records; this is about what was not begun at all.
const tolerated = time.Second

// run hits until stop closes or ctx ends, and returns when every hit has.
func (a *attack) run(ctx context.Context, stop <-chan struct{}, t Target, hit func(seq uint64, due time.Duration)) error {
	a.schedule = newSchedule(ctx, stop, a.spec)
	a.tracker.follow(a.schedule)
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: a.transport(hit)}),
		vegeta.MaxWorkers(uint64(a.limit)),
	)
	ended := make(chan struct{})
	var stoppedAt time.Time
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-stop:
		case <-ctx.Done():
		case <-ended:
		}
		stoppedAt = time.Now()
		attacker.Stop() // the schedule stops by itself, unless vegeta waits for a free worker
	})
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: a.spec.Method, URL: "http://" + t.Address + a.spec.Path})
	for result := range attacker.Attack(target, a.schedule, 0, "") {
		_ = result // hit has recorded it
	}
	close(ended)
	watcher.Wait()
	return a.verdict(ctx, stoppedAt)
}

// transport turns a request of vegeta's into a hit. What it returns to vegeta says nothing.
func (a *attack) transport(hit func(seq uint64, due time.Duration)) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		seq, err := strconv.ParseUint(request.Header.Get(sequence), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("number of the hit in %s: %w", sequence, err)
		}
		if a.inFlight.Add(1) >= int64(a.limit) {
			a.full.Store(true)
		}
		defer a.inFlight.Add(-1)
		due := a.schedule.due(seq)
		a.tracker.begin(time.Since(due))
		hit(seq, due.Sub(a.epoch))
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: request}, nil
	})
}

// verdict says why the traffic was not what was asked for.
func (a *attack) verdict(ctx context.Context, stoppedAt time.Time) error {
	var errs []error
	if ctx.Err() != nil {
		errs = append(errs, fmt.Errorf("cut off at the hard deadline: %w", context.Cause(ctx)))
	}
	if a.full.Load() {
		errs = append(errs, fmt.Errorf("%w: %d requests were in flight at once", ErrExhausted, a.limit))
	}
	next := a.schedule.due(a.tracker.count())
	if behind := stoppedAt.Sub(next); behind > tolerated {
		missed := int64(behind/a.spec.interval()) + 1
		errs = append(errs, fmt.Errorf("%w: %d requests, the first due %v earlier, were never begun", ErrBehind, missed, behind))
	}
	if a.tracker.ranOut() {
		errs = append(errs, ErrLocal)
	}
	return errors.Join(errs...)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
