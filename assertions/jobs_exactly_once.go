package assertions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// takeSlack is how long after SIGTERM a worker may still be seen to take a job that it was asking for when the signal came:
// the question to a busy database, which writes down when it answers.
const takeSlack = time.Second

var _ = register(Check{
	Name:      "jobs-exactly-once",
	Guarantee: "Every job of the queue is done exactly once, and a worker takes none after SIGTERM",
	Reference: "The client's ledger of jobs, held against the queue's own tables after the run",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	if !f.carries(record.Jobs) && len(f.run.Ledger.Jobs) == 0 {
		return []record.Finding{{Verdict: record.Skipped, Message: "This run has no jobs."}}
	}
	out := record.Finding{
		Subject:   string(record.Jobs),
		Threshold: record.Quantity{Value: float64(len(f.run.Ledger.Jobs)), Unit: "jobs", Text: "all, once"},
	}
	switch problem := f.unaudited(); {
	case problem != "":
		out.Verdict, out.Message = record.Unknown, problem
	case len(f.run.Ledger.Jobs) == 0:
		out.Verdict, out.Message = record.Unknown, "Jobs were asked for, and no client's ledger holds one."
	default:
		f.queue().judge(f, &out)
	}
	return []record.Finding{out}
})

// queue is what became of the jobs.
type queue struct {
	known, once int // jobs that were asked for; of those, done exactly once
	absent      int // never acknowledged, and not there either
	waiting     int // that no worker had done yet, and none half
	strangers   int // in the database and in nobody's ledger
	violations  []violation
	evidence    []int // requests
}

// violation is one job that was not done exactly once, or was taken when none was to be.
type violation struct {
	what, code string
	words      string
}

// queue sorts every job.
func (f *facts) queue() queue {
	q, rows := queue{known: len(f.run.Ledger.Jobs)}, map[string]record.AuditedJob{}
	for _, row := range f.run.Audit.Jobs {
		rows[row.ID] = row
	}
	for _, j := range f.run.Ledger.Jobs {
		row, there := rows[j.ID]
		delete(rows, j.ID)
		before := len(q.violations)
		f.sortJob(&q, j, row, there)
		if len(q.violations) > before {
			if i := f.requestOf(j.Agent, record.Jobs, j.Due); i >= 0 {
				q.evidence = append(q.evidence, i)
			}
		}
	}
	q.strangers = len(rows)
	return q
}

// sortJob sorts one job.
func (f *facts) sortJob(q *queue, j record.Job, row record.AuditedJob, there bool) {
	if !there {
		if j.Acknowledged {
			q.violations = append(q.violations, violation{what: "lost", code: "F19", words: f.jobWords(j, row)})
		} else {
			q.absent++
		}
		return
	}
	if what, code := f.misdone(row); what != "" {
		q.violations = append(q.violations, violation{what: what, code: code, words: f.jobWords(j, row)})
		return
	}
	if finished(row) == 1 {
		q.once++
	} else {
		q.waiting++
	}
}

func finished(row record.AuditedJob) (n int) {
	for _, r := range row.Runs {
		if r.Ended > 0 {
			n++
		}
	}
	return n
}

// misdone says in words what is wrong with how a job was done, and why; "" nothing is, so far.
func (f *facts) misdone(row record.AuditedJob) (what, code string) {
	for _, r := range row.Runs {
		if f.takenLate(r) {
			return "taken after SIGTERM", "F33"
		}
	}
	if row.Enqueued.Count > 1 {
		return "in the queue twice", "F20"
	}
	for _, r := range row.Runs {
		if r.Ended == 0 && f.deserted(row, r) {
			return "left half done", f.desertedBy(r)
		}
	}
	if finished(row) > 1 {
		return "done twice", record.Unexplained
	}
	return "", ""
}

// takenLate reports whether the run surely began after its pod had SIGTERM.
func (f *facts) takenLate(r record.JobRun) bool {
	t := f.byName[r.Pod]
	if t == nil || !t.Terminated() || !t.Signal.Seen() {
		return false
	}
	return r.Began-f.run.Audit.Clock.Uncertainty > t.Signal.At+t.Signal.Uncertainty+takeSlack
}

// deserted reports whether a run that was never finished will not be any more: its pod has ended, or another worker has
// begun the job anew.
func (f *facts) deserted(row record.AuditedJob, r record.JobRun) bool {
	if t := f.byName[r.Pod]; t != nil && (t.Exited.Seen() || t.PodGone.Seen()) {
		return true
	}
	return slices.ContainsFunc(row.Runs, func(other record.JobRun) bool { return other.Began > r.Began })
}

// desertedBy is why a worker did not finish its job.
func (f *facts) desertedBy(r record.JobRun) string {
	t := f.byName[r.Pod]
	if t == nil || !t.Terminated() {
		return record.Unexplained
	}
	if t.Forced {
		return "D2"
	}
	for _, holds := range []theory{(*facts).livenessKilled, (*facts).unhandled, (*facts).overrun} {
		if code := holds(f, t); code != "" {
			return code
		}
	}
	return "F3" // it had taken the job up and did not finish it
}

// jobWords tells one job with its runs.
func (f *facts) jobWords(j record.Job, row record.AuditedJob) string {
	words := j.ID + ": "
	if len(j.Attempts) > 0 {
		words += f.attemptWords(j.Attempts[len(j.Attempts)-1])
	}
	if row.Enqueued.Count != 1 {
		words += fmt.Sprintf(", %d times in the queue", row.Enqueued.Count)
	}
	for _, r := range row.Runs[:min(len(row.Runs), mostTold)] {
		words += fmt.Sprintf(", taken by %s at %s", r.Pod, seconds(r.Began))
		if t := f.byName[r.Pod]; t != nil && t.Signal.Seen() && r.Began > t.Signal.At {
			words += fmt.Sprintf(" (%s after its SIGTERM)", seconds(r.Began-t.Signal.At))
		}
		if r.Ended > 0 {
			words += " and done at " + seconds(r.Ended)
		} else {
			words += " and never done"
		}
	}
	return words
}

// judge fills the finding in.
func (q queue) judge(f *facts, out *record.Finding) {
	out.Measured = record.Quantity{Value: float64(q.once), Unit: "jobs", Text: fmt.Sprintf("%s of %s, once", thousands(q.once), thousands(q.known))}
	out.Message = fmt.Sprintf("%s were put into the queue or may have been: %s done exactly once.", count(q.known, "job"), thousands(q.once))
	if q.absent > 0 {
		out.Message += fmt.Sprintf(" %s never acknowledged and not in the queue.", wereOf(q.absent))
	}
	switch {
	case len(q.violations) > 0:
		out.Verdict, out.Evidence = record.Fail, f.seqs(q.evidence)
		out.Message += " " + q.violationWords()
		out.Diagnosis = q.cause()
		out.Advice = remedy(out.Diagnosis)
	case q.strangers > 0:
		out.Verdict = record.Unknown
		out.Message += fmt.Sprintf(" But the queue holds %s that is in no client's ledger, so a ledger is not whole.", count(q.strangers, "job"))
	case q.waiting > 0:
		out.Verdict = record.Unknown
		out.Message += fmt.Sprintf(" %s not done when the database was read, %s after the first look: whether the workers would have come to them is not known.",
			wereOf(q.waiting), seconds(f.run.Audit.At-f.run.Audit.Began))
	default:
		out.Verdict = record.Pass
	}
}

func wereOf(n int) string {
	if n == 1 {
		return "1 was"
	}
	return thousands(n) + " were"
}

// violationWords tells the violations by their kinds.
func (q queue) violationWords() string {
	byKind := map[string][]string{}
	for _, v := range q.violations {
		byKind[v.what] = append(byKind[v.what], v.words)
	}
	var out []string
	for _, kind := range sorted(byKind) {
		words := byKind[kind]
		told := strings.Join(words[:min(len(words), mostTold)], "; ")
		if more := len(words) - mostTold; more > 0 {
			told += fmt.Sprintf("; and %d more", more)
		}
		out = append(out, fmt.Sprintf("%s: %s. %s.", capital(kind), thousands(len(words)), told))
	}
	return strings.Join(out, " ")
}

// cause is the one behind most of the violations; of equally many the most telling.
func (q queue) cause() string {
	n := map[string]int{}
	for _, v := range q.violations {
		n[v.code]++
	}
	best := record.Unexplained
	for _, code := range order() {
		if n[code] > n[best] {
			best = code
		}
	}
	return best
}
