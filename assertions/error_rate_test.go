package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// fail breaks n requests of the class, spread over the disruption.
func fail(run *record.Run, class record.Class, n int) {
	for i := range run.Requests {
		r := &run.Requests[i]
		if n > 0 && r.Class == class && r.Due > deletedAt && r.Seq%3 == 0 {
			r.ErrKind, r.Pod, r.Connected, r.FirstByte = record.ErrTimeout, "", 0, 0
			n--
		}
	}
}

func TestTheErrorRateIsJudgedByItsUpperBound(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.Run)
		want   record.Verdict
		says   string
	}{
		"5000 clean requests":         {func(*record.Run) {}, record.Pass, "0 of 5,000"},
		"6 of 5,000":                  {func(r *record.Run) { fail(r, record.NewFast, 6) }, record.Fail, "6 of 5,000"},
		"2 of 5000":                   {func(r *record.Run) { fail(r, record.NewFast, 2) }, record.Unknown, "more without a failure would decide it"},
		"5 of 5000 is the threshold":  {func(r *record.Run) { fail(r, record.NewFast, 5) }, record.Unknown, "more without a failure"},
		"failures in the quiet time":  {func(r *record.Run) { r.Windows[1].Began += 1; fail(r, record.NewFast, 0) }, record.Pass, "failed"},
		"a window too short":          {func(r *record.Run) { r.Windows[1].Ended = deletedAt + 10*time.Second }, record.Unknown, "1,593 more"},
		"a rate too low":              {func(r *record.Run) { r.Windows[1].Ended = deletedAt + time.Second }, record.Unknown, "So few requests cannot decide it"},
		"a class without requests":    {func(r *record.Run) { only(r, record.ReusedFast) }, record.Unknown, "No request of this class"},
		"an SLO that makes no sense":  {func(r *record.Run) { r.SLO.Confidence = 0 }, record.Unknown, "cannot be judged"},
		"more rounds than paid for":   {func(r *record.Run) { manyRounds(r, 20) }, record.Unknown, "20 looks"},
		"one look needs a lesser sum": {func(r *record.Run) { r.SLO.Rounds = 1; r.Windows[1].Ended = deletedAt + 12*time.Second }, record.Pass, "with 95 % confidence the rate"},
	} {
		t.Run(name, func(t *testing.T) {
			run := build(graceful())
			c.change(run)
			subject := string(record.NewFast)
			if name == "an SLO that makes no sense" {
				subject = ""
			}
			Judge(run)
			f := find(t, run, "error-rate", subject)
			// Requests that are missing make the load unreal, which turns a failed rate into an unknown one; not so here.
			if f.Verdict != c.want || !strings.Contains(f.Message, c.says) {
				t.Errorf("%s, want %s and %q: %s", f.Verdict, c.want, c.says, f.Message)
			}
		})
	}
}

func TestARateThatSoFewRequestsCannotDecideSaysHowManyCould(t *testing.T) {
	for name, c := range map[string]struct {
		lasts time.Duration
		says  []string
		not   string
	}{
		"in more rounds":            {2 * time.Second, []string{"at least 683 requests per second", "it was 250", "for 11 rounds (--rounds 11)", "a round took 2.00 s"}, "at all"},
		"at a higher rate alone":    {time.Second, []string{"at least 1365 requests per second", "a round took 1.00 s"}, "--rounds"},
		"without a fault no rounds": {0, []string{"requests per second"}, "round"},
	} {
		run := build(graceful())
		if run.Windows[1].Ended = deletedAt + c.lasts; c.lasts == 0 {
			run.NoFault, run.Faults, run.Windows = true, nil, run.Windows[:1]
			run.Windows[0].Ended = run.Windows[0].Began + time.Second
		}
		f := wants(t, run, "error-rate", string(record.NewFast), record.Unknown, "")
		for _, want := range c.says {
			if !strings.Contains(f.Advice, want) || strings.Contains(f.Advice, c.not) {
				t.Errorf("%s: %q without %q, or with %q", name, f.Advice, want, c.not)
			}
		}
	}
}

// only keeps the requests of one class.
func only(run *record.Run, class record.Class) {
	var kept []record.Request
	for _, r := range run.Requests {
		if r.Class == class {
			kept = append(kept, r)
		}
	}
	run.Requests = kept
}

func manyRounds(run *record.Run, n int) {
	each := wholeIn / time.Duration(n)
	run.Windows = run.Windows[:1]
	for i := range n {
		began := deletedAt + time.Duration(i)*each
		run.Windows = append(run.Windows, record.Window{Kind: record.Disruption, Round: i + 1, Began: began, Ended: began + each})
	}
}

func TestSlowRequestsAreTooFewForARateAndTheFindingSaysSo(t *testing.T) {
	run := build(graceful())
	f := wants(t, run, "error-rate", string(record.NewSlow), record.Skipped, "")
	if !strings.Contains(f.Message, "about 120") || !strings.Contains(f.Message, "4,093") {
		t.Errorf("without its figures: %s", f.Message)
	}
	fail(run, record.NewSlow, 1)
	wants(t, run, "error-rate", string(record.NewSlow), record.Fail, record.Unexplained)
}

func TestRequestsThatTheHarnessCutOffAreNotCounted(t *testing.T) {
	run := build(graceful())
	for i := range run.Requests {
		if r := &run.Requests[i]; r.Due > deletedAt && r.Class == record.NewFast && r.Seq%2 == 0 {
			r.ErrKind = record.ErrCanceled
		}
	}
	f := wants(t, run, "error-rate", string(record.NewFast), record.Unknown, "")
	if !strings.HasPrefix(f.Message, "0 of 2") {
		t.Errorf("counted: %s", f.Message)
	}
}
