package record

import (
	"reflect"
	"testing"
)

// ledgerOfObjects is a ledger as an agent hands it over.
func ledgerOfObjects() Ledger {
	return Ledger{
		Writes: []Write{
			{Writer: "w", Verb: VerbCreate, Object: "a", Sequence: 1, Due: sec, Began: sec + ms, Ended: sec + 5*ms, Returned: "7", Code: 201, Outcome: WriteAcknowledged},
			{Writer: "w", Verb: VerbUpdate, Object: "a", Sequence: 2, Began: 2 * sec, Ended: 3 * sec, Sent: "7", Kind: ErrTimeout, Error: "i/o timeout", Outcome: WriteIndeterminate, Resolved: WriteDone},
			{Writer: "w", Verb: VerbRead, Object: "a", Sequence: 3, Due: 4 * sec, Began: 4 * sec, Ended: 4 * sec, Returned: "9", Held: 2, Code: 200, Outcome: WriteAcknowledged},
		},
		Listings: []Listing{{Writer: "w", Began: 5 * sec, Ended: 6 * sec, Tries: 2, Version: "12", Objects: []Listed{{Name: "a", Version: "9", Held: 2}}}},
	}
}

func TestALedgerOfObjectsIsMovedToTheCommandsClockAndLeftAsItWas(t *testing.T) {
	before := ledgerOfObjects()
	moved := before.Of("agent-1", "worker", 10*sec)
	for i, w := range moved.Writes {
		was := before.Writes[i]
		if w.Agent != "agent-1" || w.Node != "worker" || w.Began != was.Began+10*sec || w.Ended != was.Ended+10*sec {
			t.Errorf("%+v", w)
		}
		if due := was.Due; due == 0 && w.Due != 0 || due != 0 && w.Due != due+10*sec {
			t.Errorf("due at %s: %+v", due, w)
		}
	}
	if g := moved.Listings[0]; g.Agent != "agent-1" || g.Node != "worker" || g.Began != 15*sec || g.Ended != 16*sec {
		t.Errorf("%+v", g)
	}
	if !reflect.DeepEqual(before, ledgerOfObjects()) {
		t.Error("the agent's own ledger was changed")
	}
}

func TestALedgerOfObjectsIsSavedWhole(t *testing.T) {
	run := &Run{}
	run.Ledger.Append(ledgerOfObjects())
	run.Ledger.Append(ledgerOfObjects())
	dir := t.TempDir()
	if err := Save(dir, run); err != nil {
		t.Fatal(err)
	}
	got, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Ledger.Writes) != 6 || len(got.Ledger.Listings) != 2 || !reflect.DeepEqual(got.Ledger, run.Ledger) {
		t.Errorf("%+v", got.Ledger)
	}
}
