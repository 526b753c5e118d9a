package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// DatabaseCutter drops whatever the application and its database send each other, for a length of time after which it ends
// by itself, whatever becomes of the command. JoinDatabase is idempotent.
type DatabaseCutter interface {
	DatabaseAddress(ctx context.Context) (node, address string, err error)
	CutDatabase(ctx context.Context, node, address string, length time.Duration) (began, accepted time.Time, err error)
	JoinDatabase(ctx context.Context, node, address string) error
}

// DatabaseCut cuts the network between the application and its database for a while. Neither side is told.
type DatabaseCut struct {
	Length time.Duration // 0: DefaultCut
}

// DefaultCut is how long the network is cut.
const DefaultCut = 10 * time.Second

const (
	// undoDatabaseCut is the kind of journal entry for it, with the node as its object.
	undoDatabaseCut = "database-cut"
	// cutAddress is where such an entry has the database's address.
	cutAddress = "address"
)

// Name implements Fault.
func (DatabaseCut) Name() string { return "database-cut" }

// SparesPods implements Sparing.
func (DatabaseCut) SparesPods() bool { return true }

// Inject implements Fault.
func (d DatabaseCut) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	length := d.Length
	if length == 0 {
		length = DefaultCut
	}
	fault := record.Fault{Name: d.Name(), Round: in.Round, Began: in.Clock(), Attr: map[string]string{record.DelayLength: length.String()}}
	cutter, ok := stage.(DatabaseCutter)
	if !ok {
		return fault, nil, fmt.Errorf("injecting %s: this platform cannot cut the network of a database", d.Name())
	}
	node, address, err := cutter.DatabaseAddress(ctx)
	if err != nil {
		return fault, nil, fmt.Errorf("injecting %s: %w", d.Name(), err)
	}
	fault.Target = node
	id, err := in.Journal.Add(undoDatabaseCut, node, map[string]string{cutAddress: address})
	if err != nil {
		return fault, nil, fmt.Errorf("injecting %s: %w", d.Name(), err)
	}
	undo := func(ctx context.Context) error {
		if err := cutter.JoinDatabase(ctx, node, address); err != nil {
			return err
		}
		return in.Journal.Done(id)
	}
	in.Progress(fmt.Sprintf("cutting the database on %s off for %s", node, length))
	began, accepted, err := cutter.CutDatabase(ctx, node, address, length)
	fault.Began, fault.Ended = in.at(began), in.at(accepted)
	return fault, undo, err
}

// Happened implements Fault: the node was seen to drop what it should.
func (DatabaseCut) Happened(fault record.Fault, events []record.Event) bool {
	return seenAfter(fault, events, record.DatabaseCut)
}

// Over implements Lasting: it was seen to drop nothing any more.
func (DatabaseCut) Over(fault record.Fault, events []record.Event) bool {
	return seenAfter(fault, events, record.DatabaseJoined)
}

// Settles implements Settling.
func (DatabaseCut) Settles() time.Duration { return databaseSettles }
