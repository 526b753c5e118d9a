package assertions

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// keepSending lets the dying pod answer the requests of one agent's kept-alive connection until it closes its listener.
func keepSending(run *record.Run, until time.Duration) (last *record.Request) {
	for i := range run.Requests {
		r := &run.Requests[i]
		if r.Class == record.ReusedFast && r.Agent == "agent-0" && r.Start > deletedAt && r.End < deletedAt+until {
			r.Pod, last = victim, r
		}
	}
	return last
}

func TestAPodThatNeverSaysConnectionCloseIsAdvisedAndStillPasses(t *testing.T) {
	advice := func(run *record.Run) string {
		return wants(t, run, "error-rate", string(record.ReusedFast), record.Pass, "").Advice
	}
	run := build(graceful())
	keepSending(run, 10*time.Second)
	if got := advice(run); !strings.Contains(got, "F8") || !strings.Contains(got, victim) || run.Verdict != record.Pass {
		t.Errorf("never told: %s, %q", run.Verdict, got)
	}
	keepSending(run, 10*time.Second).Close = true
	if got := advice(run); got != "" {
		t.Errorf("told at the end: %q", got)
	}
	run = build(graceful())
	keepSending(run, 5*time.Second) // SIGTERM comes after 5 s of preStop: until then the pod cannot know
	if got := advice(run); got != "" {
		t.Errorf("only before SIGTERM: %q", got)
	}
	if got := advice(build(graceful())); got != "" {
		t.Errorf("clients that went away by themselves: %q", got)
	}
}

// rollout is a rolling update of ten pods in 40 s, each of which refuses connections for a while.
func rollout() *record.Run {
	const pods, length = 10, 40 * time.Second
	run := &record.Run{
		Schema: record.Schema, SLO: record.DefaultSLO(), Ended: length + 20*time.Second,
		Workload: record.Workload{Replicas: pods, Grace: time.Minute}, Loads: loads(),
		Windows: []record.Window{{Kind: record.Control, Began: time.Second, Ended: 5 * time.Second}, {Kind: record.Disruption, Round: 1, Began: 5 * time.Second, Ended: 5*time.Second + length}},
		Faults:  []record.Fault{{Name: "rolling-update", Target: "app", Round: 1, Began: 5 * time.Second, Ended: 5 * time.Second, Happened: true}},
	}
	for i, node := range nodes {
		run.Agents = append(run.Agents, record.Agent{Name: fmt.Sprint(i), Node: node, Ended: run.Ended, Clock: record.Clock{Samples: 9}})
	}
	deleted := func(i int) time.Duration { return 5*time.Second + time.Duration(i)*length/pods }
	for i := range 2 * pods {
		name := fmt.Sprintf("app-%d", i)
		run.Pods = append(run.Pods, record.Pod{Name: name})
		run.Events = append(run.Events, record.Event{Source: record.SourcePod, Kind: record.PodReady, Object: name, At: deleted(i - pods)})
		if i >= pods {
			continue
		}
		run.Events = append(run.Events,
			record.Event{Source: record.SourcePod, Kind: record.PodTerminating, Object: name, At: deleted(i)},
			record.Event{Source: record.SourcePod, Kind: record.ContainerExited, Object: name, At: deleted(i) + 9*time.Second, Attr: map[string]string{"code": "0"}})
		for a := range run.Agents {
			run.Probes = append(run.Probes, record.Probe{Pod: name, Agent: fmt.Sprint(a), Attempts: 9, Accepted: 9, LastAccepted: deleted(i), FirstRefused: deleted(i) + 100*time.Millisecond, Ended: run.Ended})
		}
	}
	for n := range 30000 {
		at := time.Duration(n) * length / 30000
		r := record.Request{Seq: uint64(n), Agent: fmt.Sprint(n % 3), Node: nodes[n%3], Class: record.NewFast, Due: at, Start: at, Connected: at, FirstByte: at, End: at + time.Millisecond, Code: 200, Pod: fmt.Sprintf("app-%d", n%pods), Want: -1, Dials: 1}
		if n%2 == 0 {
			r.Class, r.Reused, r.Conn = record.ReusedFast, 9, uint64(n%100)
		}
		if n%5 == 0 {
			r.Pod, r.ErrKind, r.Connected, r.FirstByte, r.Code = "", record.ErrRefused, 0, 0, 0
		}
		run.Requests = append(run.Requests, r)
		run.Agents[n%3].Sent++
	}
	return run
}

// The command judges between rounds, while traffic runs on the same machine.
func BenchmarkJudge(b *testing.B) {
	run := rollout()
	for b.Loop() {
		Judge(run)
	}
	b.ReportMetric(float64(len(run.Failures)), "failures")
}

func BenchmarkEnough(b *testing.B) {
	run := rollout()
	for b.Loop() {
		Enough(run)
	}
}
