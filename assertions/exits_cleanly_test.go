package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestAPodExitsByItselfWithZeroWithinItsGracePeriod(t *testing.T) {
	with := func(d death, f func(*death)) death { f(&d); return d }
	for name, c := range map[string]struct {
		death     death
		grace     time.Duration
		want      record.Verdict
		diagnosis string
		says      string
	}{
		"exit 0 after 13 s":          {graceful(), 60 * time.Second, record.Pass, "", "13.00 s"},
		"exit 2 at once":             {exitsAtOnce(), 60 * time.Second, record.Fail, "F1", "exit code 2"},
		"exit 1 after a clean drain": {with(graceful(), func(d *death) { d.code = 1 }), 60 * time.Second, record.Fail, "F25", "exit code 1"},
		"killed at the end of grace": {with(graceful(), func(d *death) { d.code = 137 }), 13 * time.Second, record.Fail, "F5", "SIGKILL"},
		"exit 0, too late":           {graceful(), 10 * time.Second, record.Fail, record.Unexplained, "later than its grace"},
		"exit 0, whole seconds only": {with(graceful(), func(d *death) { d.logs = false; d.exits = 13 * time.Second }), 12500 * time.Millisecond, record.Unknown, "", "too near"},
		"exit not observed":          {with(graceful(), func(d *death) { d.noExitSeen = true }), 60 * time.Second, record.Unknown, "", "not observed"},
		"grace not recorded":         {graceful(), 0, record.Unknown, "", "not in the record"},
		"forced":                     {forcedDelete(), 60 * time.Second, record.Fail, "D2", "grace period 0"},
	} {
		t.Run(name, func(t *testing.T) {
			run := build(c.death)
			run.Workload.Grace = c.grace
			f := wants(t, run, "exits-cleanly", victim, c.want, c.diagnosis)
			if !strings.Contains(f.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, f.Message)
			}
		})
	}
}

func TestWhereNoPodEndedTheAnswerIsUnknown(t *testing.T) {
	run := baseline()
	run.NoFault = false
	wants(t, run, "exits-cleanly", "", record.Unknown, "")
	if run.Verdict != record.Unknown {
		t.Errorf("the run: %s", run.Verdict)
	}
}
