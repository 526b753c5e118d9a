package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// ProxyStopper stops kube-proxy on nodes for a length of time, after which it runs again by itself, whatever becomes of
// the command. StopProxy returns when all were seen stopped; after an error some may be. ResumeProxy is idempotent.
type ProxyStopper interface {
	StopProxy(ctx context.Context, nodes []string, length time.Duration) (began, accepted time.Time, err error)
	ResumeProxy(ctx context.Context, nodes []string) error
}

// DefaultDelay is how long endpoints stay as they are: clusters of thousands of endpoints take seconds to program a
// change, and an application that waits for no longer than an idle cluster takes must not pass.
const DefaultDelay = 4 * time.Second

// undoProxyStopped is the kind of journal entry for it, with the node as its object.
const undoProxyStopped = "kube-proxy-stopped"

// SlowProgramming keeps nodes from programming changes of endpoints for a while.
type SlowProgramming struct {
	Length time.Duration // 0: DefaultDelay
	// Nodes is how many of the nodes that traffic comes from are chosen, by the seed and the round; 0: all of them.
	Nodes int
}

// Name implements Fault.
func (SlowProgramming) Name() string { return "slow-programming" }

// Inject implements Fault: it stops kube-proxy.
func (p SlowProgramming) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	length := p.Length
	if length == 0 {
		length = DefaultDelay
	}
	nodes := p.choose(stage, in)
	fault := record.Fault{
		Name: p.Name(), Target: strings.Join(nodes, ", "), Round: in.Round, Began: in.Clock(),
		Attr: map[string]string{record.DelayNodes: strings.Join(nodes, ","), record.DelayLength: length.String()},
	}
	stopper, ok := stage.(ProxyStopper)
	if !ok {
		return fault, nil, fmt.Errorf("injecting %s: this platform cannot stop kube-proxy", p.Name())
	}
	if len(nodes) == 0 {
		return fault, nil, fmt.Errorf("injecting %s: no traffic comes from any node", p.Name())
	}
	undo, err := p.journalled(stopper, in.Journal, nodes)
	if err != nil {
		return fault, undo, err
	}
	in.Progress("stopping kube-proxy for " + length.String() + " on " + fault.Target)
	began, accepted, err := stopper.StopProxy(ctx, nodes, length)
	fault.Began, fault.Ended = in.at(began), in.at(accepted)
	if err != nil {
		return fault, undo, fmt.Errorf("injecting %s: %w", p.Name(), err)
	}
	return fault, undo, nil
}

// choose takes the nodes by the seed and the round.
func (p SlowProgramming) choose(stage fixtures.Stage, in Injection) []string {
	var nodes []string
	for _, a := range stage.Agents() {
		nodes = append(nodes, a.Node())
	}
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	if p.Nodes > 0 && p.Nodes < len(nodes) {
		dice := rand.New(rand.NewPCG(uint64(in.Seed), uint64(in.Round))) //nolint:gosec // which nodes are hit is to be repeatable, not secret
		dice.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
		nodes = nodes[:p.Nodes]
		slices.Sort(nodes)
	}
	return nodes
}

// journalled writes down what is about to be stopped. The undo that it returns is safe from then on.
func (p SlowProgramming) journalled(stopper ProxyStopper, journal fixtures.Journal, nodes []string) (undo func(context.Context) error, err error) {
	ids := make([]string, 0, len(nodes))
	undo = func(ctx context.Context) error {
		if err := stopper.ResumeProxy(ctx, nodes); err != nil {
			return err
		}
		var errs []error
		for _, id := range ids {
			errs = append(errs, journal.Done(id))
		}
		return errors.Join(errs...)
	}
	for _, node := range nodes {
		id, err := journal.Add(undoProxyStopped, node, nil)
		if err != nil {
			return undo, fmt.Errorf("injecting %s: %w", p.Name(), err)
		}
		ids = append(ids, id)
	}
	return undo, nil
}

// Happened implements Fault: kube-proxy was seen stopped on every chosen node.
func (p SlowProgramming) Happened(fault record.Fault, events []record.Event) bool {
	return everyNode(fault, events, record.ProxyStopped)
}

// Over implements Lasting: kube-proxy was seen to run again on every chosen node.
func (p SlowProgramming) Over(fault record.Fault, events []record.Event) bool {
	return everyNode(fault, events, record.ProxyResumed)
}

// everyNode reports whether such an event came for each of the fault's nodes once it had begun.
func everyNode(fault record.Fault, events []record.Event, kind string) bool {
	for _, node := range strings.Split(fault.Attr[record.DelayNodes], ",") {
		seen := slices.ContainsFunc(events, func(e record.Event) bool {
			return e.Kind == kind && e.Object == node && e.At >= fault.Began
		})
		if !seen {
			return false
		}
	}
	return true
}
