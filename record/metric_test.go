package record_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lastcall-dev/lastcall/record"
)

func TestScrapesAreSavedWithTheRun(t *testing.T) {
	run := &record.Run{ID: "r", Scrapes: []record.Scrape{
		{Source: record.ScrapedAPIServer, Reading: 1, At: time.Second, Took: time.Millisecond, Samples: []record.Sample{
			{Name: "apiserver_request_duration_seconds", Kind: record.HistogramKind, Labels: map[string]string{"verb": "GET"}, Histogram: &latencies},
			{Name: "apiserver_audit_event_total", Kind: record.Counter, Value: 7},
		}},
		{Source: record.ScrapedProxy, Object: "node", Reading: 2, At: 2 * time.Second, Error: "timed out"},
	}}
	dir := t.TempDir()
	if err := record.Save(dir, run); err != nil {
		t.Fatal(err)
	}
	again, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run.Scrapes, again.Scrapes); diff != "" {
		t.Error(diff)
	}
}

func TestTheDisruptionLastsFromTheFirstFaultToTheLastRecovery(t *testing.T) {
	run := &record.Run{Windows: []record.Window{{Kind: record.Control, Began: 1, Ended: 5}}}
	if _, _, ok := run.Disrupted(); ok {
		t.Error("a control window is no disruption")
	}
	run.Windows = append(run.Windows, record.Window{Kind: record.Disruption, Round: 1, Began: 6, Ended: 9}, record.Window{Kind: record.Disruption, Round: 2, Began: 10, Ended: 14})
	if from, to, ok := run.Disrupted(); from != 6 || to != 14 || !ok {
		t.Errorf("%d to %d, %v", from, to, ok)
	}
}
