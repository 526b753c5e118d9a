package reports

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lastcall-dev/lastcall/record"
)

// gauge, counter and times are samples.
func gauge(name string, v float64, labels ...string) record.Sample {
	return record.Sample{Name: name, Kind: record.Gauge, Value: v, Labels: labelMap(labels)}
}

func counter(name string, v float64, labels ...string) record.Sample {
	return record.Sample{Name: name, Kind: record.Counter, Value: v, Labels: labelMap(labels)}
}

// times are n observations up to 10 ms and some more between 10 ms and a second.
func times(name string, n, slow uint64, labels ...string) record.Sample {
	return record.Sample{Name: name, Kind: record.HistogramKind, Labels: labelMap(labels), Histogram: &record.Histogram{
		Count: n + slow, Sum: float64(n)/100 + float64(slow), Buckets: record.Buckets{{UpTo: 0.01, Count: n}, {UpTo: 1, Count: n + slow}},
	}}
}

func labelMap(pairs []string) map[string]string {
	if len(pairs) == 0 {
		return nil
	}
	out := make(map[string]string)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

func scrapeOf(source, object string, reading int, at time.Duration, samples ...record.Sample) record.Scrape {
	return record.Scrape{Source: source, Object: object, Reading: reading, At: at, Took: 40 * time.Millisecond, Samples: samples}
}

func failedScrape(source, object string, reading int, at time.Duration, why string) record.Scrape {
	return record.Scrape{Source: source, Object: object, Reading: reading, At: at, Error: why}
}

// scraped has four readings of a disruption that begins at a time and lasts for ten seconds, or a little less: the API server is away in the second, one pod ends during
// it and another begins.
func scraped(at time.Duration) []record.Scrape {
	api := func(reading int, read time.Duration, mutating, audited float64, gets, slow uint64, more ...record.Sample) record.Scrape {
		return scrapeOf(record.ScrapedAPIServer, "", reading, read, append([]record.Sample{
			gauge("apiserver_current_inflight_requests", mutating, "request_kind", "mutating"),
			times("apiserver_request_duration_seconds", gets, slow, "verb", "GET"),
			counter("apiserver_audit_event_total", audited),
		}, more...)...)
	}
	proxy := func(node string, reading int, read time.Duration, n uint64) record.Scrape {
		return scrapeOf(record.ScrapedProxy, node, reading, read, times("kubeproxy_sync_proxy_rules_duration_seconds", n, 0))
	}
	pod := func(name string, reading int, read time.Duration, inFlight, answered, begun float64) record.Scrape {
		return scrapeOf(record.ScrapedApp, name, reading, read, gauge("http_requests_in_flight", inFlight),
			counter("http_requests_total", answered, "code", "200"), counter("graceful_shutdown_total", begun, "outcome", "begun"))
	}
	out := []record.Scrape{
		api(1, at-second, 1, 100, 1000, 0), proxy("node-a", 1, at-second, 10), proxy("node-b", 1, at-second, 20), pod("old", 1, at-second, 3, 500, 0), pod("stays", 1, at-second, 2, 700, 0),
		failedScrape(record.ScrapedAPIServer, "", 2, at+2*second, "connect: connection refused"), proxy("node-a", 2, at+2*second, 12), failedScrape(record.ScrapedProxy, "node-b", 2, at+2*second, "timed out"),
		pod("old", 2, at+2*second, 9, 560, 1), pod("stays", 2, at+2*second, 4, 800, 0),
		api(3, at+7*second, 7, 3, 20, 30, counter("apiserver_request_terminations_total", 4, "code", "429")), // it began anew
		proxy("node-a", 3, at+7*second, 15), proxy("node-b", 3, at+7*second, 24), pod("new", 3, at+7*second, 5, 40, 0), pod("stays", 3, at+7*second, 6, 900, 0),
		api(4, at+11*second, 2, 9, 60, 30, counter("apiserver_request_terminations_total", 4, "code", "429")),
		proxy("node-a", 4, at+11*second, 15), proxy("node-b", 4, at+11*second, 24), pod("new", 4, at+11*second, 2, 90, 0), pod("stays", 4, at+11*second, 3, 1000, 0),
	}
	out[0].Absent = []string{"apiserver_request_terminations_total", "apiserver_terminated_watchers_total"}
	return out
}

func observedRun() *record.Run {
	return &record.Run{ID: "r", Scrapes: scraped(10 * second), Windows: []record.Window{{Kind: record.Control, Began: 1 * second, Ended: 8 * second}, {Kind: record.Disruption, Round: 1, Began: 10 * second, Ended: 20 * second}}}
}

func TestWhatWasCountedBeforeDuringAndAfter(t *testing.T) {
	got := newFacts(observedRun()).observed()
	want := observed{
		Readings: 4,
		Groups: []observedGroup{
			{Name: "API server", Absent: "apiserver_terminated_watchers_total", Rows: []observedRow{
				{"apiserver_current_inflight_requests", "request_kind=mutating", "1", "7", "2"},
				// A restart: what the new process counts is all new, and all there is afterwards.
				{"apiserver_request_duration_seconds", "verb=GET", "1,000 · p99 9.9 ms", "+90 · p99 0.97 s", "90 · p99 0.97 s"},
				{"apiserver_audit_event_total", "", "100", "+9", "9"},
				// A counter that was not shown had not been raised.
				{"apiserver_request_terminations_total", "code=429", "0", "+4", "4"},
			}},
			{Name: "kube-proxy", Rows: []observedRow{
				{"kubeproxy_sync_proxy_rules_duration_seconds", "node-a", "10 · p99 9.9 ms", "+5 · p99 9.9 ms", "15 · p99 9.9 ms"},
				{"kubeproxy_sync_proxy_rules_duration_seconds", "node-b", "20 · p99 9.9 ms", "+4 · p99 9.9 ms", "24 · p99 9.9 ms"},
			}},
			{Name: "Application", Remark: observedKinds[2].remark, Rows: []observedRow{
				{"http_requests_in_flight", "", "2 to 3", "4 to 9", "2 to 3"},
				// 60 of the old pod, all 90 of the new one, 300 of the one that stays.
				{"http_requests_total", "code=200", "1,200", "+450 or more", "1,090"},
				{"graceful_shutdown_total", "outcome=begun", "0", "+1 or more", "0"},
			}},
		},
		Missing: []missingReading{
			{"apiserver", "1 of 4 readings", "connect: connection refused"},
			{"kube-proxy node-b", "1 of 4 readings", "timed out"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutAReadingBeforeNothingIsMadeUp(t *testing.T) {
	run := observedRun()
	for i := range run.Scrapes {
		if s := &run.Scrapes[i]; s.Reading == 1 {
			s.Samples, s.Error = nil, "timed out"
		}
	}
	for _, g := range newFacts(run).observed().Groups {
		for _, r := range g.Rows {
			if r.Before != notRead {
				t.Errorf("%s: before %s", r.Metric, r.Before)
			}
			// From reading 2 on: 100 + 100 of the pod that stays, 90 of the new one, nothing of the old one.
			if r.Metric == "http_requests_total" && r.During != "+290 or more" {
				t.Errorf("%s: %s", r.Metric, r.During)
			}
			if r.Metric == "apiserver_audit_event_total" && r.During != "+6" {
				t.Errorf("%s: %s", r.Metric, r.During)
			}
		}
	}
}

func TestARunWithoutADisruptionIsDividedByItsFirstAndLastReading(t *testing.T) {
	run := observedRun()
	run.Windows = nil
	if got := newFacts(run).observed(); got.Groups[2].Rows[0] != (observedRow{"http_requests_in_flight", "", "2 to 3", "4 to 9", "2 to 3"}) {
		t.Errorf("%+v", got.Groups[2].Rows[0])
	}
}

func TestAPercentileAboveTheLastBoundSaysSo(t *testing.T) {
	run := observedRun()
	above := times("apiserver_request_duration_seconds", 1, 0, "verb", "GET")
	above.Histogram.Count = 10
	run.Scrapes = []record.Scrape{scrapeOf(record.ScrapedAPIServer, "", 1, 9*second, above)}
	if got := newFacts(run).observed().Groups[0].Rows[0]; got.Before != "10 · p99 over 1.00 s" || got.During != notRead || got.After != notRead {
		t.Errorf("%+v", got)
	}
}

func TestTheRowsOfManyNodesAreBoundedAndTheRestIsCounted(t *testing.T) {
	run := observedRun()
	run.Scrapes = nil
	for i := range 1000 {
		run.Scrapes = append(run.Scrapes, scrapeOf(record.ScrapedProxy, fmt.Sprintf("node-%04d", i), 1, 9*second, times("kubeproxy_sync_proxy_rules_duration_seconds", 1, 0)))
	}
	g := newFacts(run).observed().Groups[0]
	if len(g.Rows) != maxObserved || g.Left != 1000-maxObserved {
		t.Errorf("%d rows, %d left", len(g.Rows), g.Left)
	}
}

func TestOnlyARunThatWasObservedHasTheSection(t *testing.T) {
	run := gracefulRun(goldenRates)
	if page := string(render(t, HTML, run)); strings.Contains(page, `id="observed"`) != (len(run.Scrapes) > 0) {
		t.Error("the section is there without readings, or not there with them")
	}
	run.Scrapes = nil
	if page := string(render(t, HTML, run)); strings.Contains(page, "observed\"") {
		t.Error("the section or a link to it is there without readings")
	}
	hostile := poisoned()
	hostile.Scrapes = []record.Scrape{
		scrapeOf(record.ScrapedApp, poison, 1, second, gauge(poison, 1, "label", poison)), failedScrape(record.ScrapedApp, poison, 1, second, poison),
	}
	page := string(render(t, HTML, hostile))
	if !strings.Contains(page, `id="observed"`) || strings.Contains(page, "<script") || strings.Contains(page, "<img") {
		t.Error("what a component shows acts on the page")
	}
}
