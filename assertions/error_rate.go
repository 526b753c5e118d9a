package assertions

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var errorRate = register(Check{
	Name:      "error-rate",
	Guarantee: "The share of requests that fail during a disruption stays below the SLO's error rate",
	Reference: "Upper bound: Clopper and Pearson, Biometrika 26 (1934) 404–413; its error is split over the rounds by the union bound (Bonferroni)",
	Kind:      SLO,
}, func(f *facts) []record.Finding {
	if p := figures(f.run.SLO); p != "" {
		return []record.Finding{{Verdict: record.Unknown, Message: p}}
	}
	rates := f.rates()
	if len(rates) == 0 && len(f.run.Loads) > 0 {
		return []record.Finding{{Verdict: record.Skipped, Message: "Only streams and watches were asked for, of which there is no rate of failed requests."}}
	}
	if len(rates) == 0 {
		return []record.Finding{{Verdict: record.Unknown, Message: "No load was asked for and no request was recorded: there is no rate to judge."}}
	}
	var out []record.Finding
	for _, r := range rates {
		out = append(out, f.rateFinding(r))
	}
	return out
})

// figures says in words what is wrong with the SLO's own figures.
func figures(s record.SLO) string {
	if !(s.ErrorRate > 0 && s.ErrorRate < 1 && s.Confidence > 0 && s.Confidence < 1) { // as a positive, so that NaN is refused
		return fmt.Sprintf("The SLO cannot be judged: its error rate (%g) and its confidence (%g) must lie between 0 and 1.", s.ErrorRate, s.Confidence)
	}
	return ""
}

// rate is one class's count over the pooled windows.
type rate struct {
	class         record.Class
	asked         float64 // per second; 0: not asked for, but recorded
	total, failed int
	failures      []int
	outside       []int // failed while the fault may have had its effect, and due in none of the windows
	rounds        int   // that the counts come from
	looks         int   // that the error is split over
	length        time.Duration
}

// looks is how many times the run may look at its error rates. Rounds beyond those that the SLO pays for make each look
// dearer, never cheaper.
func looks(run *record.Run) int {
	if run.NoFault && len(windows(run, record.Control)) <= 1 {
		return 1 // the length was fixed beforehand, and nobody looks twice
	}
	return max(run.SLO.Rounds, roundsDone(run), 1)
}

// roundsDone is how many rounds of disruption the record holds.
func roundsDone(run *record.Run) int {
	seen := map[int]bool{}
	for _, w := range windows(run, record.Disruption) {
		seen[w.Round] = true
	}
	return len(seen)
}

// judged are the windows over which rates are judged: the disruptions, and in a run without any the control window.
func judged(run *record.Run) []record.Window {
	if run.NoFault {
		return windows(run, record.Control)
	}
	return windows(run, record.Disruption)
}

// rates counts each class over the judged windows, those asked for first, then any other that was recorded.
func (f *facts) rates() []rate {
	among, undisturbed := judged(f.run), f.undisturbed()
	var out []rate
	at := map[record.Class]int{}
	add := func(class record.Class, asked float64) {
		if i, ok := at[class]; ok {
			out[i].asked += asked
			return
		}
		at[class] = len(out)
		out = append(out, rate{class: class, asked: asked, rounds: max(roundsDone(f.run), 1), looks: looks(f.run)})
	}
	for _, l := range f.run.Loads {
		if !l.Class.Lasting() { // judged by stream-completion and watch-continuity
			add(l.Class, l.Rate)
		}
	}
	for i := range f.run.Requests {
		r := &f.run.Requests[i]
		if r.ErrKind == record.ErrCanceled {
			continue
		}
		if !inside(r.Due, among) {
			if r.Failed() && r.End >= undisturbed {
				add(r.Class, 0)
				c := &out[at[r.Class]]
				c.outside = append(c.outside, i)
			}
			continue
		}
		add(r.Class, 0)
		c := &out[at[r.Class]]
		c.total++
		if r.Failed() {
			c.failed++
			c.failures = append(c.failures, i)
		}
	}
	for i := range out {
		for _, w := range among {
			out[i].length += w.Ended - w.Began
		}
	}
	slices.SortStableFunc(out, func(a, b rate) int { return strings.Compare(string(a.class), string(b.class)) })
	return out
}

func (r rate) estimate() float64 { return float64(r.failed) / float64(max(r.total, 1)) }

// reachable reports whether all the rounds together would bring a sample that can decide.
func (r rate) reachable(s record.SLO) bool {
	expected := float64(r.total) / float64(r.rounds) * float64(r.looks)
	return expected >= float64(SampleFor(r.failed, s.ErrorRate, PerLook(s.Confidence, r.looks)))
}

// open reports whether another round could decide the rate.
func (r rate) open(run *record.Run) bool {
	s := run.SLO
	if figures(s) != "" {
		return false
	}
	if r.total == 0 {
		return true
	}
	decided := r.estimate() > s.ErrorRate || UpperBound(r.failed, r.total, PerLook(s.Confidence, r.looks)) < s.ErrorRate
	return !decided && r.reachable(s)
}

func (f *facts) rateFinding(r rate) record.Finding {
	s := f.run.SLO
	alpha := PerLook(s.Confidence, r.looks)
	upper := UpperBound(r.failed, r.total, alpha)
	out := record.Finding{
		Subject: string(r.class),
		Measured: record.Quantity{
			Value: rounded(100 * r.estimate()), Unit: "%", Upper: rounded(100 * upper),
			Text: fmt.Sprintf("%s (≤ %s)", percent(r.estimate()), percent(upper)),
		},
		Threshold: record.Quantity{Value: rounded(100 * s.ErrorRate), Unit: "%", Text: "below " + share(s.ErrorRate)},
		Evidence:  f.seqs(r.failures),
		Message: fmt.Sprintf("%s of %s requests failed (%s); with %s confidence%s the rate is %s at most.",
			thousands(r.failed), thousands(r.total), percent(r.estimate()), share(s.Confidence), overLooks(r.looks), percent(upper)),
	}
	switch {
	case r.total == 0:
		out.Verdict, out.Measured = record.Unknown, record.Quantity{Text: "no requests"}
		out.Message = fmt.Sprintf("No request of this class was recorded in the %s; %g per second were asked for.", judgedName(f.run), r.asked)
	case r.estimate() > s.ErrorRate:
		out.Verdict = record.Fail
		out.Diagnosis = f.commonest(r.failures)
		out.Advice = f.advise(out.Diagnosis, nil)
	case upper < s.ErrorRate:
		out.Verdict, out.Advice = record.Pass, f.untold(r.class)
	default:
		f.undecided(&out, r, alpha)
	}
	if len(r.outside) > 0 && (out.Verdict == record.Pass || out.Verdict == record.Skipped) {
		out.Verdict, out.Evidence = record.Unknown, f.seqs(r.outside)
		out.Message += fmt.Sprintf(" But %s failed after the control window and outside the %s (%s), so what caused that is not judged.",
			count(len(r.outside), "more request"), judgedName(f.run), f.kinds(r.outside))
	}
	return out
}

// undisturbed is until when a failed request cannot be a fault's: the end of the control window, in a run without any
// fault its beginning.
func (f *facts) undisturbed() time.Duration {
	controls := windows(f.run, record.Control)
	switch {
	case len(controls) == 0:
		return 0
	case f.run.NoFault:
		return controls[0].Began
	}
	return controls[0].Ended
}

// undecided says what would decide the rate, and skips a slow class that no number of rounds could decide.
func (f *facts) undecided(out *record.Finding, r rate, alpha float64) {
	s := f.run.SLO
	need := SampleFor(r.failed, s.ErrorRate, alpha)
	out.Verdict = record.Unknown
	if r.reachable(s) {
		out.Message += fmt.Sprintf(" %s more without a failure would decide it: %s are needed with %d failed.", thousands(need-r.total), thousands(need), r.failed)
		return
	}
	all := float64(r.total) / float64(r.rounds) * float64(r.looks)
	reason := fmt.Sprintf(" %s would bring about %s, and to show a rate below %s takes %s with %d failed.",
		count(r.looks, "round"), thousands(int(all)), share(s.ErrorRate), thousands(need), r.failed)
	if r.class.Slow() && r.failed == 0 {
		out.Verdict = record.Skipped
		out.Message += " Slow requests are too few for a rate:" + reason
		if !f.run.NoFault {
			out.Message += " Those in flight at a pod when it is deleted are judged by in-flight-complete."
		}
		return
	}
	out.Message += " So few requests cannot decide it:" + reason
	out.Advice = r.wanting(f.run, need)
}

// wanting says what would bring a sample that can decide; "" when nothing about the sample is known.
func (r rate) wanting(run *record.Run, need int) string {
	perRound := r.length.Seconds() / float64(r.rounds)
	if perRound <= 0 {
		return ""
	}
	advice := fmt.Sprintf("Ask for at least %.0f requests per second of this class (--rate; it was %.3g)",
		math.Ceil(float64(need)/(perRound*float64(r.looks))), float64(r.total)/r.length.Seconds())
	if run.NoFault {
		return advice + "."
	}
	for n := r.looks + 1; n <= record.MaxRounds; n++ {
		more := r
		if more.looks = n; more.reachable(run.SLO) {
			advice += fmt.Sprintf(", or for %d rounds (--rounds %d)", n, n)
			break
		}
	}
	// Whatever makes the windows longer brings more requests at the same rate.
	return advice + fmt.Sprintf(". A disruption that lasts longer helps as well: a round took %s.", seconds(time.Duration(perRound*float64(time.Second))))
}

// overLooks says over how many looks the confidence holds.
func overLooks(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" over %d looks", n)
}

func judgedName(run *record.Run) string {
	if run.NoFault {
		return "control window"
	}
	return "disruption windows"
}
