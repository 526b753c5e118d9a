package scenarios

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// control lets traffic run without any fault, after a moment for connections to be made.
func (x *execution) control(ctx context.Context) error {
	x.options.Watch.Step("control window, no fault")
	x.begin(record.Controlling)
	if err := faults.Hold(ctx, x.options.Limits.Warm); err != nil {
		return err
	}
	x.note(record.ControlBegan, "", "")
	window := record.Window{Kind: record.Control, Began: x.clock()}
	err := faults.Hold(ctx, x.scenario.Control)
	window.Ended = x.clock()
	x.run.Windows = append(x.run.Windows, window)
	x.note(record.ControlEnded, "", "")
	return err
}

// round disrupts once and waits until the service is whole again. The window is recorded also when that failed.
func (x *execution) round(ctx context.Context, number int) error {
	x.options.Watch.Step(fmt.Sprintf("round %d of at most %d: %s", number, x.options.SLO.Rounds, x.scenario.Fault.Name()))
	x.note(record.RoundBegan, strconv.Itoa(number), "")
	x.begin(record.Aiming)
	began, before := x.clock(), len(x.run.Faults)
	fault, err := x.inject(ctx, number)
	x.run.Faults = append(x.run.Faults, fault)
	together := x.run.Faults[before:]
	if err == nil {
		began = together[0].Began
		x.beginAt(record.Disrupting, began)
		err = x.awaitWhole(ctx, together)
	}
	if err == nil {
		err = x.outlast(ctx, together)
	}
	x.run.Windows = append(x.run.Windows, record.Window{Kind: record.Disruption, Round: number, Began: began, Ended: x.clock()})
	x.note(record.RoundEnded, strconv.Itoa(number), "")
	return err
}

func (x *execution) inject(ctx context.Context, number int) (record.Fault, error) {
	if x.options.SkipFault {
		return record.Fault{Name: x.scenario.Fault.Name(), Round: number, Began: x.clock(), Ended: x.clock(), Error: "left out on request"}, nil
	}
	limit := x.injectWithin()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the fault was not accepted within %s", limit))
	defer cancel()
	fault, takeBack, err := x.scenario.Fault.Inject(ctx, x.stage, x.injection(number))
	x.takeBackLater(fault, takeBack)
	if err != nil {
		fault.Error = err.Error()
	}
	return fault, err
}

// awaitWhole waits until the round's faults have been observed, because until then the service looks whole, then for its
// end, and then for the end of faults that last. A fault that never takes effect is no error: the record says so, and the
// run is unknown.
func (x *execution) awaitWhole(ctx context.Context, together []record.Fault) error {
	if together[0].Error != "" {
		return nil // left out on request
	}
	x.options.Watch.Step("waiting for the service to be whole again")
	seen, cancel := context.WithTimeout(ctx, x.happensWithin())
	defer cancel()
	if err := x.log.await(seen, all(together, x.scenario.Fault.Happened)); err != nil {
		return context.Cause(ctx)
	}
	ctx, cancel = context.WithTimeout(ctx, x.wholeWithin())
	defer cancel()
	err := x.stage.Whole(ctx)
	if lasting, ok := x.scenario.Fault.(faults.Lasting); ok && err == nil {
		err = x.log.await(ctx, all(together, lasting.Over))
	}
	if err != nil {
		return fmt.Errorf("waiting %s for the service to be whole again: %w", x.wholeWithin(), err)
	}
	x.begin(record.Settling)
	for _, f := range together {
		x.awaitListener(ctx, f)
	}
	if settling, ok := x.scenario.Fault.(faults.Settling); ok {
		return faults.Hold(ctx, settling.Settles())
	}
	return nil
}

// wholeWithin is how long a round may take until the service is whole again: pods may use a grace period that was asked for.
func (x *execution) wholeWithin() time.Duration { return x.options.Limits.Whole + x.scenario.Grace }

// outlast lets traffic run until the removal budget of the last delete is over: before that, that no new connection
// reached a pod any more proves nothing.
func (x *execution) outlast(ctx context.Context, together []record.Fault) error {
	var last time.Duration
	for _, f := range together {
		last = max(last, f.Ended)
	}
	for _, e := range x.log.all() {
		if e.Source == record.SourcePod && e.Kind == record.PodTerminating {
			last = max(last, e.At)
		}
	}
	return faults.Hold(ctx, last+x.options.SLO.EndpointRemoval+x.options.Limits.Outlast-x.clock())
}

// all asks the same of each fault.
func all(together []record.Fault, of func(record.Fault, []record.Event) bool) func([]record.Event) bool {
	return func(events []record.Event) bool {
		for _, f := range together {
			if !of(f, events) {
				return false
			}
		}
		return true
	}
}

// decided looks at what has been recorded so far. When the agents cannot be asked just now, another round does no harm.
func (x *execution) decided(ctx context.Context) bool {
	x.begin(record.Looking)
	if err := x.collect(ctx, fixtures.Agent.SoFar); err != nil {
		return false
	}
	x.finish()
	return x.options.Enough(x.run)
}
