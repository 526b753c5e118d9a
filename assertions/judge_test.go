package assertions

import (
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func show(t *testing.T, run *record.Run) {
	t.Helper()
	for _, f := range run.Findings {
		t.Logf("%-7s %s [%s] %s: %s | %s", f.Verdict, f.Check, f.Diagnosis, f.Subject, f.Message, f.Advice)
	}
	for i, f := range run.Failures {
		if i < 8 {
			t.Logf("failure %d %s %s %s: %s", f.Seq, f.Pod, f.Phase, f.Diagnosis, f.Why)
		}
	}
	t.Logf("verdict %s, diagnosis %q, %d failures", run.Verdict, Diagnosis(run), len(run.Failures))
}

func TestEachWayToDieGetsItsVerdictAndDiagnosis(t *testing.T) {
	change := func(d death, f func(*death)) death { f(&d); return d }
	slow := func(d *death) { d.dataplane = slowly() }
	silent := func(d *death) { d.logs = false }
	for name, c := range map[string]struct {
		death     death
		verdict   record.Verdict
		diagnosis string
	}{
		"graceful":                                 {graceful(), record.Pass, ""},
		"graceful on a slow cluster":               {change(graceful(), slow), record.Pass, ""},
		"graceful without a log":                   {change(graceful(), silent), record.Pass, ""},
		"closes at once, by luck nothing lost":     {closesAtOnce(), record.Fail, "F2"},
		"closes at once on a slow cluster":         {change(closesAtOnce(), slow), record.Fail, "F2"},
		"closes at once without a log":             {change(closesAtOnce(), silent), record.Fail, "F2"},
		"closes at once, no log, slow cluster":     {change(change(closesAtOnce(), slow), silent), record.Fail, "F2"},
		"exits at once":                            {exitsAtOnce(), record.Fail, "F1"},
		"exits at once, by luck nothing in flight": {change(exitsAtOnce(), func(d *death) { d.alone, d.dataplane = true, []time.Duration{0, 0, 0} }), record.Fail, "F1"},
		"exits at once on a slow cluster":          {change(exitsAtOnce(), slow), record.Fail, "F1"},
		"exits at once by the signal itself":       {change(exitsAtOnce(), func(d *death) { d.code = 143 }), record.Fail, "F1"},
		"exits at once, its exit is never seen":    {change(exitsAtOnce(), func(d *death) { d.noExitSeen = true }), record.Fail, "F1"},
		"exits at once, no probe":                  {change(exitsAtOnce(), func(d *death) { d.unprobed = true }), record.Fail, "F1"},
		"exits at once after preStop": {change(exitsAtOnce(), func(d *death) {
			d.preStop, d.closes, d.exits = 5*time.Second, 5100*time.Millisecond, 5100*time.Millisecond
		}), record.Fail, "F1"},
		"lame-duck, then cuts what is in flight": {change(graceful(), func(d *death) {
			d.preStop, d.closes, d.cuts, d.exits = 0, 5070*time.Millisecond, true, 5120*time.Millisecond
		}), record.Fail, "F3"},
		"graceful but forced":                        {forcedDelete(), record.Fail, "D2"},
		"closes at once and forced":                  {change(closesAtOnce(), func(d *death) { d.forced, d.cuts, d.exits = true, true, 2100*time.Millisecond }), record.Fail, "D2"},
		"exits at once and forced on a slow cluster": {change(change(exitsAtOnce(), slow), func(d *death) { d.forced = true }), record.Fail, "D2"},
	} {
		t.Run(name, func(t *testing.T) {
			run := build(c.death)
			if c.diagnosis != "" {
				run.Expect = &record.Expectation{Verdict: c.verdict, Diagnosis: c.diagnosis}
			}
			Judge(run)
			if err := Meets(run); err != nil || run.Verdict != c.verdict || Diagnosis(run) != c.diagnosis {
				t.Errorf("verdict %s, diagnosis %q, want %s %q; %v", run.Verdict, Diagnosis(run), c.verdict, c.diagnosis, err)
			}
			if t.Failed() || os.Getenv("SHOW") != "" {
				show(t, run)
			}
		})
	}
}

// Where requests happen to fall, and how soon the nodes are programmed, must not change the answer.
func TestLuckDoesNotDecide(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for name, c := range map[string]struct {
		death     func() death
		verdict   record.Verdict
		diagnosis string
	}{
		"graceful":       {graceful, record.Pass, ""},
		"closes at once": {closesAtOnce, record.Fail, "F2"},
		"exits at once":  {exitsAtOnce, record.Fail, "F1"},
		"forced":         {forcedDelete, record.Fail, "D2"},
	} {
		for seed := range uint64(5) {
			d := c.death()
			d.seed, d.logs = seed, d.logs && seed%2 == 0
			for i := range d.dataplane {
				d.dataplane[i] = time.Duration(50+random.IntN(200)) * time.Millisecond
			}
			run := build(d)
			if c.verdict != record.Pass {
				run.Expect = &record.Expectation{Verdict: c.verdict, Diagnosis: c.diagnosis}
			}
			Judge(run)
			if err := Meets(run); err != nil {
				t.Errorf("%s, seed %d: %v", name, seed, err)
				show(t, run)
			}
		}
	}
}

func TestJudgingTwiceGivesTheSame(t *testing.T) {
	run := build(exitsAtOnce())
	Judge(run)
	findings, failures, verdict := run.Findings, run.Failures, run.Verdict
	Judge(run)
	if !reflect.DeepEqual(findings, run.Findings) || !reflect.DeepEqual(failures, run.Failures) || verdict != run.Verdict {
		t.Error("the second judgement differs from the first")
	}
}

func TestAnEmptyRunIsUnknown(t *testing.T) {
	for _, run := range []*record.Run{{}, {NoFault: true}, {SLO: record.DefaultSLO()}} {
		if Judge(run); run.Verdict != record.Unknown {
			t.Errorf("%+v: %s", run.Findings, run.Verdict)
		}
	}
}

func TestACheckThatPanicsIsUnknown(t *testing.T) {
	for name, eval := range map[string]func(*facts) []record.Finding{
		"panics": func(*facts) []record.Finding { panic("no such pod") },
		"silent": func(*facts) []record.Finding { return nil },
	} {
		found := Check{Name: name, eval: eval}.judge(learn(&record.Run{}))
		if len(found) != 1 || found[0].Verdict != record.Unknown || found[0].Check != name {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestAWaivedGuaranteeIsShownAndNotCounted(t *testing.T) {
	run := build(closesAtOnce())
	run.SLO.Waive = []string{"serves-until-removed"}
	f := wants(t, run, "serves-until-removed", victim, record.Fail, "F2")
	if !f.Waived || run.Verdict != record.Pass || Diagnosis(run) != "" {
		t.Errorf("waived %v, verdict %s, diagnosis %q", f.Waived, run.Verdict, Diagnosis(run))
	}
	run.SLO.Waive = []string{servesUntilRemoved.Guarantee}
	if Judge(run); run.Verdict != record.Pass {
		t.Errorf("waived by its sentence: %s", run.Verdict)
	}
}

func TestAnUnrealLoadNeverPassesAndKeepsBrokenGuarantees(t *testing.T) {
	run := build(graceful())
	run.Agents[1].Lost = "pod killed"
	if Judge(run); run.Verdict != record.Unknown {
		t.Errorf("a run that lost an agent: %s", run.Verdict)
	}
	d := exitsAtOnce()
	d.dataplane = slowly()
	run = build(d)
	run.Agents[1].Lost = "pod killed"
	wants(t, run, "error-rate", string(record.NewFast), record.Unknown, "F1")
	wants(t, run, "exits-cleanly", victim, record.Fail, "F1")
	if run.Verdict != record.Fail {
		t.Errorf("a broken guarantee: %s", run.Verdict)
	}
}

func TestAnswersThatWereOnlyLateDecideNothingWhereTheHarnessIsInDoubt(t *testing.T) {
	late := func(kind record.ErrKind) *record.Run {
		run := build(graceful())
		for i := range run.Requests {
			if r := &run.Requests[i]; r.Class == record.NewSlow && r.Pod == victim && r.Start < deletedAt && r.End > deletedAt+6*time.Second {
				r.ErrKind, r.Code = kind, 0
				return run
			}
		}
		t.Fatal("no slow request was in flight")
		return nil
	}
	wants(t, late(record.ErrTimeout), "in-flight-complete", victim, record.Fail, "F3")
	for kind, want := range map[record.ErrKind]record.Verdict{record.ErrTimeout: record.Unknown, record.ErrReset: record.Fail} {
		run := late(kind)
		run.Agents[1].Lost = "pod killed"
		wants(t, run, "in-flight-complete", victim, want, "F3")
	}
}

func TestABaselineIsJudgedOverItsControlWindow(t *testing.T) {
	run := baseline()
	Judge(run)
	if run.Verdict != record.Pass {
		show(t, run)
		t.Errorf("verdict %s", run.Verdict)
	}
	for _, check := range []string{"serves-until-removed", "in-flight-complete", "endpoint-removal", "exits-cleanly"} {
		if f := find(t, run, check, ""); f.Verdict != record.Skipped {
			t.Errorf("%s: %s", check, f.Verdict)
		}
	}
	at(t, run, record.NewFast, 10*time.Second).ErrKind = record.ErrTimeout
	if Judge(run); run.Verdict != record.Unknown {
		t.Errorf("a failure without any disruption: %s", run.Verdict)
	}
}

func baseline() *record.Run {
	d := graceful()
	d.dataplane = []time.Duration{time.Hour, time.Hour, time.Hour}
	d.closes, d.exits, d.unprobed = time.Hour, time.Hour, true
	run := build(d)
	run.NoFault, run.Faults, run.Windows = true, nil, []record.Window{{Kind: record.Control, Began: time.Second, Ended: 25 * time.Second}}
	var kept []record.Event
	for _, e := range run.Events {
		if e.Object != victim || e.Kind == record.PodReady {
			kept = append(kept, e)
		}
	}
	run.Events = kept
	return run
}

func TestMoreRoundsAreAskedForOnlyWhereTheyCanDecide(t *testing.T) {
	short := build(graceful())
	short.Windows[1].Ended = short.Windows[1].Began + 10*time.Second
	waived := build(graceful())
	waived.Windows, waived.SLO.Waive = short.Windows, []string{"error-rate"}
	used := build(graceful())
	used.SLO.Rounds, used.Windows = 1, []record.Window{short.Windows[0], {Kind: record.Disruption, Round: 1, Began: deletedAt, Ended: deletedAt + 5*time.Second}}
	weak := build(graceful())
	weak.Windows = []record.Window{short.Windows[0], {Kind: record.Disruption, Round: 1, Began: deletedAt, Ended: deletedAt + time.Second}}
	broken := build(closesAtOnce())
	broken.Windows = short.Windows
	for name, c := range map[string]struct {
		run  *record.Run
		want bool
	}{
		"all decided":                 {build(graceful()), true},
		"a sample too small":          {short, false},
		"too small but waived":        {waived, true},
		"rounds used up":              {used, true},
		"no number of rounds decides": {weak, true},
		"a guarantee is broken":       {broken, true},
		"nothing recorded yet":        {&record.Run{SLO: record.DefaultSLO()}, false},
		"no fault wanted":             {&record.Run{NoFault: true, SLO: record.DefaultSLO()}, true},
	} {
		if got := Enough(c.run); got != c.want {
			t.Errorf("%s: enough = %v, want %v", name, got, c.want)
		}
	}
}

func TestAnExpectationIsMetByItsDiagnosisAndNoOther(t *testing.T) {
	run := build(closesAtOnce())
	Judge(run)
	for _, c := range []struct {
		want *record.Expectation
		met  bool
	}{
		{nil, false},
		{&record.Expectation{Verdict: record.Fail, Diagnosis: "F2"}, true},
		{&record.Expectation{Verdict: record.Fail}, true},
		{&record.Expectation{Verdict: record.Fail, Diagnosis: "F1"}, false},
		{&record.Expectation{Verdict: record.Pass}, false},
	} {
		run.Expect = c.want
		if err := Meets(run); (err == nil) != c.met {
			t.Errorf("%+v: %v", c.want, err)
		}
	}
	run.Expect = &record.Expectation{Verdict: record.Fail, Diagnosis: "F2"}
	run.Findings = append(run.Findings, record.Finding{Check: "exits-cleanly", Verdict: record.Fail, Diagnosis: "F7"})
	if Meets(run) == nil {
		t.Error("a finding that failed of another cause is accepted")
	}
	Judge(run)
	run.Failures = append(run.Failures, record.Failure{Diagnosis: record.Unexplained})
	if Meets(run) == nil {
		t.Error("failed requests mostly of another cause are accepted")
	}
}

func TestGuaranteesAreListedFirstAndTheHarnessLast(t *testing.T) {
	rank := map[Kind]int{Guarantee: 1, SLO: 2, Harness: 3}
	all := All()
	names := map[string]bool{}
	for i, c := range all {
		if c.Name == "" || c.Guarantee == "" || c.Reference == "" || rank[c.Kind] == 0 || names[c.Name] {
			t.Errorf("%+v is not a whole check, or its name is taken", c)
		}
		names[c.Name] = true
		if i > 0 && (rank[all[i-1].Kind] > rank[c.Kind] || rank[all[i-1].Kind] == rank[c.Kind] && all[i-1].Name > c.Name) {
			t.Errorf("%s comes after %s", c.Name, all[i-1].Name)
		}
	}
	for _, name := range []string{"exits-cleanly", "in-flight-complete", "serves-until-removed", "endpoint-removal", "error-rate", "load-was-real"} {
		if !names[name] {
			t.Errorf("%s is not registered", name)
		}
	}
}
