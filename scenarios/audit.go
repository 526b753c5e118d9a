package scenarios

import (
	"context"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// Auditor is a stage that can read what its application left in its database. Why it could not is in the audit.
type Auditor interface {
	Audit(ctx context.Context) *record.Audit
}

// needsDatabase reports whether any of the loads leaves something in a database.
func needsDatabase(loads []record.Load) bool {
	return slices.ContainsFunc(loads, ofDatabase)
}

// possible are the loads that can be sent on the platform: without a database there are no orders and no jobs. A scenario
// that is about those needs the feature, and is skipped.
func possible(loads []record.Load, p fixtures.Platform) []record.Load {
	if !needsDatabase(loads) || p.Missing(fixtures.Database) == "" {
		return loads
	}
	return slices.DeleteFunc(slices.Clone(loads), ofDatabase)
}

func ofDatabase(l record.Load) bool { return l.Class == record.Transactions || l.Class == record.Jobs }

// audit reads the database after the traffic has ended, in a context of its own: an interrupted run keeps what it has left
// there. A panic of the platform is not worth the run.
func (x *execution) audit(ctx context.Context) {
	stage, ok := x.stage.(Auditor)
	if !ok || !needsDatabase(x.run.Loads) {
		return
	}
	x.options.Watch.Step("reading the database")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), x.options.Limits.Audit)
	defer cancel()
	began := x.clock()
	err := surviving(func() error {
		x.run.Audit = stage.Audit(ctx)
		return nil
	})
	if err != nil {
		why, _, _ := strings.Cut(err.Error(), "\n") // without the stack
		x.run.Audit = &record.Audit{Began: began, At: x.clock(), Error: why}
	}
}
