package faults

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/journal"
	"github.com/lastcall-dev/lastcall/record"
)

// proxies is a stage with agents on nodes, whose kube-proxies it stops.
type proxies struct {
	fixtures.Stage
	nodes   []string
	journal *journal.Journal
	written int // entries in the journal when the first was stopped
	stopped []string
	resumed int
	failing error
}

type onNode struct {
	fixtures.Agent
	node string
}

func (a onNode) Node() string { return a.node }

func (p *proxies) Agents() []fixtures.Agent {
	var all []fixtures.Agent
	for _, n := range p.nodes {
		all = append(all, onNode{node: n})
	}
	return all
}

func (p *proxies) StopProxy(_ context.Context, nodes []string, _ time.Duration) (time.Time, time.Time, error) {
	p.written, p.stopped = len(p.journal.Pending()), nodes
	return time.Now(), time.Now(), p.failing
}

func (p *proxies) ResumeProxy(context.Context, []string) error {
	p.resumed++
	return nil
}

func injection(j *journal.Journal, seed int64) Injection {
	origin := time.Now()
	return Injection{
		Round: 1, Seed: seed, Origin: origin, Clock: func() time.Duration { return time.Since(origin) },
		Progress: func(string) {}, Journal: j, Also: func(record.Fault, func(context.Context) error) {},
	}
}

func TestTheUndoIsWrittenDownBeforeAProxyIsStoppedAndDoneAfterItRuns(t *testing.T) {
	for name, failing := range map[string]error{"stopped": nil, "not stopped everywhere": errors.New("on purpose")} {
		t.Run(name, func(t *testing.T) {
			j := journal.InMemory("r", "c")
			p := &proxies{nodes: []string{"b", "a", "b"}, journal: j, failing: failing}
			fault, undo, err := SlowProgramming{}.Inject(t.Context(), p, injection(j, 1))
			if !errors.Is(err, failing) || undo == nil {
				t.Fatal(err)
			}
			if p.written != 2 || !slices.Equal(p.stopped, []string{"a", "b"}) || fault.Target != "a, b" || fault.Attr[record.DelayNodes] != "a,b" || fault.Attr[record.DelayLength] != "4s" {
				t.Errorf("%d entries when %v were stopped: %+v", p.written, p.stopped, fault)
			}
			if err := errors.Join(undo(t.Context()), undo(t.Context())); err != nil || p.resumed != 2 || len(j.Pending()) > 0 {
				t.Errorf("%v, resumed %d times, pending %v", err, p.resumed, j.Pending())
			}
		})
	}
}

// closedJournal takes no entries.
type closedJournal struct{}

func (closedJournal) Add(string, string, map[string]string) (string, error) {
	return "", errors.New("the disk is full")
}
func (closedJournal) Done(string) error { return nil }

func TestNothingIsStoppedThatIsNotInTheJournal(t *testing.T) {
	p := &proxies{nodes: []string{"a"}, journal: journal.InMemory("r", "c")}
	in := injection(nil, 1)
	in.Journal = closedJournal{}
	_, _, err := SlowProgramming{}.Inject(t.Context(), p, in)
	if err == nil || !strings.Contains(err.Error(), "the disk is full") || p.stopped != nil {
		t.Errorf("%v, stopped %v", err, p.stopped)
	}
}

func TestTheNodesAreChosenByTheSeed(t *testing.T) {
	chosen := map[string]bool{}
	for seed := range int64(40) {
		j := journal.InMemory("r", "c")
		p := &proxies{nodes: []string{"a", "b", "c"}, journal: j}
		first := SlowProgramming{Nodes: 2}.choose(p, injection(j, seed))
		if again := (SlowProgramming{Nodes: 2}).choose(p, injection(j, seed)); !slices.Equal(first, again) || len(first) != 2 {
			t.Fatalf("seed %d: %v, then %v", seed, first, again)
		}
		chosen[strings.Join(first, "")] = true
	}
	if len(chosen) != 3 {
		t.Errorf("of three pairs %v were chosen", chosen)
	}
}

func TestAStopHappenedWhenItWasSeenOnEveryNode(t *testing.T) {
	fault := record.Fault{Began: 10 * time.Second, Attr: map[string]string{record.DelayNodes: "a,b"}}
	seen := func(kind string, at time.Duration, nodes ...string) (all []record.Event) {
		for _, n := range nodes {
			all = append(all, record.Event{Kind: kind, Object: n, At: at})
		}
		return all
	}
	const later = 11 * time.Second
	for name, c := range map[string]struct {
		events   []record.Event
		happened bool
		over     bool
	}{
		"nothing seen":        {events: nil},
		"one of two stopped":  {events: seen(record.ProxyStopped, later, "a")},
		"in an earlier round": {events: seen(record.ProxyStopped, time.Second, "a", "b")},
		"both stopped":        {events: seen(record.ProxyStopped, later, "a", "b"), happened: true},
		"one runs again":      {events: append(seen(record.ProxyStopped, later, "a", "b"), seen(record.ProxyResumed, later, "b")...), happened: true},
		"both run again":      {events: append(seen(record.ProxyStopped, later, "a", "b"), seen(record.ProxyResumed, later, "a", "b")...), happened: true, over: true},
	} {
		if got := (SlowProgramming{}).Happened(fault, c.events); got != c.happened {
			t.Errorf("%s: happened %v", name, got)
		}
		if got := (SlowProgramming{}).Over(fault, c.events); got != c.over {
			t.Errorf("%s: over %v", name, got)
		}
	}
}

// timed is a fault at a fixed time, which lasts.
type timed struct {
	name        string
	began, last time.Duration
}

func (f timed) Name() string { return f.name }
func (f timed) Inject(context.Context, fixtures.Stage, Injection) (record.Fault, func(context.Context) error, error) {
	return record.Fault{Name: f.name, Began: f.began, Ended: f.began, Attr: map[string]string{record.DelayLength: f.last.String()}}, nil, nil
}
func (f timed) Happened(record.Fault, []record.Event) bool { return true }
func (f timed) Over(record.Fault, []record.Event) bool     { return f.last == 0 }

// slowToAim is a fault that says when it was aimed, and when it struck.
type slowToAim struct {
	timed
	order *[]string
	fails error
}

func (f slowToAim) Aim(context.Context, fixtures.Stage, Injection) (Fault, error) {
	*f.order = append(*f.order, "aimed")
	return telling{f.timed, f.order}, f.fails
}

// telling is a fault that says when it struck.
type telling struct {
	timed
	order *[]string
}

func (f telling) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	*f.order = append(*f.order, f.name)
	return f.timed.Inject(ctx, stage, in)
}

func TestAFaultIsAimedBeforeTheOneThatItComesInBegins(t *testing.T) {
	in := injection(journal.InMemory("r", "c"), 1)
	var order []string
	d := During{Outer: telling{timed{"outer", 0, time.Second}, &order}, Inner: slowToAim{timed: timed{name: "inner"}, order: &order}}
	if _, _, err := d.Inject(t.Context(), nil, in); err != nil || !slices.Equal(order, []string{"aimed", "outer", "inner"}) {
		t.Errorf("%v: %v", err, order)
	}
	order = nil
	d.Inner = slowToAim{timed: timed{name: "inner"}, order: &order, fails: errors.New("no pod is ready")}
	if fault, _, err := d.Inject(t.Context(), nil, in); err == nil || fault.Name != "inner" || len(order) != 1 {
		t.Errorf("%v, %v: %v", fault, err, order)
	}
}

func TestAFaultThatCameWhenTheOtherWasOverIsAnError(t *testing.T) {
	in := injection(journal.InMemory("r", "c"), 1)
	for at, late := range map[time.Duration]bool{13 * time.Second: false, 14 * time.Second: true} {
		d := During{Outer: timed{"outer", 10 * time.Second, 4 * time.Second}, Inner: timed{name: "inner", began: at}}
		if _, _, err := d.Inject(t.Context(), nil, in); (err != nil) != late {
			t.Errorf("at %s: %v", at, err)
		}
	}
	d := During{Outer: timed{"outer", 0, time.Second}, Inner: timed{name: "inner"}}
	if d.Over(record.Fault{Name: "outer"}, nil) || !d.Over(record.Fault{Name: "inner"}, nil) {
		t.Error("whether it is over is not asked of the fault itself")
	}
}
