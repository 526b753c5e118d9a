package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/loadgen/agent"
	"github.com/lastcall-dev/lastcall/record"
)

// PodDeleter deletes a pod of the stage's application. A nil grace leaves the pod its own grace period. Began was taken
// just before the request was sent, accepted when its answer had come.
type PodDeleter interface {
	DeletePod(ctx context.Context, name string, grace *int64) (began, accepted time.Time, err error)
}

// PodDelete deletes one pod of the application, as `kubectl delete pod` does.
type PodDelete struct {
	// Force deletes with grace period 0, as `kubectl delete pod --grace-period=0 --force` does.
	Force bool
	// WhileSlow deletes only when at least this many slow requests are known to be in flight at the pod: started there,
	// accepted, not yet answered in full. 0: whenever.
	WhileSlow int

	victim *record.Pod // probed already; nil: none is chosen yet
}

// slowLimit is the wait for enough slow requests in flight at one pod.
const slowLimit = 30 * time.Second

// Name implements Fault.
func (d PodDelete) Name() string {
	switch {
	case d.Force:
		return "pod-delete-forced"
	case d.WhileSlow > 0:
		return "pod-delete-slow"
	default:
		return "pod-delete"
	}
}

// Aim implements Aimed: it chooses a pod and has every agent probe it.
func (d PodDelete) Aim(ctx context.Context, stage fixtures.Stage, in Injection) (Fault, error) {
	aimed, err := d.aim(ctx, stage, in)
	return aimed, err
}

func (d PodDelete) aim(ctx context.Context, stage fixtures.Stage, in Injection) (PodDelete, error) {
	victim, err := d.choose(ctx, stage, in)
	if err != nil {
		return d, fmt.Errorf("choosing a pod for %s: %w", d.Name(), err)
	}
	d.victim = &victim
	in.Progress("probing " + victim.Name)
	if err := probe(ctx, stage, []record.Pod{victim}, probeInterval); err != nil {
		return d, fmt.Errorf("probing %s before its delete: %w", victim.Name, err)
	}
	return d, nil
}

// Inject deletes the pod that it was aimed at, or aims itself.
func (d PodDelete) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	fault := record.Fault{Name: d.Name(), Round: in.Round, Began: in.Clock(), Attr: map[string]string{"force": strconv.FormatBool(d.Force)}}
	deleter, ok := stage.(PodDeleter)
	if !ok {
		return fault, nil, fmt.Errorf("injecting %s: this platform cannot delete a pod", d.Name())
	}
	if d.victim == nil {
		var err error
		if d, err = d.aim(ctx, stage, in); err != nil {
			return fault, nil, err
		}
	}
	victim := *d.victim
	fault.Target = victim.Name
	if d.WhileSlow > 0 {
		count, err := d.awaitSlow(ctx, stage, victim.Name)
		if err != nil {
			return fault, nil, err
		}
		fault.Attr["inflight"] = strconv.Itoa(count)
	}
	var grace *int64
	if d.Force {
		grace = new(int64)
	}
	in.Progress("deleting " + victim.Name)
	began, accepted, err := deleter.DeletePod(ctx, victim.Name, grace)
	fault.Began, fault.Ended = in.at(began), in.at(accepted)
	if err != nil {
		return fault, nil, fmt.Errorf("deleting pod %s: %w", victim.Name, err)
	}
	return fault, nil, nil
}

// Happened implements Fault: the pod was seen terminating, or gone, after the delete was sent.
func (d PodDelete) Happened(fault record.Fault, events []record.Event) bool {
	return slices.ContainsFunc(events, func(e record.Event) bool {
		return e.Source == record.SourcePod && e.Object == fault.Target && e.At >= fault.Began &&
			(e.Kind == record.PodTerminating || e.Kind == record.PodGone)
	})
}

// choose takes a pod by the seed and the round.
func (d PodDelete) choose(ctx context.Context, stage fixtures.Stage, in Injection) (record.Pod, error) {
	pods, err := readyPods(ctx, stage)
	if err != nil {
		return record.Pod{}, err
	}
	dice := rand.New(rand.NewPCG(uint64(in.Seed), uint64(in.Round))) //nolint:gosec // which pod is hit is to be repeatable, not secret
	return pods[dice.IntN(len(pods))], nil
}

// awaitSlow returns how many slow requests are in flight at the pod once there are enough of them with enough time left
// to outlast the delete.
func (d PodDelete) awaitSlow(ctx context.Context, stage fixtures.Stage, pod string) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, slowLimit, fmt.Errorf("never %d slow requests in flight at %s within %s", d.WhileSlow, pod, slowLimit))
	defer cancel()
	count := 0
	err := watchAgents(ctx, stage, func(all []agent.Status) bool {
		count = 0
		for _, s := range all {
			for _, r := range s.InFlight {
				if r.Pod == pod && outlasts(r, s.Now) {
					count++
				}
			}
		}
		return count >= d.WhileSlow
	})
	return count, err
}
