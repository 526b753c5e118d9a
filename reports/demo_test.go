package reports

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const second = time.Second

// demo makes records that look like those of real runs, the same each time.
type demo struct {
	*record.Run
	rng     *rand.Rand
	conns   uint64
	outages []plannedOutage       // of the API server
	death   func(*record.Request) // what becomes of a request that was planned to be answered
}

var demoNodes = []string{"lastcall-control-plane", "lastcall-worker", "lastcall-worker2"}

func newDemo(scenario, app string, verdict record.Verdict, length time.Duration) *demo {
	run := &record.Run{
		Schema: record.Schema, Verdict: verdict, Scenario: scenario, App: app, Seed: 20261122, ID: "20261122-050413-" + app,
		Description: "One pod is deleted while traffic of three classes runs against the service.",
		Platform:    "kind", Command: "lastcall run " + scenario + " --app " + app + " --seed 20261122",
		Began: time.Date(2026, 11, 22, 5, 4, 13, 120e6, time.UTC), Ended: length,
		Versions: map[string]string{"kubernetes": "v1.36.3", "kube-proxy": "iptables", "lastcall": "0.1.0", "containerd": "2.2.1"},
		Workload: record.Workload{
			Name: app, Namespace: "lastcall-" + app, Service: "10.96.23.114:80", Replicas: 3, Grace: 60 * second,
			Readiness: "GET /ready every 5 s × 2", Liveness: "GET /health every 10 s × 3",
			Strategy: "maxUnavailable 0, maxSurge 1", Image: "lastcall/" + app + ":1f0c9a77d2", Environment: map[string]string{"LAME_DUCK": "5s", "GRACEFUL_SHUTDOWN_TIMEOUT": "50s"},
		},
		SLO: record.DefaultSLO(),
		Nodes: []record.Node{
			{Name: demoNodes[0], Roles: "control-plane"}, {Name: demoNodes[1]}, {Name: demoNodes[2]},
		},
		Windows: []record.Window{{Kind: record.Control, Began: second, Ended: 6 * second}},
	}
	for i, n := range demoNodes[:2] {
		run.Agents = append(run.Agents, record.Agent{
			Name: fmt.Sprintf("agent-%d", i), Node: n, Began: second, Ended: length - second,
			Clock: record.Clock{Offset: 1834*time.Millisecond + 200*time.Microsecond, Uncertainty: 190 * time.Microsecond, Drift: 12 * time.Microsecond, Samples: 32},
		})
	}
	return &demo{Run: run, rng: rand.New(rand.NewPCG(1, 2))}
}

// pod adds a pod that serves; born is 0 for one that was there before the run.
func (d *demo) pod(suffix, node string, born time.Duration) string {
	name := d.App + "-7b58d9f6c4-" + suffix
	d.Pods = append(d.Pods, record.Pod{Name: name, Node: node, IP: "10.244.1.7"})
	if born > 0 {
		d.event(born, record.SourcePod, record.PodCreated, name)
		d.event(born+1600*time.Millisecond, record.SourcePod, record.PodReady, name)
	} else {
		d.event(0, record.SourcePod, record.PodReady, name)
	}
	return name
}

func (d *demo) event(at time.Duration, source, kind, object string, attr ...string) {
	e := record.Event{At: at, Source: source, Kind: kind, Object: object, Uncertainty: 2 * time.Millisecond}
	for i := 0; i+1 < len(attr); i += 2 {
		if e.Attr == nil {
			e.Attr = map[string]string{}
		}
		e.Attr[attr[i]] = attr[i+1]
	}
	d.Events = append(d.Events, e)
}

// life is how a pod's termination goes, in times since its delete.
type life struct {
	preStop, lameDuck, drain time.Duration
	code                     string
}

// end deletes the pod and lets it live its last moments.
func (d *demo) end(pod string, at time.Duration, round int, l life) {
	d.Workload.PreStop = l.preStop
	d.Faults = append(d.Faults, record.Fault{
		Name: "pod-delete", Target: pod, Began: at, Ended: at + 11*time.Millisecond, Round: round, Happened: true,
		Attr: map[string]string{"grace": "60"},
	})
	signal := at + 50*time.Millisecond + l.preStop
	closed := signal + l.lameDuck + 9*time.Millisecond
	exit := closed + l.drain
	d.event(at+14*time.Millisecond, record.SourcePod, record.PodTerminating, pod, "grace", "60")
	d.event(at+92*time.Millisecond, record.SourceEndpoint, record.EndpointTerminating, pod)
	d.event(signal, record.SourceApp, record.AppSignal, pod, "signal", "SIGTERM")
	d.event(signal+time.Millisecond, record.SourceApp, record.AppNotReady, pod)
	d.event(closed-2*time.Millisecond, record.SourceApp, record.AppListenerClosed, pod)
	d.event(exit-5*time.Millisecond, record.SourceApp, record.AppDrained, pod)
	d.event(exit, record.SourcePod, record.ContainerExited, pod, "code", l.code, "reason", "Completed")
	d.event(exit+600*time.Millisecond, record.SourcePod, record.PodGone, pod)
	d.Windows = append(d.Windows, record.Window{Kind: record.Disruption, Round: round, Began: at, Ended: exit + 2*second})
	for i, a := range d.Agents {
		late := time.Duration(i) * 3 * time.Millisecond
		d.Probes = append(d.Probes, record.Probe{
			Pod: pod, Agent: a.Name, Node: a.Node, Address: "10.244.1.7:8080", Interval: 10 * time.Millisecond,
			Began: at, Ended: exit + second, Attempts: int((exit + second - at) / (10 * time.Millisecond)),
			Accepted: int((closed - at) / (10 * time.Millisecond)), LastAccepted: closed - 7*time.Millisecond,
			FirstRefused: closed + 3*time.Millisecond + late, Gap: 11 * time.Millisecond,
		})
	}
}

// traffic sends requests of all three classes from both agents, to pods that take new connections then.
func (d *demo) traffic(fast, slow float64) {
	d.load(record.NewFast, fast, 0)
	d.load(record.ReusedFast, fast, 0)
	d.load(record.NewSlow, slow, 8*second)
	for i := range d.Requests {
		d.Requests[i].Seq = uint64(i + 1)
	}
	for i := range d.Agents {
		for _, r := range d.Requests {
			if r.Agent == d.Agents[i].Name {
				d.Agents[i].Sent++
			}
		}
	}
}

func (d *demo) load(class record.Class, rate float64, takes time.Duration) {
	path := "/"
	if takes > 0 {
		path = "/slow?for=8s"
	}
	d.Loads = append(d.Loads, record.Load{Class: class, Rate: rate, Method: "GET", Path: path, Takes: takes})
	step := time.Duration(float64(second) / rate)
	last := d.Ended - 2*second - takes
	for i, due := 0, second; due < last; i, due = i+1, due+step {
		a := d.Agents[i%2]
		d.conns++
		r := record.Request{
			Agent: a.Name, Node: a.Node, Class: class, Method: "GET", Path: path, Due: due,
			Start: due + time.Duration(d.rng.IntN(300))*time.Microsecond, Code: 200, Conn: d.conns, Dials: 1, Bytes: 64, Want: 64,
		}
		r.Connected = r.Start + 300*time.Microsecond
		if class == record.ReusedFast {
			r.Connected, r.Reused, r.Dials = r.Start, i/8, 0
		}
		r.FirstByte = r.Connected + 700*time.Microsecond + time.Duration(d.rng.ExpFloat64()*float64(600*time.Microsecond))
		r.End = r.FirstByte + 100*time.Microsecond + takes
		r.Pod = d.target(due)
		if d.death != nil {
			d.death(&r)
		}
		d.Requests = append(d.Requests, r)
	}
}

// target picks one of the pods that the Service routes to.
func (d *demo) target(at time.Duration) string {
	var open []string
	for _, t := range d.Timelines() {
		removed := t.EndpointRemoved.Seen() && at > t.EndpointRemoved.At+40*time.Millisecond
		if !removed && (!t.Created.Seen() || (t.Ready.Seen() && at > t.Ready.At)) {
			open = append(open, t.Pod)
		}
	}
	return open[d.rng.IntN(len(open))]
}

func (d *demo) finding(f record.Finding) { d.Findings = append(d.Findings, f) }
