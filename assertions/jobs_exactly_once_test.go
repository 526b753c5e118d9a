package assertions

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestJobsThatAreAllDoneOncePass(t *testing.T) {
	if found := wants(t, ordered(), "jobs-exactly-once", "", record.Pass, ""); found.Measured.Text != "3 of 3, once" {
		t.Errorf("%s: %s", found.Measured.Text, found.Message)
	}
}

func TestEachJobIsSortedByItsLedgerAndTheQueue(t *testing.T) {
	signal := deletedAt + 5060*time.Millisecond // of the graceful pod, after its preStop sleep
	run := func(pod string, began, ended time.Duration) record.JobRun {
		return record.JobRun{Pod: pod, Began: began, Ended: ended}
	}
	for name, c := range map[string]struct {
		change    func(*record.Job, *record.AuditedJob)
		verdict   record.Verdict
		diagnosis string
		says      string
	}{
		"acknowledged and not there":        {func(_ *record.Job, row *record.AuditedJob) { row.ID = "stranger" }, record.Fail, "F19", "Lost: 1"},
		"never acknowledged, and done once": {func(j *record.Job, _ *record.AuditedJob) { j.Acknowledged = false }, record.Pass, "", "3 done exactly once"},
		"done twice":                        {func(_ *record.Job, row *record.AuditedJob) { row.Runs = append(row.Runs, row.Runs[0]) }, record.Fail, record.Unexplained, "Done twice: 1"},
		"in the queue twice": {func(_ *record.Job, row *record.AuditedJob) {
			row.Enqueued.Add(deletedAt)
			row.Runs = append(row.Runs, row.Runs[0])
		}, record.Fail, "F20", "In the queue twice: 1"},
		"taken after SIGTERM, and done": {func(_ *record.Job, row *record.AuditedJob) {
			row.Runs = []record.JobRun{run(victim, signal+2*time.Second, signal+4*time.Second)}
		}, record.Fail, "F33", "2.00 s after its SIGTERM"},
		"taken after SIGTERM, cut off and done again": {func(_ *record.Job, row *record.AuditedJob) {
			row.Runs = []record.JobRun{run(victim, signal+2*time.Second, 0), run("app-3", signal+20*time.Second, signal+22*time.Second)}
		}, record.Fail, "F33", "never done, taken by app-3"},
		"being asked for when SIGTERM came": {func(_ *record.Job, row *record.AuditedJob) {
			row.Runs = []record.JobRun{run(victim, signal+500*time.Millisecond, signal+2*time.Second)}
		}, record.Pass, "", "3 done exactly once"},
		"in hand at SIGTERM, and finished": {func(_ *record.Job, row *record.AuditedJob) {
			row.Runs = []record.JobRun{run(victim, signal-time.Second, signal+time.Second)}
		}, record.Pass, "", "3 done exactly once"},
		"in hand at SIGTERM, cut off and done again": {func(_ *record.Job, row *record.AuditedJob) {
			row.Runs = []record.JobRun{run(victim, signal-time.Second, 0), run("app-3", signal+20*time.Second, signal+22*time.Second)}
		}, record.Fail, "F3", "Left half done: 1"},
		"in hand at SIGTERM, cut off and not done again": {func(_ *record.Job, row *record.AuditedJob) {
			row.Runs, row.Open = []record.JobRun{run(victim, signal-time.Second, 0)}, 1
		}, record.Fail, "F3", "Left half done: 1"},
		"in the hands of a pod that lives": {func(_ *record.Job, row *record.AuditedJob) {
			row.Runs, row.Open = []record.JobRun{run("app-3", deletedAt+30*time.Second, 0)}, 1
		}, record.Unknown, "", "not done when the database was read"},
		"given up by a pod that lives": {func(_ *record.Job, row *record.AuditedJob) {
			row.Runs = []record.JobRun{run("app-3", signal, 0), run("app-2", signal+20*time.Second, signal+22*time.Second)}
		}, record.Fail, record.Unexplained, "Left half done: 1"},
		"taken by nobody": {func(_ *record.Job, row *record.AuditedJob) { row.Runs, row.Open = nil, 1 }, record.Unknown, "", "not known"},
	} {
		t.Run(name, func(t *testing.T) {
			run := ordered()
			c.change(&run.Ledger.Jobs[1], &run.Audit.Jobs[1])
			found := wants(t, run, "jobs-exactly-once", "", c.verdict, c.diagnosis)
			if !strings.Contains(found.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, found.Message)
			}
			if (found.Verdict == record.Fail) != (len(found.Evidence) == 1) {
				t.Errorf("evidence %v", found.Evidence)
			}
		})
	}
}

func TestAJobThatWasNeverAcknowledgedNeedNotBeThere(t *testing.T) {
	run := ordered()
	run.Ledger.Jobs[1].Acknowledged = false
	run.Audit.Jobs = append(run.Audit.Jobs[:1], run.Audit.Jobs[2:]...)
	if found := wants(t, run, "jobs-exactly-once", "", record.Pass, ""); !strings.Contains(found.Message, "1 was never acknowledged") {
		t.Error(found.Message)
	}
}

func TestJobsThatNobodyAskedForAreUnknown(t *testing.T) {
	run := ordered()
	run.Ledger.Jobs = run.Ledger.Jobs[1:]
	if found := wants(t, run, "jobs-exactly-once", "", record.Unknown, ""); !strings.Contains(found.Message, "1 job that is in no client's ledger") {
		t.Error(found.Message)
	}
}

func TestAJobThatAForcedDeleteCutOffIsTheDeletesFault(t *testing.T) {
	run := orderedUnder(forcedDelete())
	at := deletedAt + 200*time.Millisecond
	run.Audit.Jobs[1].Runs = []record.JobRun{{Pod: victim, Began: deletedAt - time.Second}, {Pod: "app-3", Began: at + 20*time.Second, Ended: at + 22*time.Second}}
	wants(t, run, "jobs-exactly-once", "", record.Fail, "D2")
}

func TestAWorkerThatDiesOfSIGTERMLeavesItsJobForThatReason(t *testing.T) {
	run := orderedUnder(exitsAtOnce())
	run.Audit.Jobs[1].Runs = []record.JobRun{{Pod: victim, Began: deletedAt - time.Second}, {Pod: "app-3", Began: deletedAt + 20*time.Second, Ended: deletedAt + 22*time.Second}}
	wants(t, run, "jobs-exactly-once", "", record.Fail, "F1")
}
