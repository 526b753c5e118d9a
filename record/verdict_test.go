package record_test

import (
	"testing"

	"github.com/lastcall-dev/lastcall/record"
)

func TestUnknownIsNeverAPass(t *testing.T) {
	cases := []struct {
		in   []record.Verdict
		want record.Verdict
	}{
		{nil, record.Unknown},
		{[]record.Verdict{record.Skipped}, record.Unknown},
		{[]record.Verdict{record.Pass, record.Skipped}, record.Pass},
		{[]record.Verdict{record.Pass, record.Unknown}, record.Unknown},
		{[]record.Verdict{record.Pass, "nonsense"}, "nonsense"},
		{[]record.Verdict{record.Unknown, record.Fail, record.Pass}, record.Fail},
	}
	for _, c := range cases {
		if got := record.Worst(c.in...); got != c.want {
			t.Errorf("Worst(%v) = %s, want %s", c.in, got, c.want)
		}
	}
}
