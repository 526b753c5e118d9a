package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// slowed is a run in which every node's kube-proxy was stopped from just before the delete for the time, and each node
// stopped routing to the pod so much later.
func slowed(d death, delay, after time.Duration) *record.Run {
	d.dataplane = []time.Duration{delay + after, delay + after, delay + after}
	run := build(d)
	began := deletedAt - 200*time.Millisecond
	run.Windows[0].Ended, run.Windows[1].Began = began, began // a round begins with its first fault
	run.Faults = append([]record.Fault{{
		Name: "slow-programming", Target: strings.Join(nodes, ", "), Round: 1, Began: began, Ended: began + 150*time.Millisecond, Happened: true,
		Attr: map[string]string{record.DelayNodes: strings.Join(nodes, ","), record.DelayLength: (delay + 200*time.Millisecond).String()},
	}}, run.Faults...)
	for _, node := range nodes {
		run.Events = append(run.Events,
			record.Event{At: began + 140*time.Millisecond, Source: record.SourceCommand, Kind: record.ProxyStopped, Object: node},
			record.Event{At: deletedAt + delay, Source: record.SourceCommand, Kind: record.ProxyResumed, Object: node, Uncertainty: 100 * time.Millisecond})
	}
	return run
}

func TestEndpointRemovalIsJudgedNetOfTheDelayThatWasInjected(t *testing.T) {
	const delay = 4 * time.Second
	unseen := func(run *record.Run) *record.Run {
		for i := range run.Faults {
			run.Faults[i].Happened = run.Faults[i].Target == victim
		}
		return run
	}
	elsewhere := func(run *record.Run) *record.Run {
		run.Faults[0].Attr[record.DelayNodes] = "worker"
		return run
	}
	for name, c := range map[string]struct {
		run       *record.Run
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"programmed at once afterwards":    {slowed(graceful(), delay, 100*time.Millisecond), record.Pass, "", "net of the 4.00 s"},
		"programmed 3 s later":             {slowed(graceful(), delay, 3*time.Second), record.Fail, record.Unexplained, "it is 2.9"},
		"programmed about 2 s later":       {slowed(graceful(), delay, 1950*time.Millisecond), record.Unknown, "", "it may be"},
		"a delay that nobody saw":          {unseen(slowed(graceful(), delay, 100*time.Millisecond)), record.Unknown, record.Unexplained, "would be a failure"},
		"a delay of another node":          {elsewhere(slowed(graceful(), delay, 100*time.Millisecond)), record.Fail, record.Unexplained, "net of the injected delay"},
		"traffic that ended with the stop": {without(slowed(graceful(), delay, 100*time.Millisecond), func(r record.Request) bool { return r.Node == "worker" && r.Start > deletedAt+delay }), record.Unknown, "", "before the removal budget was over"},
	} {
		t.Run(name, func(t *testing.T) {
			f := wants(t, c.run, "endpoint-removal", victim, c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
		})
	}
}

func TestSlowProgrammingShowsWhatLuckHides(t *testing.T) {
	run := slowed(closesAtOnce(), 4*time.Second, 100*time.Millisecond)
	f := wants(t, run, "serves-until-removed", victim, record.Fail, "F2")
	if len(f.Evidence) < 100 || !strings.Contains(f.Message, "net of the delay of 4.0") {
		t.Errorf("%d refused: %s", len(f.Evidence), f.Message)
	}
	wants(t, run, "endpoint-removal", victim, record.Pass, "")
	run = slowed(graceful(), 4*time.Second, 100*time.Millisecond)
	wants(t, run, "serves-until-removed", victim, record.Pass, "")
	if run.Verdict != record.Pass {
		t.Errorf("graceful: %s", run.Verdict)
	}
}
