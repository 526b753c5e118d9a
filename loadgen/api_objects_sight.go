package loadgen

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// maxSeen bounds the events of one watch that are kept; a run's have some thousands.
const maxSeen = 100_000

// The types of events of a watch (k8s.io/apimachinery/pkg/watch).
const (
	eventDeleted  = "DELETED"
	eventBookmark = "BOOKMARK"
	eventError    = "ERROR"
)

// change is a state of an object by its version, or its end.
type change struct {
	object  string
	version uint64
}

// seenEvent is an event of a change.
type seenEvent struct {
	change
	at      time.Duration
	deleted bool
	held    int // number of the attempt that the object carries
}

// seenList is a list that a watch began with, or began again with. It stands for all events after the version before, up
// to its own version.
type seenList struct {
	began, ended    time.Duration
	before, version uint64
	objects         map[string]uint64 // their versions
}

// sight is what a watch has brought, and what its client knows by it. What cannot be told before the end, because it
// takes other ledgers, is told by judged.
type sight struct {
	mu       sync.Mutex
	watch    record.Watch
	leg      record.WatchLeg // that goes on
	position uint64          // all changes up to this version have come, says the server by the order in which it sends
	listed   uint64          // version of the last list
	known    map[change]bool
	events   []seenEvent
	lists    []seenList
	there    map[string]uint64 // objects, as the watch has it
	ended    map[string]uint64 // objects that it says were deleted, and the versions of their ends
	last     *seenList         // what is there at the end
}

func newSight(what string) *sight {
	return &sight{
		watch: record.Watch{Class: record.APIObjects, Source: record.WatchesAPI, What: what},
		known: map[change]bool{}, there: map[string]uint64{}, ended: map[string]uint64{},
	}
}

// at is the version to resume from; list says that there is none, so that a list has to come first.
func (s *sight) at() (position uint64, list bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position, s.position == 0
}

// list takes a list. One that is older than what had come before says that the server has forgotten something.
func (s *sight) list(l seenList) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lists) > 0 {
		s.watch.Relists = append(s.watch.Relists, record.Relist{At: l.ended, From: l.before, To: l.version})
	}
	if l.version < l.before {
		s.watch.Disordered++
		s.flaw(record.FlawDisordered, l.version, l.before, l.ended)
	}
	s.lists = append(s.lists, l)
	s.position, s.listed = l.version, l.version
	s.there = maps.Clone(l.objects)
}

// expired has the next leg begin with a list. It returns how far the watch had come.
func (s *sight) expired() (before uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.position = s.position, 0
	return before
}

// take takes an event. The error is about one that tells nothing.
func (s *sight) take(kind string, o apiObject, at time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	version := versionOf(o.Metadata.ResourceVersion)
	if version == 0 {
		return errGarbled
	}
	s.leg.Last = at
	if kind == eventBookmark {
		s.leg.Bookmark = version
		s.position = max(s.position, version)
		return nil
	}
	if s.leg.From == 0 {
		s.leg.From = version
	}
	s.leg.To = version
	s.leg.Events++
	e := seenEvent{change: change{bounded(o.Metadata.Name, maxPodName), version}, at: at, deleted: kind == eventDeleted, held: o.held()}
	switch {
	case s.known[e.change], version <= s.listed:
		s.watch.Doubled++
		s.flaw(record.FlawDoubled, version, version, at)
	case version <= s.position:
		s.watch.Disordered++
		s.flaw(record.FlawDisordered, version, version, at)
	}
	s.position = max(s.position, version)
	s.note(e)
	return nil
}

// note keeps a change that is new. The caller holds the lock.
func (s *sight) note(e seenEvent) {
	switch {
	case s.known[e.change]:
		return
	case len(s.events) >= maxSeen:
		s.watch.Error = fmt.Sprintf("more than %d events came, and no more are kept", maxSeen)
		return
	}
	s.known[e.change] = true
	s.events = append(s.events, e)
	s.watch.Seen++
	switch {
	case e.deleted:
		s.ended[e.object] = max(s.ended[e.object], e.version)
		if s.there[e.object] < e.version {
			delete(s.there, e.object)
		}
	case e.version > s.ended[e.object]:
		s.there[e.object] = max(s.there[e.object], e.version)
	}
}

// flaw adds to what the watch lists of its flaws. The caller holds the lock, and counts.
func (s *sight) flaw(kind record.FlawKind, from, to uint64, at time.Duration) {
	s.watch.Flaws = withFlaw(s.watch.Flaws, record.Flaw{Kind: kind, From: from, To: to, Leg: len(s.watch.Legs), At: at})
}

func withFlaw(flaws []record.Flaw, f record.Flaw) []record.Flaw {
	if len(flaws) < record.MaxFlaws {
		flaws = append(flaws, f)
	}
	return flaws
}

// begin begins a leg.
func (s *sight) begin(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watch.Began == 0 {
		s.watch.Began = now
	}
	s.leg = record.WatchLeg{Since: s.position, Began: now}
}

func (s *sight) opened(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leg.Opened = now
}

// end ends the leg. Legs in a row that were never opened, for the same reason, become one: an API server may be away for
// long.
func (s *sight) end(how string, code int, kind record.ErrKind, said string, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.leg
	l.Ended, l.End, l.Code, l.Kind, l.Error = now, how, code, kind, said
	if how == record.WatchClean && l.Bookmark > 0 && l.Bookmark >= l.To {
		l.End = record.WatchBookmark
	}
	s.leg = record.WatchLeg{}
	if last := len(s.watch.Legs) - 1; last >= 0 && alike(s.watch.Legs[last], l) {
		s.watch.Legs[last].Ended = now
		return
	}
	s.watch.Legs = append(s.watch.Legs, l)
}

func alike(a, b record.WatchLeg) bool {
	return a.Opened == 0 && b.Opened == 0 && a.Since == b.Since && a.End == b.End && a.Code == b.Code && a.Kind == b.Kind && a.Error == b.Error
}

// conclude ends the watch; canceled says that it was not its client's wish.
func (s *sight) conclude(canceled bool, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch.Ended, s.watch.Canceled = now, canceled
}

// standing is what a look at the watch needs: since when something is waited for, and what.
func (s *sight) standing() (leg record.WatchLeg, position uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leg, s.position
}

// closing takes the last list, and reports whether the watch has come to all that it shows.
func (s *sight) closing(l *seenList) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = l
	return len(s.unlike(l)) == 0
}

// unlike are the changes that the list shows and the watch does not. Of an object that is gone, whose end has a version
// that the list does not tell, the version is the list's. The caller holds the lock.
func (s *sight) unlike(l *seenList) []record.Flaw {
	var out []record.Flaw
	for _, object := range slices.Sorted(maps.Keys(l.objects)) {
		if v := l.objects[object]; s.there[object] < v && s.ended[object] < v {
			out = append(out, record.Flaw{From: v, To: v})
		}
	}
	for _, object := range slices.Sorted(maps.Keys(s.there)) {
		if v := s.there[object]; l.objects[object] == 0 && v <= l.version {
			out = append(out, record.Flaw{From: v, To: l.version})
		}
	}
	return out
}
