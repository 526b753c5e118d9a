package assertions

import (
	"fmt"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(Check{
	Name:      "watch-continuity",
	Guarantee: "A watch shows each event once and in order, across all connections that it takes",
	Reference: "Kubernetes API Concepts, Efficient detection of changes: watch from a resourceVersion, resume from the last one seen, list again after 410 Gone",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	return f.appWatches()
})

// appWatches judges the watches of the application, those of each class together.
func (f *facts) appWatches() []record.Finding {
	classes := f.lastingClasses(func(c record.Class) bool { return c.Lasting() && !c.Stream() })
	if len(classes) == 0 {
		return []record.Finding{{Verdict: record.Skipped, Message: "There were no watches of the application in the traffic of this run."}}
	}
	var out []record.Finding
	for _, class := range classes {
		out = append(out, f.watches(class))
	}
	return out
}

// watchedEvents is how the watches of a class went.
type watchedEvents struct {
	total, seen, missing, doubled, disordered int
	reconnects                                int
	relists                                   int
	open                                      int      // at a pod when it was asked to end
	unknown                                   []string // why the ends of some are not known
	flaws                                     []string // in words, the first few
	flawed                                    int      // watches with any
	causes                                    map[string]int
	ends                                      map[string]int // of legs that a server ended
}

// watches judges the watches of one class.
func (f *facts) watches(class record.Class) record.Finding {
	got := watchedEvents{causes: map[string]int{}, ends: map[string]int{}}
	for i := range f.run.Ledger.Watches {
		if w := &f.run.Ledger.Watches[i]; w.Class == class {
			f.watch(w, &got)
		}
	}
	out := record.Finding{
		Subject:   string(class),
		Measured:  record.Quantity{Value: float64(got.missing + got.doubled + got.disordered), Unit: "events", Text: fmt.Sprintf("%d lost, %d doubled, %d out of order", got.missing, got.doubled, got.disordered)},
		Threshold: record.Quantity{Unit: "events", Text: "none"},
	}
	switch {
	case got.flawed > 0:
		out.Verdict = record.Fail
		out.Message, out.Diagnosis = got.flawedWords()
		out.Advice = f.advise(out.Diagnosis, nil)
	case got.total == 0:
		out.Verdict, out.Measured = record.Unknown, record.Quantity{Text: "no watches"}
		out.Message = "Watches of this class were asked for, and the record holds none."
	case len(got.unknown) > 0:
		out.Verdict = record.Unknown
		out.Message = fmt.Sprintf("What %d of %d watches had to show is not known: %s.", len(got.unknown), got.total, list(got.unknown, shownBroken))
	case got.seen == 0:
		out.Verdict = record.Unknown
		out.Message = fmt.Sprintf("%s showed no event at all: nothing was tested.", counted(got.total))
	case f.endsPods() && got.open == 0:
		out.Verdict = record.Skipped
		out.Message = fmt.Sprintf("%s showed all their events, but none of them was open at a pod when it was asked to end: nothing was tested.", counted(got.total))
	default:
		out.Verdict = record.Pass
		out.Message = fmt.Sprintf("%s showed %s, each once and in order, over %s%s.",
			counted(got.total), count(got.seen, "event"), count(got.reconnects, "reconnect"), got.endWords())
	}
	return out
}

func counted(watches int) string {
	if watches == 1 {
		return "1 watch"
	}
	return thousands(watches) + " watches"
}

// watch counts one watch.
func (f *facts) watch(w *record.Watch, got *watchedEvents) {
	got.total++
	got.seen += w.Seen
	got.missing, got.doubled, got.disordered = got.missing+w.Missing, got.doubled+w.Doubled, got.disordered+w.Disordered
	got.relists += len(w.Relists)
	got.reconnects += max(len(w.Legs)-1, 0)
	open := false
	for _, leg := range w.Legs {
		open = open || f.openAtDelete(leg.Pod, leg.Opened, leg.Ended)
		if leg.End != record.WatchDone {
			got.ends[leg.End]++
		}
	}
	if open {
		got.open++
	}
	if !w.Canceled && (w.First == 0 || w.Last == 0) {
		why := w.Error
		if why == "" {
			why = "its first or last version was not recorded"
		}
		got.unknown = append(got.unknown, why)
	}
	if w.Missing+w.Doubled+w.Disordered == 0 {
		return
	}
	got.flawed++
	if len(w.Flaws) == 0 {
		got.causes[record.Unexplained]++
	}
	for _, flaw := range w.Flaws {
		code, words := f.flawed(w, flaw)
		got.causes[code]++
		if len(got.flaws) < shownBroken {
			got.flaws = append(got.flaws, words)
		}
	}
}

// flawed names the cause of a flaw: a watch that did not go on from the version that it was to be resumed from, which shows
// in what came first over a connection. What goes wrong within a connection nothing here explains.
func (f *facts) flawed(w *record.Watch, flaw record.Flaw) (code, words string) {
	what := fmt.Sprintf("event %d %s", flaw.From, flaw.Kind)
	if flaw.To > flaw.From {
		what = fmt.Sprintf("events %d to %d %s", flaw.From, flaw.To, flaw.Kind)
	}
	if flaw.Leg < 0 || flaw.Leg >= len(w.Legs) {
		return record.Unexplained, what + ", of a watch that never had a connection"
	}
	leg := &w.Legs[flaw.Leg]
	what += " " + f.whenAndWhere(flaw.At, leg.Pod)
	skipped := flaw.Kind == record.FlawMissing && flaw.From > leg.Since && flaw.To < leg.From
	repeated := flaw.Kind == record.FlawDoubled && flaw.From <= leg.Since
	if leg.Since == 0 || !skipped && !repeated {
		return record.Unexplained, what + ", within one connection"
	}
	words = fmt.Sprintf("%s: it was to go on from version %d and began with %d", what, leg.Since, leg.From)
	if flaw.Leg > 0 {
		before := &w.Legs[flaw.Leg-1]
		words += fmt.Sprintf("; the connection before had ended %s (%s)", f.whenAndWhere(before.Ended, before.Pod), before.End)
	}
	return "F31", words
}

// flawedWords tell of what is wrong, and its commonest cause; of equally common ones the most telling.
func (got *watchedEvents) flawedWords() (text, diagnosis string) {
	diagnosis = record.Unexplained
	for _, code := range order() {
		if got.causes[code] > got.causes[diagnosis] {
			diagnosis = code
		}
	}
	text = fmt.Sprintf("%d of %s did not show each event once and in order: %d lost, %d doubled, %d out of order",
		got.flawed, counted(got.total), got.missing, got.doubled, got.disordered)
	if len(got.flaws) > 0 {
		text += "; " + strings.Join(got.flaws, "; ")
	}
	return text + ".", diagnosis
}

// endWords tell how servers ended connections, and what lists made up for.
func (got *watchedEvents) endWords() (text string) {
	var parts []string
	for _, end := range sorted(got.ends) {
		parts = append(parts, fmt.Sprintf("%s %s", thousands(got.ends[end]), end))
	}
	if len(parts) > 0 {
		text = " (" + strings.Join(parts, ", ") + ")"
	}
	if got.relists > 0 {
		text += fmt.Sprintf("; %s took up what could not be resumed", count(got.relists, "list"))
	}
	return text
}
