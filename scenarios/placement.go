package scenarios

import (
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// placed completes what is to be deployed: agents keep away from the nodes that the fault will hit, and what the scenario
// asks of the application's own placement is added.
func (x *execution) placed(spec fixtures.StageSpec) fixtures.StageSpec {
	placer, ok := x.fault().(faults.Placer)
	if ok {
		spec.Avoid = placer.Avoid(x.run.Nodes, x.options.Seed)
	}
	spec.Budget = x.scenario.Budget
	if x.scenario.Together && len(spec.Avoid) > 0 {
		spec.Together = spec.Avoid[0]
	}
	return spec
}

// happensWithin is how long the fault may take until it is observed.
func (x *execution) happensWithin() time.Duration {
	if gradual, ok := x.fault().(faults.Gradual); ok {
		return max(gradual.HappensWithin(), x.options.Limits.Happen)
	}
	return x.options.Limits.Happen
}

// injectWithin is how long the fault may take until it is accepted.
func (x *execution) injectWithin() time.Duration {
	if lengthy, ok := x.fault().(faults.Lengthy); ok {
		return lengthy.InjectWithin()
	}
	return x.options.Limits.Inject
}

// fault is the one that decides where agents may be and how long it takes: of two at once, the inner one.
func (x *execution) fault() faults.Fault {
	if both, ok := x.scenario.Fault.(faults.During); ok {
		return both.Inner
	}
	return x.scenario.Fault
}
