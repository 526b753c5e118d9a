package scenarios

import (
	"context"
	"fmt"

	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// prepare lets the fault change what it has to before any traffic runs.
func (x *execution) prepare(ctx context.Context) error {
	preparer, ok := x.scenario.Fault.(faults.Preparer)
	if !ok || x.options.SkipFault {
		return nil
	}
	limit := x.options.Limits.Prepare
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the cluster was not prepared within %s", limit))
	defer cancel()
	takeBack, err := preparer.Prepare(ctx, x.stage, x.injection(0))
	x.takeBackLater(record.Fault{Name: x.scenario.Fault.Name(), Target: "the preparation"}, takeBack)
	if err != nil {
		return fmt.Errorf("preparing %s: %w", x.scenario.Fault.Name(), err)
	}
	return nil
}

// injection is the circumstance of the round; 0 is before the first one.
func (x *execution) injection(round int) faults.Injection {
	return faults.Injection{
		Round: round, Seed: x.options.Seed, Clock: x.clock, Origin: x.origin, Progress: x.options.Watch.Step,
		Journal: x.journal,
		Also: func(f record.Fault, takeBack func(context.Context) error) {
			x.run.Faults = append(x.run.Faults, f)
			x.takeBackLater(f, takeBack)
		},
	}
}
