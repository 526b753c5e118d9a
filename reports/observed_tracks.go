package reports

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// part is a stretch of the run, as the readings divide it.
type part int

const (
	beforeFault part = iota
	duringFault
	afterFault
)

// partOf tells where a reading belongs. Without a disruption the first is before and the last is after.
func (f *facts) partOf(s record.Scrape) part {
	from, to, ok := f.Disrupted()
	last := f.Scrapes[len(f.Scrapes)-1].Reading
	switch {
	case ok && s.At <= from, !ok && s.Reading == 1:
		return beforeFault
	case ok && s.At >= to, !ok && s.Reading == last:
		return afterFault
	default:
		return duringFault
	}
}

// track is one row's metric over the run.
type track struct {
	metric, labels, object string
	kind                   record.MetricKind
	rank                   int // of the metric, as the components were told to show them
	objects                map[string]*objectTrack
}

// objectTrack are one component's readings of a metric.
type objectTrack struct {
	fresh  bool // it began after the first reading: it had counted nothing then
	points []point
}

type point struct {
	at     part
	value  float64
	hist   record.Histogram
	absent bool // the component answered and did not show it: a gauge has no value then, others have counted nothing
}

// tracks collects the rows of one kind of component.
func (f *facts) tracks(source string, each bool) []*track {
	found := make(map[string]*track)
	var metrics []string // in the order in which they are shown first
	for _, s := range f.Scrapes {
		if s.Source != source {
			continue
		}
		for _, v := range s.Samples {
			if key := rowKey(s, v, each); found[key] == nil {
				if !slices.Contains(metrics, v.Name) {
					metrics = append(metrics, v.Name)
				}
				t := &track{metric: v.Name, labels: labelText(v.Labels), kind: v.Kind, objects: make(map[string]*objectTrack)}
				t.rank = slices.Index(metrics, v.Name)
				if each {
					t.object = s.Object
				}
				found[key] = t
			}
		}
	}
	f.fill(found, source, each)
	return slices.SortedFunc(maps.Values(found), func(a, b *track) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), strings.Compare(a.labels, b.labels), strings.Compare(a.object, b.object))
	})
}

// rowKey tells rows apart.
func rowKey(s record.Scrape, v record.Sample, each bool) string {
	key := v.Name + "\n" + labelText(v.Labels)
	if each {
		key += "\n" + s.Object
	}
	return key
}

func labelText(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, name+"="+labels[name])
	}
	return strings.Join(parts, ", ")
}

// fill puts all readings that succeeded into the tracks.
func (f *facts) fill(tracks map[string]*track, source string, each bool) {
	tried := make(map[string]bool) // objects that were asked before the disruption
	for _, s := range f.Scrapes {
		if s.Source != source {
			continue
		}
		at := f.partOf(s)
		tried[s.Object] = tried[s.Object] || at == beforeFault
		if s.Error != "" {
			continue
		}
		shown := make(map[string]record.Sample, len(s.Samples))
		for _, v := range s.Samples {
			shown[rowKey(s, v, each)] = v
		}
		fresh := source == record.ScrapedApp && !tried[s.Object]
		for key, t := range tracks {
			if each && t.object != s.Object {
				continue
			}
			v, ok := shown[key]
			t.add(s, fresh, point{at: at, value: v.Value, hist: histogramOf(v), absent: !ok})
		}
	}
}

func (t *track) add(s record.Scrape, fresh bool, p point) {
	o := t.objects[s.Object]
	if o == nil {
		o = &objectTrack{fresh: fresh}
		t.objects[s.Object] = o
	}
	o.points = append(o.points, p)
}

func histogramOf(v record.Sample) record.Histogram {
	if v.Histogram == nil {
		return record.Histogram{}
	}
	return *v.Histogram
}

func (t *track) row() observedRow {
	labels := t.labels
	if t.object != "" {
		labels = strings.TrimPrefix(labels+", "+t.object, ", ")
	}
	r := observedRow{Metric: t.metric, Labels: labels}
	switch t.kind {
	case record.Gauge:
		r.Before, r.During, r.After = t.gauge(beforeFault), t.gauge(duringFault), t.gauge(afterFault)
	case record.HistogramKind:
		r.Before, r.During, r.After = t.distribution(t.total(beforeFault)), added(t.increase(), t.distribution), t.distribution(t.total(afterFault))
	default:
		r.Before, r.During, r.After = t.counted(t.total(beforeFault)), added(t.increase(), t.counted), t.counted(t.total(afterFault))
	}
	return r
}

// gauge is the range of the values of all objects: they are not added up, because not all answer each time.
func (t *track) gauge(at part) string {
	var values []float64
	for _, o := range t.objects {
		for _, p := range o.points {
			if p.at == at && !p.absent {
				values = append(values, p.value)
			}
		}
	}
	if len(values) == 0 {
		return notRead
	}
	low, high := number(slices.Min(values)), number(slices.Max(values))
	if low == high {
		return low
	}
	return low + " to " + high
}

// notRead is said where there was no reading.
const notRead = "–"

// amount is what objects counted together; ok is false where none was read.
type amount struct {
	value float64
	hist  record.Histogram
	ok    bool
	open  bool // there may have been more: an object was not read after the disruption
}

func (s *amount) add(value float64, h record.Histogram) {
	s.value, s.hist, s.ok = s.value+value, s.hist.Plus(h), true
}

// total is what the objects had counted by the last reading of the stretch.
func (t *track) total(at part) (out amount) {
	for _, name := range slices.Sorted(maps.Keys(t.objects)) {
		var last *point
		for i, p := range t.objects[name].points {
			if p.at == at {
				last = &t.objects[name].points[i]
			}
		}
		if last != nil {
			out.add(last.value, last.hist)
		}
	}
	return out
}

// increase is what was counted from the last reading before the disruption to the first one after it, or to the last there
// is. One that counts less than before has begun anew, as PromQL's increase takes it.
func (t *track) increase() (out amount) {
	for _, name := range slices.Sorted(maps.Keys(t.objects)) {
		o := t.objects[name]
		var base *point
		if o.fresh {
			base = &point{}
		}
		for i, p := range o.points {
			if base != nil && p.at != beforeFault {
				step := p.value - base.value
				if step < 0 {
					step = p.value
				}
				out.add(step, p.hist.Since(base.hist))
			}
			base = &o.points[i]
			if p.at == afterFault {
				break
			}
		}
		out.open = out.open || o.points[len(o.points)-1].at != afterFault
	}
	return out
}

func (t *track) counted(s amount) string {
	if !s.ok {
		return notRead
	}
	return number(s.value)
}

// distribution is how many observations there were and the 99th percentile.
func (t *track) distribution(s amount) string {
	if !s.ok {
		return notRead
	}
	text := count(s.hist.Count)
	if v, beyond, ok := s.hist.Quantile(0.99); ok {
		bound := ""
		if beyond {
			bound = "over "
		}
		text += " · p99 " + bound + secondsOrNumber(t.metric, v)
	}
	return text
}

func secondsOrNumber(metric string, v float64) string {
	if strings.HasSuffix(metric, "_seconds") {
		return duration(time.Duration(v * float64(time.Second)))
	}
	return number(v)
}

// added marks an increase as one.
func added(s amount, words func(amount) string) string {
	text := words(s)
	switch {
	case text == notRead:
		return text
	case s.open:
		return "+" + text + " or more"
	default:
		return "+" + text
	}
}
