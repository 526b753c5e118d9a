package assertions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// apiWatches judges the watches on the Kubernetes API, all together: an API server's promise is the same to each. What a
// watch has to show is what was acknowledged to the writer beside it; a watch on pods, of which nobody's ledger is there,
// is held against a list at its end.
func (f *facts) apiWatches() record.Finding {
	watches := f.watchesOf(record.WatchesAPI)
	if len(watches) == 0 && !f.wroteObjects() {
		return record.Finding{Verdict: record.Skipped, Message: "Nobody kept a watch on the Kubernetes API with a ledger in this run."}
	}
	sum := apiWatchSum{ends: map[string]int{}}
	for _, w := range watches {
		sum.add(w)
	}
	out := record.Finding{
		Subject:   string(record.APIObjects),
		Measured:  record.Quantity{Value: float64(sum.flaws()), Unit: "events", Text: fmt.Sprintf("%d of %s wrong", sum.flaws(), thousands(sum.seen+sum.missing))},
		Threshold: record.Quantity{Text: "none missing, doubled or out of order"},
		Message:   sum.words(),
	}
	problems := f.undecidedAPIWatches(watches)
	switch {
	case sum.flaws() > 0:
		out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
		out.Message = f.apiFlawWords(watches) + " " + out.Message
	case len(problems) > 0:
		out.Verdict, out.Message = record.Unknown, list(problems, 3)+". "+out.Message
	default:
		out.Verdict = record.Pass
	}
	return out
}

func (f *facts) watchesOf(source string) []*record.Watch {
	var out []*record.Watch
	for i := range f.run.Ledger.Watches {
		if w := &f.run.Ledger.Watches[i]; w.Source == source {
			out = append(out, w)
		}
	}
	return out
}

// undecidedAPIWatches says which watches are not there, or do not tell whether anything is missing.
func (f *facts) undecidedAPIWatches(watches []*record.Watch) (problems []string) {
	for _, a := range f.run.Agents {
		if !slices.ContainsFunc(watches, func(w *record.Watch) bool { return w.Agent == a.Name }) {
			problems = append(problems, fmt.Sprintf("no watch of %s is in the record", a.Name))
		}
	}
	for _, w := range watches {
		switch {
		case w.Error != "":
			problems = append(problems, fmt.Sprintf("what the watch of %s on %s missed is not known: %s", w.Agent, w.What, w.Error))
		case w.Canceled:
			problems = append(problems, fmt.Sprintf("the watch of %s on %s was cut off by the harness at its deadline", w.Agent, w.What))
		case w.Ended == 0:
			problems = append(problems, fmt.Sprintf("the watch of %s on %s has not ended", w.Agent, w.What))
		}
	}
	return problems
}

// apiWatchSum are the figures of several watches.
type apiWatchSum struct {
	watches, legs, seen, relists int
	missing, doubled, disordered int
	ends                         map[string]int // of legs
}

func (s *apiWatchSum) add(w *record.Watch) {
	s.watches++
	s.legs, s.seen, s.relists = s.legs+len(w.Legs), s.seen+w.Seen, s.relists+len(w.Relists)
	s.missing, s.doubled, s.disordered = s.missing+w.Missing, s.doubled+w.Doubled, s.disordered+w.Disordered
	for _, l := range w.Legs {
		s.ends[l.End]++
	}
}

func (s *apiWatchSum) flaws() int { return s.missing + s.doubled + s.disordered }

// apiLegEnds are the ends of legs in words, in the order in which they are told. A watch's last leg is ended by its client.
var apiLegEnds = []struct{ end, words string }{
	{record.WatchClean, "ended in order by the server"}, {record.WatchBookmark, "likewise after a bookmark"},
	{record.WatchExpired, "answered with 410"}, {record.WatchCut, "cut off or not accepted"}, {record.WatchSilent, "given up because nothing came any more"},
}

func (s *apiWatchSum) words() string {
	text := fmt.Sprintf("%s of the Kubernetes API saw %s in %s", counted(s.watches), count(s.seen, "event"), count(s.legs, "leg"))
	var ends []string
	for _, e := range apiLegEnds {
		if n := s.ends[e.end]; n > 0 {
			ends = append(ends, fmt.Sprintf("%d %s", n, e.words))
		}
	}
	if len(ends) > 0 {
		text += " (" + strings.Join(ends, ", ") + ")"
	}
	if s.relists > 0 {
		text += fmt.Sprintf("; %s shown by a list in place of events", count(s.relists, "gap"))
	}
	return text + "."
}

// apiFlawWords names the first flaws, with the writes that they are about.
func (f *facts) apiFlawWords(watches []*record.Watch) string {
	var parts []string
	for _, w := range watches {
		for _, x := range w.Flaws {
			parts = append(parts, fmt.Sprintf("%s on %s in leg %d at %s: %s %s", w.Agent, w.What, x.Leg+1, seconds(x.At), f.apiFlaw(w, x), x.Kind))
		}
		if more := w.Missing + w.Doubled + w.Disordered - len(w.Flaws); more > 0 {
			parts = append(parts, fmt.Sprintf("%s on %s: %d more", w.Agent, w.What, more))
		}
	}
	return list(parts, 5) + "."
}

// apiFlaw is what the event was of. One of a delete, whose version no answer tells, lies between the last version of its
// object and a later one.
func (f *facts) apiFlaw(watch *record.Watch, x record.Flaw) string {
	var deleted *record.Write
	object := ""
	for i := range f.run.Ledger.Writes {
		w := &f.run.Ledger.Writes[i]
		if w.Agent != watch.Agent {
			continue
		}
		switch from := fmt.Sprint(x.From); {
		case w.Returned == from && w.Verb != record.VerbRead && x.From == x.To:
			return writeName(w)
		case w.Returned == from:
			object = w.Object
		case w.Verb == record.VerbDelete && w.Outcome == record.WriteAcknowledged && w.Object == object:
			deleted = w
		}
	}
	if deleted != nil && x.From != x.To {
		return fmt.Sprintf("%s (between version %d and %d)", writeName(deleted), x.From, x.To)
	}
	if x.From != x.To {
		return fmt.Sprintf("a change between version %d and %d", x.From, x.To)
	}
	return fmt.Sprintf("version %d", x.From)
}
