package reports

import (
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// bucket sums up the requests of one class in one stretch of time.
type bucket struct {
	span
	sent     int // due in it
	failed   int // that failed in it, whenever they were due
	answered int // due in it and answered as wanted; the latencies are theirs
	p50, p99 time.Duration
	worst    time.Duration
}

// series is one class over time.
type series struct {
	class   record.Class
	width   time.Duration
	buckets []bucket
	rate    float64 // highest of the buckets, per second
}

// perBucket is how many requests a bucket should expect at least: with fewer the plotted rate would be noise.
const perBucket = 4

// bucketWidth divides the span into at most parts buckets that expect perBucket requests each at the rate (per second).
func bucketWidth(s span, rate float64, parts int) time.Duration {
	width := niceStep(s.length(), parts)
	if rate > 0 {
		least := time.Duration(perBucket / rate * float64(time.Second))
		width = max(width, niceStep(least, 1))
	}
	return min(width, max(s.length(), 1))
}

// newSeries puts the requests of the class into buckets of equal width that start at zero's multiples, so that one
// border falls on zero (the delete): nothing before it is mixed with what came after.
func newSeries(requests []record.Request, class record.Class, s span, zero, width time.Duration) series {
	out := series{class: class, width: width}
	first := ticks(span{s.from - width, s.to}, zero, width)
	if len(first) == 0 {
		return out
	}
	start := first[0]
	if len(first) > 1 && first[1] <= s.from {
		start = first[1]
	}
	n := int((s.to-start+width-1)/width) + 1
	latencies := make([][]time.Duration, n)
	out.buckets = make([]bucket, n)
	for i := range out.buckets {
		out.buckets[i].span = span{start + time.Duration(i)*width, start + time.Duration(i+1)*width}
	}
	slot := func(t time.Duration) (int, bool) {
		i := int((t - start) / width)
		return i, t >= start && i < n
	}
	for _, r := range requests {
		if r.Class != class || r.ErrKind == record.ErrCanceled {
			continue
		}
		if i, ok := slot(r.Due); ok {
			out.buckets[i].sent++
			if !r.Failed() {
				latencies[i] = append(latencies[i], r.Latency())
			}
		}
		if i, ok := slot(r.End); ok && r.Failed() {
			out.buckets[i].failed++
		}
	}
	for i, l := range latencies {
		b := &out.buckets[i]
		b.summarise(l)
		out.rate = max(out.rate, b.perSecond(b.sent), b.perSecond(b.failed))
	}
	return out
}

func (b *bucket) summarise(latencies []time.Duration) {
	b.answered = len(latencies)
	if b.answered == 0 {
		return
	}
	slices.Sort(latencies)
	b.p50, b.p99, b.worst = quantile(latencies, 0.50), quantile(latencies, 0.99), latencies[len(latencies)-1]
}

func (b bucket) perSecond(n int) float64 { return float64(n) / b.length().Seconds() }

// quantile is the smallest value that at least the share q of the sorted values does not exceed (nearest rank).
func quantile(sorted []time.Duration, q float64) time.Duration {
	rank := int(q*float64(len(sorted)) + 0.999999)
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// latencies is the range of all buckets' latencies; both are 0 when nothing was answered.
func (s series) latencies() (low, high time.Duration) {
	for _, b := range s.buckets {
		if b.answered == 0 {
			continue
		}
		if low == 0 || b.p50 < low {
			low = b.p50
		}
		high = max(high, b.worst)
	}
	return low, high
}
