package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/loadgen/agent"
	"github.com/lastcall-dev/lastcall/record"
)

// The probes of pods that are about to end.
const (
	probeLimit  = 10 * time.Second      // for every agent to have reached every pod once
	statusEvery = 50 * time.Millisecond // between looks at the agents
	// probeMax is when a probe stops by itself: a pod that one round leaves alone may end in the last one.
	probeMax = 15 * time.Minute
	// probeInterval is between dials of one agent's probe where one pod ends: with three agents 150 dials a second.
	probeInterval = 20 * time.Millisecond
	// manyInterval is the same where many do: ten pods, three agents and five dials a second are 150 a second, which a
	// small machine still bears beside the traffic, and a tenth of the 2 s within which an endpoint is to be removed.
	manyInterval = 200 * time.Millisecond
)

// readyPods lists the application's ready pods by name; none is an error.
func readyPods(ctx context.Context, stage fixtures.Stage) ([]record.Pod, error) {
	pods, err := stage.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, errors.New("no pod of the application is ready")
	}
	slices.SortFunc(pods, func(a, b record.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}

// probe has every agent dial each of the pods and returns when each agent has reached each pod: a listener that was
// never seen open cannot be seen to close.
func probe(ctx context.Context, stage fixtures.Stage, pods []record.Pod, interval time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, probeLimit, fmt.Errorf("not every agent reached %s within %s", strings.Join(names(pods), ", "), probeLimit))
	defer cancel()
	for _, pod := range pods {
		if err := beginProbe(ctx, stage, pod, interval); err != nil {
			return err
		}
	}
	return awaitReached(ctx, stage, pods)
}

// probeNew has every agent probe each pod that is not known yet, from the moment that it has an address and whether or not
// it listens: one that is taken back soon after it is ready could not be caught later. It adds them to the known.
func probeNew(ctx context.Context, stage fixtures.Stage, known map[string]bool) error {
	for _, pod := range stage.Pods() {
		if known[pod.Name] || pod.IP == "" {
			continue
		}
		if err := beginProbe(ctx, stage, pod, manyInterval); err != nil {
			return err
		}
		known[pod.Name] = true
	}
	return nil
}

// beginProbe asks every agent to dial the pod's own address.
func beginProbe(ctx context.Context, stage fixtures.Stage, pod record.Pod, interval time.Duration) error {
	request := agent.ProbeRequest{Pod: pod.Name, Address: net.JoinHostPort(pod.IP, strconv.Itoa(stage.Workload().PodPort)), Interval: interval, Limit: probeMax}
	for _, a := range stage.Agents() {
		if err := a.Probe(ctx, request); err != nil {
			return cmp.Or(context.Cause(ctx), fmt.Errorf("asking %s to probe %s: %w", a.Name(), request.Address, err))
		}
	}
	return nil
}

// awaitReached waits until each agent's probes have been accepted by each of the pods.
func awaitReached(ctx context.Context, stage fixtures.Stage, pods []record.Pod) error {
	return watchAgents(ctx, stage, func(all []agent.Status) bool {
		return !slices.ContainsFunc(all, func(s agent.Status) bool { return !reached(s, pods) })
	})
}

// reached reports whether the agent's probes have been accepted by each of the pods.
func reached(s agent.Status, pods []record.Pod) bool {
	for _, pod := range pods {
		if !slices.ContainsFunc(s.Probes, func(p record.Probe) bool { return p.Pod == pod.Name && p.Accepted > 0 }) {
			return false
		}
	}
	return true
}

// watchAgents asks all agents for their status again and again until done says so or the context ends, whose cause it
// then returns.
func watchAgents(ctx context.Context, stage fixtures.Stage, done func([]agent.Status) bool) error {
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		all := make([]agent.Status, 0, len(stage.Agents()))
		for _, a := range stage.Agents() {
			status, err := a.Status(ctx)
			if err != nil {
				return cmp.Or(context.Cause(ctx), fmt.Errorf("asking %s for its status: %w", a.Name(), err))
			}
			all = append(all, status)
		}
		if done(all) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// named are the pods' names as a set.
func named(pods []record.Pod) map[string]bool {
	out := make(map[string]bool, len(pods))
	for _, p := range pods {
		out[p.Name] = true
	}
	return out
}

func names(pods []record.Pod) []string {
	out := make([]string, 0, len(pods))
	for _, p := range pods {
		out = append(out, p.Name)
	}
	return out
}
