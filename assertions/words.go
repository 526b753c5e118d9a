package assertions

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// seconds writes a duration as people read it beside others: two digits, or three below a tenth.
func seconds(d time.Duration) string {
	if d > -100*time.Millisecond && d < 100*time.Millisecond && d != 0 {
		return fmt.Sprintf("%.3f s", d.Seconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// percent writes a share with as many digits as small ones need.
func percent(share float64) string {
	switch p := share * 100; {
	case p == 0:
		return "0 %"
	case p < 0.001:
		return "< 0.001 %"
	case p < 1:
		return fmt.Sprintf("%.3f %%", p)
	default:
		return fmt.Sprintf("%.2f %%", p)
	}
}

// count writes a number with its noun in the right form.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// list joins names, and says how many more there are beyond the first few.
func list(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// rounded cuts a figure to the digits that any of these measurements has: a record that is compared with another one
// should not differ in nanoseconds.
func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// secondsOf is a measured or demanded duration.
func secondsOf(d time.Duration) record.Quantity {
	return record.Quantity{Value: rounded(d.Seconds()), Unit: "s", Text: seconds(d)}
}

// atMostSeconds is a measured duration with its upper bound: "0.17 s (≤ 0.28 s)".
func atMostSeconds(d, upper time.Duration) record.Quantity {
	return record.Quantity{
		Value: rounded(d.Seconds()), Unit: "s", Upper: rounded(upper.Seconds()),
		Text: fmt.Sprintf("%s (≤ %s)", seconds(d), seconds(upper)),
	}
}

// limit is a demanded duration with its direction, such as "below %s".
func limit(d time.Duration, direction string) record.Quantity {
	return record.Quantity{Value: d.Seconds(), Unit: "s", Text: fmt.Sprintf(direction, exactly(d))}
}

// exactly writes a demanded duration: "2 s", "1.5 s".
func exactly(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}

// share writes a demanded share of requests: "0.1 %".
func share(v float64) string { return strconv.FormatFloat(rounded(100*v), 'f', -1, 64) + " %" }

// thousands writes a number with its groups apart: "17,155".
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// wholeSeconds rounds up: Kubernetes takes preStop sleeps and grace periods in whole seconds.
func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// sorted is the set's members in order.
func sorted[V any](set map[string]V) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
