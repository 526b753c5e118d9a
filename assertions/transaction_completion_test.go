package assertions

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// ordered is a run with orders and jobs in which everything went as it should: eight transactions are completed, one found
// the scarce item sold out, and three jobs were done.
func ordered() *record.Run { return orderedUnder(graceful()) }

// orderedUnder is the same with another end of the deleted pod, which the orders and jobs do not notice.
func orderedUnder(d death) *record.Run {
	run := build(d)
	run.Loads = append(run.Loads, record.Load{Class: record.Transactions, Rate: 0.25, Method: "POST", Path: "/"}, record.Load{Class: record.Jobs, Rate: 0.1, Method: "POST", Path: "/"})
	run.Audit = &record.Audit{
		Began: run.Ended, At: run.Ended + time.Second, Clock: record.Clock{Uncertainty: time.Millisecond, Samples: 8},
		Stock: []record.Stock{{Item: "plenty-0", Initial: 100, Available: 92, Reserved: 8}, {Item: record.ScarceItem}},
	}
	for i := range 9 {
		due := time.Duration(i)*3*time.Second + time.Second
		tx := record.Transaction{Agent: "agent-0", Node: "worker", ID: fmt.Sprintf("t-%d", i), Item: "plenty-0", Due: due, Began: due, Outcome: record.Confirmed}
		for n, step := range record.Steps() {
			tx.Attempts = append(tx.Attempts, record.Attempt{Step: step, Began: due + time.Duration(n)*5*time.Millisecond, Ended: due + time.Duration(n+1)*5*time.Millisecond, Pod: "app-2", Code: 200})
		}
		tx.Ended = due + 15*time.Millisecond
		row := record.AuditedTransaction{ID: tx.ID}
		for _, kind := range []*record.Rows{&row.Reserved, &row.Paid, &row.Withdrawn, &row.Confirmed} {
			kind.Add(due + 3*time.Millisecond)
		}
		if i == 8 {
			tx.Item, tx.Outcome = record.ScarceItem, record.Refused
			tx.Attempts = []record.Attempt{{Step: record.Reserve, Began: due, Ended: due + 5*time.Millisecond, Pod: "app-3", Code: 409, Kind: record.ErrStatus}}
		} else {
			run.Audit.Transactions = append(run.Audit.Transactions, row)
		}
		run.Ledger.Transactions = append(run.Ledger.Transactions, tx)
		standFor(run, record.Transactions, due)
	}
	for i := range 3 {
		due := time.Duration(i)*8*time.Second + 2*time.Second
		j := record.Job{Agent: "agent-0", Node: "worker", ID: fmt.Sprintf("j-%d", i), Takes: 2 * time.Second, Due: due, Began: due, Ended: due + 5*time.Millisecond, Acknowledged: true,
			Attempts: []record.Attempt{{Step: record.Enqueue, Began: due, Ended: due + 5*time.Millisecond, Pod: "app-2", Code: 200}}}
		row := record.AuditedJob{ID: j.ID, Runs: []record.JobRun{{Pod: "app-3", Began: due + 300*time.Millisecond, Ended: due + 2300*time.Millisecond}}}
		row.Enqueued.Add(due + 2*time.Millisecond)
		run.Ledger.Jobs = append(run.Ledger.Jobs, j)
		run.Audit.Jobs = append(run.Audit.Jobs, row)
		standFor(run, record.Jobs, due)
	}
	return run
}

// standFor adds the request that stands for an entry of the ledger.
func standFor(run *record.Run, class record.Class, due time.Duration) {
	run.Requests = append(run.Requests, record.Request{
		Seq: uint64(len(run.Requests) + 1), Agent: "agent-0", Node: nodes[0], Class: class, Method: "POST", Path: "/", Due: due, Start: due,
		Connected: due + time.Millisecond, FirstByte: due + 2*time.Millisecond, End: due + 15*time.Millisecond, Code: 200, Want: -1, Dials: 1, Tries: 3,
	})
	run.Agents[0].Sent++
}

// rowOf is what the database holds of the transaction of that number.
func rowOf(run *record.Run, number int) *record.AuditedTransaction {
	return &run.Audit.Transactions[number]
}

func TestOrdersThatAreAllThereOrRefusedPass(t *testing.T) {
	run := ordered()
	found := wants(t, run, "transaction-completion", "", record.Pass, "")
	if found.Measured.Text != "9 of 9" || !strings.Contains(found.Message, "8 completed, 1 refused") {
		t.Errorf("%s: %s", found.Measured.Text, found.Message)
	}
	if run.Verdict != record.Pass {
		for _, f := range run.Findings {
			t.Logf("%s %s %s %s", f.Check, f.Verdict, f.Subject, f.Message)
		}
		t.Errorf("the run is %s", run.Verdict)
	}
	for _, f := range run.Findings {
		if f.Check == "error-rate" && (f.Subject == string(record.Transactions) || f.Subject == string(record.Jobs)) {
			t.Errorf("judged by a rate: %s", f.Message)
		}
	}
}

// The transaction that tests change is the fifth, which falls into the disruption.
const changed = 4

func TestEachTransactionIsSortedByItsLedgerAndTheDatabase(t *testing.T) {
	answered := func(tx *record.Transaction, step string) {
		for i := range tx.Attempts {
			if tx.Attempts[i].Step == step {
				tx.Attempts = tx.Attempts[:i+1]
				tx.Attempts[i].Code, tx.Attempts[i].Kind = 0, record.ErrEOF
				tx.Outcome = record.Indeterminate
				return
			}
		}
	}
	for name, c := range map[string]struct {
		change    func(*record.Transaction, *record.AuditedTransaction)
		verdict   record.Verdict
		diagnosis string
		says      string
	}{
		"acknowledged and not there":        {func(_ *record.Transaction, row *record.AuditedTransaction) { row.Confirmed = record.Rows{} }, record.Fail, "F19", "Lost: 1"},
		"nothing of it is there":            {func(_ *record.Transaction, row *record.AuditedTransaction) { *row = record.AuditedTransaction{} }, record.Fail, "F19", "Lost: 1"},
		"paid and not withdrawn":            {func(_ *record.Transaction, row *record.AuditedTransaction) { row.Withdrawn = record.Rows{} }, record.Fail, "F18", "Partial: 1"},
		"a step without the one before":     {func(_ *record.Transaction, row *record.AuditedTransaction) { row.Reserved = record.Rows{} }, record.Fail, "F18", "Partial: 1"},
		"reserved twice":                    {func(_ *record.Transaction, row *record.AuditedTransaction) { row.Reserved.Add(deletedAt) }, record.Fail, "F20", "Done twice: 1"},
		"paid twice, and withdrawn once":    {func(_ *record.Transaction, row *record.AuditedTransaction) { row.Paid.Add(deletedAt) }, record.Fail, "F20", "Done twice: 1"},
		"no answer, and all of it is there": {func(tx *record.Transaction, _ *record.AuditedTransaction) { answered(tx, record.Confirm) }, record.Pass, "", "Of 1 the client had no answer"},
		"no answer, and the last step is not there": {func(tx *record.Transaction, row *record.AuditedTransaction) {
			answered(tx, record.Confirm)
			row.Confirmed = record.Rows{}
		}, record.Fail, record.Unexplained, "Given up: 1"},
		"no answer at all, and nothing is there": {func(tx *record.Transaction, row *record.AuditedTransaction) {
			answered(tx, record.Reserve)
			*row = record.AuditedTransaction{}
		}, record.Fail, record.Unexplained, "Given up: 1"},
		"no answer, and an earlier step that was acknowledged is not there": {func(tx *record.Transaction, row *record.AuditedTransaction) {
			answered(tx, record.Confirm)
			*row = record.AuditedTransaction{Reserved: row.Reserved}
		}, record.Fail, "F19", "Lost: 1"},
		"an answer that was dropped on purpose is no promise": {func(tx *record.Transaction, row *record.AuditedTransaction) {
			answered(tx, record.Confirm)
			tx.Attempts[2].Code, tx.Attempts[2].Kind, tx.Attempts[2].Dropped = 200, record.NoError, true
			row.Confirmed = record.Rows{}
		}, record.Fail, record.Unexplained, "Given up: 1"},
		"refused, and reserved": {func(tx *record.Transaction, row *record.AuditedTransaction) {
			tx.Outcome = record.Refused
			tx.Attempts = []record.Attempt{{Step: record.Reserve, Code: 409, Kind: record.ErrStatus}}
			*row = record.AuditedTransaction{ID: row.ID, Reserved: row.Reserved}
		}, record.Fail, record.Unexplained, "Refused, and in the database: 1"},
		"cut off by the harness": {func(tx *record.Transaction, row *record.AuditedTransaction) {
			answered(tx, record.Pay)
			tx.Canceled = true
			*row = record.AuditedTransaction{ID: row.ID, Reserved: row.Reserved}
		}, record.Unknown, "", "hard deadline"},
		"cut off by the harness, and done twice": {func(tx *record.Transaction, row *record.AuditedTransaction) {
			tx.Canceled = true
			row.Confirmed.Add(deletedAt)
		}, record.Fail, "F20", "Done twice: 1"},
		"in nobody's ledger": {func(_ *record.Transaction, row *record.AuditedTransaction) { row.ID = "stranger" }, record.Fail, "F19", "Lost: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			run := ordered()
			c.change(&run.Ledger.Transactions[changed], rowOf(run, changed))
			found := wants(t, run, "transaction-completion", "", c.verdict, c.diagnosis)
			if !strings.Contains(found.Message, c.says) {
				t.Errorf("does not say %q: %s", c.says, found.Message)
			}
			if (found.Verdict == record.Fail) != (len(found.Evidence) == 1) {
				t.Errorf("evidence %v", found.Evidence)
			}
		})
	}
}

func TestAnExceptionIsToldWithItsStepsTimesPodsAndTheirPhases(t *testing.T) {
	run := ordered()
	tx := &run.Ledger.Transactions[changed]
	tx.Attempts[1] = record.Attempt{Step: record.Pay, Kind: record.ErrReset, Pod: victim, Ended: deletedAt + 6*time.Second}
	tx.Attempts = append(tx.Attempts, record.Attempt{Step: record.Pay, Code: 200, Pod: "app-3", Ended: deletedAt + 7*time.Second})
	rowOf(run, changed).Paid.Add(deletedAt + 6*time.Second)
	found := wants(t, run, "transaction-completion", "", record.Fail, "F20")
	for _, part := range []string{"t-4 (plenty-0)", "pay reset by app-1 (lame-duck) at 13.00 s", "pay 200 by app-3 (serving) at 14.00 s", "2 paid"} {
		if !strings.Contains(found.Message, part) {
			t.Errorf("does not say %q: %s", part, found.Message)
		}
	}
	if !strings.Contains(found.Advice, "idempotency key") {
		t.Errorf("advice %q", found.Advice)
	}
}

func TestATransactionThatWasGivenUpHasTheCauseOfItsRequest(t *testing.T) {
	run := ordered()
	tx := &run.Ledger.Transactions[changed]
	tx.Outcome, tx.Attempts = record.Indeterminate, []record.Attempt{{Step: record.Reserve, Kind: record.ErrRefused}}
	*rowOf(run, changed) = record.AuditedTransaction{ID: tx.ID}
	r := at(t, run, record.Transactions, tx.Due)
	r.Code, r.ErrKind, r.Connected, r.FirstByte, r.Pod = 503, record.ErrStatus, r.Start, r.End, victim
	r.Start, r.Due, r.End = deletedAt+200*time.Millisecond, deletedAt+200*time.Millisecond, deletedAt+300*time.Millisecond
	r.Connected, r.FirstByte = r.Start, r.End
	tx.Due = r.Due
	wants(t, run, "transaction-completion", "", record.Fail, "F12")
}

func TestStockThatIsOversoldOrDoesNotAddUpFails(t *testing.T) {
	run := ordered()
	run.Audit.Stock[1] = record.Stock{Item: record.ScarceItem, Initial: 10, Available: -1, Reserved: 11}
	if found := wants(t, run, "transaction-completion", "", record.Fail, record.Unexplained); !strings.Contains(found.Message, "oversold: -1 of 10") {
		t.Error(found.Message)
	}
	run = ordered()
	run.Audit.Stock[0].Available = 90
	if found := wants(t, run, "transaction-completion", "", record.Fail, "F18"); !strings.Contains(found.Message, "10 are gone, and 8 reserved") {
		t.Error(found.Message)
	}
}

func TestWithoutAWholeAuditNothingIsKnownOfOrdersAndJobs(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.Run)
		says   string
	}{
		"not read":       {func(run *record.Run) { run.Audit = nil }, "was not read"},
		"not to be read": {func(run *record.Run) { run.Audit = &record.Audit{Error: "connection refused"} }, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			run := ordered()
			c.change(run)
			for _, check := range []string{"transaction-completion", "jobs-exactly-once"} {
				if found := wants(t, run, check, "", record.Unknown, ""); !strings.Contains(found.Message, c.says) {
					t.Error(found.Message)
				}
			}
			if run.Verdict != record.Unknown {
				t.Errorf("the run is %s", run.Verdict)
			}
		})
	}
}

func TestALedgerThatIsNotWholeIsUnknown(t *testing.T) {
	run := ordered()
	run.Ledger.Transactions = run.Ledger.Transactions[1:]
	if found := wants(t, run, "transaction-completion", "", record.Unknown, ""); !strings.Contains(found.Message, "t-0") {
		t.Error(found.Message)
	}
	run = ordered()
	run.Ledger.Transactions, run.Ledger.Jobs = nil, nil
	wants(t, run, "transaction-completion", "", record.Unknown, "")
	wants(t, run, "jobs-exactly-once", "", record.Unknown, "")
}

func TestARunWithoutOrdersAndJobsIsNotJudgedByThem(t *testing.T) {
	run := build(graceful())
	wants(t, run, "transaction-completion", "", record.Skipped, "")
	wants(t, run, "jobs-exactly-once", "", record.Skipped, "")
	if run.Verdict != record.Pass {
		t.Errorf("the run is %s", run.Verdict)
	}
}

func TestARunWithNothingButALedgerHasNoRateToJudge(t *testing.T) {
	run := ordered()
	run.Loads = run.Loads[len(run.Loads)-2:]
	run.Requests = run.Requests[len(run.Requests)-12:]
	wants(t, run, "error-rate", "", record.Skipped, "")
}
