package assertions

import (
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/record"
)

func TestWhetherTheRunWasRealCannotBeWaived(t *testing.T) {
	for _, name := range []string{loadWasReal.Name, loadWasReal.Guarantee} {
		run := build(graceful())
		run.Agents[0].Lost = "pod killed"
		run.SLO.Waive = []string{name}
		f := wants(t, run, "load-was-real", "", record.Unknown, "")
		if f.Waived || run.Verdict != record.Unknown {
			t.Errorf("waived by %q: %v, verdict %s", name, f.Waived, run.Verdict)
		}
		if f := find(t, run, "waivers", name); !strings.Contains(f.Message, "nothing may") {
			t.Errorf("the waiver is not refused: %s", f.Message)
		}
	}
}

func TestAWaiverThatNamesNoCheckIsUnknownAndNamed(t *testing.T) {
	run := build(graceful())
	run.SLO.Waive = []string{"exits-cleanly", "exit-cleanly"}
	f := wants(t, run, "waivers", "exit-cleanly", record.Unknown, "")
	if run.Verdict != record.Unknown || !strings.Contains(f.Message, `"exit-cleanly" names no check`) || !strings.Contains(f.Advice, "exits-cleanly") {
		t.Errorf("verdict %s: %s %s", run.Verdict, f.Message, f.Advice)
	}
}

func TestARunOfWhichEverythingIsWaivedDoesNotPass(t *testing.T) {
	run := build(graceful())
	for _, c := range All() {
		if c.Kind != Harness {
			run.SLO.Waive = append(run.SLO.Waive, c.Name)
		}
	}
	if f := wants(t, run, "verdict", "", record.Unknown, ""); run.Verdict != record.Unknown {
		t.Errorf("verdict %s: %s", run.Verdict, f.Message)
	}
}
