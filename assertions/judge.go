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
	var findings []record.Finding
	for _, c := range All() {
		findings = append(findings, c.judge(run)...)
	}
	doubt(findings)
	failures, err := diagnosed(run)
	if err != "" {
		findings = append(findings, record.Finding{Check: "diagnosis", Verdict: record.Unknown, Message: err})
	}
	run.Findings, run.Failures, run.Verdict = findings, failures, verdict(findings)
}

// judge evaluates the check, applies the run's waivers and survives a panic of the check.
func (c Check) judge(run *record.Run) (findings []record.Finding) {
	defer func() {
		if cause := recover(); cause != nil {
			findings = []record.Finding{{
				Verdict: record.Unknown,
				Message: fmt.Sprintf("The check itself broke down and decided nothing: %v. This is a bug of lastcall.", cause),
			}}
			c.sign(&findings[0])
		}
	}()
	findings = c.Eval(run)
	if len(findings) == 0 {
		panic("it gave no finding")
	}
	waived := slices.Contains(run.SLO.Waive, c.Name) || slices.Contains(run.SLO.Waive, c.Guarantee)
	for i := range findings {
		findings[i].Waived = waived
	}
	return findings
}

// diagnosed gives the run's failures, and in words why there are none when the diagnosis panicked.
func diagnosed(run *record.Run) (failures []record.Failure, problem string) {
	defer func() {
		if cause := recover(); cause != nil {
			failures, problem = nil, fmt.Sprintf("The failed requests could not be diagnosed: %v. This is a bug of lastcall.", cause)
		}
	}()
	return learn(run).diagnose(), ""
}

// doubt turns failed SLOs into unknown ones where the harness is in doubt; the package comment says why.
func doubt(findings []record.Finding) {
	kinds := map[string]Kind{}
	for _, c := range All() {
		kinds[c.Name] = c.Kind
	}
	doubtful := slices.ContainsFunc(findings, func(f record.Finding) bool {
		return kinds[f.Check] == Harness && f.Verdict == record.Unknown && !f.Waived
	})
	if !doubtful {
		return
	}
	for i := range findings {
		f := &findings[i]
		if kinds[f.Check] == SLO && f.Verdict == record.Fail {
			f.Verdict = record.Unknown
			f.Message += " This would be a failure, but the run is not what it claims (see load-was-real), so it decides nothing."
		}
	}
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

// Enough reports whether another round could decide nothing more: the run has failed already, or no error rate is open
// that more requests would settle, or the rounds that the SLO pays for are used up. It does not change the run.
func Enough(run *record.Run) bool {
	switch done := roundsDone(run); {
	case run.NoFault || done >= max(run.SLO.Rounds, 1):
		return true
	case done == 0:
		return false
	}
	for _, c := range All() {
		if c.Kind == Harness {
			continue
		}
		for _, f := range c.judge(run) {
			if f.Verdict == record.Fail && !f.Waived {
				return true
			}
		}
	}
	if slices.Contains(run.SLO.Waive, errorRate.Name) || slices.Contains(run.SLO.Waive, errorRate.Guarantee) {
		return true
	}
	return !slices.ContainsFunc(learn(run).rates(), func(r rate) bool { return r.open(run) })
}
