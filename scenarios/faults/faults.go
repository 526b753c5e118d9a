// Package faults holds the disruptions: one file each. A fault disrupts once, says what it did to whom and when, and
// tells from the events that were observed whether it really took place.
package faults

import (
	"context"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// Fault is one kind of disruption.
type Fault interface {
	// Name as it stands in the record and in reports.
	Name() string
	// Inject disrupts the stage once. It returns as soon as the disruption was accepted. The fault that it returns says
	// what was done, also when the error says that it could not be done. Undo is idempotent, safe after an error, and nil
	// where there is nothing that does not mend itself.
	Inject(ctx context.Context, stage fixtures.Stage, in Injection) (fault record.Fault, undo func(context.Context) error, err error)
	// Happened tells from what was observed, not from what was asked for, whether the fault took effect.
	Happened(fault record.Fault, events []record.Event) bool
}

// Injection is the circumstance of one disruption.
type Injection struct {
	Round    int   // from 1
	Seed     int64 // of the run; which pod is hit depends on it and on the round alone, where there is a choice
	Clock    func() time.Duration
	Origin   time.Time // the command's clock at duration 0
	Progress func(step string)
	// Journal takes each change before it is made, where it does not mend itself.
	Journal fixtures.Journal
	// Also records another fault that was injected together with the one that Inject returns, and what takes it back.
	Also func(fault record.Fault, undo func(context.Context) error)
}

// Lasting is a fault that goes on after it was accepted and ends by itself.
type Lasting interface {
	Fault
	// Over tells from what was observed whether it has ended.
	Over(fault record.Fault, events []record.Event) bool
}

// Aimed is a fault whose target can be chosen and probed before anything is disrupted, so that it strikes at once when it
// is injected.
type Aimed interface {
	Fault
	// Aim returns the same fault with its target, which is probed from then on.
	Aim(ctx context.Context, stage fixtures.Stage, in Injection) (Fault, error)
}

// at moves a moment to the run's clock.
func (in Injection) at(moment time.Time) time.Duration { return moment.Sub(in.Origin) }
