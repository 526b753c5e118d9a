package assertions

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// The run that tests build: three pods, an agent on each of three nodes, the default load; a control window, then one pod
// is deleted under load and the service is whole again 20 s later.
const (
	deletedAt = 7 * time.Second
	accepted  = 20 * time.Millisecond // from the delete's sending to its acceptance
	signalAt  = 60 * time.Millisecond // from the delete to SIGTERM, without preStop
	wholeIn   = 20 * time.Second
	slowTakes = 8 * time.Second
	victim    = "app-1"
)

var nodes = []string{"control-plane", "worker", "worker2"}

// death is how the deleted pod ends; durations are since the delete.
type death struct {
	preStop    time.Duration
	closes     time.Duration   // listener closes
	exits      time.Duration   // process ends
	code       int             // exit code
	logs       bool            // the app writes a lifecycle log
	cuts       bool            // what is in flight when it exits is cut
	forced     bool            // grace period 0: no container status is ever seen
	unprobed   bool            // no agent dials the pod's own address
	dataplane  []time.Duration // until each node stops routing new connections to it
	noExitSeen bool
	seed       uint64
	alone      bool // nothing was in flight at the delete, by luck
}

func graceful() death {
	return death{preStop: 5 * time.Second, closes: 10070 * time.Millisecond, exits: 13 * time.Second, logs: true, dataplane: idle()}
}

func closesAtOnce() death {
	return death{closes: 120 * time.Millisecond, exits: 8 * time.Second, logs: true, dataplane: idle()}
}

func exitsAtOnce() death {
	return death{closes: 100 * time.Millisecond, exits: 100 * time.Millisecond, code: 2, cuts: true, dataplane: idle()}
}

func forcedDelete() death {
	return death{closes: 2100 * time.Millisecond, exits: 2100 * time.Millisecond, logs: true, cuts: true, forced: true, dataplane: idle()}
}

// idle is how fast a cluster that does nothing else programs its nodes: before any listener can close.
func idle() []time.Duration {
	return []time.Duration{80 * time.Millisecond, 90 * time.Millisecond, 95 * time.Millisecond}
}

// slowly is a cluster that goes on routing to the pod for a while.
func slowly() []time.Duration {
	return []time.Duration{80 * time.Millisecond, 400 * time.Millisecond, 1200 * time.Millisecond}
}

// build makes the run of one deletion.
func build(d death) *record.Run {
	run := &record.Run{
		Schema: record.Schema, Scenario: "pod-delete", App: "app", SLO: record.DefaultSLO(), Ended: deletedAt + wholeIn + 10*time.Second,
		Workload: record.Workload{Name: "app", Replicas: 3, Grace: 60 * time.Second, PreStop: d.preStop},
		Loads:    loads(),
		Windows: []record.Window{
			{Kind: record.Control, Began: 2 * time.Second, Ended: deletedAt},
			{Kind: record.Disruption, Round: 1, Began: deletedAt, Ended: deletedAt + wholeIn},
		},
		Faults: []record.Fault{{
			Name: "pod-delete", Target: victim, Round: 1, Began: deletedAt, Ended: deletedAt + accepted, Happened: true,
			Attr: map[string]string{"force": fmt.Sprint(d.forced)},
		}},
	}
	for i, node := range nodes {
		run.Pods = append(run.Pods, record.Pod{Name: fmt.Sprintf("app-%d", i+1), Node: node})
		run.Events = append(run.Events, record.Event{Source: record.SourcePod, Kind: record.PodReady, Object: fmt.Sprintf("app-%d", i+1), At: time.Millisecond})
	}
	run.Pods = append(run.Pods, record.Pod{Name: "app-4", Node: "worker"})
	run.Events = append(run.Events,
		record.Event{Source: record.SourcePod, Kind: record.PodCreated, Object: "app-4", At: deletedAt + 30*time.Millisecond},
		record.Event{Source: record.SourcePod, Kind: record.PodReady, Object: "app-4", At: deletedAt + 6*time.Second})
	undone(run)
	d.watch(run)
	d.traffic(run)
	d.probe(run)
	return run
}

func loads() []record.Load {
	return []record.Load{
		{Class: record.NewFast, Rate: 250, Method: "GET", Path: "/"},
		{Class: record.ReusedFast, Rate: 250, Method: "GET", Path: "/"},
		{Class: record.NewSlow, Rate: 2, Method: "GET", Path: "/slow", Takes: slowTakes},
	}
}

// undone adds a namespace that was made and removed.
func undone(run *record.Run) {
	note := func(at time.Duration, kind, object string) {
		run.Events = append(run.Events, record.Event{At: at, Source: record.SourceCommand, Kind: kind, Object: object})
	}
	note(0, record.NamespaceMade, "lastcall-run")
	note(run.Ended, record.UndoBegan, "")
	note(run.Ended+time.Second, record.NamespaceGone, "lastcall-run")
	note(run.Ended+time.Second, record.UndoEnded, "")
}

// watch adds what is seen of the pod's end.
func (d death) watch(run *record.Run) {
	at := func(after time.Duration, source, kind string, attr map[string]string, doubt time.Duration) {
		run.Events = append(run.Events, record.Event{At: deletedAt + after, Source: source, Kind: kind, Object: victim, Attr: attr, Uncertainty: doubt})
	}
	at(40*time.Millisecond, record.SourcePod, record.PodTerminating, nil, 0)
	at(70*time.Millisecond, record.SourceEndpoint, record.EndpointTerminating, nil, 0)
	if d.logs {
		at(d.preStop+signalAt, record.SourceApp, record.AppSignal, map[string]string{"signal": "terminated"}, time.Millisecond)
		if !d.forced {
			at(d.closes, record.SourceApp, record.AppListenerClosed, nil, time.Millisecond)
			at(d.exits-time.Millisecond, record.SourceApp, record.AppDrained, nil, time.Millisecond)
			at(d.exits, record.SourceApp, record.AppExit, map[string]string{"code": fmt.Sprint(d.code)}, time.Millisecond)
		}
	}
	if !d.forced && !d.noExitSeen {
		finished := (deletedAt + d.exits).Truncate(time.Second) - deletedAt
		at(finished, record.SourcePod, record.ContainerExited, map[string]string{"code": fmt.Sprint(d.code), "reason": "Completed"}, time.Second)
	}
	at(d.exits+500*time.Millisecond, record.SourcePod, record.PodGone, nil, 0)
}

// traffic adds every request of the load, sent round robin by the agents to a pod at random.
func (d death) traffic(run *record.Run) {
	random := rand.New(rand.NewPCG(1, d.seed))
	until := deletedAt + wholeIn + time.Second
	run.Requests = make([]record.Request, 0, 15000)
	for i, node := range nodes {
		run.Agents = append(run.Agents, record.Agent{
			Name: fmt.Sprintf("agent-%d", i), Node: node, Began: 0, Ended: until,
			Clock: record.Clock{Uncertainty: time.Millisecond, Samples: 9},
		})
	}
	for c, l := range run.Loads {
		gap := time.Duration(float64(time.Second) / l.Rate)
		n := 0
		for due := gap / 2; due < until; due += gap {
			agent := n % len(nodes)
			r := record.Request{
				Agent: run.Agents[agent].Name, Node: nodes[agent], Class: l.Class, Method: l.Method, Path: l.Path,
				Due: due, Start: due + 100*time.Microsecond, Dials: 1, Want: -1,
			}
			if l.Class == record.ReusedFast {
				r.Conn, r.Reused, r.Dials = uint64(c*1000+agent), n/3, 0
			} else {
				r.Conn = uint64(c*100000 + n)
			}
			d.answer(&r, l, agent, random)
			run.Requests = append(run.Requests, r)
			run.Agents[agent].Sent++
			n++
		}
	}
	// Sorting numbers instead of whole requests makes the tests several times as fast.
	order := make([]int, len(run.Requests))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(run.Requests[a].Due - run.Requests[b].Due) })
	sent := make([]record.Request, len(order))
	for i, from := range order {
		sent[i] = run.Requests[from]
		sent[i].Seq = uint64(i + 1)
	}
	run.Requests = sent
}

// answer lets a pod answer the request, or the dying one fail it.
func (d death) answer(r *record.Request, l record.Load, agent int, random *rand.Rand) {
	pods := []string{"app-2", "app-3"}
	if r.Start < deletedAt+d.dataplane[agent] {
		pods = append(pods, victim)
	} else if r.Start > deletedAt+6*time.Second {
		pods = append(pods, "app-4")
	}
	pod := pods[random.IntN(len(pods))]
	if l.Class == record.ReusedFast {
		pod = pods[agent%len(pods)]
	}
	takes := max(l.Takes, 2*time.Millisecond)
	if d.alone && pod == victim && r.Start < deletedAt && r.Start+takes >= deletedAt {
		pod = "app-2"
	}
	if pod == victim && r.Start >= deletedAt+d.closes {
		r.ErrKind, r.Error, r.Conn, r.Reused = record.ErrRefused, "connection refused", 0, 0
		r.End = r.Start + 300*time.Microsecond
		return
	}
	r.Connected, r.FirstByte, r.End = r.Start+300*time.Microsecond, r.Start+time.Millisecond, r.Start+takes
	r.Pod, r.Code, r.Bytes = pod, 200, 100
	if exit := deletedAt + d.exits; pod == victim && d.cuts && r.End > exit {
		r.End, r.ErrKind, r.Bytes = exit, record.ErrTruncated, 10
		if r.FirstByte > exit {
			r.FirstByte, r.Code, r.Pod, r.ErrKind = 0, 0, "", record.ErrReset
		}
	}
}

// probe adds what each agent saw of the pod's own address.
func (d death) probe(run *record.Run) {
	if d.unprobed {
		return
	}
	for i, a := range run.Agents {
		end := deletedAt + d.closes + time.Duration(i)*2*time.Millisecond
		run.Probes = append(run.Probes, record.Probe{
			Pod: victim, Agent: a.Name, Node: a.Node, Address: "10.244.1.2:8080", Interval: 10 * time.Millisecond,
			Began: deletedAt + time.Millisecond, Ended: deletedAt + d.exits + time.Second, Attempts: 100, Accepted: 50,
			LastAccepted: end - 4*time.Millisecond, FirstRefused: end + 6*time.Millisecond,
			FirstSilent: deletedAt + d.exits + 450*time.Millisecond, Gap: 11 * time.Millisecond,
		})
	}
}

// find is the only finding of the check, or the one with the subject.
func find(t *testing.T, run *record.Run, check, subject string) record.Finding {
	t.Helper()
	for _, f := range run.Findings {
		if f.Check == check && (subject == "" || f.Subject == subject) {
			return f
		}
	}
	t.Fatalf("no finding of %s %s among %d", check, subject, len(run.Findings))
	return record.Finding{}
}

// wants judges the run and compares one finding.
func wants(t *testing.T, run *record.Run, check, subject string, want record.Verdict, diagnosis string) record.Finding {
	t.Helper()
	Judge(run)
	f := find(t, run, check, subject)
	if f.Verdict != want || f.Diagnosis != diagnosis {
		t.Errorf("%s %s: %s %q, want %s %q: %s", check, subject, f.Verdict, f.Diagnosis, want, diagnosis, f.Message)
	}
	return f
}

// at is the index of the request of the class that is due next to the time.
func at(t *testing.T, run *record.Run, class record.Class, due time.Duration) *record.Request {
	t.Helper()
	for i := range run.Requests {
		if r := &run.Requests[i]; r.Class == class && r.Due >= due {
			return r
		}
	}
	t.Fatalf("no request of %s due after %s", class, due)
	return nil
}
