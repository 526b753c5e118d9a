package reports

import (
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestStreamsAndWatchesAreListedByTheirLedgerAndDrawnAsNoRequests(t *testing.T) {
	run := &record.Run{Loads: []record.Load{
		{Class: record.EventStream, Rate: 1, Method: "GET", Path: "/events", Takes: 20 * time.Second},
		{Class: record.AppWatch, Rate: 1, Method: "GET", Path: "/watch", Takes: 20 * time.Second},
	}}
	for i := range 3 {
		due := time.Duration(i) * time.Second
		run.Ledger.Streams = append(run.Ledger.Streams, record.Stream{Class: record.EventStream, Due: due, Began: due, Legs: []record.StreamLeg{{End: record.LegComplete}}})
		run.Ledger.Watches = append(run.Ledger.Watches, record.Watch{Class: record.AppWatch, Due: due, Began: due, Missing: i})
	}
	run.Ledger.Streams[2].Legs[0].End = record.LegBroken
	f := newFacts(run)
	if got := f.classes(); len(got) > 0 {
		t.Errorf("drawn as requests: %v", got)
	}
	rows := f.loadGrid().Rows
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, want := range [][]string{
		{"sse/stream", "GET /events, takes 20 s", "1/s", "1/s", "3", "1"},
		{"app/watch", "GET /watch, takes 20 s", "1/s", "1/s", "3", "2"},
	} {
		if !slices.Equal(rows[i][:6], want) {
			t.Errorf("row %v, want %v", rows[i], want)
		}
	}
}
