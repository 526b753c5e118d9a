package record

import "time"

// Components whose own metrics are read, as Scrape.Source has them.
const (
	ScrapedAPIServer = "apiserver"
	ScrapedProxy     = "kube-proxy" // Scrape.Object: the node
	ScrapedApp       = "app"        // Scrape.Object: the pod
)

// Scrape is one reading of what a component counts of itself, or the failure to get one: the API server may be down in the
// middle of a run, and a pod that has closed its listener answers no more.
type Scrape struct {
	Source string `json:"source"`
	Object string `json:"object,omitempty"`
	// Reading numbers those that were taken at the same time, from 1.
	Reading int `json:"reading"`
	// At is when the answer was there or was given up. The values are of some moment between At-Took and At.
	At   time.Duration `json:"at"`
	Took time.Duration `json:"took"`
	// Error says why there are no samples; "" when the component answered.
	Error   string   `json:"error,omitempty"`
	Samples []Sample `json:"samples,omitempty"`
	// Absent are the metrics that were looked for and are not shown. A counter with labels is shown only once it has been
	// raised; a component of another version may not have it.
	Absent []string `json:"absent,omitempty"`
}

// MetricKind tells how values of different times go together.
type MetricKind string

// A counter counts since the process began, a histogram does so for each of its buckets, and a gauge is what it is now.
const (
	Counter       MetricKind = "counter"
	Gauge         MetricKind = "gauge"
	HistogramKind MetricKind = "histogram"
)

// Sample is one value of a metric, added up over the labels that it lacks.
type Sample struct {
	Name      string            `json:"name"`
	Kind      MetricKind        `json:"kind"`
	Labels    map[string]string `json:"labels,omitempty"`
	Value     float64           `json:"value,omitempty"`     // of a counter or a gauge; always finite
	Histogram *Histogram        `json:"histogram,omitempty"` // of a histogram
}

// Disrupted is the time from just before the first fault until the service was whole after the last; ok is false where
// there was no fault.
func (r *Run) Disrupted() (from, to time.Duration, ok bool) {
	for _, w := range r.Windows {
		if w.Kind != Disruption {
			continue
		}
		if !ok || w.Began < from {
			from = w.Began
		}
		to, ok = max(to, w.Ended), true
	}
	return from, to, ok
}
