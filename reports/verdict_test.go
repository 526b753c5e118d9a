package reports

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/record"
)

func TestTheHeadlineSaysWhatBrokeWhichPodWhyAndWhatToChange(t *testing.T) {
	h := newFacts(closesRun(goldenRates)).headline()
	if want := "Pod closes-at-once-7b58d9f6c4-dkvfm closed its listener while traffic still came; 2 of "; !strings.HasPrefix(h.Text, want) {
		t.Errorf("text: %q", h.Text)
	}
	if h.Code != "F2" || h.Why == "" || !strings.Contains(h.Change, "preStop") || !h.Met {
		t.Errorf("%+v", h)
	}
}

func TestAnUnknownRunNamesItsReasonAndIsNeverCalledGood(t *testing.T) {
	for name, run := range map[string]*record.Run{
		"agent-1":            unknownRun(goldenRates),
		"(interrupted)":      interruptedRun(goldenRates),
		"does not say why":   {Verdict: record.Unknown},
		"something went bad": {Verdict: "nonsense", Errors: []string{"something went bad"}},
	} {
		h := newFacts(run).headline()
		if h.Verdict != record.Unknown || !strings.HasPrefix(h.Text, "Nothing was decided") || !strings.Contains(h.Text, name) {
			t.Errorf("%s: %+v", name, h)
		}
		if xml := string(render(t, JUnit, run)); !strings.Contains(xml, "<error") {
			t.Errorf("%s: JUnit has no error, so a gate would let it through", name)
		}
		if text := string(render(t, Annotations, run)); !strings.HasPrefix(text, "::error ") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestUnexplainedFailuresComeFirst(t *testing.T) {
	run := closesRun(goldenRates)
	last := &run.Failures[len(run.Failures)-1]
	last.Diagnosis = record.Unexplained
	run.Findings = append(run.Findings, record.Finding{Check: "late", Verdict: record.Fail, Diagnosis: record.Unexplained, Message: "1 request failed."})
	f := newFacts(run)
	if f.failed[0].Seq != last.Seq || f.findings[0].Check != "late" || f.causes()[0].Code != record.Unexplained {
		t.Errorf("first failure #%d, first finding %s, first cause %s", f.failed[0].Seq, f.findings[0].Check, f.causes()[0].Code)
	}
	if h := f.headline(); !strings.HasPrefix(h.Text, "Nothing known explains this") {
		t.Errorf("headline: %q", h.Text)
	}
}

func TestAFailedRequestThatNoCheckSawIsListed(t *testing.T) {
	run := closesRun(goldenRates)
	run.Failures, run.Findings, run.Verdict = nil, nil, record.Unknown
	rows, _ := newFacts(run).failureRows()
	if len(rows) != 2 || rows[0].Code != "not judged" {
		t.Errorf("%+v", rows)
	}
}

func TestAWaivedFailureIsShownAndDoesNotMakeJUnitRed(t *testing.T) {
	run := gracefulRun(goldenRates)
	run.Findings[0].Verdict, run.Findings[0].Waived = record.Fail, true
	f := newFacts(run)
	if s := f.junit(); s.Cases[0].Failure != nil || s.Cases[0].Skipped == nil {
		t.Errorf("%+v", s.Cases[0])
	}
	if row := f.findingRows()[0]; row.Word != "WAIVED" {
		t.Errorf("%+v", row)
	}
}

func TestAForcedPodIsDrawnUntilItsProcessEnds(t *testing.T) {
	f := newFacts(forcedRun(goldenRates))
	line := f.terminated()[0]
	c := f.canvas(f.around(line), line.Delete.At, true)
	phases := c.phases(line)
	if last := phases[len(phases)-1]; last.to < line.Exited.At {
		t.Errorf("drawn until %v, the process ended at %v", last.to, line.Exited.At)
	}
}

func TestALaneShowsThePhasesOfAGracefulTerminationInOrder(t *testing.T) {
	f := newFacts(gracefulRun(goldenRates))
	line := f.terminated()[0]
	var got []string
	for _, s := range f.canvas(span{0, f.Ended}, 0, false).phases(line) {
		got = append(got, string(s.phase))
	}
	if want := "serving preStop lame-duck draining gone"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestAListenerThatClosedTooEarlyIsMarked(t *testing.T) {
	found := func(run *record.Run) bool {
		for _, r := range newFacts(run).hops().Rows {
			if r.Hop == "Listener closed" && r.Cells[0].Warning != "" {
				return true
			}
		}
		return false
	}
	if !found(closesRun(goldenRates)) || found(gracefulRun(goldenRates)) {
		t.Error("the hop must be marked for closes-at-once and only for it")
	}
}

func TestASuitePassesOnlyIfEveryRunEndedAsItMust(t *testing.T) {
	good := demoSuite("/out", goldenRates)[:2]
	for _, c := range []struct {
		name    string
		entries []Entry
		want    record.Verdict
	}{
		{"all as they must", good, record.Pass},
		{"nothing ran", nil, record.Unknown},
		{"a negative control that passes", demoSuite("/out", goldenRates)[:3], record.Fail},
		{"an unknown run", append(good, demoSuite("/out", goldenRates)[3]), record.Unknown},
	} {
		s := newSuite("/out", "gate", c.entries)
		if s.Verdict != c.want {
			t.Errorf("%s: %s, want %s", c.name, s.Verdict, c.want)
		}
	}
	s := newSuite("/out", "gate", good)
	if s.Rows[1].Outcome != "fails as it must (F2)" || s.Rows[1].Link != "./closes/report.html" {
		t.Errorf("%+v", s.Rows[1])
	}
	var b bytes.Buffer
	if err := s.junit(&b); err != nil || strings.Contains(b.String(), "<failure") {
		t.Errorf("a negative control that fails as it must makes JUnit red: %v", err)
	}
}

func TestTheTerminalTableFitsItsWidth(t *testing.T) {
	for _, run := range demoRuns(goldenRates) {
		for _, width := range []int{80, 100, 120} {
			var b bytes.Buffer
			if err := Text(&b, run, width, false); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
					t.Errorf("%d columns of %d: %s", n, width, line)
				}
				if strings.Contains(line, "\x1b") {
					t.Errorf("colour that was not asked for: %q", line)
				}
			}
		}
		var b bytes.Buffer
		if err := Text(&b, run, 80, true); err != nil || !strings.Contains(b.String(), "\x1b[") {
			t.Errorf("no colour: %v", err)
		}
	}
}

func TestAnEmptyRunIsRenderedByEveryFormat(t *testing.T) {
	for _, f := range All() {
		if got := render(t, f.Write, &record.Run{}); !bytes.Contains(bytes.ToLower(got), []byte("nothing was decided")) {
			t.Errorf("%s does not say that nothing was decided: %.200s", f.Name, got)
		}
	}
}
