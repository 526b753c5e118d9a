package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// stop is what SIGSTOP does to an agent: nothing starts meanwhile, and everything that was due starts afterwards.
func stop(run *record.Run, agent string, from, length time.Duration) {
	for i := range run.Requests {
		r := &run.Requests[i]
		if r.Agent == agent && r.Start >= from && r.Start < from+length {
			late := from + length - r.Start
			r.Start, r.Connected, r.FirstByte, r.End = r.Start+late, r.Connected+late, r.FirstByte+late, r.End+late
		}
	}
}

// forget takes records from one agent, which then says no more than what is left.
func forget(run *record.Run, keep func(record.Request) bool) {
	without(run, func(r record.Request) bool { return !keep(r) })
	held := map[string]uint64{}
	for _, r := range run.Requests {
		held[r.Agent]++
	}
	for i := range run.Agents {
		run.Agents[i].Sent = held[run.Agents[i].Name]
	}
}

func TestALoadThatWasNotRealIsUnknownAndSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.Run)
		says   string
	}{
		"interrupted":             {func(r *record.Run) { r.Aborted = "interrupted" }, "stopped early"},
		"an error of the harness": {func(r *record.Run) { r.Errors = []string{"port-forward: broken pipe"} }, "broken pipe"},
		"an agent was lost":       {func(r *record.Run) { r.Agents[0].Lost = "pod killed" }, "was lost"},
		"an agent's loss was seen": {func(r *record.Run) {
			r.Events = append(r.Events, record.Event{Kind: record.AgentLost, Object: "agent-1", Detail: "gone"})
		}, "was lost"},
		"records are missing":      {func(r *record.Run) { r.Agents[0].Sent++ }, "the record holds"},
		"no agents":                {func(r *record.Run) { r.Agents = nil }, "No agent"},
		"a clock in doubt":         {func(r *record.Run) { r.Agents[0].Clock.Uncertainty = 300 * time.Millisecond }, "in doubt"},
		"a clock that drifts":      {func(r *record.Run) { r.Agents[0].Clock.Drift = -300 * time.Millisecond }, "in doubt"},
		"a clock never compared":   {func(r *record.Run) { r.Agents[0].Clock.Samples = 0 }, "never compared"},
		"no load asked for":        {func(r *record.Run) { r.Loads = nil }, "No load"},
		"no request":               {func(r *record.Run) { r.Requests = nil }, "No request was recorded"},
		"a tenth of the rate lost": {func(r *record.Run) { forget(r, func(q record.Request) bool { return q.Seq%10 != 0 }) }, "load was too small"},
		"a class never sent":       {func(r *record.Run) { forget(r, func(q record.Request) bool { return !q.Class.Slow() }) }, "0 requests of new/http1/slow"},
		"half of a class in two": {func(r *record.Run) {
			l := r.Loads[0]
			l.Rate /= 2
			r.Loads[0].Rate, r.Loads = l.Rate, append(r.Loads, l)
			forget(r, func(q record.Request) bool { return q.Class != l.Class || q.Seq%2 == 0 })
		}, "load was too small"},
		"silent in the disruption": {func(r *record.Run) {
			forget(r, func(q record.Request) bool { return q.Agent != "agent-1" || q.Due < deletedAt+10*time.Second })
		}, "disruption of round 1"},
		"generator stopped for 2 s":   {func(r *record.Run) { stop(r, "agent-1", deletedAt+3*time.Second, 2*time.Second) }, "started nothing for 2.0"},
		"stopped for 1.2 s":           {func(r *record.Run) { stop(r, "agent-1", deletedAt+3*time.Second, 1200*time.Millisecond) }, "started nothing for 1.2"},
		"late at the percentile":      {func(r *record.Run) { delay(r, 50, 1100*time.Millisecond) }, "1.10 s at the 99.9th percentile"},
		"one request very late":       {func(r *record.Run) { delay(r, 1, 1600*time.Millisecond) }, "1.60 s at worst"},
		"no control window":           {func(r *record.Run) { r.Windows = r.Windows[1:] }, "no control window"},
		"an empty control window":     {func(r *record.Run) { r.Windows[0].Ended = r.Windows[0].Began }, "holds no request"},
		"a failure in the control":    {func(r *record.Run) { at(t, r, record.NewFast, 3*time.Second).ErrKind = record.ErrTimeout }, "without any disruption"},
		"no fault":                    {func(r *record.Run) { r.Faults = nil }, "No fault was injected"},
		"a fault that did not happen": {func(r *record.Run) { r.Faults[0].Happened = false }, "not seen to take effect"},
		"a fault that failed":         {func(r *record.Run) { r.Faults[0].Error = "forbidden" }, "forbidden"},
		"no disruption window":        {func(r *record.Run) { r.Windows = r.Windows[:1] }, "no disruption window"},
		"a fault in a baseline":       {func(r *record.Run) { r.NoFault = true }, "without any disruption"},
		"requests cut by us":          {func(r *record.Run) { r.Requests[9000].ErrKind = record.ErrCanceled }, "hard deadline"},
		"a hidden repeat":             {func(r *record.Run) { r.Requests[9000].Dials = 2 }, "more than one connection"},
	} {
		t.Run(name, func(t *testing.T) {
			run := build(graceful())
			c.change(run)
			Judge(run)
			var all []string
			for _, f := range run.Findings {
				if f.Check == "load-was-real" {
					all = append(all, string(f.Verdict)+": "+f.Message)
				}
			}
			text := strings.Join(all, "\n")
			if !strings.Contains(text, c.says) || strings.Contains(text, "pass:") || run.Verdict != record.Unknown {
				t.Errorf("verdict %s, want unknown and %q in:\n%s", run.Verdict, c.says, text)
			}
		})
	}
}

// delay begins n requests late, each in another place so that nothing stalls.
func delay(run *record.Run, n int, late time.Duration) {
	for i := range n {
		r := &run.Requests[1000+i*100]
		r.Start = r.Due + late
		r.Connected, r.FirstByte, r.End = max(r.Connected, r.Start), max(r.FirstByte, r.Start), max(r.End, r.Start)
	}
}

func TestALoadThatWasRealPassesWithItsFigures(t *testing.T) {
	run := build(graceful())
	run.Events = append(run.Events, record.Event{Kind: record.LogGap, Object: victim})
	delay(run, 10, 900*time.Millisecond)
	f := wants(t, run, "load-was-real", "", record.Pass, "")
	for _, says := range []string{"3 agents", "0.90 s at worst", "gaps (LogGap app-1)"} {
		if !strings.Contains(f.Message, says) {
			t.Errorf("does not say %q: %s", says, f.Message)
		}
	}
}

func TestASlowRequestCutByTheFaultDoesNotSpoilTheControlWindow(t *testing.T) {
	run := build(exitsAtOnce())
	cut := 0
	for _, r := range run.Requests {
		if r.Failed() && run.Windows[0].Contains(r.Due) {
			cut++
		}
	}
	if cut == 0 {
		t.Fatal("no request that was due in the control window was cut")
	}
	wants(t, run, "load-was-real", "", record.Pass, "")
}
