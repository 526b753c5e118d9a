package reports

import (
	"fmt"
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
	Left         int // rows that are not shown
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
	{record.ScrapedApp, "Application", "All pods together. A reading is a request itself, and counted as one. A pod that ends takes with it what it has counted since it was last read.", false},
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
		g.Left = len(tracks) - len(g.Rows)
		if len(g.Rows) > 0 {
			out.Groups = append(out.Groups, g)
		}
	}
	out.Missing = f.missing()
	return out
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
