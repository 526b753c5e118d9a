package faults

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// Restarter replaces all pods of the stage's application by the application's own strategy, as `kubectl rollout restart`
// does. Began was taken just before the request was sent, accepted when its answer had come.
type Restarter interface {
	Restart(ctx context.Context) (began, accepted time.Time, err error)
}

// RollingUpdate replaces all pods of the application.
type RollingUpdate struct{}

// rolloutLimit is for the last old pod to be asked to end: ten pods, one after another, each replaced when the next one
// is ready, which takes a few seconds on an idle machine.
const rolloutLimit = 2 * time.Minute

// Name implements Fault.
func (RollingUpdate) Name() string { return "rolling-update" }

// HappensWithin implements Gradual.
func (RollingUpdate) HappensWithin() time.Duration { return rolloutLimit }

// Inject has every agent probe every pod, and restarts the roll-out. The fault's target is the workload.
func (r RollingUpdate) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	fault := rollout(r, stage, in)
	restarter, ok := stage.(Restarter)
	if !ok {
		return fault, nil, fmt.Errorf("injecting %s: this platform cannot restart a roll-out", r.Name())
	}
	if _, err := probeReplaced(ctx, stage, in, &fault); err != nil {
		return fault, nil, err
	}
	in.Progress("restarting the roll-out of " + fault.Target)
	began, accepted, err := restarter.Restart(ctx)
	fault.Began, fault.Ended = in.at(began), in.at(accepted)
	if err != nil {
		return fault, nil, fmt.Errorf("restarting the roll-out of %s: %w", fault.Target, err)
	}
	return fault, nil, nil // it mends itself: the new pods are the same
}

// Happened implements Fault: every pod that was ready before has been seen terminating, or gone.
func (RollingUpdate) Happened(fault record.Fault, events []record.Event) bool {
	old := marked(fault)
	return len(old) > 0 && ending(fault, events) == len(old)
}

// rollout is the fault of a kind of roll-out before it has begun.
func rollout(of Fault, stage fixtures.Stage, in Injection) record.Fault {
	work := stage.Workload()
	return record.Fault{Name: of.Name(), Target: work.Name, Round: in.Round, Began: in.Clock(),
		Attr: map[string]string{"replicas": strconv.Itoa(work.Replicas), "strategy": work.Strategy}}
}

// probeReplaced has every agent probe each pod that is ready, because a roll-out is to replace all of them, and names
// them in the fault.
func probeReplaced(ctx context.Context, stage fixtures.Stage, in Injection, fault *record.Fault) ([]record.Pod, error) {
	old, err := readyPods(ctx, stage)
	if err != nil {
		return nil, fmt.Errorf("listing the pods that %s is to replace: %w", fault.Name, err)
	}
	if want := stage.Workload().Replicas; len(old) < want {
		return nil, fmt.Errorf("only %d of %d pods are ready before %s: what is lacking already would be laid to it", len(old), want, fault.Name)
	}
	fault.Attr[PodsAttr] = joined(old)
	in.Progress(fmt.Sprintf("probing %d pods", len(old)))
	if err := probe(ctx, stage, old, manyInterval); err != nil {
		return nil, fmt.Errorf("probing the pods that %s is to replace: %w", fault.Name, err)
	}
	return old, nil
}
