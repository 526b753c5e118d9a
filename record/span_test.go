package record_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestTheTimeSpentOnAPartIsTheSumOfItsSpans(t *testing.T) {
	run := &record.Run{Spans: []record.Span{
		{Part: record.Deploying, Ended: 2 * time.Second},
		{Part: record.Disrupting, Began: 2 * time.Second, Ended: 7 * time.Second},
		{Part: record.Looking, Began: 7 * time.Second, Ended: 8 * time.Second},
		{Part: record.Disrupting, Began: 8 * time.Second, Ended: 11 * time.Second},
	}}
	spent := run.Spent()
	if len(spent) != 3 || spent[record.Deploying] != 2*time.Second || spent[record.Disrupting] != 8*time.Second || spent[record.Looking] != time.Second {
		t.Errorf("%v", spent)
	}
	for part := range spent {
		if !slices.Contains(record.Parts(), part) {
			t.Errorf("%s is none of the parts", part)
		}
	}
	if len((&record.Run{}).Spent()) != 0 {
		t.Error("a run without spans has spent time")
	}
}
