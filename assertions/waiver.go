package assertions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// waivedIn reports whether the run's SLO waives the check, by its name or by its guarantee. What judges lastcall itself
// cannot be waived: without it no other answer means anything.
func (c Check) waivedIn(run *record.Run) bool {
	return c.Kind != Harness && (slices.Contains(run.SLO.Waive, c.Name) || slices.Contains(run.SLO.Waive, c.Guarantee))
}

// refusedWaivers gives an unknown finding for each waiver that cannot be honoured: a misspelt one would otherwise be
// believed to be in force, or to have been there for nothing.
func refusedWaivers(run *record.Run) (out []record.Finding) {
	for _, name := range run.SLO.Waive {
		why := "names no check"
		var names []string
		for _, c := range All() {
			if c.Kind != Harness {
				names = append(names, c.Name)
			}
			if c.Name != name && c.Guarantee != name {
				continue
			}
			why = ""
			if c.Kind == Harness {
				why = "asks to ignore whether the run was what it claims, which nothing may"
			}
		}
		if why == "" {
			continue
		}
		out = append(out, record.Finding{
			Check: "waivers", Subject: name, Verdict: record.Unknown,
			Message: fmt.Sprintf("The waiver %q %s.", name, why),
			Advice:  "Take it out of the SLO, or name one of: " + strings.Join(names, ", ") + ".",
		})
	}
	return out
}
