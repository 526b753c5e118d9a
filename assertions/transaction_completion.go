package assertions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(Check{
	Name:      "transaction-completion",
	Guarantee: "Every transaction that a client began is completed or cleanly refused: none is lost, partial or done twice, and stock never goes below zero",
	Reference: "The client's ledger of every attempt, held against the database after the run; draft-ietf-httpapi-idempotency-key-header for repeated steps",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	began := f.run.Ledger.Transactions
	if !f.carries(record.Transactions) && len(began) == 0 {
		return []record.Finding{{Verdict: record.Skipped, Message: "This run has no transactions."}}
	}
	out := record.Finding{
		Subject:   string(record.Transactions),
		Threshold: record.Quantity{Value: float64(len(began)), Unit: "transactions", Text: "all"},
	}
	switch problem := f.unaudited(); {
	case problem != "":
		out.Verdict, out.Message = record.Unknown, problem
	case len(began) == 0:
		out.Verdict, out.Message = record.Unknown, "Transactions were asked for, and no client's ledger holds one."
	default:
		f.completed(&out, sortedOut(f.run))
	}
	return []record.Finding{out}
})

// carries reports whether traffic of the class was asked for.
func (f *facts) carries(class record.Class) bool {
	return slices.ContainsFunc(f.run.Loads, func(l record.Load) bool { return l.Class == class })
}

// unaudited says in words why the database cannot be held against the ledgers; "" when it can.
func (f *facts) unaudited() string {
	switch a := f.run.Audit; {
	case a == nil:
		return "The database was not read after the run, so what became of anything that was sent is not known."
	case a.Error != "":
		return "The database could not be read after the run (" + strings.TrimSuffix(a.Error, ".") + "), so what became of anything that was sent is not known."
	default:
		return ""
	}
}

// fate is what became of a transaction, by its client's ledger and the database together.
type fate string

// The fates. A transaction has the first of those that are true of it.
const (
	doubledFate fate = "done twice" // the database holds a step of it more than once
	partialFate fate = "partial"    // the database holds a part of one step, or a step without the one before
	lostFate    fate = "lost"       // the client was told that a step is done, and the database does not hold it
	ghostFate   fate = "refused, and in the database"
	doneFate    fate = "completed" // all of it is there, and the client was told so
	foundFate   fate = "completed, which its client does not know"
	refusedFate fate = "refused"     // nothing of it is there, and the client was told so
	openFate    fate = "given up"    // its client gave up, and it is not complete
	cutFate     fate = "interrupted" // by the harness
)

// broken are the fates that break the guarantee, in the order in which they are told, with their diagnoses: "" is whatever
// explains the requests.
var broken = []struct {
	fate fate
	code string
}{{lostFate, "F19"}, {partialFate, "F18"}, {doubledFate, "F20"}, {ghostFate, record.Unexplained}, {openFate, ""}}

// fateOf sorts one transaction. row is what the database holds of it.
func fateOf(t record.Transaction, row record.AuditedTransaction) fate {
	reserved, paid, withdrawn, confirmed := row.Reserved.Count, row.Paid.Count, row.Withdrawn.Count, row.Confirmed.Count
	whole := reserved == 1 && paid == 1 && withdrawn == 1 && confirmed == 1
	switch {
	case max(reserved, paid, withdrawn, confirmed) > 1:
		return doubledFate
	case paid != withdrawn, reserved < paid, paid < confirmed:
		return partialFate
	case missing(t, record.Reserve, reserved), missing(t, record.Pay, paid), missing(t, record.Confirm, confirmed):
		return lostFate
	case t.Outcome == record.Refused && reserved > 0:
		return ghostFate
	case t.Outcome == record.Refused:
		return refusedFate
	case t.Outcome == record.Confirmed:
		return doneFate
	case whole:
		return foundFate
	case t.Canceled:
		return cutFate
	default:
		return openFate
	}
}

// missing reports whether the client was told that the step is done, and it is not there.
func missing(t record.Transaction, step string, rows int) bool {
	_, told := t.Acknowledged(step)
	return told && rows == 0
}

// fates are all transactions of a run by what became of them.
type fates struct {
	of        map[fate][]record.Transaction
	rows      map[string]record.AuditedTransaction
	strangers []string // in the database and in nobody's ledger
	sold      []string // what is wrong with the stock, in words
	oversold  bool
}

// sortedOut sorts every transaction of the ledgers.
func sortedOut(run *record.Run) fates {
	all := fates{of: map[fate][]record.Transaction{}, rows: map[string]record.AuditedTransaction{}}
	for _, row := range run.Audit.Transactions {
		all.rows[row.ID] = row
	}
	known := map[string]bool{}
	for _, t := range run.Ledger.Transactions {
		known[t.ID] = true
		which := fateOf(t, all.rows[t.ID])
		all.of[which] = append(all.of[which], t)
	}
	for _, row := range run.Audit.Transactions {
		if !known[row.ID] {
			all.strangers = append(all.strangers, row.ID)
		}
	}
	for _, s := range run.Audit.Stock {
		switch gone := s.Initial - s.Available; {
		case s.Available < 0:
			all.oversold = true
			all.sold = append(all.sold, fmt.Sprintf("%s was oversold: %d of %d are left", s.Item, s.Available, s.Initial))
		case gone != s.Reserved:
			all.sold = append(all.sold, fmt.Sprintf("the stock of %s does not add up: %d are gone, and %d reserved", s.Item, gone, s.Reserved))
		}
	}
	return all
}

func (a fates) count(which ...fate) (n int) {
	for _, one := range which {
		n += len(a.of[one])
	}
	return n
}

// completed fills the finding in.
func (f *facts) completed(out *record.Finding, all fates) {
	total, refused := len(f.run.Ledger.Transactions), all.count(refusedFate)
	done := all.count(doneFate, foundFate)
	out.Measured = record.Quantity{
		Value: float64(done + refused), Unit: "transactions",
		Text: fmt.Sprintf("%s of %s", thousands(done+refused), thousands(total)),
	}
	out.Message = fmt.Sprintf("%s were begun: %s completed, %s refused for want of stock.", count(total, "transaction"), thousands(done), thousands(refused))
	if n := all.count(foundFate); n > 0 {
		out.Message += fmt.Sprintf(" Of %s the client had no answer to the last step; the database says that they are complete.", thousands(n))
	}
	exceptions := f.exceptions(all)
	switch {
	case len(exceptions) > 0:
		out.Verdict = record.Fail
		out.Message += " " + strings.Join(exceptions, " ")
		out.Evidence = f.seqsOf(all)
		out.Diagnosis = f.whyBroken(all)
		out.Advice = remedy(out.Diagnosis)
	case len(all.strangers) > 0:
		out.Verdict = record.Unknown
		out.Message += fmt.Sprintf(" But the database holds %s that is in no client's ledger, so a ledger is not whole (%s).",
			count(len(all.strangers), "transaction"), list(all.strangers, 3))
	case all.count(cutFate) > 0:
		out.Verdict = record.Unknown
		out.Message += fmt.Sprintf(" But %s ended by the harness's own hard deadline.", count(all.count(cutFate), "transaction"))
	default:
		out.Verdict = record.Pass
	}
}

// whyBroken is the cause behind most of the exceptions; of equally many the most telling.
func (f *facts) whyBroken(all fates) string {
	n := map[string]int{}
	for _, b := range broken {
		for _, t := range all.of[b.fate] {
			n[f.codeOf(b.code, f.requestOf(t.Agent, record.Transactions, t.Due))]++
		}
	}
	if len(all.sold) > 0 && len(n) == 0 {
		if all.oversold {
			return record.Unexplained
		}
		return "F18" // what was taken from the stock, and what it was for, are apart
	}
	best := record.Unexplained
	for _, code := range order() {
		if n[code] > n[best] {
			best = code
		}
	}
	return best
}

// codeOf is the code, or in its absence the cause of the request; -1 is none.
func (f *facts) codeOf(code string, request int) string {
	switch {
	case code != "":
		return code
	case request < 0 || !f.run.Requests[request].Failed():
		return record.Unexplained
	default:
		return f.failure(request).Diagnosis
	}
}

// requestOf is the index of the request that stands for an entry of a ledger; -1: there is none.
func (f *facts) requestOf(agent string, class record.Class, due time.Duration) int {
	return slices.IndexFunc(f.run.Requests, func(r record.Request) bool {
		return r.Due == due && r.Class == class && r.Agent == agent
	})
}

// seqsOf are the requests of what is broken.
func (f *facts) seqsOf(all fates) []uint64 {
	var out []int
	for _, b := range broken {
		for _, t := range all.of[b.fate] {
			if i := f.requestOf(t.Agent, record.Transactions, t.Due); i >= 0 && len(out) < record.MaxEvidence {
				out = append(out, i)
			}
		}
	}
	return f.seqs(out)
}

// mostTold is how many exceptions of one kind are told in full.
const mostTold = 3

// exceptions tells what is broken, a sentence for each kind.
func (f *facts) exceptions(all fates) []string {
	var out []string
	for _, b := range broken {
		these := all.of[b.fate]
		if len(these) == 0 {
			continue
		}
		var told []string
		for _, t := range these[:min(len(these), mostTold)] {
			told = append(told, f.story(t, all.rows[t.ID]))
		}
		if more := len(these) - len(told); more > 0 {
			told = append(told, fmt.Sprintf("and %d more", more))
		}
		out = append(out, fmt.Sprintf("%s: %s. %s.", capital(string(b.fate)), thousands(len(these)), strings.Join(told, "; ")))
	}
	if len(all.sold) > 0 {
		out = append(out, capital(list(all.sold, mostTold))+".")
	}
	return out
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// story is one transaction with its steps, times and pods.
func (f *facts) story(t record.Transaction, row record.AuditedTransaction) string {
	var steps []string
	for _, a := range t.Attempts[max(len(t.Attempts)-mostAttempts, 0):] {
		steps = append(steps, f.attemptWords(a))
	}
	if more := len(t.Attempts) - len(steps); more > 0 {
		steps = append([]string{count(more, "earlier attempt")}, steps...)
	}
	return fmt.Sprintf("%s (%s): %s; the database holds %d reserved, %d paid, %d withdrawn, %d confirmed",
		t.ID, t.Item, strings.Join(steps, ", "), row.Reserved.Count, row.Paid.Count, row.Withdrawn.Count, row.Confirmed.Count)
}

// mostAttempts is how many attempts of one entry are told.
const mostAttempts = 6

// attemptWords tells one attempt: "pay 200 by app-1 (serving) at 12.30 s".
func (f *facts) attemptWords(a record.Attempt) string {
	text := a.Step + " "
	if a.Code > 0 {
		text += fmt.Sprint(a.Code)
	} else {
		text += string(a.Kind)
	}
	if a.Pod != "" {
		text += " by " + a.Pod
		if t := f.byName[a.Pod]; t != nil {
			text += fmt.Sprintf(" (%s)", t.PhaseAt(a.Ended))
		}
	}
	if a.Dropped {
		text += ", answer dropped on purpose,"
	}
	return text + " at " + seconds(a.Ended)
}
