package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestADeletedPodGetsItsLastNewConnectionWithinTheBudget(t *testing.T) {
	lasting := func(last time.Duration) *record.Run {
		d := graceful()
		d.dataplane = []time.Duration{80 * time.Millisecond, 90 * time.Millisecond, last}
		return build(d)
	}
	for name, c := range map[string]struct {
		run       *record.Run
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"at once":                        {build(graceful()), record.Pass, "", "control-plane 0.0"},
		"1.2 s":                          {lasting(1200 * time.Millisecond), record.Pass, "", "1.18 s after the delete, from worker2"},
		"within the resolution":          {lasting(1950 * time.Millisecond), record.Unknown, "", "it may be"},
		"3 s":                            {lasting(3 * time.Second), record.Fail, record.Unexplained, "2.9"},
		"no connection before, one node": {without(build(graceful()), func(r record.Request) bool { return r.Node == "worker" && r.Pod == victim }), record.Unknown, "", "no new connection from worker"},
		"one node sends none":            {without(build(graceful()), func(r record.Request) bool { return r.Node == "worker" }), record.Unknown, "", "worker opened no new connections"},
		"one node stopped too early":     {without(build(graceful()), func(r record.Request) bool { return r.Node == "worker" && r.Start > deletedAt+time.Second }), record.Unknown, "", "before the removal budget was over"},
		"no agents":                      {agentless(), record.Unknown, "", "no agent"},
		"after the delete none":          {without(build(graceful()), func(r record.Request) bool { return r.Pod == victim && r.Start > deletedAt }), record.Pass, "", "No new connection reached the pod after"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == record.Fail {
				Judge(c.run)
			}
			f := wants(t, c.run, "endpoint-removal", victim, c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
			if finer := name == "within the resolution"; finer != strings.Contains(f.Advice, "times as many would do") {
				t.Errorf("advice %q", f.Advice)
			}
			if c.want == record.Pass && f.Measured.Upper <= f.Measured.Value {
				t.Errorf("no resolution: %+v", f.Measured)
			}
		})
	}
}

func without(run *record.Run, drop func(record.Request) bool) *record.Run {
	var kept []record.Request
	for _, r := range run.Requests {
		if !drop(r) {
			kept = append(kept, r)
		}
	}
	run.Requests = kept
	return run
}

func agentless() *record.Run {
	run := build(graceful())
	run.Agents = nil
	return run
}

func TestReusedConnectionsSayNothingOfEndpointRemoval(t *testing.T) {
	run := build(graceful())
	r := at(t, run, record.ReusedFast, deletedAt+5*time.Second)
	r.Pod = victim
	wants(t, run, "endpoint-removal", victim, record.Pass, "")
	r = at(t, run, record.NewFast, deletedAt+5*time.Second)
	r.Pod = victim
	wants(t, run, "endpoint-removal", victim, record.Fail, record.Unexplained)
}
