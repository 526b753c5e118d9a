package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// DatabaseKiller ends the main process of the application's database by SIGKILL. It comes back by itself, with its data.
// What becomes of it is observed: record.DatabaseEnded and record.DatabaseReady.
type DatabaseKiller interface {
	KillDatabase(ctx context.Context) (began, accepted time.Time, err error)
}

// DatabaseKill kills the database, as a crash or an out-of-memory kill does. No pod of the application is ended.
type DatabaseKill struct{}

const (
	// databaseEnds is how late a platform may see that the database's process has ended.
	databaseEnds = 15 * time.Second
	// databaseSettles is for how long a round goes on afterwards: clients repeat once a second at the least what failed.
	databaseSettles = 10 * time.Second
)

// Name implements Fault.
func (DatabaseKill) Name() string { return "database-kill" }

// SparesPods implements Sparing.
func (DatabaseKill) SparesPods() bool { return true }

// Inject implements Fault. Nothing has to be undone: the platform starts the database again.
func (d DatabaseKill) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	fault := record.Fault{Name: d.Name(), Target: "database", Round: in.Round, Began: in.Clock()}
	killer, ok := stage.(DatabaseKiller)
	if !ok {
		return fault, nil, fmt.Errorf("injecting %s: this platform has no database to kill", d.Name())
	}
	in.Progress("killing the database")
	began, accepted, err := killer.KillDatabase(ctx)
	if err != nil {
		return fault, nil, err
	}
	fault.Began, fault.Ended = in.at(began), in.at(accepted)
	return fault, nil, nil
}

// HappensWithin implements Gradual.
func (DatabaseKill) HappensWithin() time.Duration { return databaseEnds }

// Happened implements Fault: the process was seen to have ended.
func (DatabaseKill) Happened(fault record.Fault, events []record.Event) bool {
	_, ended := after(events, record.DatabaseEnded, fault.Began)
	return ended
}

// Over implements Lasting: it was seen to accept connections again, once it had ended.
func (DatabaseKill) Over(fault record.Fault, events []record.Event) bool {
	at, ended := after(events, record.DatabaseEnded, fault.Began)
	_, back := after(events, record.DatabaseReady, at)
	return ended && back
}

// Settles implements Settling.
func (DatabaseKill) Settles() time.Duration { return databaseSettles }

// after is when the first event of the kind came at or after that time.
func after(events []record.Event, kind string, from time.Duration) (at time.Duration, ok bool) {
	for _, e := range events {
		if e.Kind == kind && e.At >= from && (!ok || e.At < at) {
			at, ok = e.At, true
		}
	}
	return at, ok
}
