package assertions

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(Check{
	Name:      "acknowledged-writes",
	Guarantee: "Every write that the API server acknowledged is there afterwards, none is there that nobody wrote, and none is accepted on a version that an object no longer has",
	Reference: "Kubernetes API concepts: resource versions, optimistic concurrency, consistent lists",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	return []record.Finding{f.acknowledgedWrites()}
})

// acknowledgedWrites judges all writers together: an API server's promise is the same to each.
func (f *facts) acknowledgedWrites() record.Finding {
	if !f.wroteObjects() {
		return record.Finding{Verdict: record.Skipped, Message: "Nobody wrote objects of the Kubernetes API with a ledger in this run."}
	}
	var all writeAudit
	for _, name := range f.objectWriters() {
		all.add(f.auditWrites(name))
	}
	all.problems = append(f.unwritten(), all.problems...)
	out := record.Finding{
		Measured:  record.Quantity{Value: float64(len(all.broken)), Unit: "writes", Text: fmt.Sprintf("%d of %s wrong", len(all.broken), thousands(all.acked))},
		Threshold: record.Quantity{Text: "none"},
		Message:   all.words(),
	}
	switch {
	case len(all.broken) > 0:
		out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
		out.Message = list(all.broken, 5) + ". " + out.Message
	case len(all.problems) > 0:
		out.Verdict, out.Message = record.Unknown, list(all.problems, 3)+". "+out.Message
	default:
		out.Verdict = record.Pass
	}
	return out
}

// wroteObjects reports whether the run was to have writers, or had any.
func (f *facts) wroteObjects() bool {
	return len(f.run.Ledger.Writes) > 0 || slices.ContainsFunc(f.run.Clients, func(l record.Load) bool { return l.Class == record.APIObjects })
}

// objectWriter is one of an agent's.
type objectWriter struct{ agent, name string }

func (w objectWriter) String() string { return fmt.Sprintf("writer %s of %s", w.name, w.agent) }

func (f *facts) objectWriters() []objectWriter {
	known := map[objectWriter]bool{}
	for _, w := range f.run.Ledger.Writes {
		known[objectWriter{w.Agent, w.Writer}] = true
	}
	for _, l := range f.run.Ledger.Listings {
		known[objectWriter{l.Agent, l.Writer}] = true
	}
	out := make([]objectWriter, 0, len(known))
	for w := range known {
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b objectWriter) int { return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.name, b.name)) })
	return out
}

// unwritten says which agents' ledgers are missing, or hold other attempts than were made: each that was due is also
// among the requests.
func (f *facts) unwritten() (problems []string) {
	attempts, requests := map[string]int{}, map[string]int{}
	for _, w := range f.run.Ledger.Writes {
		if w.Due != 0 {
			attempts[w.Agent]++
		}
	}
	for i := range f.run.APIRequests {
		if r := &f.run.APIRequests[i]; r.Class == record.APIObjects {
			requests[r.Agent]++
		}
	}
	for _, a := range f.run.Agents {
		switch {
		case requests[a.Name] == 0:
			problems = append(problems, fmt.Sprintf("%s wrote nothing", a.Name))
		case attempts[a.Name] != requests[a.Name]:
			problems = append(problems, fmt.Sprintf("the ledger of %s holds %d attempts, and %d were made", a.Name, attempts[a.Name], requests[a.Name]))
		}
	}
	return problems
}

// writeAudit is what came of attempts.
type writeAudit struct {
	acked, conflicted, refused int
	done, undone, open         int      // indeterminate ones, by how they were resolved
	there                      int      // objects, in the last lists
	broken                     []string // one sentence each
	problems                   []string // that keep it from being decided
}

func (a *writeAudit) add(b writeAudit) {
	a.acked, a.conflicted, a.refused = a.acked+b.acked, a.conflicted+b.conflicted, a.refused+b.refused
	a.done, a.undone, a.open, a.there = a.done+b.done, a.undone+b.undone, a.open+b.open, a.there+b.there
	a.broken, a.problems = append(a.broken, b.broken...), append(a.problems, b.problems...)
}

// words are the figures, whatever the verdict.
func (a *writeAudit) words() string {
	text := fmt.Sprintf("%s acknowledged, %d refused as expected on a stale version, %d refused otherwise or never sent", count(a.acked, "write"), a.conflicted, a.refused)
	if lost := a.done + a.undone + a.open; lost > 0 {
		text += fmt.Sprintf("; of %s whose answer was lost, %d turned out to be done, %d not, %d not known", count(lost, "write"), a.done, a.undone, a.open)
	}
	return text + fmt.Sprintf("; %s there at the end.", count(a.there, "object"))
}

// auditWrites follows a writer's attempts object by object, and then holds them against the last list.
func (f *facts) auditWrites(who objectWriter) (out writeAudit) {
	histories := map[string]*objectHistory{}
	for _, w := range f.attemptsOf(who) {
		h := histories[w.Object]
		if h == nil {
			h = newObjectHistory(w.Object)
			histories[w.Object] = h
		}
		out.count(w)
		if why := h.take(w); why != "" {
			out.broken = append(out.broken, why)
		}
	}
	if out.acked == 0 {
		out.problems = append(out.problems, fmt.Sprintf("not one write of %s was acknowledged", who))
	}
	l := f.listingOf(who)
	if l == nil || l.Error != "" {
		why := "it is not in the record"
		if l != nil {
			why = l.Error
		}
		out.problems = append(out.problems, fmt.Sprintf("what is there of %s at the end is not known: %s", who, why))
		return out
	}
	out.there = len(l.Objects)
	out.broken = append(out.broken, againstListing(histories, l)...)
	return out
}

// count sorts an attempt into the figures. Reads are none.
func (a *writeAudit) count(w *record.Write) {
	switch {
	case w.Verb == record.VerbRead:
	case w.Outcome == record.WriteAcknowledged:
		a.acked++
	case w.Outcome == record.WriteConflicted:
		a.conflicted++
	case w.Outcome == record.WriteRefused:
		a.refused++
	case w.Resolved == record.WriteDone:
		a.done++
	case w.Resolved == record.WriteNotDone:
		a.undone++
	default:
		a.open++
	}
}

// againstListing holds the histories against the list.
func againstListing(histories map[string]*objectHistory, l *record.Listing) (broken []string) {
	there := map[string]record.Listed{}
	for _, o := range l.Objects {
		there[o.Name] = o
		if histories[o.Name] == nil {
			broken = append(broken, fmt.Sprintf("object %s is there at the end, and nobody wrote it", o.Name))
		}
	}
	for _, name := range sorted(histories) {
		o, is := there[name]
		if why := histories[name].found(objectState{there: is, number: o.Held, version: o.Version}, "at the end"); why != "" {
			broken = append(broken, why)
		}
	}
	return broken
}

// attemptsOf the writer, in the order in which they were begun.
func (f *facts) attemptsOf(who objectWriter) []*record.Write {
	var out []*record.Write
	for i := range f.run.Ledger.Writes {
		if w := &f.run.Ledger.Writes[i]; (objectWriter{w.Agent, w.Writer}) == who {
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b *record.Write) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return out
}

func (f *facts) listingOf(who objectWriter) *record.Listing {
	for i := range f.run.Ledger.Listings {
		if l := &f.run.Ledger.Listings[i]; (objectWriter{l.Agent, l.Writer}) == who {
			return l
		}
	}
	return nil
}
