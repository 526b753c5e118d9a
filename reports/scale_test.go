package reports

import (
	"slices"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestAScaleMapsItsEndsToTheAxisEnds(t *testing.T) {
	s := scale{span{-2 * second, 8 * second}, 100, 200}
	for at, want := range map[time.Duration]px{-2 * second: 100, 8 * second: 200, 3 * second: 150} {
		if got := s.at(at); got != want {
			t.Errorf("at(%v) = %v, want %v", at, got, want)
		}
	}
	if got := (scale{span{second, second}, 100, 200}).at(second); got != 100 {
		t.Errorf("an empty span must not divide by zero, got %v", got)
	}
}

func TestTicksStandOnMultiplesCountedFromTheDelete(t *testing.T) {
	got := ticks(span{700 * time.Millisecond, 3 * second}, 1100*time.Millisecond, 500*time.Millisecond)
	want := []time.Duration{1100, 1600, 2100, 2600}
	for i := range want {
		want[i] *= time.Millisecond
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := ticks(span{500 * time.Millisecond, 700 * time.Millisecond}, 0, second); len(got) != 0 {
		t.Errorf("no tick lies in the span, got %v", got)
	}
}

func TestStepsAreNiceAndFewEnough(t *testing.T) {
	for length, want := range map[time.Duration]time.Duration{
		62 * second: 5 * second, 15 * second: 2 * second, 4 * second: 500 * time.Millisecond, 0: time.Millisecond,
	} {
		if got := niceStep(length, 14); got != want {
			t.Errorf("niceStep(%v) = %v, want %v", length, got, want)
		}
	}
	if got := niceStep(10000*time.Hour, 10); got < 1000*time.Hour {
		t.Errorf("a very long run needs a step of its own, got %v", got)
	}
	if got := tickLabel(1500*time.Millisecond, 500*time.Millisecond); got != "1.5 s" {
		t.Errorf("label %q", got)
	}
}

func TestALogScaleCoversItsValuesWithDecades(t *testing.T) {
	l := newLogScale(1500*time.Microsecond, 8*time.Second, 0, 100)
	if l.low != time.Millisecond || l.high != 10*time.Second {
		t.Errorf("covers %v to %v", l.low, l.high)
	}
	if top, bottom := l.at(10*time.Second), l.at(time.Millisecond); top != 0 || bottom != 100 {
		t.Errorf("ends at %v and %v", top, bottom)
	}
	if got := l.at(0); got != 100 {
		t.Errorf("zero has no logarithm and belongs at the bottom, got %v", got)
	}
}

func TestLabelsThatWouldCoverEachOtherGoToDifferentRows(t *testing.T) {
	rows, n := stagger([]px{0, 5, 60, 61}, []px{50, 50, 50, 10})
	if !slices.Equal(rows, []int{0, 1, 0, 1}) || n != 2 {
		t.Errorf("rows %v of %d", rows, n)
	}
}

func TestABucketBorderFallsOnTheDelete(t *testing.T) {
	zero := 1234 * time.Millisecond
	requests := []record.Request{
		{Class: record.NewFast, Due: zero - 1, End: zero + 1, ErrKind: record.ErrReset},
		{Class: record.NewFast, Due: zero, End: zero + 5*time.Millisecond},
		{Class: record.NewFast, Due: zero, End: zero + second, ErrKind: record.ErrCanceled},
		{Class: record.ReusedFast, Due: zero, End: zero + second},
	}
	s := newSeries(requests, record.NewFast, span{0, 3 * second}, zero, 500*time.Millisecond)
	for i, b := range s.buckets {
		if b.from != zero {
			continue
		}
		if before := s.buckets[i-1]; before.sent != 1 || before.failed != 0 || b.sent != 1 || b.failed != 1 || b.answered != 1 {
			t.Errorf("a request counts where it was due, a failure where it failed: before %+v, after %+v", before, b)
		}
		return
	}
	t.Error("no bucket begins at the delete")
}

func TestRareRequestsGetWideBuckets(t *testing.T) {
	if got := bucketWidth(span{0, 60 * second}, 2, 120); got != 2*second {
		t.Errorf("2 per second: %v", got)
	}
	if got := bucketWidth(span{0, 60 * second}, 250, 120); got != 500*time.Millisecond {
		t.Errorf("250 per second: %v", got)
	}
}

func TestQuantilesAreNearestRank(t *testing.T) {
	sorted := []time.Duration{1, 2, 3, 4}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 2, 0.99: 4, 1: 4} {
		if got := quantile(sorted, q); got != want {
			t.Errorf("quantile(%v) = %v, want %v", q, got, want)
		}
	}
}
