package assertions

import (
	"fmt"
	"slices"

	"github.com/lastcall-dev/lastcall/record"
)

// Judge fills the run's Findings, Failures and Verdict from what was recorded and from run.SLO. What an earlier judgement
// left there is replaced, so judging twice gives the same. A check that panics gives an unknown finding that names it.
func Judge(run *record.Run) {
	run.Findings, run.Failures = nil, nil
	f, problem := study(run)
	if problem != "" {
		run.Findings, run.Verdict = []record.Finding{{Check: "record", Verdict: record.Unknown, Message: problem}}, record.Unknown
		return
	}
	var findings []record.Finding
	for _, c := range All() {
		findings = append(findings, c.judge(f)...)
	}
	findings = append(findings, refusedWaivers(run)...)
	doubt(run, findings)
	failures, problem := f.diagnosed()
	if problem != "" {
		findings = append(findings, record.Finding{Check: "diagnosis", Verdict: record.Unknown, Message: problem})
	}
	if v := verdict(findings); v == record.Pass && !anythingJudged(findings) {
		findings = append(findings, record.Finding{
			Check: "verdict", Verdict: record.Unknown,
			Message: "Nothing was decided of the service itself: each of its guarantees was waived or skipped.",
		})
	}
	run.Findings, run.Failures, run.Verdict = findings, failures, verdict(findings)
}

// study learns the facts of a run, and says in words why it could not.
func study(run *record.Run) (f *facts, problem string) {
	defer func() {
		if cause := recover(); cause != nil {
			f, problem = nil, fmt.Sprintf("The record could not be read into facts, so nothing was judged: %v. This is a bug of lastcall.", cause)
		}
	}()
	return learn(run), ""
}

// judge evaluates the check, applies the run's waivers and survives a panic of the check.
func (c Check) judge(f *facts) (findings []record.Finding) {
	defer func() {
		if cause := recover(); cause != nil {
			findings = []record.Finding{{
				Verdict: record.Unknown,
				Message: fmt.Sprintf("The check itself broke down and decided nothing: %v. This is a bug of lastcall.", cause),
			}}
			c.sign(&findings[0])
		}
	}()
	if findings = c.eval(f); len(findings) == 0 {
		panic("it gave no finding")
	}
	waived := c.waivedIn(f.run)
	for i := range findings {
		findings[i].Waived = waived
	}
	return findings
}

// diagnosed gives the run's failures, and in words why there are none when the diagnosis panicked.
func (f *facts) diagnosed() (failures []record.Failure, problem string) {
	defer func() {
		if cause := recover(); cause != nil {
			failures, problem = nil, fmt.Sprintf("The failed requests could not be diagnosed: %v. This is a bug of lastcall.", cause)
		}
	}()
	return f.diagnose(), ""
}

// kindOf the check of that name; "" for a finding that no check made.
func kindOf(name string) Kind {
	for i := range registry {
		if registry[i].Name == name {
			return registry[i].Kind
		}
	}
	return ""
}

// doubt turns failed SLOs into unknown ones where the harness is in doubt, and guarantees of which nothing is to be seen
// but that answers were late; the package comment says why.
func doubt(run *record.Run, findings []record.Finding) {
	doubtful := slices.ContainsFunc(findings, func(f record.Finding) bool {
		return kindOf(f.Check) == Harness && f.Verdict == record.Unknown
	})
	if !doubtful {
		return
	}
	for i := range findings {
		f := &findings[i]
		if f.Verdict == record.Fail && (kindOf(f.Check) == SLO || onlyLate(run, f.Evidence) || f.Check == streamCompletion.Name && onlySilent(run, f.Subject)) {
			f.Verdict = record.Unknown
			f.Message += " This would be a failure, but the run is not what it claims (see load-was-real), so it decides nothing."
		}
	}
}

// onlyLate reports whether there is evidence, and all of it is requests that got no answer in time: nothing refused them
// and nothing cut them off. Evidence that is cut short does not say so.
func onlyLate(run *record.Run, evidence []uint64) bool {
	wanted := make(map[uint64]bool, len(evidence))
	for _, seq := range evidence {
		wanted[seq] = true
	}
	late := 0
	for i := range run.Requests {
		if r := &run.Requests[i]; wanted[r.Seq] && r.ErrKind == record.ErrTimeout {
			late++
		}
	}
	return len(wanted) > 0 && len(wanted) < record.MaxEvidence && late == len(wanted)
}

func verdict(findings []record.Finding) record.Verdict {
	var counted []record.Verdict
	for _, f := range findings {
		if !f.Waived {
			counted = append(counted, f.Verdict)
		}
	}
	return record.Worst(counted...)
}

// anythingJudged reports whether a finding about a pod or a class of traffic passed and counts. That the run as a whole
// was in order and cleaned up after itself is not enough for a pass.
func anythingJudged(findings []record.Finding) bool {
	return slices.ContainsFunc(findings, func(f record.Finding) bool {
		return f.Verdict == record.Pass && !f.Waived && f.Subject != "" && kindOf(f.Check) != Harness
	})
}

// Enough reports whether another round could decide nothing more: the run has failed already, or no error rate is open
// that more requests would settle, or the rounds that the SLO pays for are used up. It does not change the run.
func Enough(run *record.Run) bool {
	switch done := roundsDone(run); {
	case run.NoFault || done >= max(run.SLO.Rounds, 1):
		return true
	case done == 0:
		return false
	}
	f, problem := study(run)
	if problem != "" {
		return false // the whole run will say what is wrong with it
	}
	for _, c := range All() {
		if c.Kind == Harness || c.waivedIn(run) {
			continue
		}
		if slices.ContainsFunc(c.judge(f), func(found record.Finding) bool { return found.Verdict == record.Fail }) {
			return true
		}
	}
	if errorRate.waivedIn(run) {
		return true
	}
	return !slices.ContainsFunc(f.rates(), func(r rate) bool { return r.open(run) })
}
