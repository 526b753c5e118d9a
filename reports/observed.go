package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// observed is what the components counted of themselves, before, during and after the disruption.
type observed struct {
	Readings int
	Groups   []observedGroup
	Missing  []missingReading
}

// observedGroup is one kind of component.
type observedGroup struct {
	Name, Remark string
	Rows         []observedRow
	Left         int    // rows that are not shown
	Absent       string // metrics that were looked for and never found
}

type observedRow struct {
	Metric, Labels        string
	Before, During, After string
}

// missingReading is a component that could not be read, sometimes or ever.
type missingReading struct {
	Name, Count, Why string
}

// maxObserved bounds the rows of one kind of component; a cluster may have thousands of nodes.
const maxObserved = 30

// observedKinds are the components in the report's order.
var observedKinds = []struct {
	source, name, remark string
	each                 bool // a row for each object; otherwise all are added up
}{
	{record.ScrapedAPIServer, "API server", "", false},
	{record.ScrapedProxy, "kube-proxy", "", true},
	{record.ScrapedApp, "Application", "Counts of all pods together; of gauges the range over the pods. A reading is a request itself, and counted as one. A pod that ends takes with it what it has counted since it was last read.", false},
}

func (f *facts) observed() (out observed) {
	for _, s := range f.Scrapes {
		out.Readings = max(out.Readings, s.Reading)
	}
	for _, k := range observedKinds {
		g := observedGroup{Name: k.name, Remark: k.remark}
		tracks := f.tracks(k.source, k.each)
		for _, t := range tracks[:min(len(tracks), maxObserved)] {
			g.Rows = append(g.Rows, t.row())
		}
		g.Left, g.Absent = len(tracks)-len(g.Rows), f.absent(k.source)
		if len(g.Rows) > 0 {
			out.Groups = append(out.Groups, g)
		}
	}
	out.Missing = f.missing()
	return out
}

// absent are the metrics that no component of the kind ever showed.
func (f *facts) absent(source string) string {
	shown, looked := make(map[string]bool), make(map[string]bool)
	for _, s := range f.Scrapes {
		if s.Source != source {
			continue
		}
		for _, v := range s.Samples {
			shown[v.Name] = true
		}
		for _, name := range s.Absent {
			looked[name] = true
		}
	}
	maps.DeleteFunc(looked, func(name string, _ bool) bool { return shown[name] })
	return list(slices.Sorted(maps.Keys(looked)), maxObserved)
}

// missing counts the readings that failed, by component, with the reason of the last.
func (f *facts) missing() (out []missingReading) {
	type tally struct {
		all, failed int
		why         string
	}
	tallies := make(map[string]*tally)
	var order []string
	for _, s := range f.Scrapes {
		name := strings.TrimSpace(s.Source + " " + s.Object)
		t := tallies[name]
		if t == nil {
			t = new(tally)
			tallies[name] = t
			order = append(order, name)
		}
		t.all++
		if s.Error != "" {
			t.failed++
			t.why = s.Error
		}
	}
	for _, name := range order {
		if t := tallies[name]; t.failed > 0 {
			out = append(out, missingReading{name, fmt.Sprintf("%s of %s", count(t.failed), plural(t.all, "reading")), middle(t.why, 240)})
		}
	}
	return out
}
