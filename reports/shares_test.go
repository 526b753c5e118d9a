package reports

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// demoSpans are those of a run of 62 s.
func demoSpans() []record.Span {
	var out []record.Span
	at := time.Duration(0)
	for _, s := range []struct {
		part record.Part
		took time.Duration
	}{
		{record.Deploying, 8 * second}, {record.Controlling, 12 * second}, {record.Aiming, second}, {record.Disrupting, 20 * second},
		{record.Settling, second}, {record.Finishing, 8 * second}, {record.Collecting, 2 * second}, {record.Saving, second},
		{record.Undoing, 0}, {record.Removing, 9 * second},
	} {
		out = append(out, record.Span{Part: s.part, Began: at, Ended: at + s.took})
		at += s.took
	}
	return out
}

func TestSharesAddUpToTheTimeThatEverythingTook(t *testing.T) {
	entries := []Entry{
		{Run: &record.Run{Scenario: "pod-delete", App: "graceful", Spans: demoSpans()}, Took: 64 * second},
		{Run: &record.Run{Scenario: "never", App: "timed"}},
	}
	var b strings.Builder
	if err := Shares(&b, entries, []Lap{{Name: "cluster", Took: 16 * second}}); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
                       deploying  control  aiming  disruption  settling  in flight  records  removal  judging    all
pod-delete · graceful        8.0     12.0     1.0        20.0       1.0        8.0      3.0      9.0      2.0   64.0
cluster                                                                                                         16.0
all                          8.0     12.0     1.0        20.0       1.0        8.0      3.0      9.0      2.0   80.0
share                       10 %     15 %     1 %        25 %       1 %       10 %      4 %     11 %      2 %  100 %
`, "\n")
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestWhatWentOnBesideTheRunBeforeCountsOnce(t *testing.T) {
	s := newShares([]Entry{{Run: &record.Run{Scenario: "s", App: "a", Spans: demoSpans()}, Took: 64 * second, Ahead: 6 * second}}, nil)
	if got, want := strings.Join(s.Rows[0], " "), "s · a 2.0 12.0 1.0 20.0 1.0 8.0 3.0 9.0 2.0 58.0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestEveryPartOfARunHasOneColumn(t *testing.T) {
	columns := map[record.Part]int{}
	for _, c := range shareColumns {
		for _, p := range c.Parts {
			columns[p]++
		}
	}
	for _, p := range record.Parts() {
		if columns[p] != 1 {
			t.Errorf("%s has %d columns", p, columns[p])
		}
	}
}

func TestASuiteThatNobodyTimedShowsNoShares(t *testing.T) {
	var b strings.Builder
	if err := Shares(&b, []Entry{{Run: &record.Run{}}}, nil); err != nil || b.Len() > 0 {
		t.Errorf("%v %q", err, b.String())
	}
}

func TestNamesInSharesAreDataNeverMarkup(t *testing.T) {
	s := newShares([]Entry{{Run: &record.Run{Scenario: "<b>|`", App: "a\x1b[2J"}, Took: second}}, nil)
	var b strings.Builder
	s.markdown(&b)
	if text := b.String() + s.columns(); strings.Contains(text, "\x1b") || strings.Contains(b.String(), "<b>|") {
		t.Errorf("%q", text)
	}
}
