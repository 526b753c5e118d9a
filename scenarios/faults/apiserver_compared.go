package faults

import (
	"context"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// APIServerCompared restarts the API server in one configuration after another: one in each round, so that each has a
// window of its own, and the change from one configuration to the next lies between the windows.
type APIServerCompared struct{ Configurations []APIServerRestart }

// Name implements Fault.
func (APIServerCompared) Name() string { return APIServerRestart{}.Name() }

// SparesPods implements Sparing.
func (APIServerCompared) SparesPods() bool { return true }

// HappensWithin implements Gradual.
func (APIServerCompared) HappensWithin() time.Duration { return apiServerBack }

// Settles implements Settling.
func (APIServerCompared) Settles() time.Duration { return APIServerSettled }

// InjectWithin implements Lengthy: a round begins with a change of the configuration.
func (APIServerCompared) InjectWithin() time.Duration { return apiServerBack + time.Minute }

func (a APIServerCompared) of(round int) APIServerRestart {
	return a.Configurations[max(round-1, 0)%len(a.Configurations)]
}

// Prepare implements Preparer, for the first configuration.
func (a APIServerCompared) Prepare(ctx context.Context, stage fixtures.Stage, in Injection) (func(context.Context) error, error) {
	return a.of(1).Prepare(ctx, stage, in)
}

// Inject implements Fault. What the first round prepared is taken back by its own undo, after everything else: the last
// entry of the journal is undone first, and the first one has the manifest as it was before the run.
func (a APIServerCompared) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	restart := a.of(in.Round)
	if in.Round == 1 {
		return restart.Inject(ctx, stage, in)
	}
	undo, err := restart.Prepare(ctx, stage, in)
	if err == nil {
		err = Hold(ctx, settle)
	}
	if err != nil {
		return record.Fault{Name: a.Name(), Round: in.Round, Began: in.Clock()}, undo, err
	}
	fault, _, err := restart.Inject(ctx, stage, in)
	return fault, undo, err
}

// Happened implements Fault.
func (APIServerCompared) Happened(fault record.Fault, events []record.Event) bool {
	return APIServerRestart{}.Happened(fault, events)
}

// Over implements Lasting.
func (APIServerCompared) Over(fault record.Fault, events []record.Event) bool {
	return APIServerRestart{}.Over(fault, events)
}
