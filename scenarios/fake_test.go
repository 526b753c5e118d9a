package scenarios

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/loadgen/agent"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// world is a platform, its stage, its agent, a fault and the caller of a run, all of which write down what is asked of
// them, in order.
type world struct {
	t     *testing.T
	lock  sync.Mutex
	steps []string

	record   func(record.Event)
	origin   time.Time
	state    string // of the agent
	unseen   bool   // the fault takes no effect
	closing  error  // what Close returns
	undoing  error  // what the fault's undo returns
	staging  error
	whole    func(ctx context.Context) error
	saved    []*record.Run // copies, as they were saved
	leaveOut []string      // steps that are asked again and again
	journal  fixtures.Journal
	forgets  bool                        // the stage journals a change and never says that it is undone
	lacks    map[fixtures.Feature]string // why
	database bool                        // the stage was asked for one
	audited  func(ctx context.Context) *record.Audit
}

func newWorld(t *testing.T) *world {
	return &world{t: t, state: agent.Ready, leaveOut: []string{"status", "clock"}}
}

func (w *world) did(step string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if !slices.Contains(w.leaveOut, step) {
		w.steps = append(w.steps, step)
	}
}

func (w *world) done() string {
	w.lock.Lock()
	defer w.lock.Unlock()
	return strings.Join(w.steps, ", ")
}

// wants compares the steps with those that are wanted, in their order.
func (w *world) wants(want string) {
	w.t.Helper()
	if got := w.done(); got != want {
		w.t.Errorf("steps\n%s\nwant\n%s", got, want)
	}
}

func (w *world) Name() string                      { return "fake" }
func (w *world) Missing(f fixtures.Feature) string { return w.lacks[f] }
func (w *world) Describe(context.Context) (map[string]string, []record.Node, error) {
	w.did("describe")
	return map[string]string{"kubernetes": "v1"}, []record.Node{{Name: "n"}}, nil
}

func (w *world) Stage(_ context.Context, spec fixtures.StageSpec) (fixtures.Stage, error) {
	w.did("stage")
	w.record, w.origin, w.journal, w.database = spec.Record, spec.Origin, spec.Journal, spec.Database
	if w.staging != nil {
		return nil, w.staging
	}
	if w.forgets {
		_, err := spec.Journal.Add("namespace", "forgotten", nil)
		return fakeStage{w}, err
	}
	return fakeStage{w}, nil
}

// fakeStage and fakeAgent have their own types because their verbs bear the same names.
type fakeStage struct{ *world }

func (s fakeStage) Workload() record.Workload {
	return record.Workload{Name: "app", Service: "10.0.0.1:80"}
}
func (s fakeStage) Agents() []fixtures.Agent { return []fixtures.Agent{fakeAgent(s)} }
func (s fakeStage) Pods() []record.Pod       { return []record.Pod{{Name: "pod"}} }
func (s fakeStage) Ready(context.Context) ([]record.Pod, error) {
	return s.Pods(), nil
}

func (s fakeStage) Whole(ctx context.Context) error {
	s.did("whole")
	if s.whole != nil {
		return s.whole(ctx)
	}
	return nil
}

func (s fakeStage) Audit(ctx context.Context) *record.Audit {
	s.did("audit")
	return s.audited(ctx)
}

func (s fakeStage) Close(ctx context.Context) error {
	if ctx.Err() != nil {
		s.t.Error("the stage is closed with a context that has ended")
	}
	s.did("close")
	return s.closing
}

type fakeAgent struct{ *world }

func (a fakeAgent) Name() string { return "agent-0" }
func (a fakeAgent) Node() string { return "n" }
func (a fakeAgent) Start(context.Context) error {
	a.did("start")
	return nil
}

func (a fakeAgent) Stop(ctx context.Context) error {
	if ctx.Err() != nil {
		a.t.Error("the agent is stopped with a context that has ended")
	}
	a.did("stop")
	a.lock.Lock()
	defer a.lock.Unlock()
	a.state = agent.Stopped
	return nil
}

func (a fakeAgent) Status(context.Context) (agent.Status, error) {
	a.did("status")
	a.lock.Lock()
	defer a.lock.Unlock()
	return agent.Status{State: a.state}, nil
}

func (a fakeAgent) Probe(context.Context, agent.ProbeRequest) error { return nil }
func (a fakeAgent) Clock(context.Context, time.Time, int) (record.Clock, error) {
	a.did("clock")
	return record.Clock{Samples: 1}, nil
}

func (a fakeAgent) SoFar(context.Context) (agent.Records, error) {
	a.did("so far")
	return agent.Records{Agent: "agent-0", Sent: 1, Requests: []record.Request{{Due: time.Second}}}, nil
}

func (a fakeAgent) Records(ctx context.Context) (agent.Records, error) {
	if ctx.Err() != nil {
		a.t.Error("the records are asked for with a context that has ended")
	}
	a.did("records")
	return agent.Records{Agent: "agent-0", Sent: 2, Requests: []record.Request{{Due: 2 * time.Second}, {Due: time.Second}}}, nil
}

// fakeFault disrupts nothing and says that it did.
type fakeFault struct {
	*world
	name   string
	inject func() error // called while it is injected; nil: nothing goes wrong
}

func (f fakeFault) Name() string { return f.name }

func (f fakeFault) Inject(_ context.Context, _ fixtures.Stage, in faults.Injection) (record.Fault, func(context.Context) error, error) {
	f.did("inject " + f.name)
	fault := record.Fault{Name: f.name, Target: "pod", Began: in.Clock(), Ended: in.Clock(), Round: in.Round}
	undo := func(ctx context.Context) error {
		if ctx.Err() != nil {
			f.t.Error("the fault is undone with a context that has ended")
		}
		f.did("undo " + f.name)
		return f.undoing
	}
	if f.inject != nil {
		if err := f.inject(); err != nil {
			return fault, undo, err
		}
	}
	if !f.unseen {
		f.record(record.Event{At: in.Clock(), Source: record.SourcePod, Kind: record.PodTerminating, Object: f.name})
	}
	return fault, undo, nil
}

func (f fakeFault) Happened(fault record.Fault, events []record.Event) bool {
	return slices.ContainsFunc(events, func(e record.Event) bool { return e.Kind == record.PodTerminating && e.Object == fault.Name })
}

// lastingFault is over when an event says so.
type lastingFault struct{ fakeFault }

func (f lastingFault) Over(fault record.Fault, events []record.Event) bool {
	return slices.ContainsFunc(events, func(e record.Event) bool { return e.Kind == record.ProxyResumed && e.Object == fault.Name })
}

func (w *world) save(run *record.Run) error {
	w.did("save")
	image := *run
	image.Events, image.Faults = slices.Clone(run.Events), slices.Clone(run.Faults)
	w.saved = append(w.saved, &image)
	return nil
}

// quick are limits that a test can wait for.
func quick() Limits {
	l := DefaultLimits()
	l.Happen, l.Whole, l.Listener, l.Warm = 20*time.Millisecond, time.Second, time.Millisecond, time.Millisecond
	return l
}

func kinds(run *record.Run, source string) string {
	var all []string
	for _, e := range run.Events {
		if e.Source == source {
			all = append(all, e.Kind)
		}
	}
	return strings.Join(all, ", ")
}

var errOnPurpose = errors.New("on purpose")
