package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// RolloutUndoer gives the stage's application the pod template that it had before the last change, as `kubectl rollout
// undo` does. Began was taken just before the request was sent, accepted when its answer had come.
type RolloutUndoer interface {
	UndoRollout(ctx context.Context) (began, accepted time.Time, err error)
}

// Attributes of a roll-out that was undone.
const (
	// UndoneAttr is when the undo was sent, on the command's clock, as a duration.
	UndoneAttr = "undone"
	// halfAttr is how many pods had to be replaced before that.
	halfAttr = "half"
)

// RollingUpdateUndone changes the image, and takes that back when half of the pods have been replaced.
type RollingUpdateUndone struct{}

// halfLimit is for half of the pods to be replaced, the probing before it included.
const halfLimit = probeLimit + rolloutLimit/2

// Name implements Fault.
func (RollingUpdateUndone) Name() string { return "rolling-update-undone" }

// InjectWithin implements Lengthy.
func (RollingUpdateUndone) InjectWithin() time.Duration { return halfLimit }

// HappensWithin implements Gradual: what was replaced has to come back.
func (RollingUpdateUndone) HappensWithin() time.Duration { return rolloutLimit }

// Inject has every agent probe every pod, sets the second image, has the new pods probed as they come, and undoes the
// roll-out. The fault's target is the workload. It begins with the first change, and Ended is when that was accepted.
//
// There is no undo of its own beyond that and nothing in the journal, for the reason given at RollingUpdateImage: a run
// that is ended half-way leaves its own Deployment at either image, and that goes with the run's namespace.
func (r RollingUpdateUndone) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	fault := rollout(r, stage, in)
	undoer, ok := stage.(RolloutUndoer)
	if !ok {
		return fault, nil, fmt.Errorf("injecting %s: this platform cannot undo a roll-out", r.Name())
	}
	setter, image, err := imageOf(r, stage, 1)
	if err != nil {
		return fault, nil, err
	}
	old, err := probeReplaced(ctx, stage, in, &fault)
	if err != nil {
		return fault, nil, err
	}
	half := len(old) / 2
	if half == 0 {
		return fault, nil, fmt.Errorf("injecting %s: one pod alone is not replaced half-way", r.Name())
	}
	fault.Attr[halfAttr] = strconv.Itoa(half)
	known := named(stage.Pods())
	if err := setImage(ctx, setter, image, in, &fault); err != nil {
		return fault, nil, err
	}
	if err := awaitHalf(ctx, stage, known, old, half); err != nil {
		return fault, nil, fmt.Errorf("waiting for %d of %d pods of %s to be replaced: %w", half, len(old), fault.Target, err)
	}
	in.Progress("undoing the roll-out of " + fault.Target)
	undone, _, err := undoer.UndoRollout(ctx)
	if err != nil {
		return fault, nil, fmt.Errorf("undoing the roll-out of %s: %w", fault.Target, err)
	}
	fault.Attr[UndoneAttr] = in.at(undone).String()
	return fault, nil, nil
}

// awaitHalf waits until so many new pods are ready and as many of the old ones have been asked to end, and every agent has
// reached each of the new ones. It returns as soon as that is so: the next pod has then hardly been made, and one that is
// taken back before it is ready has nothing that traffic could lose.
func awaitHalf(ctx context.Context, stage fixtures.Stage, known map[string]bool, old []record.Pod, half int) error {
	before := named(old)
	var fresh []record.Pod
	var failed error
	err := awaitPods(ctx, stage, func(ready []record.Pod) bool {
		failed = probeNew(ctx, stage, known)
		fresh = slices.DeleteFunc(slices.Clone(ready), func(p record.Pod) bool { return before[p.Name] })
		left := len(ready) - len(fresh)
		return failed != nil || len(fresh) >= half && left <= len(old)-half
	})
	if err = errors.Join(failed, err); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, probeLimit, fmt.Errorf("not every agent reached the new pods within %s", probeLimit))
	defer cancel()
	return awaitReached(ctx, stage, fresh)
}

// Happened implements Fault: half of the pods were replaced by such as were made of the image, and each pod that was made
// of it has been seen terminating, or gone.
func (RollingUpdateUndone) Happened(fault record.Fault, events []record.Event) bool {
	half, err := strconv.Atoi(fault.Attr[halfAttr])
	if err != nil || half < 1 || fault.Attr[UndoneAttr] == "" {
		return false
	}
	made, ready := ofImage(fault, events)
	taken := fault
	taken.Attr = map[string]string{PodsAttr: strings.Join(slices.Collect(maps.Keys(made)), ",")}
	return ready >= half && ending(fault, events) >= half && ending(taken, events) == len(made)
}
