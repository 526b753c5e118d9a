package record_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestTheTimesOfAConnectionMoveWithItsAgentsClock(t *testing.T) {
	const by = time.Minute
	kept := record.Ledger{Connections: []record.Connection{{
		Class: record.HTTP2Fast, Conn: 7, Opened: 1, First: 2, Last: 4, LastAnswer: 3, Closed: 9, GoAways: []record.GoAway{{At: 5, LastStream: 11}, {At: 6}},
	}, {Opened: 1}}}
	got := kept.Of("agent-0", "node", by)
	want := []record.Connection{{
		Agent: "agent-0", Node: "node", Class: record.HTTP2Fast, Conn: 7, Opened: by + 1, First: by + 2, Last: by + 4, LastAnswer: by + 3, Closed: by + 9,
		GoAways: []record.GoAway{{At: by + 5, LastStream: 11}, {At: by + 6}},
	}, {Agent: "agent-0", Node: "node", Opened: by + 1, GoAways: nil}}
	if !reflect.DeepEqual(got.Connections, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got.Connections, want)
	}
	if kept.Connections[0].GoAways[0].At != 5 {
		t.Error("the agent's own ledger was changed")
	}
}

func TestClassesTellWhatTheyTravelOn(t *testing.T) {
	for class, want := range map[record.Class][4]bool{ // HTTP/2, gRPC, lasting, a new connection for each
		record.NewFast:     {false, false, false, true},
		record.ReusedFast:  {false, false, false, false},
		record.HTTP2Fast:   {true, false, false, false},
		record.GRPCFast:    {true, true, false, false},
		record.GRPCStream:  {true, true, true, false},
		record.EventStream: {false, false, true, false},
		record.APIWatch:    {false, false, false, false},
	} {
		if got := [4]bool{class.OnHTTP2(), class.OnGRPC(), class.Lasting(), class.NewConnection()}; got != want {
			t.Errorf("%s: %v, want %v", class, got, want)
		}
	}
}

func TestAConnectionIsToldByItsFirstGoAway(t *testing.T) {
	if _, told := (record.Connection{}).Told(); told {
		t.Error("told by nothing")
	}
	c := record.Connection{GoAways: []record.GoAway{{At: 5}, {At: 6}}}
	if at, told := c.Told(); !told || at != 5 {
		t.Errorf("%t at %d", told, at)
	}
}
