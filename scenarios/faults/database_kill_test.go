package faults

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestADatabaseIsKilledAndNothingIsLeftToUndo(t *testing.T) {
	s, _ := aStage([]string{"n1"}, []string{"n1"})
	fault, undo, err := DatabaseKill{}.Inject(t.Context(), s, circumstance(t))
	if err != nil || undo != nil || fault.Target != "database" || fault.Round != 1 || fault.Ended < fault.Began || !slices.Equal(s.asked, []string{"kill the database"}) {
		t.Errorf("%+v, %v, asked %v", fault, err, s.asked)
	}
	s.refuse = errRefused
	if _, _, err := (DatabaseKill{}).Inject(t.Context(), s, circumstance(t)); !errors.Is(err, errRefused) {
		t.Errorf("%v", err)
	}
	if !Spares(DatabaseKill{}) {
		t.Error("it ends pods")
	}
}

func TestADatabaseWasKilledWhenItEndedAndIsBackWhenItAnswersAfterThat(t *testing.T) {
	said := func(at time.Duration, kind string) record.Event {
		return record.Event{At: at, Kind: kind, Object: "database"}
	}
	fault := record.Fault{Began: 10 * time.Second}
	started := said(time.Second, record.DatabaseReady)
	ended := said(11*time.Second, record.DatabaseEnded)
	for name, c := range map[string]struct {
		events         []record.Event
		happened, over bool
	}{
		"nothing seen":        {[]record.Event{started}, false, false},
		"ended before":        {[]record.Event{started, said(9*time.Second, record.DatabaseEnded)}, false, false},
		"ended":               {[]record.Event{started, ended}, true, false},
		"back before it went": {[]record.Event{started, said(10500*time.Millisecond, record.DatabaseReady), ended}, true, false},
		"back":                {[]record.Event{started, ended, said(12*time.Second, record.DatabaseReady)}, true, true},
	} {
		if got := (DatabaseKill{}).Happened(fault, c.events); got != c.happened {
			t.Errorf("%s: happened %t", name, got)
		}
		if got := (DatabaseKill{}).Over(fault, c.events); got != c.over {
			t.Errorf("%s: over %t", name, got)
		}
	}
}
