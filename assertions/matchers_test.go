package assertions

import (
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/record"
)

func TestTheMatcherTellsWhatDecidedAndHowToRepeatIt(t *testing.T) {
	run := build(closesAtOnce())
	run.Command = "lastcall run pod-delete --seed 7"
	Judge(run)
	m := MeetItsExpectation()
	if ok, err := m.Match(run); ok || err != nil {
		t.Fatalf("a run that failed is accepted: %v", err)
	}
	if text := m.FailureMessage(run); !strings.Contains(text, "serves-until-removed") || !strings.Contains(text, run.Command) {
		t.Errorf("message: %s", text)
	}
	run.Expect = &record.Expectation{Verdict: record.Fail, Diagnosis: "F2"}
	if ok, err := m.Match(run); !ok || err != nil {
		t.Errorf("a negative control that failed as it should is refused: %v", err)
	}
	for _, foreign := range []any{nil, (*record.Run)(nil), "run", *run} {
		if ok, err := m.Match(foreign); ok || err == nil {
			t.Errorf("%T is accepted", foreign)
		}
	}
}
