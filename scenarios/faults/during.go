package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// During injects one fault while another one lasts. Each is recorded by itself and says by itself whether it took place.
// The two have different names.
type During struct {
	Outer Lasting
	Inner Fault
}

// Name implements Fault.
func (d During) Name() string { return d.Inner.Name() + " during " + d.Outer.Name() }

// Inject implements Fault: the outer fault first, and the inner one once the outer was accepted. It returns the inner
// fault; the outer one goes to in.Also. When the outer one fails, the inner one is left out and the outer one is returned.
// An inner fault that can be aimed is so before the outer one begins, which may not last for long.
func (d During) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	if aimed, ok := d.Inner.(Aimed); ok {
		ready, err := aimed.Aim(ctx, stage, in)
		if err != nil {
			return record.Fault{Name: d.Inner.Name(), Round: in.Round, Began: in.Clock()}, nil, err
		}
		d.Inner = ready
	}
	outer, undo, err := d.Outer.Inject(ctx, stage, in)
	if err != nil {
		return outer, undo, err
	}
	in.Also(outer, undo)
	inner, undo, err := d.Inner.Inject(ctx, stage, in)
	if err != nil {
		return inner, undo, err
	}
	if length, timed := lasts(outer); timed && inner.Ended >= outer.Began+length {
		err = fmt.Errorf("%s came %s after %s, which lasts %s: the two were not together", inner.Name, inner.Ended-outer.Began, outer.Name, length)
	}
	return inner, undo, err
}

// lasts is for how long the fault goes on after it began; false for one that does not say.
func lasts(f record.Fault) (time.Duration, bool) {
	length, err := time.ParseDuration(f.Attr[record.DelayLength])
	return length, err == nil
}

// Happened implements Fault, for either fault.
func (d During) Happened(fault record.Fault, events []record.Event) bool {
	if fault.Name == d.Outer.Name() {
		return d.Outer.Happened(fault, events)
	}
	return d.Inner.Happened(fault, events)
}

// Avoid implements Placer, as the inner fault does.
func (d During) Avoid(nodes []record.Node, seed int64) []string {
	if placer, ok := d.Inner.(Placer); ok {
		return placer.Avoid(nodes, seed)
	}
	return nil
}

// HappensWithin implements Gradual, as the inner fault does.
func (d During) HappensWithin() time.Duration {
	if gradual, ok := d.Inner.(Gradual); ok {
		return gradual.HappensWithin()
	}
	return 0
}

// Over implements Lasting, for either fault: one that does not last is over at once.
func (d During) Over(fault record.Fault, events []record.Event) bool {
	if fault.Name == d.Outer.Name() {
		return d.Outer.Over(fault, events)
	}
	if lasting, ok := d.Inner.(Lasting); ok {
		return lasting.Over(fault, events)
	}
	return true
}
