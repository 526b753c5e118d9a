package assertions

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// Kind tells how a check's answer is to be read.
type Kind string

// The kinds of check, in the order in which findings are listed.
const (
	Guarantee Kind = "guarantee" // one event breaks it
	SLO       Kind = "SLO"       // a rate or a latency against a figure
	Harness   Kind = "harness"   // lastcall itself; never fails, only unknown
)

// Need is something that a run must have recorded for a check to apply.
type Need string

// TerminatedPod is a pod that was asked to end. A run that wanted no fault has none, and the check is skipped; where a
// fault was wanted and no pod was terminated, the answer is unknown.
const TerminatedPod Need = "a terminated pod"

// Check judges one guarantee.
type Check struct {
	Name      string // such as "endpoint-removal"; unique
	Guarantee string // the sentence that is judged, quoted when it is broken
	Reference string // where the guarantee or the formula comes from
	Kind      Kind
	Needs     []Need
	// Eval gives at least one finding. It does not change the run.
	Eval func(*record.Run) []record.Finding
	// eval is the same on facts that are worked out already, so that all checks of a run share them.
	eval func(*facts) []record.Finding
}

// registry is filled while the package is initialised and never changed afterwards.
var registry []Check

// All lists the checks: guarantees first, then SLOs, then the harness, by name within each.
func All() []Check {
	order := []Kind{Guarantee, SLO, Harness}
	all := slices.Clone(registry)
	slices.SortFunc(all, func(a, b Check) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)),
			strings.Compare(a.Name, b.Name))
	})
	return all
}

// register adds a check whose answer is about the run as a whole.
func register(c Check, eval func(*facts) []record.Finding) Check {
	c.eval = func(f *facts) []record.Finding {
		findings := eval(f)
		for i := range findings {
			c.sign(&findings[i])
		}
		return findings
	}
	c.Eval = func(run *record.Run) []record.Finding { return c.eval(learn(run)) }
	registry = append(registry, c)
	return c
}

// registerPerPod adds a check that gives one finding for each terminated pod.
func registerPerPod(c Check, eval func(*facts, *record.Timeline) record.Finding) Check {
	c.Needs = append(c.Needs, TerminatedPod)
	return register(c, func(f *facts) []record.Finding {
		dying := f.dying()
		if len(dying) == 0 {
			return []record.Finding{f.nobodyDied()}
		}
		findings := make([]record.Finding, 0, len(dying))
		for _, t := range dying {
			found := eval(f, t)
			found.Subject = t.Pod
			findings = append(findings, found)
		}
		return findings
	})
}

// nobodyDied is the answer where no pod was asked to end.
func (f *facts) nobodyDied() record.Finding {
	switch {
	case f.run.NoFault:
		return record.Finding{Verdict: record.Skipped, Message: "No disruption was wanted in this run, and no pod was terminated."}
	case f.run.PodsSpared:
		return record.Finding{Verdict: record.Skipped, Message: "The disruption of this run is not meant to end any pod of the service, and none was terminated."}
	default:
		return record.Finding{Verdict: record.Unknown, Message: "No pod was terminated, so there was nothing to judge: the disruption did not take place, or was not seen."}
	}
}

// sign puts the check's own words on a finding and bounds its evidence.
func (c Check) sign(f *record.Finding) {
	f.Check, f.Guarantee, f.Reference = c.Name, c.Guarantee, c.Reference
	if len(f.Evidence) > record.MaxEvidence {
		f.Evidence = f.Evidence[:record.MaxEvidence]
	}
}
