package loadgen

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	// GiveUpAfter is how long a client goes on with a transaction or a job before it gives up: longer than a service without
	// any endpoint may stay so during a disruption, and shorter than what agents get to finish when they are asked to stop.
	GiveUpAfter = 25 * time.Second
	// shortestPause and longestPause are between two attempts. The pause doubles with each.
	shortestPause = 100 * time.Millisecond
	longestPause  = time.Second
	// keyHeader names a request, whatever the number of its attempts (draft-ietf-httpapi-idempotency-key-header).
	keyHeader = "Idempotency-Key"
	// dropEvery is how many transactions, or jobs, there are to one of whose requests the first answer is thrown away.
	dropEvery = 5
)

// insisting is a client that sends a request again, with the same idempotency key and on a new connection, until it is
// answered for good.
//
// Of some requests it throws the first answer away, as a network does that breaks in the wrong moment, and sends them
// again: whether the service does twice what it is asked for twice must not be left to the luck of a disruption.
type insisting struct {
	spec    Spec // its path is the one that all others are under
	epoch   time.Time
	tracker *tracker
}

// keyed is one request, to be repeated.
type keyed struct {
	step, path, key string
	body            any // sent as JSON
	drop            bool
}

// run makes one of them whenever one is due.
func (l *insisting) run(ctx context.Context, stop <-chan struct{}, t Target, one func(seq uint64, due time.Duration)) error {
	_, err := encode(l.spec, t)
	if err == nil {
		a := &attack{spec: l.spec, epoch: l.epoch, limit: l.spec.maxInFlight(), tracker: l.tracker}
		err = a.run(ctx, stop, t, one)
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", l.spec.Class, err)
	}
	return nil
}

// Progress implements Load.
func (l *insisting) Progress() Progress { return l.tracker.progress() }

// drops reports whether the first answer to a request of that number is to be thrown away.
func drops(seq uint64) bool { return seq%dropEvery == dropEvery-2 }

func (l *insisting) now() time.Duration { return time.Since(l.epoch) }

// send returns the last attempt, and all of them. until is when it gives up; the first attempt is made in any case.
func (l *insisting) send(ctx context.Context, t Target, m keyed, until time.Time) (last record.Request, attempts []record.Attempt) {
	spec, wire, err := l.encoded(t, m)
	if err != nil {
		return record.Request{Want: -1, ErrKind: record.ErrOther, Error: text(err)}, nil
	}
	drop := m.drop
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		spec.Timeout = min(DefaultTimeout, max(time.Until(until), shortestPause))
		one := &http1{spec: spec, epoch: l.epoch, tracker: l.tracker}
		last = one.hit(ctx, fresh{dialer{target: t, epoch: l.epoch}}, wire, 0, l.now())
		final := answeredForGood(last)
		attempts = append(attempts, record.Attempt{
			Step: m.step, Began: last.Start, Ended: last.End, Pod: last.Pod,
			Code: last.Code, Kind: last.ErrKind, Error: last.Error, Dropped: final && drop,
		})
		switch {
		case final && !drop, last.ErrKind == record.ErrCanceled:
			return last, attempts
		case final:
			drop = false
		}
		if time.Until(until) <= pause || !held(ctx, pause) {
			return gaveUp(ctx, last), attempts
		}
	}
}

// encoded is the request as it is sent in every attempt.
func (l *insisting) encoded(t Target, m keyed) (Spec, []byte, error) {
	body, err := json.Marshal(m.body)
	if err != nil {
		return Spec{}, nil, fmt.Errorf("encode the body of %s: %w", m.step, err)
	}
	spec := l.spec
	spec.Method, spec.Body = http.MethodPost, body
	spec.Path = strings.TrimSuffix(l.spec.pathOnly(), "/") + m.path
	spec.Header = map[string]string{keyHeader: m.key, "Content-Type": "application/json"}
	for name, value := range l.spec.Header {
		spec.Header[name] = value
	}
	wire, err := encode(spec, t)
	if err != nil {
		return Spec{}, nil, fmt.Errorf("encode the request of %s: %w", m.step, err)
	}
	return spec, wire, nil
}

// answeredForGood reports whether repeating the request cannot change the answer: it came whole, and says neither that the
// service is at fault (5xx) nor that it is too busy.
func answeredForGood(r record.Request) bool {
	answered := r.ErrKind == record.NoError || r.ErrKind == record.ErrStatus
	return answered && r.Code < http.StatusInternalServerError && r.Code != http.StatusTooManyRequests
}

// gaveUp says so of an attempt that was answered, too: its answer was thrown away, and there is none.
func gaveUp(ctx context.Context, last record.Request) record.Request {
	if over(ctx) {
		last.ErrKind, last.Error = record.ErrCanceled, "ended while it was repeated"
	} else if last.ErrKind == record.NoError {
		last.ErrKind, last.Error = record.ErrTimeout, "the answer was thrown away, and no other one came"
	}
	return last
}

// held waits, and reports whether the load goes on.
func held(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// whole is the record of all attempts together: when they were due and begun, and how the last one went.
func (l *insisting) whole(last record.Request, due, began time.Duration, tries int, ended bool) record.Request {
	last.Class, last.Method, last.Path = l.spec.Class, http.MethodPost, l.spec.pathOnly()
	last.Due, last.Start, last.End, last.Tries = due, began, max(last.End, began), tries
	if ended {
		// Several pods may have answered: the ledger names them.
		last.ErrKind, last.Error, last.Pod, last.PodByConn = record.NoError, "", "", false
	}
	return last
}
