package agent

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lastcall-dev/lastcall/loadgen"
	"github.com/lastcall-dev/lastcall/record"
)

// maxProbes bounds the pods that one agent probes in its life; a run deletes far fewer.
const maxProbes = 256

// Errors of calls that do not fit the agent's state.
var (
	errStopped   = errors.New("the agent has been stopped, for good")
	errRunning   = errors.New("the agent has not been stopped")
	errFull      = fmt.Errorf("the agent already has %d probes", maxProbes)
	errOverflow  = errors.New("more requests were recorded than rate and deadline allow for: some are lost")
	errDeadline  = errors.New("the agent stopped by itself at its deadline")
	errEnded     = errors.New("the load ended before it was stopped")
	errAgentDone = errors.New("the agent itself was ended")
)

// agent runs the loads of a plan once: ready, running, stopping, then stopped or failed.
type agent struct {
	plan       Plan
	name, node string
	epoch      time.Time
	loads      []loadgen.Load
	store      *store
	log        *slog.Logger

	life    context.Context //nolint:containedctx // the agent's own, which outlasts every request to it
	end     context.CancelCauseFunc
	work    sync.WaitGroup // the load and the probers
	stop    chan struct{}  // closed: send no more
	reached atomic.Pointer[reached]
	probing context.Context
	unprobe context.CancelFunc

	mu           sync.Mutex
	state        string
	err          error
	began, ended time.Duration
	probers      []*loadgen.Prober
	probed       map[ProbeRequest]bool // by pod and address only
}

func newAgent(ctx context.Context, plan Plan, name, node string, log *slog.Logger) (*agent, error) {
	if err := plan.validate(); err != nil {
		return nil, err
	}
	a := &agent{
		plan: plan, name: name, node: node, epoch: time.Now(), log: log,
		store: newStore(capacity(plan)),
		stop:  make(chan struct{}), state: Ready, probed: map[ProbeRequest]bool{},
	}
	for i, spec := range plan.Loads {
		spec.Phase = phase(name, i)
		load, err := loadgen.New(spec, a.epoch)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPlan, err)
		}
		a.loads = append(a.loads, load)
	}
	a.life, a.end = context.WithCancelCause(ctx)
	a.probing, a.unprobe = context.WithCancel(a.life)
	return a, nil
}

// capacity is how many requests the plan can come to. The schedule never gives out more than rate × time.
func capacity(plan Plan) int {
	n := 0.0
	for _, load := range plan.Loads {
		n += math.Ceil(load.Rate*plan.Deadline.Seconds()) + 1
	}
	return int(n)
}

// phase spreads the schedules of agents and of their loads over the interval. The fractional parts of the multiples of an
// irrational number keep any number of them apart without knowing how many there are; agents step by the golden ratio
// and loads by the root of 2, because the two must not be multiples of each other.
func phase(name string, load int) float64 {
	_, shift := math.Modf(float64(ordinal(name)+1)*math.Phi + float64(load)*math.Sqrt2)
	return shift
}

// ordinal is the number at the end of an agent's name, or one made of the name.
func ordinal(name string) uint32 {
	if n, err := strconv.ParseUint(name[strings.LastIndexByte(name, '-')+1:], 10, 16); err == nil {
		return uint32(n)
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return h.Sum32() % (1 << 16)
}

func (a *agent) now() time.Duration { return time.Since(a.epoch) }

// start begins to send. Once started, starting again changes nothing.
func (a *agent) start() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch a.state {
	case Running:
		return nil
	case Ready:
	default:
		return errStopped
	}
	if a.life.Err() != nil {
		return errAgentDone
	}
	a.state, a.began = Running, a.now()
	a.log.Info("load began", "agent", a.name, "node", a.node, "target", a.plan.Target.Address)
	a.work.Go(a.run)
	return nil
}

// run sends until it is told to stop, the deadline passes or a load fails, then waits for what is in flight.
func (a *agent) run() {
	ctx, cancel := context.WithTimeoutCause(a.life, a.plan.Deadline, errDeadline)
	defer cancel()
	errs := make([]error, len(a.loads))
	var loads sync.WaitGroup
	for i, load := range a.loads {
		loads.Go(func() {
			errs[i] = load.Run(ctx, a.stop, a.plan.Target, a.keep)
			if errs[i] == nil && !a.asked() {
				errs[i] = fmt.Errorf("%w: %s", errEnded, a.plan.Loads[i].Class)
			}
			a.halt(errs[i]) // one that ends early ends the others
		})
	}
	loads.Wait()
	a.finish(errors.Join(errs...))
}

// keep takes a request from a load.
func (a *agent) keep(r record.Request) {
	if !a.store.add(r) {
		a.halt(errOverflow)
	}
}

// asked reports whether the loads were told to stop.
func (a *agent) asked() bool {
	select {
	case <-a.stop:
		return true
	default:
		return false
	}
}

// halt stops the loads, because of an error unless it is nil.
func (a *agent) halt(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil && a.err == nil {
		a.err = err
		a.log.Error("load failed", "agent", a.name, "error", err)
	}
	a.haltLocked()
}

func (a *agent) haltLocked() {
	if !a.asked() {
		close(a.stop)
		a.ended = a.now()
		a.log.Info("load stopped", "agent", a.name)
	}
	if a.state == Running {
		a.state = Stopping
	}
}

// finish enters the last state, after everything in flight has ended.
func (a *agent) finish(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.err = err
	}
	if _, _, overflow := a.store.counts(); overflow {
		a.err = errors.Join(errOverflow, err)
	}
	a.state = Stopped
	if a.err != nil {
		a.state = Failed
	}
}

// ask ends the load and the probes; what is in flight goes on to its end. Stopping again changes nothing.
func (a *agent) ask() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unprobe()
	a.haltLocked()
	if a.state == Ready {
		a.state, a.began = Stopped, a.ended
	}
}

// probe begins to probe a pod, once per pod and address.
func (a *agent) probe(p ProbeRequest) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := ProbeRequest{Pod: p.Pod, Address: p.Address}
	switch {
	case a.probed[key]:
		return nil
	case a.probing.Err() != nil:
		return errStopped
	case len(a.probers) >= maxProbes:
		return errFull
	}
	prober := loadgen.NewProber(p.Pod, p.Address, p.Interval, p.Limit, a.epoch)
	a.probed[key] = true
	a.probers = append(a.probers, prober)
	a.log.Info("probe began", "agent", a.name, "pod", p.Pod, "address", p.Address)
	a.work.Go(func() { prober.Run(a.probing) })
	return nil
}

// close ends everything at once and waits for it.
func (a *agent) close() {
	a.mu.Lock()
	if a.state == Running || a.state == Stopping {
		a.log.Warn("the agent was ended while its load ran", "agent", a.name)
	}
	a.end(errAgentDone)
	a.unprobe()
	a.mu.Unlock()
	a.work.Wait()
}

// status may be asked for at any time.
func (a *agent) status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Status{State: a.state, Now: a.now(), Probes: a.probes()}
	if a.err != nil {
		s.Error = a.err.Error()
	}
	if a.state == Ready {
		s.State, s.Error = a.readiness()
	}
	s.Answered, s.Failed, _ = a.store.counts()
	for _, load := range a.loads {
		p := load.Progress()
		s.Sent += p.Begun
		s.Lateness = max(s.Lateness, p.Lateness)
		for _, f := range p.InFlight {
			s.InFlight = append(s.InFlight, InFlight(f))
		}
	}
	return s
}

// ledger of all loads that keep one.
func (a *agent) ledger() (all record.Ledger) {
	for _, load := range a.loads {
		if l, ok := load.(loadgen.Ledgered); ok {
			all.Append(l.Ledger())
		}
	}
	return all
}

// probes are what the probers have seen so far. The caller holds the lock.
func (a *agent) probes() []record.Probe {
	seen := make([]record.Probe, 0, len(a.probers))
	for _, prober := range a.probers {
		p := prober.Probe()
		p.Agent, p.Node = a.name, a.node
		seen = append(seen, p)
	}
	return seen
}

// preamble of the records; errRunning before everything in flight has ended, unless what there is so far will do.
func (a *agent) preamble(soFar bool) (preamble, error) {
	s := a.status()
	ended := s.State == Stopped || s.State == Failed
	if !ended && !soFar {
		return preamble{}, errRunning
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	head := preamble{
		Agent: a.name, Node: a.node, Began: a.began, Ended: a.ended,
		Sent: s.Sent, Probes: s.Probes, Ledger: a.ledger(), Error: s.Error,
	}
	if !ended {
		head.Ended = a.now()
	}
	return head, nil
}
