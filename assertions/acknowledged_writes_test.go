package assertions

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// writeScript writes a ledger line by line; each attempt takes a second.
type writeScript struct{ run *record.Run }

// objectRun is a run with one agent whose writer has made no attempt yet.
func objectRun() *writeScript {
	return &writeScript{&record.Run{
		SLO: record.DefaultSLO(), Agents: []record.Agent{{Name: "agent-0", Node: "worker"}},
		Clients: []record.Load{{Class: record.APIObjects, Rate: 1}},
	}}
}

// does adds an attempt, and the request that it made.
func (s *writeScript) does(w record.Write) *writeScript {
	w.Agent, w.Node, w.Writer = "agent-0", "worker", "w"
	w.Sequence = len(s.run.Ledger.Writes) + 1
	w.Due = time.Duration(w.Sequence) * time.Second
	w.Began, w.Ended = w.Due, w.Due+time.Second/2
	s.run.Ledger.Writes = append(s.run.Ledger.Writes, w)
	s.run.APIRequests = append(s.run.APIRequests, record.Request{Agent: "agent-0", Class: record.APIObjects, Start: w.Began, End: w.Ended})
	return s
}

func (s *writeScript) acked(verb record.WriteVerb, object, sent, returned string) *writeScript {
	return s.does(record.Write{Verb: verb, Object: object, Sent: sent, Returned: returned, Code: http.StatusOK, Outcome: record.WriteAcknowledged})
}

func (s *writeScript) lost(verb record.WriteVerb, object, sent string, resolved record.Resolution) *writeScript {
	return s.does(record.Write{Verb: verb, Object: object, Sent: sent, Kind: record.ErrEOF, Outcome: record.WriteIndeterminate, Resolved: resolved})
}

func (s *writeScript) refused(verb record.WriteVerb, object, sent string, stale bool) *writeScript {
	outcome := map[bool]record.WriteOutcome{true: record.WriteConflicted, false: record.WriteRefused}[stale]
	return s.does(record.Write{Verb: verb, Object: object, Sent: sent, Stale: stale, Code: http.StatusConflict, Outcome: outcome})
}

// read finds the object at the version, with the number; 0 for none.
func (s *writeScript) read(object, version string, held int) *writeScript {
	code := http.StatusOK
	if version == "" {
		code = http.StatusNotFound
	}
	return s.does(record.Write{Verb: record.VerbRead, Object: object, Returned: version, Held: held, Code: code, Outcome: record.WriteAcknowledged})
}

// ends lists what is there: name, version and number, each "a 11 1".
func (s *writeScript) ends(objects ...string) *record.Run {
	l := record.Listing{Agent: "agent-0", Node: "worker", Writer: "w", Tries: 1, Version: "99"}
	for _, text := range objects {
		var o record.Listed
		if _, err := fmt.Sscan(text, &o.Name, &o.Version, &o.Held); err != nil {
			panic(err)
		}
		l.Objects = append(l.Objects, o)
	}
	s.run.Ledger.Listings = append(s.run.Ledger.Listings, l)
	return s.run
}

// lived is an object a with two updates, one of them on a stale version.
func lived() *writeScript {
	return objectRun().acked(record.VerbCreate, "a", "", "11").acked(record.VerbUpdate, "a", "11", "12").refused(record.VerbUpdate, "a", "11", true)
}

const createVerb, updateVerb, deleteVerb, resolvedNot, resolvedDone = record.VerbCreate, record.VerbUpdate, record.VerbDelete, record.WriteNotDone, record.WriteDone

func TestWritesThatAreThereAfterwardsPass(t *testing.T) {
	for what, run := range map[string]*record.Run{
		"the last state":                   lived().ends("a 12 2"),
		"a delete":                         lived().acked(deleteVerb, "a", "12", "").acked(createVerb, "b", "", "14").ends("b 14 5"),
		"refused, and as it was":           lived().refused(updateVerb, "a", "12", false).read("a", "12", 2).ends("a 12 2"),
		"lost and done":                    lived().lost(updateVerb, "a", "12", resolvedDone).ends("a 13 4"),
		"lost and not done":                lived().lost(updateVerb, "a", "12", resolvedNot).ends("a 12 2"),
		"lost, read and done":              lived().lost(updateVerb, "a", "12", resolvedDone).read("a", "13", 4).acked(updateVerb, "a", "13", "14").ends("a 14 6"),
		"lost, and done after a read":      lived().lost(updateVerb, "a", "12", resolvedDone).read("a", "12", 2).ends("a 13 4"),
		"lost, late, and in the way":       lived().lost(updateVerb, "a", "12", resolvedDone).read("a", "12", 2).refused(updateVerb, "a", "12", false).read("a", "13", 4).ends("a 13 4"),
		"two lost, one of them done":       lived().lost(updateVerb, "a", "12", resolvedNot).read("a", "12", 2).lost(updateVerb, "a", "12", resolvedDone).ends("a 13 6"),
		"two lost, the other of them done": lived().lost(updateVerb, "a", "12", resolvedDone).read("a", "12", 2).lost(updateVerb, "a", "12", resolvedNot).ends("a 13 4"),
		"a create lost and done":           lived().lost(createVerb, "b", "", resolvedDone).ends("a 12 2", "b 13 4"),
		"a create lost and not done":       lived().lost(createVerb, "b", "", resolvedNot).read("b", "", 0).ends("a 12 2"),
		"a create done after it was read":  lived().lost(createVerb, "b", "", resolvedDone).read("b", "", 0).ends("a 12 2", "b 13 4"),
		"a delete lost and done":           lived().lost(deleteVerb, "a", "12", resolvedDone).ends(),
		"a delete lost and not done":       lived().lost(deleteVerb, "a", "12", resolvedNot).read("a", "12", 2).ends("a 12 2"),
		"never sent":                       lived().does(record.Write{Verb: updateVerb, Object: "a", Sent: "12", Kind: record.ErrRefused, Outcome: record.WriteRefused}).ends("a 12 2"),
		"a read that was not answered":     lived().does(record.Write{Verb: record.VerbRead, Object: "a", Kind: record.ErrTimeout, Outcome: record.WriteRefused}).ends("a 12 2"),
		"lost and nobody knows":            lived().lost(updateVerb, "a", "12", "").ends("a 12 2"),
	} {
		t.Run(what, func(t *testing.T) {
			if f := checkNamed(t, "acknowledged-writes").Eval(run); len(f) != 1 || f[0].Verdict != record.Pass || f[0].Diagnosis != "" {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestAWriteThatIsNotThereAfterwardsFails(t *testing.T) {
	for what, c := range map[string]struct {
		run   *record.Run
		words string
	}{
		"an update is undone":              {lived().ends("a 11 1"), "carried number 1 at version 11 at the end, though update 2 of a (version 12) was acknowledged"},
		"an object is gone":                {lived().ends(), "object a was not there at the end"},
		"an object is back":                {lived().acked(deleteVerb, "a", "12", "").ends("a 12 2"), "delete 4 of a was acknowledged"},
		"nobody wrote it":                  {lived().ends("a 12 2", "z 9 1"), "object z is there at the end, and nobody wrote it"},
		"somebody else wrote it":           {lived().ends("a 13 2"), "at version 13"},
		"a refused one is there":           {lived().ends("a 13 3"), "carried number 3"},
		"a stale one is accepted":          {lived().does(record.Write{Verb: updateVerb, Object: "a", Sent: "11", Returned: "13", Stale: true, Code: 200, Outcome: record.WriteAcknowledged}).ends("a 13 4"), "overwrote"},
		"a stale one is done without word": {lived().does(record.Write{Verb: updateVerb, Object: "a", Sent: "11", Stale: true, Outcome: record.WriteIndeterminate}).ends("a 13 4"), "carried number 4"},
		"undone when it was read":          {lived().read("a", "11", 1).ends("a 11 1"), "when it was read"},
		"undone, and nobody listed it":     {lived().read("a", "", 0).run, "when it was read"},
		"created twice":                    {lived().acked(createVerb, "a", "", "13").ends("a 13 4"), "not as it asked for"},
		"another one on a lost one":        {lived().lost(updateVerb, "a", "12", resolvedNot).acked(updateVerb, "a", "13", "14").ends("a 14 5"), "not as it asked for"},
		"late on a version that is past":   {lived().lost(updateVerb, "a", "12", resolvedNot).acked(updateVerb, "a", "12", "13").ends("a 14 4"), "carried number 4"},
	} {
		t.Run(what, func(t *testing.T) {
			f := checkNamed(t, "acknowledged-writes").Eval(c.run)[0]
			if f.Verdict != record.Fail || f.Diagnosis != record.Unexplained || f.Measured.Value != 1 || !strings.Contains(f.Message, c.words) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestWritesOfWhichTooLittleIsKnownAreUndecided(t *testing.T) {
	short := lived().ends("a 12 2")
	short.Ledger.Writes = short.Ledger.Writes[:2]
	failed := lived().run
	failed.Ledger.Listings = []record.Listing{{Agent: "agent-0", Writer: "w", Tries: 9, Error: "dial: connection refused"}}
	silent := lived().ends("a 12 2")
	silent.Agents = append(silent.Agents, record.Agent{Name: "agent-1"})
	for what, c := range map[string]struct {
		run   *record.Run
		words string
	}{
		"no ledger":            {objectRun().run, "agent-0 wrote nothing"},
		"no list":              {lived().run, "is not in the record"},
		"a list that failed":   {failed, "connection refused"},
		"a ledger cut short":   {short, "holds 2 attempts, and 3 were made"},
		"an agent without one": {silent, "agent-1 wrote nothing"},
		"nothing acknowledged": {objectRun().lost(createVerb, "a", "", "").ends(), "not one write"},
	} {
		t.Run(what, func(t *testing.T) {
			f := checkNamed(t, "acknowledged-writes").Eval(c.run)[0]
			if f.Verdict != record.Unknown || !strings.Contains(f.Message, c.words) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestWithoutWritersAcknowledgedWritesAreSkipped(t *testing.T) {
	for _, check := range []string{"acknowledged-writes", "watch-continuity"} {
		run := &record.Run{Agents: []record.Agent{{Name: "agent-0"}}, Clients: []record.Load{{Class: record.APIRead}}}
		if f := checkNamed(t, check).Eval(run); len(f) != 1 || f[0].Verdict != record.Skipped {
			t.Errorf("%s: %+v", check, f)
		}
	}
}

func TestTheFiguresOfWritersAreAddedUp(t *testing.T) {
	s := lived().lost(updateVerb, "a", "12", resolvedDone).lost(createVerb, "b", "", resolvedNot).lost(createVerb, "c", "", "")
	f := checkNamed(t, "acknowledged-writes").Eval(s.ends("a 13 4"))[0]
	for _, words := range []string{"2 writes acknowledged", "1 refused as expected", "0 refused otherwise", "3 writes whose answer was lost, 1 turned out to be done, 1 not, 1 not known", "1 object there"} {
		if !strings.Contains(f.Message, words) {
			t.Errorf("%q lacks %q", f.Message, words)
		}
	}
	second := lived().ends("a 12 2")
	for _, w := range second.Ledger.Writes {
		w.Writer = "v"
		w.Due = 0
		s.run.Ledger.Writes = append(s.run.Ledger.Writes, w)
	}
	l := second.Ledger.Listings[0]
	l.Writer = "v"
	s.run.Ledger.Listings = append(s.run.Ledger.Listings, l)
	f = checkNamed(t, "acknowledged-writes").Eval(s.run)[0]
	if f.Verdict != record.Pass || !strings.Contains(f.Message, "4 writes acknowledged, 2 refused as expected") {
		t.Errorf("two writers' objects of one name are mixed: %+v", f)
	}
}
