package reports

import (
	"testing"

	"github.com/lastcall-dev/lastcall/record"
)

func TestTheSameAdviceIsGivenOnce(t *testing.T) {
	run := &record.Run{Findings: []record.Finding{
		{Check: "a", Verdict: record.Fail, Advice: "wait longer"},
		{Check: "b", Verdict: record.Fail, Advice: "wait longer"},
		{Check: "c", Verdict: record.Fail, Advice: "drain"},
		{Check: "d", Verdict: record.Fail},
	}}
	f := &facts{Run: run, findings: run.Findings}
	var got []string
	for _, row := range f.findingRows() {
		got = append(got, row.Advice)
	}
	want := []string{"wait longer", "As above.", "drain", ""}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d says %q, want %q", i, got[i], want[i])
		}
	}
}

func TestAnUndecidedRunIsToldWhatEachCheckLacks(t *testing.T) {
	run := &record.Run{Verdict: record.Unknown, Findings: []record.Finding{
		{Check: "endpoint-removal", Verdict: record.Unknown, Message: "coarse", Advice: "A few more."},
		{Check: "endpoint-removal", Verdict: record.Unknown, Message: "coarse too", Advice: "Some more."},
		{Check: "error-rate", Verdict: record.Unknown, Message: "too few", Advice: "Many more."},
		{Check: "error-rate", Verdict: record.Pass, Advice: "Nothing."},
	}}
	var h headline
	(&facts{Run: run, findings: run.Findings}).unknownHeadline(&h)
	if h.Change != "A few more. Many more." {
		t.Errorf("%q", h.Change)
	}
}

func TestAnInterruptedRunIsToBeRunAgainAndNothingElse(t *testing.T) {
	run := &record.Run{Verdict: record.Unknown, Aborted: "interrupted", Findings: []record.Finding{
		{Check: "error-rate", Verdict: record.Unknown, Message: "too few requests", Advice: "ask for more requests"},
	}}
	var h headline
	(&facts{Run: run, findings: run.Findings}).unknownHeadline(&h)
	if h.Change != "Run it again and let it end; the command is at the end of this report." || len(h.Also) > 0 {
		t.Errorf("%+v", h)
	}
}
