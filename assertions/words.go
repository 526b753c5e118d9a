package assertions

import (
	"fmt"
	"math"
	"slices"
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
	return fmt.Sprintf("%d %ss", n, noun)
}

// list joins names, and says how many more there are beyond the first few.
func list(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// secondsOf is a measured or demanded duration.
func secondsOf(d time.Duration) record.Quantity {
	return record.Quantity{Value: d.Seconds(), Unit: "s"}
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
