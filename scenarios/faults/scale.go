package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// Scaler changes the number of replicas of the stage's application. Began was taken just before the request was sent,
// accepted when its answer had come.
type Scaler interface {
	Scale(ctx context.Context, replicas int) (began, accepted time.Time, err error)
}

// Scale takes the application down to fewer replicas, waits until it is whole with these, and brings it up again.
type Scale struct {
	To   int           // at least 1
	Hold time.Duration // how long the few serve alone once all others are gone, beside what it takes
}

const (
	scaleEvery = 100 * time.Millisecond // between looks at the ready pods
	// settle is before a later round: the pods that the last one brought up must have been routed to from every node, or
	// nothing can tell when that stops. A node takes up new endpoints within about a second.
	settle = 3 * time.Second
	// upLimit is for the pods that were taken away to be back: they start at once, so it takes as long as one does.
	upLimit = time.Minute
)

// Name implements Fault.
func (Scale) Name() string { return "scale" }

// HappensWithin implements Gradual.
func (Scale) HappensWithin() time.Duration { return upLimit }

// Inject has every agent probe every pod, because nobody knows which ones will go, and scales down and up.
func (s Scale) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	work := stage.Workload()
	fault := record.Fault{Name: s.Name(), Target: work.Name, Round: in.Round, Began: in.Clock()}
	scaler, ok := stage.(Scaler)
	if !ok {
		return fault, nil, fmt.Errorf("injecting %s: this platform cannot change the number of replicas", s.Name())
	}
	if s.To < 1 || s.To >= work.Replicas {
		return fault, nil, fmt.Errorf("scaling %s from %d to %d replicas: nothing would be left to serve, or nothing would go", work.Name, work.Replicas, s.To)
	}
	if in.Round > 1 {
		if err := Hold(ctx, settle); err != nil {
			return fault, nil, err
		}
	}
	old, err := readyPods(ctx, stage)
	if err != nil {
		return fault, nil, fmt.Errorf("listing the pods of %s before it is scaled: %w", work.Name, err)
	}
	fault.Attr = map[string]string{PodsAttr: joined(old), "from": strconv.Itoa(work.Replicas), "to": strconv.Itoa(s.To)}
	in.Progress(fmt.Sprintf("probing %d pods", len(old)))
	if err := probe(ctx, stage, old, manyInterval); err != nil {
		return fault, nil, fmt.Errorf("probing the pods of %s before it is scaled: %w", work.Name, err)
	}
	undo := func(ctx context.Context) error {
		_, _, err := scaler.Scale(ctx, work.Replicas)
		return err
	}
	return s.downAndUp(ctx, stage, scaler, in, fault, undo)
}

// downAndUp is one fault: it began with the request that took pods away, and was accepted with that.
func (s Scale) downAndUp(ctx context.Context, stage fixtures.Stage, scaler Scaler, in Injection, fault record.Fault, undo func(context.Context) error) (record.Fault, func(context.Context) error, error) {
	replicas := stage.Workload().Replicas
	in.Progress(fmt.Sprintf("scaling %s from %d to %d", fault.Target, replicas, s.To))
	began, accepted, err := scaler.Scale(ctx, s.To)
	fault.Began, fault.Ended = in.at(began), in.at(accepted)
	if err != nil {
		return fault, undo, fmt.Errorf("scaling %s to %d: %w", fault.Target, s.To, err)
	}
	if err := awaitReady(ctx, stage, s.To); err != nil {
		return fault, undo, fmt.Errorf("waiting for %s to have gone down to %d: %w", fault.Target, s.To, err)
	}
	if err := stage.Whole(ctx); err != nil {
		return fault, undo, fmt.Errorf("waiting for %s to be whole with %d: %w", fault.Target, s.To, err)
	}
	if err := Hold(ctx, s.Hold); err != nil {
		return fault, undo, err
	}
	in.Progress(fmt.Sprintf("scaling %s from %d to %d", fault.Target, s.To, replicas))
	up, _, err := scaler.Scale(ctx, replicas)
	if err != nil {
		return fault, undo, fmt.Errorf("scaling %s back to %d: %w", fault.Target, replicas, err)
	}
	fault.Attr["up"] = in.at(up).String()
	return fault, undo, nil
}

// Hold lets traffic run: time itself is what is wanted, here and nowhere else. It returns the context's cause if that ends
// first.
func Hold(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// awaitReady waits until just as many pods are ready and not terminating: until then, the service may look whole with
// as many as there were before.
func awaitReady(ctx context.Context, stage fixtures.Stage, want int) error {
	return awaitPods(ctx, stage, func(ready []record.Pod) bool { return len(ready) == want })
}

// awaitReplaced waits until none of the old pods is ready any more, for the same reason.
func awaitReplaced(ctx context.Context, stage fixtures.Stage, old []string) error {
	return awaitPods(ctx, stage, func(ready []record.Pod) bool {
		return !slices.ContainsFunc(ready, func(p record.Pod) bool { return slices.Contains(old, p.Name) })
	})
}

func awaitPods(ctx context.Context, stage fixtures.Stage, wanted func(ready []record.Pod) bool) error {
	tick := time.NewTicker(scaleEvery)
	defer tick.Stop()
	for {
		pods, err := stage.Ready(ctx)
		if err != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		if wanted(pods) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; %d pods are ready", context.Cause(ctx), len(pods))
		case <-tick.C:
		}
	}
}

// Happened implements Fault: as many pods as were to go have been seen terminating, or gone, and as many new ones ready.
func (Scale) Happened(fault record.Fault, events []record.Event) bool {
	from, err := strconv.Atoi(fault.Attr["from"])
	if err != nil {
		return false
	}
	to, err := strconv.Atoi(fault.Attr["to"])
	if err != nil || to >= from {
		return false
	}
	return ending(fault, events) >= from-to && arrived(fault, events) >= from-to
}
