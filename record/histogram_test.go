package record_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lastcall-dev/lastcall/record"
)

// latencies counts 100 observations up to 0.1, 50 more up to 0.2, none up to 0.4 and 10 beyond 1.
var latencies = record.Histogram{Count: 160, Sum: 30, Buckets: record.Buckets{{0.05, 0}, {0.1, 100}, {0.2, 150}, {0.4, 150}, {0.6, 150}, {1, 150}}}

func TestAQuantileIsEstimatedAsPromQLDoes(t *testing.T) {
	for _, c := range []struct {
		of     record.Histogram
		q      float64
		want   float64
		beyond bool
		ok     bool
	}{
		{latencies, 0.5, 0.09, false, true}, // rank 80 of the 100 between 0.05 and 0.1
		{latencies, 0.75, 0.14, false, true},
		{latencies, 0.625, 0.1, false, true},                                                                         // just the first hundred
		{latencies, 0.99, 1, true, true},                                                                             // above the last bound: at least that
		{record.Histogram{Count: 4, Buckets: record.Buckets{{2, 4}}}, 0.5, 1, false, true},                           // the first bucket begins at 0
		{record.Histogram{Count: 4, Buckets: record.Buckets{{-1, 4}}}, 0.5, -1, false, true},                         // unless it ends there
		{record.Histogram{Count: 4, Buckets: record.Buckets{{1, 0}, {2, 0}, {3, 4}}}, 0, 1, false, true},             // q 0
		{record.Histogram{}, 0.5, 0, false, false},                                                                   // no observations
		{record.Histogram{Count: 3, Sum: 2}, 0.5, 0, false, false},                                                   // no buckets
		{latencies.Since(latencies), 0.99, 0, false, false},                                                          // nothing new
		{latencies.Plus(record.Histogram{Count: 160, Buckets: record.Buckets{{0.05, 160}}}), 0.5, 0.05, false, true}, // of both
	} {
		got, beyond, ok := c.of.Quantile(c.q)
		if math.Abs(got-c.want) > 1e-9 || beyond != c.beyond || ok != c.ok {
			t.Errorf("quantile %v of %+v: %v %v %v, want %v %v %v", c.q, c.of, got, beyond, ok, c.want, c.beyond, c.ok)
		}
	}
}

func TestLeavingBucketsOutLosesNothing(t *testing.T) {
	short := latencies
	short.Buckets = latencies.Buckets.Compact(latencies.Count)
	if want := (record.Buckets{{0.05, 0}, {0.1, 100}, {0.2, 150}, {1, 150}}); !cmp.Equal(short.Buckets, want) {
		t.Fatalf("%v, want %v", short.Buckets, want)
	}
	later := record.Histogram{Count: 165, Sum: 32, Buckets: record.Buckets{{0.05, 0}, {0.1, 100}, {0.2, 150}, {0.4, 153}, {0.6, 155}, {1, 155}}}
	compactLater := record.Histogram{Count: 165, Sum: 32, Buckets: later.Buckets.Compact(165)}
	for _, q := range []float64{0.01, 0.3, 0.5, 0.62, 0.9, 0.93, 0.95, 0.99, 1} {
		whole, wholeBeyond, _ := latencies.Quantile(q)
		part, partBeyond, _ := short.Quantile(q)
		if whole != part || wholeBeyond != partBeyond {
			t.Errorf("quantile %v: %v of all buckets, %v of those kept", q, whole, part)
		}
		whole, _, _ = later.Since(latencies).Quantile(q)
		part, _, _ = compactLater.Since(short).Quantile(q)
		if whole != part {
			t.Errorf("quantile %v of what is new: %v of all buckets, %v of those kept", q, whole, part)
		}
	}
}

func TestWhatIsNewInAHistogram(t *testing.T) {
	earlier := record.Histogram{Count: 100, Sum: 8, Buckets: record.Buckets{{0.05, 0}, {0.1, 100}}}
	got := latencies.Since(earlier)
	if got.Count != 60 || got.Sum != 22 || got.Buckets[1].Count != 0 || got.Buckets[2].Count != 50 {
		t.Errorf("%+v", got)
	}
	restarted := record.Histogram{Count: 3, Sum: 1, Buckets: record.Buckets{{0.1, 3}}}
	if got := restarted.Since(latencies); !cmp.Equal(got, restarted) {
		t.Errorf("of a process that began anew: %+v", got)
	}
}

func TestBucketsAreSavedAsOneTextAndReadAgain(t *testing.T) {
	text, err := json.Marshal(latencies)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"count":160,"sum":30,"buckets":"0.05:0 0.1:100 0.2:150 0.4:150 0.6:150 1:150"}`; string(text) != want {
		t.Errorf("%s", text)
	}
	var again record.Histogram
	if err := json.Unmarshal(text, &again); err != nil || !cmp.Equal(again, latencies) {
		t.Errorf("%v, %+v", err, again)
	}
	for _, damaged := range []string{`{"buckets":"x:1"}`, `{"buckets":"0.1:-1"}`, `{"buckets":"0.1"}`} {
		if json.Unmarshal([]byte(damaged), &again) == nil {
			t.Errorf("%s was read", damaged)
		}
	}
}
