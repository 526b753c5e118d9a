package loadgen

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// legsOf counts the legs of a watch that ended so.
func legsOf(w record.Watch, how string) (n int) {
	for _, l := range w.Legs {
		if l.End == how {
			n++
		}
	}
	return n
}

func TestAWatchThatEndsHoweverItDoesIsTakenUpAgain(t *testing.T) {
	for what, c := range map[string]struct {
		script  legScript
		how     string
		code    int
		relists int
	}{
		"ended by the server":               {legScript{after: 3, do: actEnd}, record.WatchClean, 200, 0},
		"ended after a bookmark":            {legScript{after: 3, do: actEndAfterBookmark}, record.WatchBookmark, 200, 0},
		"cut off":                           {legScript{after: 3, do: actCut}, record.WatchCut, 200, 0},
		"410 as the answer":                 {legScript{do: actGoneStatus, missed: 3}, record.WatchExpired, 410, 1},
		"410 as an event":                   {legScript{do: actGoneEvent, missed: 3}, record.WatchExpired, 410, 1},
		"410 after some events":             {legScript{after: 2, do: actGoneEvent}, record.WatchExpired, 410, 1},
		"without a word, and nothing comes": {legScript{do: actMute}, record.WatchSilent, 200, 0},
		"without a word after some events":  {legScript{after: 3, do: actMute}, record.WatchSilent, 200, 0},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFakeAPI(t)
			f.legs = []legScript{c.script}
			k := f.keep(swift())
			w := k.objects
			if len(w.Legs) < 2 || w.Legs[0].End != c.how || w.Legs[0].Code != c.code || len(w.Relists) != c.relists || w.Missing+w.Doubled+w.Disordered > 0 {
				t.Errorf("%+v", w)
			}
			if first, next := w.Legs[0], w.Legs[1]; c.relists == 0 && (next.Since < first.To || next.Since < first.Bookmark || next.Since != max(first.Since, first.To, first.Bookmark)) {
				t.Errorf("%+v was resumed by %+v", first, next)
			}
			if c.relists > 0 && (w.Relists[0].To < w.Relists[0].From || w.Legs[1].Since != w.Relists[0].To) {
				t.Errorf("%+v", w)
			}
			if found := k.judge(t, "watch-continuity"); found.Verdict != record.Pass {
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestAnEventThatDoesNotComeAsItHasToIsCaught(t *testing.T) {
	deleted := func(e fakeEvent) bool { return e.Type == eventDeleted }
	for what, c := range map[string]struct {
		legs                         []legScript
		missing, doubled, disordered int
		words                        string
	}{
		"one is lost":                  {[]legScript{{after: 3, do: actLose}}, 1, 0, 0, "missing"},
		"a delete is lost":             {[]legScript{{after: 3, do: actLose, of: deleted}}, 1, 0, 0, "delete"},
		"one comes twice":              {[]legScript{{after: 3, do: actDouble}}, 0, 1, 0, "doubled"},
		"two are swapped":              {[]legScript{{after: 3, do: actSwap}}, 0, 0, 1, "out of order"},
		"some come again after an end": {[]legScript{{after: 4, do: actEnd}, {do: actRewind}}, 0, 2, 0, "doubled"},
		"some come again after a list": {[]legScript{{do: actGoneStatus, missed: 3}, {do: actRewind}}, 0, 2, 0, "doubled"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFakeAPI(t)
			f.legs, f.changes = c.legs, 30
			k := f.keep(swift())
			w := k.objects
			if w.Missing != c.missing || w.Doubled != c.doubled || w.Disordered != c.disordered || len(w.Flaws) != c.missing+c.doubled+c.disordered || w.Error != "" {
				t.Errorf("%+v", w)
			}
			if found := k.judge(t, "watch-continuity"); found.Verdict != record.Fail || !strings.Contains(found.Message, c.words) {
				t.Errorf("%+v", found)
			}
			if found := k.judge(t, "acknowledged-writes"); found.Verdict != record.Pass {
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestAListThatDoesNotShowWhatWasAcknowledgedStandsForNothing(t *testing.T) {
	f := newFakeAPI(t)
	f.legs, f.stale = []legScript{{do: actGoneStatus, missed: 3}}, true
	k := f.keep(swift())
	if w := k.objects; w.Missing < 3 || len(w.Relists) != 1 {
		t.Errorf("%+v", w)
	}
	for _, check := range []string{"acknowledged-writes", "watch-continuity"} {
		if found := k.judge(t, check); found.Verdict != record.Fail {
			t.Errorf("%+v", found)
		}
	}
}

func TestAWatchThatGoesOnForLongerThanItAskedForIsSilent(t *testing.T) {
	f := newFakeAPI(t)
	pace := swift()
	pace.watch, pace.overdue = 100*time.Millisecond, 100*time.Millisecond
	k := f.keep(pace)
	if legsOf(k.pods, record.WatchSilent) == 0 || k.pods.Missing > 0 || k.pods.Error != "" {
		t.Errorf("%+v", k.pods)
	}
	if found := k.judge(t, "watch-continuity"); found.Verdict != record.Pass {
		t.Errorf("%+v", found)
	}
}

// mapEvent is one of a config map of the number.
func mapEvent(kind, name string, version uint64, number string) (string, apiObject) {
	return kind, apiObject{Metadata: apiMeta{Name: name, ResourceVersion: versionText(version)}, Data: map[string]string{sequenceKey: number}}
}

// seeing is a watch from version 10 on that has brought the events.
func seeing(t *testing.T, take func(add func(kind, name string, version uint64, number string))) *sight {
	t.Helper()
	s := newSight("configmaps")
	s.begin(time.Second)
	s.list(seenList{version: 10, objects: map[string]uint64{}})
	at := 2 * time.Second
	take(func(kind, name string, version uint64, number string) {
		at += time.Second
		kind, o := mapEvent(kind, name, version, number)
		if err := s.take(kind, o, at); err != nil {
			t.Error(err)
		}
	})
	return s
}

// written are attempts on the object a, and on b after them; times are in seconds.
func written() []record.Write {
	s := time.Second
	return []record.Write{
		{Verb: record.VerbCreate, Object: "a", Sequence: 1, Began: 1 * s, Ended: 2 * s, Returned: "11", Outcome: record.WriteAcknowledged},
		{Verb: record.VerbUpdate, Object: "a", Sequence: 2, Began: 3 * s, Ended: 4 * s, Returned: "12", Outcome: record.WriteAcknowledged},
		{Verb: record.VerbUpdate, Object: "a", Sequence: 3, Began: 5 * s, Ended: 6 * s, Sent: "11", Stale: true, Outcome: record.WriteConflicted},
		{Verb: record.VerbDelete, Object: "a", Sequence: 4, Began: 7 * s, Ended: 8 * s, Outcome: record.WriteAcknowledged},
		{Verb: record.VerbCreate, Object: "b", Sequence: 5, Began: 9 * s, Ended: 10 * s, Returned: "14", Outcome: record.WriteAcknowledged},
		{Verb: record.VerbUpdate, Object: "b", Sequence: 6, Began: 11 * s, Ended: 12 * s, Outcome: record.WriteIndeterminate},
		{Verb: record.VerbUpdate, Object: "c", Sequence: 7, Began: 13 * s},
	}
}

type addEvent = func(kind, name string, version uint64, number string)

func TestAWatchIsHeldAgainstWhatItsWriterKnows(t *testing.T) {
	all := func(add addEvent) {
		add("ADDED", "a", 11, "1")
		add("MODIFIED", "a", 12, "2")
		add(eventDeleted, "a", 13, "2")
		add("ADDED", "b", 14, "5")
	}
	for what, c := range map[string]struct {
		take                         func(add addEvent)
		list                         *seenList
		missing, doubled, disordered int
		why                          string // why it cannot be judged
	}{
		"everything":                   {all, nil, 0, 0, 0, ""},
		"and what is not yet answered": {func(add addEvent) { all(add); add("MODIFIED", "b", 15, "6"); add("ADDED", "c", 16, "7") }, nil, 0, 0, 0, ""},
		"nothing yet":                  {func(addEvent) {}, nil, 0, 0, 0, "4 changes were still to come"},
		"a bookmark and nothing":       {func(add addEvent) { add(eventBookmark, "", 14, "") }, nil, 4, 0, 0, ""},
		"without an update": {func(add addEvent) {
			add("ADDED", "a", 11, "1")
			add(eventDeleted, "a", 13, "2")
			add("ADDED", "b", 14, "5")
		}, nil, 1, 0, 0, ""},
		"without a delete": {func(add addEvent) {
			add("ADDED", "a", 11, "1")
			add("MODIFIED", "a", 12, "2")
			add("ADDED", "b", 14, "5")
		}, nil, 1, 0, 0, ""},
		"a delete may come yet":    {func(add addEvent) { add("ADDED", "a", 11, "1"); add("MODIFIED", "a", 12, "2") }, nil, 0, 0, 0, "2 changes were still to come"},
		"again what came":          {func(add addEvent) { all(add); add("MODIFIED", "a", 12, "2") }, nil, 0, 1, 0, ""},
		"again what the list held": {func(add addEvent) { add("ADDED", "a", 9, "1"); all(add) }, nil, 0, 1, 0, "did not make"},
		"out of order": {func(add addEvent) {
			add("MODIFIED", "a", 12, "2")
			add("ADDED", "a", 11, "1")
			add(eventDeleted, "a", 13, "2")
			add("ADDED", "b", 14, "5")
		}, nil, 0, 0, 1, ""},
		"after a bookmark beyond it":  {func(add addEvent) { add(eventBookmark, "", 14, ""); all(add) }, nil, 0, 0, 4, ""},
		"a list in place of all":      {func(addEvent) {}, &seenList{began: 20 * time.Second, ended: 21 * time.Second, version: 14, objects: map[string]uint64{"b": 14}}, 0, 0, 0, ""},
		"a list with a later version": {func(addEvent) {}, &seenList{began: 20 * time.Second, ended: 21 * time.Second, version: 15, objects: map[string]uint64{"b": 15}}, 0, 0, 0, ""},
		"a list that is without one":  {func(addEvent) {}, &seenList{began: 20 * time.Second, ended: 21 * time.Second, version: 14, objects: map[string]uint64{}}, 1, 0, 0, ""},
		"a list with an old version":  {func(addEvent) {}, &seenList{began: 20 * time.Second, ended: 21 * time.Second, version: 14, objects: map[string]uint64{"a": 11, "b": 14}}, 2, 0, 0, ""},
		"a list that was too early":   {func(addEvent) {}, &seenList{began: time.Second, ended: 5 * time.Second, version: 12, objects: map[string]uint64{}}, 2, 0, 0, "still to come"},
		"a list does not undo a loss": {func(add addEvent) {
			add("ADDED", "a", 11, "1")
			add("MODIFIED", "a", 12, "2")
			add("ADDED", "b", 14, "5")
		}, &seenList{began: 20 * time.Second, ended: 21 * time.Second, before: 14, version: 15, objects: map[string]uint64{"b": 14}}, 1, 0, 0, ""},
		"an older list":            {all, &seenList{began: 20 * time.Second, ended: 21 * time.Second, before: 14, version: 12, objects: map[string]uint64{"a": 12}}, 0, 0, 1, ""},
		"of an object of nobody's": {func(add addEvent) { all(add); add("ADDED", "z", 15, "1") }, nil, 0, 0, 0, "did not make"},
		"of an attempt that was refused": {func(add addEvent) {
			add("ADDED", "a", 11, "1")
			add("MODIFIED", "a", 12, "2")
			add(eventDeleted, "a", 13, "2")
			add("ADDED", "b", 14, "5")
			add("MODIFIED", "a", 15, "3")
		}, nil, 0, 0, 0, "did not make"},
		"a delete by nobody":            {func(add addEvent) { all(add); add(eventDeleted, "b", 15, "5") }, nil, 0, 0, 0, "did not make"},
		"another version than was said": {func(add addEvent) { all(add); add("MODIFIED", "a", 15, "2") }, nil, 0, 0, 0, "did not make"},
	} {
		t.Run(what, func(t *testing.T) {
			s := seeing(t, c.take)
			if c.list != nil {
				before := s.expired()
				list := *c.list
				if list.before == 0 {
					list.before = before
				}
				s.list(list)
			}
			s.conclude(false, time.Minute)
			w := s.judged(written)
			if w.Missing != c.missing || w.Doubled != c.doubled || w.Disordered != c.disordered || len(w.Flaws) != c.missing+c.doubled+c.disordered {
				t.Errorf("%+v", w)
			}
			if (c.why == "") != (w.Error == "") || !strings.Contains(w.Error, c.why) {
				t.Errorf("error %q, want %q", w.Error, c.why)
			}
			if w.First != 11 || (w.Last == 14) != (c.why == "") || w.Last != 14 && w.Last != 0 {
				t.Errorf("from %d to %d", w.First, w.Last)
			}
		})
	}
}

func TestAWatchWithoutAWriterIsHeldAgainstWhatIsThereAtTheEnd(t *testing.T) {
	for what, c := range map[string]struct {
		take    func(add addEvent)
		last    map[string]uint64
		missing int
		why     string
	}{
		"alike": {func(add addEvent) {
			add("ADDED", "p", 11, "")
			add("ADDED", "q", 12, "")
			add(eventDeleted, "q", 13, "")
		}, map[string]uint64{"p": 11}, 0, ""},
		"ahead of the list":      {func(add addEvent) { add("ADDED", "p", 11, ""); add("MODIFIED", "p", 21, ""); add("ADDED", "q", 22, "") }, map[string]uint64{"p": 11}, 0, ""},
		"deleted after the list": {func(add addEvent) { add("ADDED", "p", 11, ""); add(eventDeleted, "p", 21, "") }, map[string]uint64{"p": 11}, 0, ""},
		"one is missing":         {func(add addEvent) { add("ADDED", "q", 12, "") }, map[string]uint64{"p": 11, "q": 12}, 1, ""},
		"one may come yet":       {func(add addEvent) { add("ADDED", "p", 11, "") }, map[string]uint64{"p": 11, "q": 12}, 0, "still to come"},
		"a delete is missing":    {func(add addEvent) { add("ADDED", "p", 11, ""); add(eventBookmark, "", 20, "") }, map[string]uint64{}, 1, ""},
		"a delete may come yet":  {func(add addEvent) { add("ADDED", "p", 11, "") }, map[string]uint64{}, 0, "still to come"},
		"made again and still there": {func(add addEvent) {
			add("ADDED", "p", 11, "")
			add(eventDeleted, "p", 12, "")
			add("ADDED", "p", 13, "")
		}, map[string]uint64{"p": 13}, 0, ""},
	} {
		t.Run(what, func(t *testing.T) {
			s := seeing(t, c.take)
			alike := s.closing(&seenList{version: 20, objects: c.last})
			s.conclude(false, time.Minute)
			w := s.judged(nil)
			if w.Missing != c.missing || len(w.Flaws) != c.missing || alike != (c.missing == 0 && c.why == "") || !strings.Contains(w.Error, c.why) || (c.why == "") != (w.Error == "") {
				t.Errorf("alike %v: %+v", alike, w)
			}
		})
	}
}

func TestAnEventWithoutAVersionTellsNothing(t *testing.T) {
	s := seeing(t, func(addEvent) {})
	for _, version := range []string{"", "x", "-1", "99999999999999999999999"} {
		if err := s.take("ADDED", apiObject{Metadata: apiMeta{Name: "a", ResourceVersion: version}}, time.Second); err == nil {
			t.Errorf("%q is taken", version)
		}
	}
}

func TestLegsThatAreNeverOpenedForOneReasonAreOne(t *testing.T) {
	s := newSight("pods")
	for i := range 5 {
		s.begin(time.Duration(i) * time.Second)
		s.end(record.WatchCut, 0, record.ErrRefused, "dial: connection refused", time.Duration(i)*time.Second+1)
	}
	s.begin(5 * time.Second)
	s.end(record.WatchCut, 503, record.ErrStatus, "status 503", 6*time.Second)
	s.begin(7 * time.Second)
	s.opened(8 * time.Second)
	s.end(record.WatchClean, 200, record.NoError, "", 9*time.Second)
	w := s.judged(nil)
	if len(w.Legs) != 3 || w.Legs[0].Began != 0 || w.Legs[0].Ended != 4*time.Second+1 || w.Error == "" {
		t.Errorf("%+v", w)
	}
}

func TestAMissingChangeShowsWhereTheWatchWentPastIt(t *testing.T) {
	s := seeing(t, func(add addEvent) { add("ADDED", "a", 11, "1") })
	s.end(record.WatchClean, 200, record.NoError, "", 4*time.Second)
	s.begin(4 * time.Second)
	if err := s.take("ADDED", apiObject{Metadata: apiMeta{Name: "b", ResourceVersion: "14"}, Data: map[string]string{sequenceKey: "5"}}, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	s.end(record.WatchCut, 200, record.ErrTruncated, "unexpected EOF", 6*time.Second)
	w := s.judged(written)
	want := []record.Flaw{{Kind: record.FlawMissing, From: 12, To: 12, Leg: 1, At: 5 * time.Second}, {Kind: record.FlawMissing, From: 12, To: 14, Leg: 1, At: 5 * time.Second}}
	if !slices.Equal(w.Flaws, want) {
		t.Errorf("%+v", w.Flaws)
	}
}

func TestFlawsAreCountedThoughNotAllAreListed(t *testing.T) {
	s := seeing(t, func(add addEvent) {
		for range record.MaxFlaws + 5 {
			add("ADDED", "a", 11, "1")
		}
	})
	if w := s.judged(written); w.Doubled != record.MaxFlaws+4 || len(w.Flaws) != record.MaxFlaws || w.Seen != 1 {
		t.Errorf("%+v", w)
	}
}

func TestAWriterReadsWhatIsInDoubtBeforeItWritesToIt(t *testing.T) {
	b := newWriteBook()
	now := func() time.Duration { return time.Second }
	a := b.begin(time.Second, now)
	b.finish(a, apiReply{sent: true, err: errGarbled}, record.ErrOther, "", time.Second)
	var verbs []record.WriteVerb
	for range workingSet + 1 {
		next := b.begin(time.Second, now)
		verbs = append(verbs, next.Verb)
		b.finish(next, apiReply{}, record.ErrRefused, "", time.Second)
	}
	if slices.Index(verbs, record.VerbRead) < 0 || slices.Contains(verbs, record.VerbUpdate) {
		t.Errorf("%v", verbs)
	}
	for _, w := range b.writes() {
		if w.Sequence > 1 && w.Outcome != record.WriteRefused {
			t.Errorf("%+v", w) // never sent
		}
	}
}
