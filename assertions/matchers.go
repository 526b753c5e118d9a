package assertions

import (
	"fmt"

	"github.com/lastcall-dev/lastcall/record"
	"github.com/onsi/gomega/types"
)

// MeetItsExpectation succeeds for a judged *record.Run that Meets accepts: one that passed, or a negative control that
// failed of the cause that it was made for.
func MeetItsExpectation() types.GomegaMatcher { return &meets{} }

type meets struct{ err error }

func (m *meets) Match(actual any) (bool, error) {
	run, ok := actual.(*record.Run)
	if !ok || run == nil {
		return false, fmt.Errorf("MeetItsExpectation wants a judged *record.Run, not %T", actual)
	}
	m.err = Meets(run)
	return m.err == nil, nil
}

func (m *meets) FailureMessage(actual any) string {
	run := actual.(*record.Run) // Match has seen to it
	return fmt.Sprintf("%s of %s: %v\nrepeat it with: %s", run.Scenario, run.App, m.err, run.Command)
}

func (m *meets) NegatedFailureMessage(actual any) string {
	run := actual.(*record.Run)
	return fmt.Sprintf("%s of %s gave what was expected of it, and should not have", run.Scenario, run.App)
}
