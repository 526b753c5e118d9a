package faults

import (
	"context"

	"github.com/lastcall-dev/lastcall/fixtures"
)

// Preparer is a fault that changes something before any traffic runs, so that what the change itself does to the cluster
// is no part of what is judged. The undo is idempotent, safe after an error, and nil where nothing was changed.
type Preparer interface {
	Prepare(ctx context.Context, stage fixtures.Stage, in Injection) (undo func(context.Context) error, err error)
}

// Sparing is a fault that ends no pod of the application. Users of the service must not notice it at all.
type Sparing interface{ SparesPods() bool }

// Spares reports whether the fault, which may be nil, ends no pod of the application.
func Spares(f Fault) bool {
	s, ok := f.(Sparing)
	return ok && s.SparesPods()
}
