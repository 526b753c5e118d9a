package reports

import (
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// demoRates are low in golden files, which would otherwise be large, and real for looking at.
type demoRates struct{ fast, slow float64 }

var (
	goldenRates = demoRates{10, 1}
)

// demoRuns are one run of each kind that a report must be able to tell.
func demoRuns(rates demoRates) map[string]*record.Run {
	return map[string]*record.Run{
		"graceful":    gracefulRun(rates),
		"closes":      closesRun(rates),
		"unknown":     unknownRun(rates),
		"interrupted": interruptedRun(rates),
		"forced":      forcedRun(rates),
		"local":       localRun(rates),
		"restarted":   restartedRun(rates),
	}
}

func seconds(v float64) record.Quantity { return record.Quantity{Value: v, Unit: "s"} }

func (d *demo) passes() {
	for _, class := range []record.Class{record.NewFast, record.ReusedFast} {
		d.finding(record.Finding{
			Check: "error-rate", Guarantee: "Fewer than 1 in 1,000 requests fail during a disruption", Subject: string(class), Verdict: record.Pass,
			Measured: record.Quantity{Value: 0, Unit: "%", Upper: 0.0417}, Threshold: record.Quantity{Text: "below 0.1 %"},
			Message: "0 of 7,180 requests failed.", Reference: "Clopper–Pearson",
		})
	}
	d.finding(record.Finding{
		Check: "error-rate", Subject: string(record.NewSlow), Verdict: record.Skipped, Threshold: record.Quantity{Text: "below 0.1 %"},
		Measured: record.Quantity{Text: "none"}, Message: "58 requests are too few for a rate of 0.1 %; in-flight-complete judges each of them.",
	})
	d.finding(record.Finding{
		Check: "endpoint-removal", Guarantee: "A deleted pod gets its last new connection within 2 s", Subject: d.Faults[0].Target, Verdict: record.Pass,
		Measured: record.Quantity{Value: 0.131, Unit: "s", Upper: 0.148}, Threshold: seconds(2), Message: "The last new connection reached it 0.13 s after the delete.",
	})
	d.finding(record.Finding{
		Check: "load-was-real", Guarantee: "The load was what it claims, and the fault took place", Verdict: record.Pass,
		Measured: record.Quantity{Value: 99.9, Unit: "%"}, Threshold: record.Quantity{Text: "at least 95 %"}, Message: "99.9 % of the wanted rate, at most 0.4 ms late.",
	})
}

func gracefulRun(rates demoRates) *record.Run {
	d := newDemo("pod-delete", "graceful", record.Pass, 62*second)
	first := d.pod("dkvfm", demoNodes[2], 0)
	second2 := d.pod("gt47m", demoNodes[1], 0)
	d.pod("vl7lz", demoNodes[2], 0)
	d.pod("x5jgs", demoNodes[2], 8*second+40*time.Millisecond)
	d.pod("q2w8n", demoNodes[1], 33*second+40*time.Millisecond)
	d.Workload.PreStopKind = "sleep"
	l := life{preStop: 5 * second, lameDuck: 5 * second, drain: 3100 * time.Millisecond, code: "0"}
	d.end(first, 8*second, 1, l)
	d.end(second2, 33*second, 2, l)
	d.traffic(rates.fast, rates.slow)
	d.passes()
	for _, p := range []string{first, second2} {
		d.finding(record.Finding{
			Check: "exits-cleanly", Guarantee: "A pod exits by itself, with 0, within its grace period", Subject: p, Verdict: record.Pass,
			Measured: record.Quantity{Value: 13.16, Unit: "s"}, Threshold: record.Quantity{Text: "code 0 within 60 s"}, Message: "It exited with 0, 13.2 s after the delete.",
		})
		d.finding(record.Finding{
			Check: "serves-until-removed", Guarantee: "A pod accepts connections until nothing routes to it any more", Subject: p, Verdict: record.Pass,
			Measured: seconds(10.06), Threshold: record.Quantity{Text: "2 s or longer"}, Message: "It accepted connections for 10.1 s after the delete; none was refused.",
		})
	}
	return d.Run
}

func closesRun(rates demoRates) *record.Run {
	d := newDemo("pod-delete", "closes-at-once", record.Fail, 34*second)
	target := d.pod("dkvfm", demoNodes[2], 0)
	d.pod("gt47m", demoNodes[1], 0)
	d.pod("vl7lz", demoNodes[2], 0)
	d.pod("x5jgs", demoNodes[2], 8*second+40*time.Millisecond)
	at := 8 * second
	d.end(target, at, 1, life{drain: 5200 * time.Millisecond, code: "0"})
	refused := 0
	d.death = func(r *record.Request) {
		if r.Class != record.NewFast || r.Due < at+40*time.Millisecond || refused == 2 {
			return
		}
		refused++
		r.Start = at + time.Duration(70+31*refused)*time.Millisecond
		r.Due, r.End = r.Start, r.Start+400*time.Microsecond
		r.Connected, r.FirstByte, r.Code, r.Pod, r.Conn, r.Bytes, r.Want = 0, 0, 0, "", 0, 0, -1
		r.ErrKind, r.Error = record.ErrRefused, "dial tcp 10.96.23.114:80: connect: connection refused"
	}
	d.traffic(rates.fast, rates.slow)
	var evidence []uint64
	for _, r := range d.Requests {
		if !r.Failed() {
			continue
		}
		evidence = append(evidence, r.Seq)
		d.Failures = append(d.Failures, record.Failure{
			Seq: r.Seq, Pod: target, Phase: record.Draining, Diagnosis: "F2",
			Why: "A new connection was refused " + duration(r.End-at) + " after the delete; this is the only pod whose listener was closed then, since +0.06 s.",
		})
	}
	d.passes()
	d.Scrapes = scraped(at)
	d.finding(record.Finding{
		Check: "serves-until-removed", Guarantee: "A pod accepts connections until nothing routes to it any more", Subject: target, Verdict: record.Fail,
		Measured: record.Quantity{Value: 0.062, Unit: "s", Upper: 0.073}, Threshold: record.Quantity{Text: "2 s or longer"}, Diagnosis: "F2", Evidence: evidence,
		Message: "Its listener closed 0.06 s after the delete, and 2 new connections were refused between +0.10 s and +0.13 s.",
		Advice:  "Keep accepting for at least 2 s after the delete: add a preStop sleep of 5 s (preStop: sleep: seconds: 5), or wait that long between SIGTERM and closing the listener.",
	})
	d.Run.Expect = &record.Expectation{Verdict: record.Fail, Diagnosis: "F2", Reason: "It closes its listener as soon as it gets SIGTERM."}
	return d.Run
}

func unknownRun(rates demoRates) *record.Run {
	d := newDemo("pod-delete", "graceful", record.Unknown, 30*second)
	target := d.pod("dkvfm", demoNodes[2], 0)
	d.pod("gt47m", demoNodes[1], 0)
	d.end(target, 8*second, 1, life{preStop: 5 * second, lameDuck: 5 * second, drain: second, code: "0"})
	d.traffic(rates.fast, rates.slow)
	d.Agents[1].Lost = "its pod ended with exit code 137 after 12.4 s"
	d.event(12*second, record.SourceAgent, record.AgentLost, "agent-1")
	d.finding(record.Finding{
		Check: "load-was-real", Guarantee: "The load was what it claims, and the fault took place", Subject: "agent-1", Verdict: record.Unknown,
		Measured: record.Quantity{Text: "1 of 2 agents"}, Threshold: record.Quantity{Text: "all agents"}, Message: "Agent agent-1 on lastcall-worker was lost: its pod ended with exit code 137 after 12.4 s.",
		Advice: "See why the agent's pod ended (memory limit?), and run it again.",
	})
	d.finding(record.Finding{
		Check: "error-rate", Subject: string(record.NewFast), Verdict: record.Unknown, Measured: record.Quantity{Value: 0, Unit: "%", Upper: 0.21},
		Threshold: record.Quantity{Text: "below 0.1 %"}, Message: "0 of 1,420 requests failed, too few to be sure of less than 0.1 %.",
	})
	return d.Run
}

func interruptedRun(rates demoRates) *record.Run {
	d := newDemo("pod-delete", "graceful", record.Unknown, 12*second)
	d.Aborted = "interrupted"
	d.Errors = []string{"waiting for the service to be whole: context canceled"}
	target := d.pod("dkvfm", demoNodes[2], 0)
	d.pod("gt47m", demoNodes[1], 0)
	d.Faults = []record.Fault{{Name: "pod-delete", Target: target, Began: 8 * second, Ended: 8*second + 9*time.Millisecond, Round: 1, Happened: true}}
	d.event(8*second+20*time.Millisecond, record.SourcePod, record.PodTerminating, target)
	d.event(11*second, record.SourceCommand, record.Interrupted, "")
	d.traffic(rates.fast, rates.slow)
	for i := range d.Requests {
		if r := &d.Requests[i]; r.End > 11*second {
			r.End, r.ErrKind, r.Error, r.Code = 11*second, record.ErrCanceled, "context canceled", 0
		}
	}
	return d.Run
}

func forcedRun(rates demoRates) *record.Run {
	d := newDemo("pod-delete-forced", "graceful", record.Fail, 40*second)
	target := d.pod("dkvfm", demoNodes[2], 0)
	d.pod("gt47m", demoNodes[1], 0)
	d.pod("vl7lz", demoNodes[2], 0)
	at := 12 * second
	kill := at + 2050*time.Millisecond
	d.Faults = []record.Fault{{
		Name: "pod-delete-forced", Target: target, Began: at, Ended: at + 8*time.Millisecond, Round: 1, Happened: true,
		Attr: map[string]string{"grace": "0", "force": "true"},
	}}
	d.event(at+11*time.Millisecond, record.SourcePod, record.PodTerminating, target, "grace", "0")
	d.event(at+13*time.Millisecond, record.SourcePod, record.PodGone, target)
	d.event(at+90*time.Millisecond, record.SourceEndpoint, record.EndpointRemoved, target)
	d.event(at+40*time.Millisecond, record.SourceApp, record.AppSignal, target)
	d.event(kill, record.SourcePod, record.ContainerExited, target, "code", "137", "reason", "Error")
	d.Windows = append(d.Windows, record.Window{Kind: record.Disruption, Round: 1, Began: at, Ended: at + 10*second})
	d.Probes = []record.Probe{{
		Pod: target, Agent: "agent-0", Node: demoNodes[0], Interval: 10 * time.Millisecond, Began: at, Ended: kill + second, Attempts: 300, Accepted: 204,
		LastAccepted: kill - 6*time.Millisecond, FirstSilent: kill + 5*time.Millisecond, Gap: 10 * time.Millisecond,
	}}
	d.death = func(r *record.Request) {
		if r.Pod == target && r.Class == record.NewSlow && r.Start < kill && r.End > kill {
			r.End, r.Code, r.ErrKind, r.Error, r.Bytes, r.Want = kill, 200, record.ErrTruncated, "unexpected EOF", 20480, 65536
		}
	}
	d.traffic(rates.fast, rates.slow)
	for _, r := range d.Requests {
		if r.Failed() {
			d.Failures = append(d.Failures, record.Failure{Seq: r.Seq, Pod: target, Phase: record.Gone, Diagnosis: "D2", Why: "Its answer ended after 20,480 of 65,536 bytes when the pod was killed, 2.05 s after a delete without grace."})
		}
	}
	d.finding(record.Finding{
		Check: "in-flight-complete", Guarantee: "A request accepted before SIGTERM is answered in full", Subject: target, Verdict: record.Fail, Diagnosis: "D2",
		Measured: record.Quantity{Value: float64(len(d.Failures)), Unit: "requests"}, Threshold: record.Quantity{Text: "none"}, Message: "Requests in flight were cut off 2.05 s after the delete.",
	})
	d.passes()
	return d.Run
}
