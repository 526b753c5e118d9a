package scenarios

import (
	"slices"
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/record"
)

func named(t *testing.T, name string) Scenario {
	t.Helper()
	s, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryKindOfTrafficRunsAtOnce(t *testing.T) {
	for _, name := range []string{"pod-delete-all-traffic", "rolling-update-all-traffic"} {
		s, got := named(t, name), map[record.Class]int{}
		for _, l := range slices.Concat(s.Loads, s.Clients) {
			got[l.Class]++
		}
		for _, class := range []record.Class{
			record.NewFast, record.ReusedFast, record.NewSlow, record.EventStream, record.SocketStream, record.ChunkedStream, record.AppWatch,
			record.HTTP2Fast, record.GRPCFast, record.GRPCStream, record.APIObjects,
		} {
			if got[class] != 1 {
				t.Errorf("%s: %d loads of %s", name, got[class], class)
			}
		}
	}
}

func TestOtherScenariosKeepTheTrafficThatTheyWereMeasuredWith(t *testing.T) {
	for _, s := range All() {
		if strings.Contains(s.Name, "traffic") || strings.Contains(s.Name, "streams") || s.Name == "pod-delete-http2" {
			continue
		}
		for _, l := range slices.Concat(s.Loads, s.Clients) {
			if l.Class.Lasting() || l.Class.OnHTTP2() || l.Class == record.APIObjects {
				t.Errorf("%s has traffic of %s", s.Name, l.Class)
			}
		}
	}
}

func TestAnApplicationIsExpectedToFailOnlyUnderTrafficThatShowsWhatIsWrongWithIt(t *testing.T) {
	app := apps.App{Name: "app", Diagnosis: "F11", Shows: []record.Class{record.EventStream}}
	if e := named(t, "pod-delete").expectation(app); e != nil {
		t.Errorf("without streams: %+v", e)
	}
	if e := named(t, "pod-delete-all-traffic").expectation(app); e == nil || e.Diagnosis != "F11" {
		t.Errorf("with streams: %+v", e)
	}
	app.Shows = nil
	if e := named(t, "pod-delete").expectation(app); e == nil || e.Diagnosis != "F11" {
		t.Errorf("of which any traffic shows it: %+v", e)
	}
	if e := named(t, "pod-delete-forced").expectation(app); e == nil || e.Diagnosis != "D2" {
		t.Errorf("of a negative control: %+v", e)
	}
}
