package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// failure is the only one of the run after it was judged.
func failure(t *testing.T, run *record.Run) record.Failure {
	t.Helper()
	Judge(run)
	if len(run.Failures) != 1 {
		t.Fatalf("%d failures", len(run.Failures))
	}
	return run.Failures[0]
}

// lose makes a request fail so that no answer names its pod.
func lose(r *record.Request, kind record.ErrKind, connected bool, end time.Duration) {
	r.ErrKind, r.Pod, r.Code, r.FirstByte, r.End = kind, "", 0, 0, end
	if !connected {
		r.Connected, r.Conn = 0, 0
	}
}

func TestAKeptAliveConnectionThatDiesAfterRemovalIsF7(t *testing.T) {
	run := build(graceful())
	r := at(t, run, record.ReusedFast, deletedAt+13*time.Second-10*time.Millisecond)
	lose(r, record.ErrEOF, true, deletedAt+13*time.Second)
	r.Pod, r.PodByConn = victim, true
	if f := failure(t, run); f.Diagnosis != "F7" || f.Pod != victim || f.Phase != record.Gone {
		t.Errorf("%+v", f)
	}
	// An earlier answer on the same connection said that it would close: then nothing here explains it.
	told := at(t, run, record.ReusedFast, deletedAt+11*time.Second)
	for told.Agent != r.Agent {
		told = at(t, run, record.ReusedFast, told.Due+1)
	}
	told.Close, told.Pod, r.Conn = true, victim, told.Conn
	if f := failure(t, run); f.Diagnosis != record.Unexplained {
		t.Errorf("told to close: %+v", f)
	}
}

func TestAFailureIsBlamedOnAPodOnlyWhereItsLifeExplainsIt(t *testing.T) {
	for name, c := range map[string]struct {
		kind      record.ErrKind
		connected bool
		at        time.Duration // since the delete
		pod       string
		diagnosis string
	}{
		"refused once the listener is closed":      {record.ErrRefused, false, 500 * time.Millisecond, victim, "F2"},
		"reset when the listener closes":           {record.ErrReset, true, 125 * time.Millisecond, victim, "F2"},
		"refused before the delete":                {record.ErrRefused, false, -time.Second, "", record.Unexplained},
		"reset while nothing ends":                 {record.ErrReset, true, 4 * time.Second, "", record.Unexplained},
		"accepted and never answered":              {record.ErrTimeout, true, 4 * time.Second, "", record.Unexplained},
		"refused long after the pod is gone":       {record.ErrRefused, false, 19500 * time.Millisecond, "", record.Unexplained},
		"a name that is not resolved":              {record.ErrDNS, false, 500 * time.Millisecond, "", record.Unexplained},
		"an answer that nobody asked for, unnamed": {record.ErrStatus, true, 500 * time.Millisecond, "", record.Unexplained},
	} {
		t.Run(name, func(t *testing.T) {
			run := build(closesAtOnce())
			lose(at(t, run, record.NewFast, deletedAt+c.at-5*time.Millisecond), c.kind, c.connected, deletedAt+c.at)
			f := failure(t, run)
			if f.Pod != c.pod || f.Diagnosis != c.diagnosis || f.Why == "" {
				t.Errorf("pod %q %s, want %q %s: %s", f.Pod, f.Diagnosis, c.pod, c.diagnosis, f.Why)
			}
			if c.kind == record.ErrReset && c.pod == "" && len(f.Candidates) < 3 {
				t.Errorf("ready pods are not among the candidates: %v", f.Candidates)
			}
		})
	}
}

func TestTwoPodsThatEndTheSameWayShareTheDiagnosis(t *testing.T) {
	run := build(closesAtOnce())
	second := run.Faults[0]
	second.Target = "app-2"
	run.Faults = append(run.Faults, second)
	for _, p := range run.Probes {
		p.Pod = "app-2"
		run.Probes = append(run.Probes, p)
	}
	lose(at(t, run, record.NewFast, deletedAt+495*time.Millisecond), record.ErrRefused, false, deletedAt+500*time.Millisecond)
	f := failure(t, run)
	if f.Diagnosis != "F2" || f.Pod != "" || strings.Join(f.Candidates, " ") != "app-1 app-2" {
		t.Errorf("%+v", f)
	}
}

func TestTheReasoningOfAFailureHasItsFigures(t *testing.T) {
	d := closesAtOnce()
	d.dataplane = slowly()
	run := build(d)
	Judge(run)
	f := run.Failures[0]
	for _, says := range []string{"refused 0.1", "after the delete of pod app-1", "its listener closed 0.13 s after", "worker2 kept dialling it until 1.18 s"} {
		if !strings.Contains(f.Why, says) {
			t.Errorf("does not say %q: %s", says, f.Why)
		}
	}
}

func TestTheAdviceIsWhatWasMeasured(t *testing.T) {
	run := build(closesAtOnce())
	f := wants(t, run, "serves-until-removed", victim, record.Fail, "F2")
	// 2 s of budget and what its measurement adds, in whole seconds; 3 s + 8 s of the longest request + 1 s to spare.
	for _, says := range []string{"≥ 3 s (preStop was 0 s)", "terminationGracePeriodSeconds ≥ 12", "it was 60"} {
		if !strings.Contains(f.Advice, says) {
			t.Errorf("does not say %q: %s", says, f.Advice)
		}
	}
}

func TestAKeptAliveConnectionClosedWithAnEarlyListenerIsF2(t *testing.T) {
	run := build(closesAtOnce())
	r := at(t, run, record.ReusedFast, deletedAt+100*time.Millisecond)
	lose(r, record.ErrEOF, true, deletedAt+125*time.Millisecond)
	r.Pod, r.PodByConn = victim, true
	if f := failure(t, run); f.Diagnosis != "F2" || !strings.Contains(f.Why, "kept-alive") {
		t.Errorf("%+v", f)
	}
}

func TestAPodThatIsNotInTheRecordIsNamedAllTheSame(t *testing.T) {
	run := build(graceful())
	r := at(t, run, record.NewFast, deletedAt+30*time.Millisecond)
	r.Pod, r.ErrKind = "stranger", record.ErrTruncated
	if f := failure(t, run); f.Diagnosis != record.Unexplained || f.Pod != "stranger" || !strings.Contains(f.Why, "stranger") {
		t.Errorf("%+v", f)
	}
}
