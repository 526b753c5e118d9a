package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// NodeDrainer drains a node as `kubectl drain` does: it cordons the node and evicts every pod but those of DaemonSets, and
// waits for evictions that a budget refuses. A drain that its time limit ended is no error. Uncordon takes back the cordon
// that the stage's own drain made, and no other; it may be called again, and before any drain.
type NodeDrainer interface {
	Drain(ctx context.Context, spec fixtures.DrainSpec) (fixtures.Drain, error)
	Uncordon(ctx context.Context, node string) error
}

// Drain empties one node.
type Drain struct {
	Timeout time.Duration // for all evictions and the ends of the pods; 0: DrainTimeout
	Grace   *int64        // seconds that every pod is given; nil: each its own
}

// drainLimit is for a drain at its longest, and for what a later round does before it.
const drainLimit = 3 * time.Minute

// DrainTimeout is enough for four pods of the application, each of which waits for the successor of the one before.
const DrainTimeout = 50 * time.Second

// controlPlane is in the roles of a node that is not drained: the cluster would lose its own brain.
const controlPlane = "control-plane"

// Name implements Fault.
func (Drain) Name() string { return "drain" }

// InjectWithin implements Lengthy.
func (Drain) InjectWithin() time.Duration { return drainLimit }

// Avoid implements Placer: one worker by the seed; none where no other is left to take its pods.
func (Drain) Avoid(nodes []record.Node, seed int64) []string {
	var workers []string
	for _, n := range nodes {
		if !strings.Contains(n.Roles, controlPlane) {
			workers = append(workers, n.Name)
		}
	}
	if len(workers) < 2 {
		return nil
	}
	slices.Sort(workers)
	dice := rand.New(rand.NewPCG(uint64(seed), 0)) //nolint:gosec // which node is hit is to be repeatable, not secret
	return []string{workers[dice.IntN(len(workers))]}
}

// Inject drains the node that has no agent. It returns when the node is empty, or the time for that has passed.
func (d Drain) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	fault := record.Fault{Name: d.Name(), Round: in.Round, Began: in.Clock()}
	drainer, ok := stage.(NodeDrainer)
	if !ok {
		return fault, nil, fmt.Errorf("injecting %s: this platform has no nodes to drain", d.Name())
	}
	if in.Round > 1 {
		if err := spread(ctx, stage, drainer, in); err != nil {
			return fault, nil, fmt.Errorf("bringing pods back to the node that was drained before: %w", err)
		}
	}
	node, pods, err := victims(ctx, stage)
	if err != nil {
		return fault, nil, fmt.Errorf("choosing a node for %s: %w", d.Name(), err)
	}
	fault.Target, fault.Attr = node, map[string]string{PodsAttr: joined(pods)}
	in.Progress(fmt.Sprintf("probing the %d pods on %s", len(pods), node))
	if err := probe(ctx, stage, pods, manyInterval); err != nil {
		return fault, nil, fmt.Errorf("probing the pods on %s before its drain: %w", node, err)
	}
	spec := fixtures.DrainSpec{Node: node, Grace: d.Grace, Timeout: d.Timeout}
	if spec.Timeout == 0 {
		spec.Timeout = DrainTimeout
	}
	in.Progress("draining " + node)
	done, err := drainer.Drain(ctx, spec)
	fault.Began, fault.Ended = in.at(done.Began), in.at(done.Accepted)
	maps.Copy(fault.Attr, drained(done, spec, stage.Workload().Namespace))
	undo := func(ctx context.Context) error { return drainer.Uncordon(ctx, node) }
	if err != nil {
		return fault, undo, fmt.Errorf("draining %s: %w", node, err)
	}
	return fault, undo, nil
}

// victims are the pods of the application on a node without an agent; of several nodes, on the one that has most.
func victims(ctx context.Context, stage fixtures.Stage) (node string, pods []record.Pod, err error) {
	all, err := readyPods(ctx, stage)
	if err != nil {
		return "", nil, err
	}
	taken := withAgent(stage)
	on := make(map[string][]record.Pod)
	for _, p := range all {
		if !taken[p.Node] {
			on[p.Node] = append(on[p.Node], p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(on)) {
		if len(on[name]) > len(pods) {
			node, pods = name, on[name]
		}
	}
	if node == "" {
		return "", nil, errors.New("no pod of the application runs on a node that has no agent: it takes two workers, and the application on the one to be drained")
	}
	return node, pods, nil
}

// withAgent are the nodes that are not to be hit.
func withAgent(stage fixtures.Stage) map[string]bool {
	taken := make(map[string]bool)
	for _, a := range stage.Agents() {
		taken[a.Node()] = true
	}
	return taken
}

// spread undoes what an earlier round left, before the next one begins: the node takes pods again, and all pods are
// replaced, so that some run there. Those that end by this are probed as well: nothing that ends goes unmeasured.
func spread(ctx context.Context, stage fixtures.Stage, drainer NodeDrainer, in Injection) error {
	restarter, ok := stage.(Restarter)
	if !ok {
		return errors.New("this platform cannot replace the pods")
	}
	taken := withAgent(stage)
	for _, p := range stage.Pods() {
		if p.Node == "" || taken[p.Node] {
			continue
		}
		taken[p.Node] = true
		if err := drainer.Uncordon(ctx, p.Node); err != nil {
			return err
		}
	}
	old, err := readyPods(ctx, stage)
	if err != nil {
		return err
	}
	in.Progress("bringing pods back to where some were drained from")
	if err := probe(ctx, stage, old, manyInterval); err != nil {
		return err
	}
	if _, _, err := restarter.Restart(ctx); err != nil {
		return err
	}
	if err := awaitReplaced(ctx, stage, names(old)); err != nil {
		return err
	}
	if err := stage.Whole(ctx); err != nil {
		return err
	}
	return Hold(ctx, settle)
}

// drained puts what became of the drain into attributes of the fault: refusals and blocked (seconds) of the application's
// own evictions, the longest of them; others are the evicted pods of anybody else.
func drained(done fixtures.Drain, spec fixtures.DrainSpec, namespace string) map[string]string {
	attr := map[string]string{"limit": spec.Timeout.String(), "cordonedBefore": strconv.FormatBool(done.Foreign)}
	var blocked time.Duration
	var refusals, accepted int
	var others []string
	for _, e := range done.Evictions {
		if e.Namespace != namespace {
			others = append(others, e.Namespace+"/"+e.Pod)
			continue
		}
		refusals += e.Refusals
		blocked = max(blocked, e.Blocked)
		if e.Accepted {
			accepted++
		}
	}
	attr["evicted"], attr["refusals"] = strconv.Itoa(accepted), strconv.Itoa(refusals)
	if refusals > 0 {
		attr["blocked"] = strconv.FormatFloat(blocked.Seconds(), 'f', 3, 64)
	}
	if len(others) > 0 {
		attr["others"] = strings.Join(others, ",")
	}
	if done.TimedOut {
		attr["timedOut"] = done.Left
	}
	return attr
}

// Happened implements Fault: the node was seen cordoned, and the eviction of each of the application's pods there was
// accepted, with the pod seen to end, or refused by a budget.
func (Drain) Happened(fault record.Fault, events []record.Event) bool {
	wanted := make(map[string]bool)
	for _, name := range marked(fault) {
		wanted[name] = true
	}
	cordoned := false
	for _, e := range events {
		switch {
		case e.At < fault.Began:
		case e.Kind == record.NodeCordoned && e.Object == fault.Target:
			cordoned = true
		case e.Kind == record.EvictionBlocked, e.Source == record.SourcePod && (e.Kind == record.PodTerminating || e.Kind == record.PodGone):
			delete(wanted, e.Object)
		}
	}
	return cordoned && len(wanted) == 0 && len(marked(fault)) > 0
}
