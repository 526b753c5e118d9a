package loadgen

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// judged is the watch as far as it has come, held against its writer's attempts or, without a writer, against the last
// list. The attempts are asked for while no event is taken: what the watch has brought is among them.
func (s *sight) judged(writes func() []record.Write) record.Watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.watch
	w.Flaws, w.Legs, w.Relists = slices.Clone(w.Flaws), slices.Clone(w.Legs), slices.Clone(w.Relists)
	open := 0
	switch {
	case len(s.lists) == 0:
		w.Error = cmp.Or(w.Error, "the API server never answered with a list to begin with")
	case writes != nil:
		open = s.againstWrites(&w, newWriteAttempts(writes()))
	case s.last != nil:
		open = s.againstLast(&w)
	default:
		w.Error = cmp.Or(w.Error, "there is no last list to hold it against")
	}
	if open > 0 && w.Ended > 0 {
		w.Error = cmp.Or(w.Error, fmt.Sprintf("it had come to version %d when it ended, and of %d it had to come to, %d changes were still to come", s.position, w.Last, open))
	}
	if w.Error != "" {
		w.Last = 0 // whatever it had to come to, what it missed on the way is not known
	}
	return w
}

// againstLast holds the watch against what is there at the end.
func (s *sight) againstLast(w *record.Watch) (open int) {
	w.First, w.Last = s.lists[0].version, s.lists[0].version
	for _, v := range s.last.objects {
		w.Last = max(w.Last, v)
	}
	for _, f := range s.unlike(s.last) {
		if f.To > s.position {
			open++
			continue
		}
		s.miss(w, f, s.last.ended)
	}
	return open
}

// miss adds a flaw of a change that did not come. It shows when a later one has come, or by the time that is given.
func (s *sight) miss(w *record.Watch, f record.Flaw, at time.Duration) {
	w.Missing++
	f.Kind, f.At = record.FlawMissing, at
	for _, e := range s.events {
		if e.version > f.From {
			f.At = e.at
			break
		}
	}
	passed := func(l record.WatchLeg) bool { return max(l.Since, l.To, l.Bookmark) >= f.To }
	if f.Leg = slices.IndexFunc(w.Legs, passed); f.Leg < 0 {
		f.Leg = len(w.Legs) // the one that goes on
	}
	w.Flaws = withFlaw(w.Flaws, f)
}

// writeAttempts are what a writer did, by what a watch needs of them.
type writeAttempts struct {
	all     []record.Write
	numbers map[numberedChange]*record.Write
	deletes map[string][]*record.Write // by object, those that may have been done
	last    map[string]uint64          // highest acknowledged version of each object
	// least[i] is the least version that was acknowledged to all[i] or a later one; 0: none was.
	least []uint64
}

// numberedChange is a change by the number that the object carries for it.
type numberedChange struct {
	object string
	number int
}

func newWriteAttempts(all []record.Write) *writeAttempts {
	a := &writeAttempts{
		all: all, numbers: map[numberedChange]*record.Write{}, deletes: map[string][]*record.Write{}, last: map[string]uint64{},
		least: make([]uint64, len(all)+1),
	}
	for i := len(all) - 1; i >= 0; i-- {
		x := &all[i]
		a.least[i] = a.least[i+1]
		if v := versionOf(x.Returned); changed(x) && v > 0 {
			a.last[x.Object] = max(a.last[x.Object], v)
			if a.least[i] == 0 || v < a.least[i] {
				a.least[i] = v
			}
		}
		switch {
		case x.Verb == record.VerbDelete && maybeChanged(x):
			a.deletes[x.Object] = append(a.deletes[x.Object], x)
		case x.Verb == record.VerbCreate, x.Verb == record.VerbUpdate:
			a.numbers[numberedChange{x.Object, x.Sequence}] = x
		}
	}
	return a
}

// changed reports whether it is a change that was acknowledged.
func changed(x *record.Write) bool {
	return x.Verb != record.VerbRead && x.Outcome == record.WriteAcknowledged
}

// maybeChanged reports whether it was not refused.
func maybeChanged(x *record.Write) bool {
	return x.Outcome != record.WriteRefused && x.Outcome != record.WriteConflicted
}

// after is the least version of those acknowledged writes that were begun after that time; 0: there is none. What was
// acknowledged by then has a lower version, because the API server's versions only grow.
func (a *writeAttempts) after(at time.Duration) uint64 {
	return a.least[sort.Search(len(a.all), func(i int) bool { return a.all[i].Began >= at })]
}

// againstWrites holds the watch against what was acknowledged.
func (s *sight) againstWrites(w *record.Watch, a *writeAttempts) (open int) {
	wanted := 0
	for i := range a.all {
		x := &a.all[i]
		if !changed(x) {
			continue
		}
		if v := versionOf(x.Returned); v > s.lists[0].version {
			w.Last = max(w.Last, v)
			if w.First == 0 || v < w.First {
				w.First = v
			}
		}
		wanted++
		switch f, is := s.fate(x, a); is {
		case shown:
		case coming:
			open++
		case passedOver:
			s.miss(w, f, x.Ended)
		}
	}
	if wanted == 0 {
		w.Error = cmp.Or(w.Error, "not one write was acknowledged that it could have shown")
	}
	w.Error = cmp.Or(w.Error, s.invented(a))
	return open
}

// fate is what became of a change in a watch.
type fate int

const (
	shown      fate = iota // by an event, or by a list in place of events
	coming                 // the watch has not come to it
	passedOver             // the watch has come further
)

// fate of an acknowledged change. The flaw has its version; of a delete, which no answer tells, it is between the last one
// of the object and the first one that was acknowledged for something begun later.
func (s *sight) fate(x *record.Write, a *writeAttempts) (record.Flaw, fate) {
	if x.Verb == record.VerbDelete {
		return s.fateOfDelete(x, a)
	}
	v := versionOf(x.Returned)
	f := record.Flaw{From: v, To: v}
	if s.known[change{x.Object, v}] {
		return f, shown
	}
	for i := range s.lists {
		if l := &s.lists[i]; l.before < v && v <= l.version {
			if l.tells(x.Object, v, a) {
				return f, shown
			}
			return f, passedOver
		}
	}
	if v <= s.position {
		return f, passedOver
	}
	return f, coming
}

// tells reports whether the list shows the version, or a later one, or that the object is gone after somebody deleted it.
func (l *seenList) tells(object string, version uint64, a *writeAttempts) bool {
	if v, there := l.objects[object]; there {
		return v >= version
	}
	return slices.ContainsFunc(a.deletes[object], func(x *record.Write) bool { return x.Began <= l.ended })
}

func (s *sight) fateOfDelete(x *record.Write, a *writeAttempts) (record.Flaw, fate) {
	f := record.Flaw{From: a.last[x.Object], To: a.after(x.Ended)}
	if _, seen := s.ended[x.Object]; seen {
		return f, shown
	}
	for i := range s.lists {
		l := &s.lists[i]
		_, there := l.objects[x.Object]
		if passed := f.To > 0 && f.To <= l.before; !there && l.version > f.From && !passed {
			return f, shown
		}
	}
	if f.To > 0 && f.To <= s.position {
		return f, passedOver
	}
	return f, coming
}

// invented says in words which events are of changes that the writer did not make; "" none.
func (s *sight) invented(a *writeAttempts) string {
	n, first := 0, seenEvent{}
	for _, e := range s.events {
		if a.explain(e) {
			continue
		}
		if n == 0 {
			first = e
		}
		n++
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("events came of changes that its writer did not make: %d, the first of %s at version %d", n, first.object, first.version)
}

// explain reports whether the event is of an attempt that may have been done.
func (a *writeAttempts) explain(e seenEvent) bool {
	if e.deleted {
		return len(a.deletes[e.object]) > 0
	}
	x := a.numbers[numberedChange{e.object, e.held}]
	return x != nil && maybeChanged(x) && (!changed(x) || versionOf(x.Returned) == e.version)
}
