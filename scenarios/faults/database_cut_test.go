package faults

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/journal"
	"github.com/lastcall-dev/lastcall/record"
)

// cutStage has a database whose network can be cut, and notes what the journal holds when it is.
type cutStage struct {
	fixtures.Stage
	journal *journal.Journal
	did     []string
	refuse  error
}

func (*cutStage) DatabaseAddress(context.Context) (node, address string, err error) {
	return "worker", "10.244.1.9", nil
}

func (s *cutStage) CutDatabase(_ context.Context, node, address string, length time.Duration) (began, accepted time.Time, err error) {
	pending := s.journal.Pending()
	if len(pending) != 1 || pending[0].Object != "worker" || pending[0].Data["address"] != "10.244.1.9" {
		return began, accepted, errors.New("cut before it was in the journal")
	}
	s.did = append(s.did, "cut "+node+" "+address+" "+length.String())
	return time.Now(), time.Now(), s.refuse
}

func (s *cutStage) JoinDatabase(_ context.Context, node, address string) error {
	s.did = append(s.did, "join "+node+" "+address)
	return nil
}

func TestTheDatabasesNetworkIsCutOnceThatIsInTheJournalAndJoinedByItsUndo(t *testing.T) {
	for _, refused := range []error{nil, errRefused} {
		j := journal.InMemory("r", "c")
		s := &cutStage{journal: j, refuse: refused}
		in := circumstance(t)
		in.Journal = j
		fault, undo, err := DatabaseCut{}.Inject(t.Context(), s, in)
		if !errors.Is(err, refused) || fault.Target != "worker" || fault.Ended < fault.Began || undo == nil {
			t.Fatalf("%+v, %v", fault, err)
		}
		if err := undo(t.Context()); err != nil || len(j.Pending()) > 0 {
			t.Errorf("%v, pending %v", err, j.Pending())
		}
		if want := []string{"cut worker 10.244.1.9 10s", "join worker 10.244.1.9"}; !slices.Equal(s.did, want) {
			t.Errorf("%v", s.did)
		}
	}
	in := circumstance(t)
	in.Journal = closedJournal{}
	s := &cutStage{journal: journal.InMemory("r", "c")}
	if _, _, err := (DatabaseCut{}).Inject(t.Context(), s, in); err == nil || !strings.Contains(err.Error(), "the disk is full") || len(s.did) > 0 {
		t.Errorf("%v, did %v", err, s.did)
	}
}

func TestACutHappenedAndIsOverWhenTheNodeWasSeenToDoSo(t *testing.T) {
	fault := record.Fault{Target: "worker", Began: 10 * time.Second}
	cut := record.Event{At: 11 * time.Second, Kind: record.DatabaseCut, Object: "worker"}
	joined := record.Event{At: 21 * time.Second, Kind: record.DatabaseJoined, Object: "worker"}
	earlier := record.Event{At: time.Second, Kind: record.DatabaseJoined, Object: "worker"}
	d := DatabaseCut{}
	if d.Happened(fault, []record.Event{earlier}) || !d.Happened(fault, []record.Event{cut}) {
		t.Error("happened")
	}
	if d.Over(fault, []record.Event{earlier, cut}) || !d.Over(fault, []record.Event{cut, joined}) {
		t.Error("over")
	}
	if !Spares(d) {
		t.Error("it ends pods")
	}
}
