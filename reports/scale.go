package reports

import (
	"math"
	"strconv"
	"time"
)

// px is a length in an image, written with one decimal so that golden files do not depend on the last bits of a float.
type px float64

func (p px) String() string {
	s := strconv.FormatFloat(math.Round(float64(p)*10)/10, 'f', -1, 64)
	if s == "-0" {
		return "0"
	}
	return s
}

// span is a stretch of the run.
type span struct{ from, to time.Duration }

func (s span) length() time.Duration { return s.to - s.from }

func (s span) holds(t time.Duration) bool { return t >= s.from && t <= s.to }

// cut returns the part of other that lies in s; ok is false when there is none.
func (s span) cut(other span) (part span, ok bool) {
	part = span{max(s.from, other.from), min(s.to, other.to)}
	return part, part.to > part.from
}

// scale maps times to horizontal positions.
type scale struct {
	span
	left, right px
}

// at is the position of t; times outside of the span lie outside of the axis.
func (s scale) at(t time.Duration) px {
	if s.length() <= 0 {
		return s.left
	}
	return s.left + (s.right-s.left)*px(float64(t-s.from)/float64(s.length()))
}

// niceSteps are distances between ticks that people read easily.
var niceSteps = func() []time.Duration {
	var steps []time.Duration
	for _, unit := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
		steps = append(steps, unit, 2*unit, 5*unit)
	}
	return append(steps, 10*time.Second, 15*time.Second, 30*time.Second, time.Minute, 2*time.Minute, 5*time.Minute,
		10*time.Minute, 15*time.Minute, 30*time.Minute, time.Hour, 2*time.Hour, 6*time.Hour, 24*time.Hour)
}()

// niceStep is the smallest easy step that divides length into at most parts.
func niceStep(length time.Duration, parts int) time.Duration {
	for _, s := range niceSteps {
		if length <= s*time.Duration(parts) {
			return s
		}
	}
	return length/time.Duration(max(parts, 1)) + 1
}

// ticks are the multiples of step, counted from zero, that lie in the span.
func ticks(s span, zero, step time.Duration) []time.Duration {
	var out []time.Duration
	first := (s.from - zero) / step * step
	if first < s.from-zero {
		first += step
	}
	for t := first; t <= s.to-zero; t += step {
		out = append(out, zero+t)
	}
	return out
}

// tickLabel writes a tick with as many decimals as its step needs.
func tickLabel(t, step time.Duration) string {
	if step >= time.Minute {
		return fixed(t.Minutes(), 0) + " min"
	}
	decimals := 0
	for unit := time.Second; step%unit != 0 && decimals < 3; unit /= 10 {
		decimals++
	}
	return fixed(t.Seconds(), decimals) + " s"
}

// logScale maps latencies to vertical positions by their logarithm: an answer after 1 ms and one after 10 s fit into one
// plot.
type logScale struct {
	low, high   time.Duration // powers of ten
	top, bottom px
}

// newLogScale covers the values with whole decades, at least one.
func newLogScale(low, high time.Duration, top, bottom px) logScale {
	l := logScale{low: time.Microsecond, top: top, bottom: bottom}
	for l.low*10 <= low {
		l.low *= 10
	}
	for l.high = l.low * 10; l.high < high; {
		l.high *= 10
	}
	return l
}

func (l logScale) at(d time.Duration) px {
	d = min(max(d, l.low), l.high)
	share := math.Log10(float64(d)/float64(l.low)) / math.Log10(float64(l.high)/float64(l.low))
	return l.bottom - (l.bottom-l.top)*px(share)
}

// decades are the powers of ten from low to high.
func (l logScale) decades() []time.Duration {
	var out []time.Duration
	for d := l.low; d <= l.high; d *= 10 {
		out = append(out, d)
	}
	return out
}

// stagger puts labels into rows so that none covers another: each goes to the first row where it fits. It returns the
// row of each and how many there are. The labels are given by their left ends, ascending, and their widths.
func stagger(lefts, widths []px) (rows []int, n int) {
	var ends []px
	for i, left := range lefts {
		row := 0
		for row < len(ends) && ends[row] > left {
			row++
		}
		if row == len(ends) {
			ends = append(ends, 0)
		}
		ends[row] = left + widths[i]
		rows = append(rows, row)
	}
	return rows, len(ends)
}
