package record

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Histogram counts observations by size, as Prometheus' classic histograms do.
type Histogram struct {
	Count   uint64  `json:"count"` // all observations, also those above the last bucket
	Sum     float64 `json:"sum"`
	Buckets Buckets `json:"buckets,omitempty"`
}

// Bucket counts the observations up to a bound, the smaller ones included.
type Bucket struct {
	UpTo  float64
	Count uint64
}

// Buckets in the order of their bounds, without the one that has no bound. A bucket is left out when neither it nor the
// next one has observations of its own, which loses nothing: the count at its bound is that of the bound before. They are
// saved as one text, "0.005:12 0.025:30".
type Buckets []Bucket

// Compact leaves out the buckets that say nothing. count is of all observations.
func (b Buckets) Compact(count uint64) Buckets {
	var out Buckets
	before := uint64(0)
	for i, one := range b {
		next := count
		if i+1 < len(b) {
			next = b[i+1].Count
		}
		if one.Count > before || next > one.Count {
			out = append(out, one)
		}
		before = one.Count
	}
	return out
}

// at is how many observations were no larger than the bound.
func (b Buckets) at(bound float64) uint64 {
	i, found := slices.BinarySearchFunc(b, bound, func(one Bucket, bound float64) int { return cmp.Compare(one.UpTo, bound) })
	switch {
	case found:
		return b[i].Count
	case i == 0:
		return 0
	default:
		return b[i-1].Count
	}
}

// MarshalText implements encoding.TextMarshaler.
func (b Buckets) MarshalText() ([]byte, error) {
	var out []byte
	for i, one := range b {
		if i > 0 {
			out = append(out, ' ')
		}
		out = strconv.AppendFloat(out, one.UpTo, 'g', -1, 64)
		out = append(out, ':')
		out = strconv.AppendUint(out, one.Count, 10)
	}
	return out, nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Buckets) UnmarshalText(text []byte) error {
	*b = nil
	for field := range strings.FieldsSeq(string(text)) {
		bound, count, _ := strings.Cut(field, ":")
		upTo, err := strconv.ParseFloat(bound, 64)
		if err != nil {
			return fmt.Errorf("reading bucket %q: %w", field, err)
		}
		n, err := strconv.ParseUint(count, 10, 64)
		if err != nil {
			return fmt.Errorf("reading bucket %q: %w", field, err)
		}
		*b = append(*b, Bucket{UpTo: upTo, Count: n})
	}
	return nil
}

// Since is what was observed after the earlier reading of the same histogram. One that counts less than before has begun
// anew in between, so that all of it is new.
func (h Histogram) Since(earlier Histogram) Histogram {
	if h.Count < earlier.Count {
		return h
	}
	out := Histogram{Count: h.Count - earlier.Count, Sum: h.Sum - earlier.Sum}
	for _, one := range h.Buckets {
		before := min(earlier.Buckets.at(one.UpTo), one.Count)
		out.Buckets = append(out.Buckets, Bucket{UpTo: one.UpTo, Count: one.Count - before})
	}
	return out
}

// Plus are the observations of two histograms with the same bounds together.
func (h Histogram) Plus(other Histogram) Histogram {
	out := Histogram{Count: h.Count + other.Count, Sum: h.Sum + other.Sum}
	var bounds []float64
	for _, one := range slices.Concat(h.Buckets, other.Buckets) {
		bounds = append(bounds, one.UpTo)
	}
	slices.Sort(bounds)
	for _, bound := range slices.Compact(bounds) {
		out.Buckets = append(out.Buckets, Bucket{UpTo: bound, Count: h.Buckets.at(bound) + other.Buckets.at(bound)})
	}
	return out
}

// Quantile estimates the value that the share q (0 to 1) of the observations does not exceed, as PromQL's
// histogram_quantile does: observations are taken to be spread evenly over their bucket, the first of which begins at 0.
// beyond means that it lies above the last bound, which is then the value: it is a lower bound. Of no observations the
// answer is 0 and ok false.
func (h Histogram) Quantile(q float64) (value float64, beyond, ok bool) {
	if h.Count == 0 || len(h.Buckets) == 0 {
		return 0, false, false
	}
	rank := q * float64(h.Count)
	i, _ := slices.BinarySearchFunc(h.Buckets, rank, func(one Bucket, rank float64) int { return cmp.Compare(float64(one.Count), rank) })
	if i == len(h.Buckets) {
		return h.Buckets[i-1].UpTo, true, true
	}
	begin, below := 0.0, uint64(0)
	if i > 0 {
		begin, below = h.Buckets[i-1].UpTo, h.Buckets[i-1].Count
	}
	end, inside := h.Buckets[i].UpTo, h.Buckets[i].Count-below
	if inside == 0 || (i == 0 && end <= 0) {
		return end, false, true
	}
	return begin + (end-begin)*(rank-float64(below))/float64(inside), false, true
}
