package assertions

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	// stall is the longest a generator may go without starting anything. One that was stopped for longer catches up
	// afterwards, so neither its count nor its rate would show it.
	stall = time.Second
	// worstLateness is what no single request may exceed, whatever the percentile says.
	worstLateness = 1500 * time.Millisecond
	// surelyDue is how many requests must be wanted in a stretch for one of them to be due in it, however the schedules of
	// the agents lie: those are spread, but not evenly.
	surelyDue = 2
	// latePercentile of the lateness is held against the SLO.
	latePercentile = 0.999
)

var loadWasReal = register(Check{
	Name:      "load-was-real",
	Guarantee: "The traffic and the disruption were what the run claims",
	Reference: "Open model: G. Tene, How NOT to Measure Latency (coordinated omission); clocks: RFC 5905 §8",
	Kind:      Harness,
}, func(f *facts) []record.Finding {
	var out []record.Finding
	for _, look := range []func(*facts) []string{
		sloSound, ranToItsEnd, agentsWhole, agentsThroughout, clocksAgree, rateReached, generatorKeptPace,
		windowsSound, controlClean, faultsHappened, podsSound, probesSound, requestsSound, lastingSound, nothingHidden,
	} {
		for _, problem := range look(f) {
			out = append(out, record.Finding{Verdict: record.Unknown, Message: problem})
		}
	}
	if len(out) == 0 {
		out = append(out, record.Finding{Verdict: record.Pass, Message: realWords(f)})
	}
	return out
})

// realWords are the figures of a load that was real, and what was lost of the observation.
func realWords(f *facts) string {
	run := f.run
	p, worst := lateness(run)
	var doubt time.Duration
	for _, d := range f.doubt {
		doubt = max(doubt, d)
	}
	text := fmt.Sprintf("%s%s from %s; the generator was late by %s at the 99.9th percentile and %s at worst; clocks agree within %s; %s took place.",
		count(len(run.Requests), "request"), besides(run), count(len(run.Agents), "agent"), seconds(p), seconds(worst), seconds(doubt), count(len(run.Faults), "fault"))
	gaps := map[string]int{}
	for _, e := range run.Events {
		if e.Kind == record.WatchGap || e.Kind == record.LogGap {
			gaps[e.Kind+" "+e.Object]++
		}
	}
	if len(gaps) > 0 {
		text += " The observation has gaps (" + list(sorted(gaps), 5) + "): what is missing there is unknown in the checks that need it."
	}
	return text
}

func ranToItsEnd(f *facts) (problems []string) {
	if why := f.run.Aborted; why != "" {
		problems = append(problems, "The run stopped early: "+why+". Run it again to its end.")
	}
	for _, e := range f.run.Errors {
		problems = append(problems, "The harness itself met an error: "+e+".")
	}
	return problems
}

func agentsWhole(f *facts) (problems []string) {
	if len(f.run.Agents) == 0 {
		return []string{"No agent sent traffic."}
	}
	held := map[string]uint64{}
	for _, all := range [][]record.Request{f.run.Requests, f.run.APIRequests} {
		for i := range all {
			held[all[i].Agent]++
		}
	}
	said := map[string]bool{}
	for _, a := range f.run.Agents {
		switch {
		case a.Lost != "":
			said[a.Name] = true
			problems = append(problems, fmt.Sprintf("Agent %s on %s was lost: %s. Its requests are not all in the record.", a.Name, a.Node, a.Lost))
		case a.Sent != held[a.Name]:
			problems = append(problems, fmt.Sprintf("Agent %s sent %d requests, and the record holds %d of them.", a.Name, a.Sent, held[a.Name]))
		}
	}
	for _, e := range f.run.Events {
		if e.Kind == record.AgentLost && !said[e.Object] {
			said[e.Object] = true
			problems = append(problems, fmt.Sprintf("Agent %s was lost at %s: %s.", e.Object, seconds(e.At), e.Detail))
		}
	}
	return problems
}

func clocksAgree(f *facts) (problems []string) {
	most := f.run.SLO.MaxClockDoubt
	for _, a := range f.run.Agents {
		switch c := a.Clock; {
		case a.Lost != "":
		case c.Samples == 0:
			problems = append(problems, fmt.Sprintf("The clock of agent %s was never compared with the command's.", a.Name))
		case c.Uncertainty < 0 || c.Uncertainty > most || c.Drift.Abs() > most:
			problems = append(problems, fmt.Sprintf("The clock of agent %s is in doubt (± %s, drifted by %s; %s is allowed), so its times cannot be compared with the cluster's. The machine or the network is too slow.",
				a.Name, seconds(c.Uncertainty), seconds(c.Drift), seconds(most)))
		}
	}
	return problems
}

// rateReached compares counts with what was asked for, in each window and over the whole load. Each agent may be one
// request short in each, because a schedule does not begin and end with a window.
func rateReached(f *facts) (problems []string) {
	run := f.run
	if len(run.Loads) == 0 {
		return []string{"No load was asked for."}
	}
	stretches := slices.Clone(run.Windows)
	if from, to := loadTime(run); to > from {
		stretches = append(stretches, record.Window{Kind: "whole load", Began: from, Ended: to})
	}
	for _, w := range stretches {
		got := map[record.Class]int{}
		for i := range run.Requests {
			if r := &run.Requests[i]; w.Contains(r.Due) {
				got[r.Class]++
			}
		}
		for _, l := range lastingOf(run) {
			if w.Contains(l.due) {
				got[l.class]++
			}
		}
		for _, l := range perClass(run.Loads) {
			wanted := l.Rate * (w.Ended - w.Began).Seconds()
			short := float64(got[l.Class]+len(run.Agents)) < run.SLO.MinRate*wanted
			if short || (got[l.Class] == 0 && wanted >= surelyDue) {
				problems = append(problems, fmt.Sprintf("The load was too small: %d requests of %s in the %s, %.0f were due at %g per second. The machine is too slow for this rate, or a source of traffic stopped: ask for less (--rate) or use a faster machine.",
					got[l.Class], l.Class, windowName(w), wanted, l.Rate))
			}
		}
	}
	return problems
}

// perClass adds up loads of one class: two requests that share a class are one rate of it.
func perClass(loads []record.Load) (out []record.Load) {
	for _, l := range loads {
		i := slices.IndexFunc(out, func(o record.Load) bool { return o.Class == l.Class })
		if i < 0 {
			out = append(out, l)
			continue
		}
		out[i].Rate += l.Rate
	}
	return out
}

// loadTime is from when the last agent began to when the first stopped sending.
func loadTime(run *record.Run) (from, to time.Duration) {
	to = math.MaxInt64
	for _, a := range run.Agents {
		from = max(from, a.Began)
		if a.Ended > 0 {
			to = min(to, a.Ended)
		}
	}
	for _, e := range run.Events {
		if e.Kind == record.LoadStopped {
			to = min(to, e.At)
		}
	}
	if to == math.MaxInt64 {
		return 0, 0
	}
	return from, to
}

func windowName(w record.Window) string {
	if w.Kind == record.Disruption {
		return fmt.Sprintf("disruption of round %d (%s)", w.Round, seconds(w.Ended-w.Began))
	}
	if w.Kind == record.Control {
		return fmt.Sprintf("control window (%s)", seconds(w.Ended-w.Began))
	}
	return fmt.Sprintf("%s (%s)", w.Kind, seconds(w.Ended-w.Began))
}

// lateness gives the percentile that is judged and the worst.
func lateness(run *record.Run) (percentile, worst time.Duration) {
	late := make([]time.Duration, len(run.Requests))
	for i := range run.Requests {
		late[i] = run.Requests[i].Late()
	}
	for _, l := range lastingOf(run) {
		late = append(late, l.began-l.due)
	}
	if len(late) == 0 {
		return 0, 0
	}
	slices.Sort(late)
	// The nearest rank: the smallest that at least this share does not exceed.
	rank := int(math.Ceil(latePercentile*float64(len(late)))) - 1
	return late[max(rank, 0)], late[len(late)-1]
}

func generatorKeptPace(f *facts) (problems []string) {
	if len(f.run.Requests) == 0 {
		return []string{"No request was recorded."}
	}
	const remedy = "The machine is too slow for this load, or the generator was stopped: what it saw meanwhile is not what users would have seen."
	p, worst := lateness(f.run)
	if p > f.run.SLO.MaxLateness || worst > worstLateness {
		problems = append(problems, fmt.Sprintf("The generator was late: %s at the 99.9th percentile (%s allowed), %s at worst (%s allowed). %s",
			seconds(p), seconds(f.run.SLO.MaxLateness), seconds(worst), seconds(worstLateness), remedy))
	}
	starts := map[string][]time.Duration{}
	for i := range f.run.Requests {
		r := &f.run.Requests[i]
		starts[r.Agent] = append(starts[r.Agent], r.Start)
	}
	for _, agent := range sorted(starts) {
		if gap, at := longestGap(starts[agent]); gap > f.allowedGap() {
			problems = append(problems, fmt.Sprintf("Agent %s started nothing for %s, from %s of the run on (%s allowed). %s",
				agent, seconds(gap), seconds(at), seconds(f.allowedGap()), remedy))
		}
	}
	return problems
}

// allowedGap is a stall, on top of what the schedule of one agent leaves between requests anyway.
func (f *facts) allowedGap() time.Duration {
	var perAgent float64
	for _, l := range f.run.Loads {
		perAgent += l.Rate / float64(max(len(f.run.Agents), 1))
	}
	if perAgent <= 0 {
		return stall
	}
	return stall + time.Duration(3/perAgent*float64(time.Second))
}

func longestGap(starts []time.Duration) (gap, at time.Duration) {
	slices.Sort(starts)
	for i := 1; i < len(starts); i++ {
		if d := starts[i] - starts[i-1]; d > gap {
			gap, at = d, starts[i-1]
		}
	}
	return gap, at
}

// controlClean demands a stretch without any fault in which nothing failed. A slow request that was due there and was
// cut after the fault began is the fault's, not the control's.
func controlClean(f *facts) (problems []string) {
	controls := windows(f.run, record.Control)
	if len(controls) == 0 {
		return []string{"There was no control window: whether the service was healthy before the disruption is not known."}
	}
	for _, w := range controls {
		sent, failed := 0, []int{}
		for i := range f.run.Requests {
			r := &f.run.Requests[i]
			if !w.Contains(r.Due) {
				continue
			}
			sent++
			if r.Failed() && (f.run.NoFault || r.End < w.Ended) {
				failed = append(failed, i)
			}
		}
		switch {
		case sent == 0:
			problems = append(problems, "The control window holds no request.")
		case len(failed) > 0:
			problems = append(problems, fmt.Sprintf("The service was not healthy without any disruption: %d of %s failed in the control window (%s).",
				len(failed), count(sent, "request"), f.kinds(failed)))
		}
		if n := f.brokenIn(w); n > 0 {
			problems = append(problems, fmt.Sprintf("The service was not healthy without any disruption: %s broke in the control window.", count(n, "stream")))
		}
	}
	return problems
}

func faultsHappened(f *facts) (problems []string) {
	run := f.run
	if run.NoFault {
		if len(run.Faults)+len(windows(run, record.Disruption)) > 0 {
			return []string{"The run was to be without any disruption, and the record holds one."}
		}
		return nil
	}
	if len(run.Faults) == 0 {
		problems = append(problems, "No fault was injected: the disruption that the scenario is about did not take place.")
	}
	for _, x := range run.Faults {
		switch {
		case x.Error != "":
			problems = append(problems, fmt.Sprintf("The fault %s failed: %s.", strings.TrimSuffix(x.Name+" on "+x.Target, " on "), x.Error))
		case !x.Happened:
			problems = append(problems, fmt.Sprintf("The fault %s on %s was not seen to take effect.", x.Name, x.Target))
		}
	}
	if len(windows(run, record.Disruption)) == 0 {
		problems = append(problems, "There is no disruption window, so no request can be held against the disruption.")
	}
	return problems
}

// nothingHidden looks for requests that say nothing or less than they seem to.
func nothingHidden(f *facts) (problems []string) {
	canceled, repeated := 0, 0
	for i := range f.run.Requests {
		r := &f.run.Requests[i]
		if r.ErrKind == record.ErrCanceled {
			canceled++
		}
		if r.Dials > 1 {
			repeated++
		}
	}
	if canceled > 0 {
		problems = append(problems, count(canceled, "request")+" ended by the harness's own hard deadline: what the service would have answered is not known.")
	}
	if repeated > 0 {
		problems = append(problems, count(repeated, "request")+" tried more than one connection: a failure may have been repeated in silence.")
	}
	return problems
}
