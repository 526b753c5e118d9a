package assertions

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/lastcall-dev/lastcall/record"
)

// objectState is what an object may be like.
type objectState struct {
	there   bool
	number  int    // of the attempt that wrote it
	version string // "" not known
}

// objectHistory is what an object may be like by all that its writer did and saw, as a linearizability checker keeps it
// for one register: an acknowledged write leaves one state; one whose answer was lost adds another; a read tells which it
// is. Such a write may be carried out later still, for as long as the object has the version that it asks for.
type objectHistory struct {
	object   string
	possible []objectState
	pending  []*record.Write // whose answers were lost
	last     *record.Write   // acknowledged
	broken   bool            // what follows on something that is wrong is not held against it once more
}

func newObjectHistory(object string) *objectHistory {
	return &objectHistory{object: object, possible: []objectState{{}}}
}

// take takes the next attempt, and says in words what about it must not be; "" nothing.
func (h *objectHistory) take(w *record.Write) string {
	switch {
	case w.Verb == record.VerbRead && w.Outcome == record.WriteAcknowledged:
		return h.found(objectState{there: w.Code == http.StatusOK, number: w.Held, version: w.Returned}, "when it was read at "+seconds(w.Ended))
	case w.Verb == record.VerbRead:
	case w.Outcome == record.WriteIndeterminate:
		h.pending = append(h.pending, w)
		h.close()
	case w.Outcome == record.WriteAcknowledged:
		return h.acknowledged(w)
	}
	return ""
}

func (h *objectHistory) acknowledged(w *record.Write) (why string) {
	allowed := slices.ContainsFunc(h.possible, func(s objectState) bool { return permits(w, s) })
	switch {
	case allowed || h.broken:
	case w.Stale:
		why = fmt.Sprintf("%s was acknowledged on version %s, which the object no longer had: it overwrote what was there (%s)", writeName(w), w.Sent, h.words())
	default:
		why = fmt.Sprintf("%s was acknowledged, though the object was not as it asked for (%s)", writeName(w), h.words())
	}
	h.broken = h.broken || why != ""
	h.last = w
	h.possible = []objectState{leaves(w)}
	h.close()
	return why
}

// found compares what an object is like with what it may be like.
func (h *objectHistory) found(now objectState, when string) (why string) {
	fits := slices.ContainsFunc(h.possible, func(s objectState) bool { return s.like(now) })
	if !fits && !h.broken {
		why = fmt.Sprintf("object %s %s %s, though %s", h.object, now.words(), when, h.words())
		h.broken = true
	}
	h.pending = slices.DeleteFunc(h.pending, func(w *record.Write) bool { return leaves(w).like(now) }) // it was carried out
	h.possible = []objectState{now}
	h.close()
	return why
}

// close adds the states that pending writes may lead to.
func (h *objectHistory) close() {
	for i := 0; i < len(h.possible); i++ {
		for _, w := range h.pending {
			if next := leaves(w); permits(w, h.possible[i]) && !slices.Contains(h.possible, next) {
				h.possible = append(h.possible, next)
			}
		}
	}
}

// permits reports whether the API server may carry the write out in the state.
func permits(w *record.Write, s objectState) bool {
	if w.Verb == record.VerbCreate {
		return !s.there
	}
	return s.there && s.version == w.Sent
}

// leaves is the state that the write leaves.
func leaves(w *record.Write) objectState {
	if w.Verb == record.VerbDelete {
		return objectState{}
	}
	return objectState{there: true, number: w.Sequence, version: w.Returned}
}

// like reports whether the object that was seen may be the one that is expected.
func (s objectState) like(seen objectState) bool {
	return s.there == seen.there && (!s.there || s.number == seen.number && (s.version == "" || s.version == seen.version))
}

func (s objectState) words() string {
	if !s.there {
		return "was not there"
	}
	return fmt.Sprintf("carried number %d at version %s", s.number, s.version)
}

// words are what the object had to be like, by the last write that was acknowledged.
func (h *objectHistory) words() string {
	text := "no write of it was acknowledged"
	if h.last != nil {
		text = fmt.Sprintf("%s was acknowledged at %s", writeName(h.last), seconds(h.last.Ended))
	}
	if len(h.pending) > 0 {
		text += fmt.Sprintf(", and since then %s without an answer", count(len(h.pending), "write"))
	}
	return text
}

func writeName(w *record.Write) string {
	text := fmt.Sprintf("%s %d of %s", w.Verb, w.Sequence, w.Object)
	if w.Returned != "" {
		text += " (version " + w.Returned + ")"
	}
	return text
}
