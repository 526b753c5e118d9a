package record

import (
	"reflect"
	"testing"
	"time"
)

func TestALedgersTimesAreMovedToTheCommandsClock(t *testing.T) {
	attempt := Attempt{Step: Reserve, Began: sec, Ended: 2 * sec, Pod: "app-1", Code: 200}
	agents := Ledger{
		Transactions: []Transaction{{ID: "a", Due: sec, Began: sec, Ended: 3 * sec, Attempts: []Attempt{attempt}}},
		Jobs:         []Job{{ID: "j", Due: sec, Began: sec, Ended: 3 * sec, Attempts: []Attempt{attempt}}},
	}
	var merged Ledger
	merged.Append(agents.Of("agent-0", "worker", time.Minute))
	merged.Append(agents.Of("agent-1", "worker2", -time.Second))
	if len(merged.Transactions) != 2 || len(merged.Jobs) != 2 {
		t.Fatalf("%+v", merged)
	}
	first, job := merged.Transactions[0], merged.Jobs[0]
	if first.Agent != "agent-0" || first.Node != "worker" || first.Due != 61*sec || first.Attempts[0].Ended != 62*sec {
		t.Errorf("%+v", first)
	}
	if job.Agent != "agent-0" || job.Ended != 63*sec || job.Attempts[0].Began != 61*sec {
		t.Errorf("%+v", job)
	}
	if merged.Transactions[1].Began != 0 || agents.Transactions[0].Attempts[0].Began != sec {
		t.Error("the agent's own entries were changed, or another agent's offset was taken")
	}
}

func TestAStepIsAcknowledgedOnlyByAnAnswerThatTheClientKept(t *testing.T) {
	tx := Transaction{Attempts: []Attempt{
		{Step: Reserve, Code: 200, Dropped: true}, {Step: Reserve, Code: 503, Kind: ErrStatus}, {Step: Reserve, Code: 200, Pod: "b"},
		{Step: Pay, Kind: ErrEOF}, {Step: Pay, Code: 200, Kind: ErrTruncated},
		{Step: Confirm, Code: 200, Dropped: true},
	}}
	if a, ok := tx.Acknowledged(Reserve); !ok || a.Pod != "b" {
		t.Errorf("reserve: %+v, %t", a, ok)
	}
	for _, step := range []string{Pay, Confirm, "none"} {
		if a, ok := tx.Acknowledged(step); ok {
			t.Errorf("%s: %+v", step, a)
		}
	}
}

func TestRowsKnowTheirFirstAndLast(t *testing.T) {
	var r Rows
	for _, at := range []time.Duration{3 * sec, 0, 5 * sec} {
		r.Add(at)
	}
	if want := (Rows{Count: 3, First: 0, Last: 5 * sec}); !reflect.DeepEqual(r, want) {
		t.Errorf("%+v, want %+v", r, want)
	}
}

func TestOnlyTrafficWithALedgerIsLedgered(t *testing.T) {
	for class, want := range map[Class]bool{Transactions: true, Jobs: true, NewFast: false, ReusedFast: false, NewSlow: false, APIRead: false} {
		if class.Ledgered() != want || (want && (class.NewConnection() || class.Slow() || class.OnAPI())) {
			t.Errorf("%s", class)
		}
	}
}
