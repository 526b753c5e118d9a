package reports

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const minus = "−"

// count writes a whole number with separators: 12,345.
func count[N ~int | ~int64 | ~uint64](n N) string { return group(strconv.FormatInt(int64(n), 10)) }

// group puts a separator between each three digits of the whole part of a decimal number.
func group(s string) string {
	whole, rest, dotted := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = minus, whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dotted {
		return sign + whole + "." + rest
	}
	return sign + whole
}

// number writes v with about three significant digits and no trailing zeros.
func number(v float64) string {
	switch {
	case math.IsNaN(v), math.IsInf(v, 0):
		return "?"
	case v == math.Trunc(v), math.Abs(v) >= 1000:
		return group(strconv.FormatFloat(math.Round(v), 'f', 0, 64))
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	s := strconv.FormatFloat(v, 'f', min(decimals, 6), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return group(s)
}

// percent writes a share (0.001) as "0.1 %".
func percent(share float64) string { return number(share*100) + " %" }

// duration writes d in the unit and with the precision that people would use: 0.4 ms, 12 ms, 0.19 s, 13.1 s, 2 min 5 s.
func duration(d time.Duration) string {
	if d < 0 {
		return minus + duration(-d)
	}
	switch {
	case d == 0:
		return "0 s"
	case d < 10*time.Millisecond:
		return number(math.Round(float64(d)/float64(10*time.Microsecond))/100) + " ms"
	case d < 100*time.Millisecond:
		return fixed(float64(d)/float64(time.Millisecond), 0) + " ms"
	case d < 10*time.Second-5*time.Millisecond:
		return fixed(d.Seconds(), 2) + " s"
	case d < 2*time.Minute-50*time.Millisecond:
		return fixed(d.Seconds(), 1) + " s"
	}
	d = d.Round(time.Second)
	text := count(int(d/time.Minute)) + " min"
	if s := int(d % time.Minute / time.Second); s > 0 {
		text += " " + strconv.Itoa(s) + " s"
	}
	return text
}

// whole writes a duration that was configured, without decimals that nobody asked for: 2 s, 0.5 s.
func whole(d time.Duration) string {
	if d >= 100*time.Millisecond && d < 2*time.Minute {
		return number(d.Seconds()) + " s"
	}
	return duration(d)
}

func fixed(v float64, decimals int) string {
	s := group(strconv.FormatFloat(v, 'f', decimals, 64))
	if strings.Trim(s, minus+"0.,") == "" {
		return strings.TrimPrefix(s, minus)
	}
	return s
}

// doubtful writes d with its uncertainty in the same unit, and no more digits than the uncertainty carries.
func doubtful(d, uncertainty time.Duration) string {
	if uncertainty <= 0 {
		return duration(d)
	}
	if max(d.Abs(), uncertainty) < 100*time.Millisecond {
		decimals := digits(float64(uncertainty) / float64(time.Millisecond))
		return fixed(ms(d), decimals) + " ms ± " + fixed(ms(uncertainty), decimals) + " ms"
	}
	decimals := digits(uncertainty.Seconds())
	return fixed(d.Seconds(), decimals) + " s ± " + fixed(uncertainty.Seconds(), decimals) + " s"
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// digits after the point that an uncertainty of v deserves.
func digits(v float64) int {
	switch {
	case v >= 10:
		return 0
	case v >= 1:
		return 1
	case v >= 0.01:
		return 2
	case v >= 0.001:
		return 3
	default:
		return 4
	}
}

// signed puts a plus before what is not negative, for times since a delete.
func signed(s string) string {
	if strings.HasPrefix(s, minus) {
		return s
	}
	return "+" + s
}

// offset writes the time since an event to the millisecond: +0.084 s.
func offset(d time.Duration) string { return signed(fixed(d.Seconds(), 3)) + " s" }

// clockTime writes an instant as the wall clock's time of day, UTC, to the millisecond.
func clockTime(run *record.Run, at time.Duration) string {
	return run.Began.Add(at).UTC().Format("15:04:05.000")
}

// quantity writes a measured or demanded value. The upper bound is written only where there is one.
func quantity(q record.Quantity) string {
	if q.Text != "" {
		return q.Text
	}
	if q == (record.Quantity{}) {
		return "–"
	}
	text := value(q.Value, q.Unit)
	if q.Upper != 0 && q.Upper != q.Value {
		text += " (at most " + value(q.Upper, q.Unit) + ")"
	}
	return text
}

func value(v float64, unit string) string {
	switch unit {
	case "":
		return number(v)
	case "s":
		if math.Abs(v) >= 0.001 && math.Abs(v) < 120 {
			return number(v) + " s"
		}
		return duration(time.Duration(v * float64(time.Second)))
	default:
		return number(v) + " " + unit
	}
}

// middle shortens s to at most limit runes by taking out of its middle, where names of pods differ least.
func middle(s string, limit int) string {
	r := []rune(s)
	if len(r) <= limit || limit < 3 {
		return s
	}
	tail := limit / 2
	head := limit - 1 - tail
	return string(r[:head]) + "…" + string(r[len(r)-tail:])
}

// plural chooses the noun's form: plural(1, "pod") is "1 pod".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// list joins names as prose does: "a", "a and b", "a, b and 3 more".
func list(names []string, limit int) string {
	switch {
	case len(names) == 0:
		return ""
	case len(names) == 1:
		return names[0]
	case len(names) > limit:
		return strings.Join(names[:limit], ", ") + " and " + count(len(names)-limit) + " more"
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
