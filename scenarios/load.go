package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/loadgen/agent"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// clockSamples is how many round trips a clock comparison takes: the shortest counts.
const clockSamples = 8

// countEvery is the interval of the figures that people see while a run goes on.
const countEvery = time.Second

var errNoAgents = errors.New("the stage has no agents")

// eachAgent asks all agents at once and joins their errors, each with the agent's name.
func (x *execution) eachAgent(do func(i int, a fixtures.Agent) error) error {
	agents := x.stage.Agents()
	if len(agents) == 0 {
		return errNoAgents
	}
	errs := make([]error, len(agents))
	var wait sync.WaitGroup
	for i, a := range agents {
		wait.Go(func() {
			if err := do(i, a); err != nil {
				errs[i] = fmt.Errorf("%s: %w", a.Name(), err)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// startLoad compares the clocks and starts all agents together.
func (x *execution) startLoad(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, x.options.Limits.Collect)
	defer cancel()
	x.options.Watch.Step("starting the traffic")
	x.run.Agents = make([]record.Agent, len(x.stage.Agents()))
	err := x.eachAgent(func(i int, a fixtures.Agent) error {
		x.run.Agents[i] = record.Agent{Name: a.Name(), Node: a.Node()}
		clock, err := a.Clock(ctx, x.origin, clockSamples)
		x.run.Agents[i].Clock = clock
		return err
	})
	if err != nil {
		return fmt.Errorf("comparing the agents' clocks: %w", err)
	}
	if err := x.eachAgent(func(_ int, a fixtures.Agent) error { return awaitState(ctx, a, agent.Ready) }); err != nil {
		return fmt.Errorf("waiting for every agent to reach %s: %w", x.run.Workload.Service, err)
	}
	if err := x.eachAgent(func(_ int, a fixtures.Agent) error { return a.Start(ctx) }); err != nil {
		return fmt.Errorf("starting the agents: %w", err)
	}
	x.note(record.LoadBegan, "", "")
	return nil
}

// stopLoad asks the agents to stop, lets them finish what is in flight and takes their records over, in a context of
// its own: an interrupted run keeps what it has seen.
func (x *execution) stopLoad(ctx context.Context) error {
	x.options.Watch.Step("letting requests in flight finish")
	x.begin(record.Finishing)
	ctx = context.WithoutCancel(ctx)
	draining, cancel := context.WithTimeoutCause(ctx, x.options.Limits.Drain, fmt.Errorf("requests still in flight %s after the stop", x.options.Limits.Drain))
	defer cancel()
	err := x.eachAgent(func(_ int, a fixtures.Agent) error { return stopAgent(draining, a) })
	x.note(record.LoadStopped, "", "")
	if err != nil {
		err = fmt.Errorf("stopping the agents: %w", err)
	}
	x.options.Watch.Step("taking over the records")
	x.begin(record.Collecting)
	return errors.Join(err, x.compareDrift(ctx), x.collect(ctx, fixtures.Agent.Records))
}

func stopAgent(ctx context.Context, a fixtures.Agent) error {
	if err := a.Stop(ctx); err != nil {
		return err
	}
	return awaitState(ctx, a, agent.Stopped)
}

// awaitState asks the agent until it is in the state. An error of the context says what the agent was doing last.
func awaitState(ctx context.Context, a fixtures.Agent, wanted string) error {
	const askEvery = 200 * time.Millisecond
	for {
		status, err := a.Status(ctx)
		if err != nil {
			return err
		}
		switch status.State {
		case wanted:
			return nil
		case agent.Failed:
			return fmt.Errorf("failed: %s", status.Error)
		}
		if err := faults.Hold(ctx, askEvery); err != nil {
			return fmt.Errorf("%w; it is %s %s", err, status.State, status.Error)
		}
	}
}

// compareDrift compares the clocks once more.
func (x *execution) compareDrift(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, x.options.Limits.Collect)
	defer cancel()
	return x.eachAgent(func(i int, a fixtures.Agent) error {
		clock, err := a.Clock(ctx, x.origin, clockSamples)
		if err != nil {
			return fmt.Errorf("comparing its clock: %w", err)
		}
		x.run.Agents[i].Clock.Drift = clock.Offset - x.run.Agents[i].Clock.Offset
		x.run.Agents[i].Clock.Uncertainty = max(clock.Uncertainty, x.run.Agents[i].Clock.Uncertainty)
		return nil
	})
}

// collect takes over what the agents have recorded so far, in place of what was taken over before. An agent whose
// records cannot be had is lost, and the record says why.
func (x *execution) collect(ctx context.Context, of func(fixtures.Agent, context.Context) (agent.Records, error)) error {
	ctx, cancel := context.WithTimeout(ctx, x.options.Limits.Collect)
	defer cancel()
	all := make([]agent.Records, len(x.stage.Agents()))
	err := x.eachAgent(func(i int, a fixtures.Agent) error {
		var err error
		if all[i], err = of(a, ctx); err != nil {
			x.run.Agents[i].Lost = err.Error()
			return fmt.Errorf("taking over its records: %w", err)
		}
		x.run.Agents[i].Lost = all[i].Error
		return nil
	})
	x.merge(all)
	return err
}

// merge moves every agent's records to the command's clock and numbers the requests by when they were due.
func (x *execution) merge(all []agent.Records) {
	var requests []record.Request
	x.run.Probes, x.run.Ledger = nil, record.Ledger{}
	for i, records := range all {
		a := &x.run.Agents[i]
		if records.Agent == "" {
			continue // nothing came
		}
		offset := a.Clock.Offset
		a.Began, a.Ended, a.Sent = shifted(records.Began, offset), shifted(records.Ended, offset), records.Sent
		for _, r := range records.Requests {
			r.Agent, r.Node = a.Name, a.Node
			r.Due, r.Start, r.End = r.Due+offset, r.Start+offset, r.End+offset
			r.Connected, r.FirstByte = shifted(r.Connected, offset), shifted(r.FirstByte, offset)
			requests = append(requests, r)
		}
		x.run.Ledger.Append(records.Ledger.Of(a.Name, a.Node, offset))
		for _, p := range records.Probes {
			p.Agent, p.Node = a.Name, a.Node
			p.Began, p.Ended = shifted(p.Began, offset), shifted(p.Ended, offset)
			p.LastAccepted, p.FirstRefused, p.FirstSilent = shifted(p.LastAccepted, offset), shifted(p.FirstRefused, offset), shifted(p.FirstSilent, offset)
			x.run.Probes = append(x.run.Probes, p)
		}
	}
	slices.SortStableFunc(requests, func(a, b record.Request) int {
		if a.Due != b.Due {
			return int(min(max(a.Due-b.Due, -1), 1))
		}
		return strings.Compare(a.Agent, b.Agent)
	})
	for i := range requests {
		requests[i].Seq = uint64(i + 1)
	}
	x.run.Requests, x.run.APIRequests = record.Apart(requests)
}

// shifted moves a time by the offset; 0 means never and stays so.
func shifted(at, offset time.Duration) time.Duration {
	if at == 0 {
		return 0
	}
	return at + offset
}

// countInBackground tells the watcher about once a second how much was sent, until the returned function is called.
func (x *execution) countInBackground(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() {
		for faults.Hold(ctx, countEvery) == nil {
			x.count(ctx)
		}
	})
	return func() { cancel(); wait.Wait() }
}

func (x *execution) count(ctx context.Context) {
	var sent, failed uint64
	var lock sync.Mutex
	err := x.eachAgent(func(_ int, a fixtures.Agent) error {
		status, err := a.Status(ctx)
		lock.Lock()
		defer lock.Unlock()
		sent, failed = sent+status.Sent, failed+status.Failed
		return err
	})
	if err == nil {
		x.options.Watch.Counts(sent, failed)
	}
}
