package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestAPodAcceptsConnectionsUntilNothingRoutesToIt(t *testing.T) {
	closesAt := func(after time.Duration) *record.Run {
		d := graceful()
		d.closes = after
		return build(d)
	}
	edit := func(run *record.Run, f func(*record.Probe)) *record.Run {
		for i := range run.Probes {
			f(&run.Probes[i])
		}
		return run
	}
	unprobed := graceful()
	unprobed.unprobed = true
	for name, c := range map[string]struct {
		run       *record.Run
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"open for ten seconds":    {build(graceful()), record.Pass, "", "10.08 s"},
		"closed after 1.9 s":      {closesAt(1900 * time.Millisecond), record.Fail, "F2", "1.91 s"},
		"closed within the doubt": {closesAt(2005 * time.Millisecond), record.Unknown, "", "too near"},
		"closed after 2.1 s":      {closesAt(2100 * time.Millisecond), record.Pass, "", "2.11 s"},
		"nobody probed":           {build(unprobed), record.Unknown, "", "Nobody probed"},
		"no probe reached it":     {edit(build(graceful()), func(p *record.Probe) { p.Accepted, p.LastAccepted = 0, 0 }), record.Unknown, "", "No probe ever"},
		"never seen to close":     {edit(build(graceful()), func(p *record.Probe) { p.FirstRefused, p.FirstSilent = 0, 0 }), record.Pass, "", "was open"},
		"probes that ended early": {edit(build(graceful()), func(p *record.Probe) { p.FirstRefused, p.FirstSilent, p.LastAccepted = 0, 0, deletedAt+time.Second }), record.Unknown, "", "ended too early"},
		"its network went before that": {edit(build(graceful()), func(p *record.Probe) {
			p.FirstSilent, p.LastAccepted = deletedAt+time.Second, deletedAt+990*time.Millisecond
		}), record.Fail, "F2", "1.00 s"},
		"probes that gave up before the delete": {edit(build(graceful()), func(p *record.Probe) {
			p.FirstRefused, p.FirstSilent, p.LastAccepted, p.Ended = 0, deletedAt-4*time.Second, deletedAt-4100*time.Millisecond, deletedAt-time.Second
		}), record.Unknown, "", "had given up 1.00 s before the delete"},
		"one dial was lost on its way": {edit(build(graceful()), func(p *record.Probe) { p.FirstSilent = deletedAt + time.Second }), record.Pass, "", "10.08 s"},
		"refused in between":           {edit(build(graceful()), func(p *record.Probe) { p.Blips = 1 }), record.Unknown, "", "in between"},
		"a clock that is off by 3 s":   {wide(closesAt(1900 * time.Millisecond)), record.Unknown, "", "decides nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			f := wants(t, c.run, "serves-until-removed", victim, c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
		})
	}
}

func wide(run *record.Run) *record.Run {
	for i := range run.Agents {
		run.Agents[i].Clock.Uncertainty = 3 * time.Second
	}
	return run
}

func TestAConnectionThatIsRefusedAfterTheBudgetStillBreaksTheGuarantee(t *testing.T) {
	// The cluster takes 3 s to stop routing to the pod, and its listener closes after 2.5 s.
	d := closesAtOnce()
	d.closes, d.dataplane = 2500*time.Millisecond, []time.Duration{80 * time.Millisecond, 3 * time.Second, 3 * time.Second}
	run := build(d)
	f := wants(t, run, "serves-until-removed", victim, record.Fail, "F2")
	if len(f.Evidence) == 0 || !strings.Contains(f.Advice, "dialled it until 2.9") {
		t.Errorf("evidence %d, advice %s", len(f.Evidence), f.Advice)
	}
	wants(t, run, "endpoint-removal", victim, record.Fail, record.Unexplained)
	// Without a single probe the refused connections alone break it.
	run.Probes = nil
	wants(t, run, "serves-until-removed", victim, record.Fail, "F2")
}
