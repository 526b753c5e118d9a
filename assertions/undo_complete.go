package assertions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(Check{
	Name:      "undo-complete",
	Guarantee: "What the run made is gone, and what it changed is as before",
	Reference: "lastcall: each change is written into a journal before it is made, and is seen to be taken back",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	changes := changesOf(f.run)
	out := record.Finding{
		Measured:  record.Quantity{Value: float64(len(changes)), Unit: "changes"},
		Threshold: record.Quantity{Text: "all taken back"},
	}
	began, ended, left := undoing(f.run)
	open := unproved(changes)
	switch {
	case left != "":
		out.Verdict, out.Diagnosis = record.Fail, record.Unexplained
		out.Message = "Not everything was taken back: " + left + "."
		out.Advice = "lastcall recover takes back what can be taken back, and says what remains."
	case !began:
		out.Verdict = record.Unknown
		out.Message = fmt.Sprintf("The run ended before it took anything back; it had made %s.", count(len(changes), "change"))
		out.Advice = "lastcall recover takes back what is left."
	case !ended:
		out.Verdict = record.Unknown
		out.Message = "The run ended while it was taking back what it had made and changed."
		out.Advice = "lastcall recover takes back what is left."
	case len(open) > 0:
		out.Verdict = record.Unknown
		out.Message = "Nothing in the record shows that these were taken back: " + list(open, 5) + "."
	default:
		out.Verdict = record.Pass
		out.Message = takenBack(f.run, changes)
	}
	return []record.Finding{out}
})

// change is one thing that a run altered, and when it was last seen altered and as before.
type change struct {
	kind         record.Change
	object       string
	made, undone time.Duration
	how          string // the kind of event that says that it is as before; "" nothing does
}

func (c change) String() string { return c.kind.What + " " + c.object }

// changesOf lists what the events say that the run altered, by kind and object. What was so before the run is not in it.
func changesOf(run *record.Run) []change {
	var out []change
	for _, kind := range record.Changes() {
		found := map[string]*change{}
		for _, e := range run.Events {
			if e.Kind == kind.Made && e.Attr[record.Foreign] != "true" {
				if found[e.Object] == nil {
					found[e.Object] = &change{kind: kind, object: e.Object}
				}
				found[e.Object].made = max(found[e.Object].made, e.At)
			}
		}
		for _, e := range run.Events {
			if c := found[e.Object]; c != nil && slices.Contains(kind.Undone, e.Kind) && e.At >= c.undone {
				c.undone, c.how = e.At, e.Kind
			}
		}
		for _, object := range sorted(found) {
			out = append(out, *found[object])
		}
	}
	return out
}

// unproved names the changes that nobody saw taken back after they were last made.
func unproved(changes []change) []string {
	var out []string
	for _, c := range changes {
		if c.how == "" || c.undone < c.made {
			out = append(out, c.String())
		}
	}
	return out
}

// undoing tells how far the run's undo came, and what it says is left. An undo that was tried again counts as it ended.
func undoing(run *record.Run) (began, ended bool, left string) {
	for _, e := range run.Events {
		switch e.Kind {
		case record.UndoBegan:
			began, ended, left = true, false, ""
		case record.UndoEnded:
			ended = true
		case record.UndoIncomplete:
			left = strings.TrimSuffix(e.Detail, ".")
			if left == "" {
				left = "what is left is not recorded"
			}
		}
	}
	return began, ended, left
}

// takenBack tells what was seen to be as before, and what was left on request.
func takenBack(run *record.Run, changes []change) string {
	if len(changes) == 0 {
		return "Everything was taken back; the record names no single change."
	}
	var gone, kept []string
	for _, c := range changes {
		if c.how == record.NamespaceKept {
			kept = append(kept, c.String())
		} else {
			gone = append(gone, c.String())
		}
	}
	text := fmt.Sprintf("%s seen to be as before", count(len(gone), "change"))
	if len(gone) > 0 {
		text += ": " + list(gone, 5)
	}
	text += "."
	if len(kept) > 0 {
		text += " Left on request: " + list(kept, 5) + "."
	}
	if run.Aborted != "" {
		text += " The run was aborted, and undone all the same."
	}
	return text
}
