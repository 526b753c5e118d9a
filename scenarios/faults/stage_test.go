package faults

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/loadgen/agent"
	"github.com/lastcall-dev/lastcall/record"
)

// fakeStage is an application of some pods, all of which an agent reaches unless they are in silent.
type fakeStage struct {
	work   record.Workload
	agents []fixtures.Agent
	refuse error

	lock    sync.Mutex
	pods    []record.Pod
	ever    []record.Pod // that existed at any time
	asked   []string     // what was asked of it, in order
	scaled  []int
	drain   fixtures.Drain
	restart func() // what it does to the pods
	images  []string
	setting func() // what setting an image does to the pods
}

var (
	_ fixtures.Stage = (*fakeStage)(nil)
	_ Restarter      = (*fakeStage)(nil)
	_ ImageSetter    = (*fakeStage)(nil)
	_ RolloutUndoer  = (*fakeStage)(nil)
	_ Scaler         = (*fakeStage)(nil)
	_ NodeDrainer    = (*fakeStage)(nil)
)

func (s *fakeStage) say(what string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.asked = append(s.asked, what)
}

func (s *fakeStage) Workload() record.Workload   { return s.work }
func (s *fakeStage) Agents() []fixtures.Agent    { return s.agents }
func (s *fakeStage) Close(context.Context) error { return nil }

func (s *fakeStage) Pods() []record.Pod {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Concat(s.ever, s.pods)
}

func (s *fakeStage) Images() []string { return s.images }

func (s *fakeStage) SetImage(_ context.Context, image string) (began, accepted time.Time, err error) {
	s.say("image " + image)
	if s.setting != nil {
		s.setting()
	}
	return time.Now(), time.Now(), s.refuse
}

func (s *fakeStage) UndoRollout(context.Context) (began, accepted time.Time, err error) {
	s.say("undo")
	return time.Now(), time.Now(), s.refuse
}

func (s *fakeStage) KillDatabase(context.Context) (began, accepted time.Time, err error) {
	s.say("kill the database")
	return time.Now(), time.Now(), s.refuse
}

func (s *fakeStage) Ready(context.Context) ([]record.Pod, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Clone(s.pods), nil
}

func (s *fakeStage) Whole(context.Context) error {
	s.say("whole")
	return nil
}

func (s *fakeStage) Restart(context.Context) (began, accepted time.Time, err error) {
	s.say("restart")
	if s.restart != nil {
		s.restart()
	}
	return time.Now(), time.Now(), s.refuse
}

func (s *fakeStage) Scale(_ context.Context, replicas int) (began, accepted time.Time, err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.scaled = append(s.scaled, replicas)
	if replicas < len(s.pods) {
		s.pods = s.pods[:replicas]
	}
	return time.Now(), time.Now(), s.refuse
}

func (s *fakeStage) Drain(_ context.Context, spec fixtures.DrainSpec) (fixtures.Drain, error) {
	s.say("drain " + spec.Node + " " + spec.Timeout.String())
	return s.drain, s.refuse
}

func (s *fakeStage) Uncordon(_ context.Context, node string) error {
	s.say("uncordon " + node)
	return nil
}

// fakeAgent reaches every pod that it is asked to probe, but the silent ones.
type fakeAgent struct {
	fixtures.Agent
	node   string
	silent string

	lock   sync.Mutex
	probes []agent.ProbeRequest
}

func (a *fakeAgent) Name() string { return "agent on " + a.node }
func (a *fakeAgent) Node() string { return a.node }

func (a *fakeAgent) Probe(_ context.Context, p agent.ProbeRequest) error {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.probes = append(a.probes, p)
	return nil
}

func (a *fakeAgent) Status(context.Context) (agent.Status, error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	var s agent.Status
	for _, p := range a.probes {
		accepted := 1
		if p.Pod == a.silent {
			accepted = 0
		}
		s.Probes = append(s.Probes, record.Probe{Pod: p.Pod, Accepted: accepted})
	}
	return s, nil
}

// aStage has a pod on each of the nodes and an agent on each of theirs.
func aStage(podsOn, agentsOn []string) (*fakeStage, []*fakeAgent) {
	s := &fakeStage{work: record.Workload{Name: "app", Namespace: "ns", Replicas: len(podsOn), PodPort: 8080}}
	for i, node := range podsOn {
		s.pods = append(s.pods, record.Pod{Name: string(rune('a' + i)), Node: node, IP: "10.0.0.1"})
	}
	var agents []*fakeAgent
	for _, node := range agentsOn {
		a := &fakeAgent{node: node}
		agents = append(agents, a)
		s.agents = append(s.agents, a)
	}
	return s, agents
}

// circumstance of a first round, and the clock that it goes by.
func circumstance(t *testing.T) Injection {
	t.Helper()
	origin := time.Now()
	return Injection{Round: 1, Seed: 7, Origin: origin, Clock: func() time.Duration { return time.Since(origin) }, Progress: func(string) {}}
}

// bare is a stage that can do nothing beside what every stage can.
type bare struct{ fixtures.Stage }

func podSaid(at time.Duration, kind, pod string) record.Event {
	return record.Event{At: at, Source: record.SourcePod, Kind: kind, Object: pod}
}

func probed(a *fakeAgent) (pods []string, interval time.Duration) {
	for _, p := range a.probes {
		pods = append(pods, p.Pod)
		interval = p.Interval
	}
	return pods, interval
}

var errRefused = errors.New("refused")

func TestAPodThatNoAgentReachesIsNotDisrupted(t *testing.T) {
	s, agents := aStage([]string{"n1", "n2"}, []string{"n1"})
	agents[0].silent = "b"
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errRefused)
	defer cancel()
	if _, _, err := (RollingUpdate{}).Inject(ctx, s, circumstance(t)); !errors.Is(err, errRefused) {
		t.Errorf("error %v", err)
	}
	if len(s.asked) > 0 {
		t.Errorf("asked for %v", s.asked)
	}
}

func TestAPlatformThatCannotDisruptIsToldFromOneThatFailed(t *testing.T) {
	s, _ := aStage([]string{"n1", "n2"}, []string{"n3"})
	for _, f := range []Fault{RollingUpdate{}, RollingUpdateImage{}, RollingUpdateUndone{}, Scale{To: 1}, Drain{}, DatabaseKill{}, DatabaseCut{}} {
		fault, undo, err := f.Inject(t.Context(), bare{s}, circumstance(t))
		if err == nil || undo != nil || fault.Name != f.Name() {
			t.Errorf("%s: %+v, %v", f.Name(), fault, err)
		}
	}
}
