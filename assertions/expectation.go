package assertions

import (
	"errors"
	"fmt"

	"github.com/lastcall-dev/lastcall/record"
)

// ErrNotMet is wrapped by what Meets returns.
var ErrNotMet = errors.New("the run did not give what was expected")

// Diagnosis is the most telling cause among the run's failed findings that count; "" where none failed.
func Diagnosis(run *record.Run) string {
	codes := map[string]int{}
	for _, f := range run.Findings {
		if f.Verdict != record.Fail || f.Waived {
			continue
		}
		if f.Diagnosis == "" {
			codes[record.Unexplained]++
			continue
		}
		codes[f.Diagnosis]++
	}
	return telling(codes)
}

// Meets reports whether a judged run gave what was expected of it: without an expectation a pass; with one its verdict
// and its diagnosis, and no finding that failed of another cause, and no other cause behind most of the failed requests.
func Meets(run *record.Run) error {
	want := record.Expectation{Verdict: record.Pass}
	if run.Expect != nil {
		want = *run.Expect
	}
	if run.Verdict != want.Verdict {
		return fmt.Errorf("%w: the verdict is %s, wanted %s: %s", ErrNotMet, run.Verdict, want.Verdict, leading(run))
	}
	if want.Diagnosis == "" {
		return nil
	}
	if got := Diagnosis(run); got != want.Diagnosis {
		return fmt.Errorf("%w: the diagnosis is %q, wanted %s: %s", ErrNotMet, got, want.Diagnosis, leading(run))
	}
	for _, f := range run.Findings {
		if f.Verdict == record.Fail && !f.Waived && f.Diagnosis != want.Diagnosis {
			return fmt.Errorf("%w: %s %s failed of %q, not of %s: %s", ErrNotMet, f.Check, f.Subject, f.Diagnosis, want.Diagnosis, f.Message)
		}
	}
	n := map[string]int{}
	for _, f := range run.Failures {
		n[f.Diagnosis]++
	}
	for _, f := range run.Failures {
		if n[f.Diagnosis] > n[want.Diagnosis] {
			return fmt.Errorf("%w: %d of %d failed requests have the cause %s, and only %d have %s: %s",
				ErrNotMet, n[f.Diagnosis], len(run.Failures), f.Diagnosis, n[want.Diagnosis], want.Diagnosis, f.Why)
		}
	}
	return nil
}

// leading is the finding that decided the verdict, in a few words.
func leading(run *record.Run) string {
	for _, f := range run.Findings {
		if f.Verdict == run.Verdict && !f.Waived {
			return fmt.Sprintf("%s %s: %s", f.Check, f.Subject, f.Message)
		}
	}
	return "no finding decided it"
}
