package scenarios

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// undo takes one fault back.
type undo struct {
	what string
	do   func(context.Context) error
}

// takeBackLater registers a fault's undo; nil: it mends itself.
func (x *execution) takeBackLater(f record.Fault, do func(context.Context) error) {
	if do != nil {
		x.undos = append(x.undos, undo{what: f.Name + " of " + f.Target, do: do})
	}
}

// undo takes the faults back, last first, in a context of its own: the run's may have ended. It goes on after a failure.
func (x *execution) undo() {
	x.options.Watch.Step("cleaning up")
	x.begin(record.Undoing)
	x.note(record.UndoBegan, "", "")
	ctx, cancel := context.WithTimeout(context.Background(), x.options.Limits.Close)
	defer cancel()
	for i := len(x.undos) - 1; i >= 0; i-- {
		if err := surviving(func() error { return x.undos[i].do(ctx) }); err != nil {
			x.left = append(x.left, fmt.Errorf("undoing %s: %w", x.undos[i].what, err))
		}
	}
}

// remove removes the stage, in a context of its own as well. What the journal still holds afterwards is left, whoever
// failed to say so.
func (x *execution) remove() error {
	x.begin(record.Removing)
	ctx, cancel := context.WithTimeout(context.Background(), x.options.Limits.Close)
	defer cancel()
	left := x.left
	if x.stage != nil {
		if err := surviving(func() error { return x.stage.Close(ctx) }); err != nil {
			left = append(left, err)
		}
	}
	for _, e := range x.journal.Pending() {
		left = append(left, fmt.Errorf("%s: the journal does not say that it is undone", e))
	}
	if len(left) > 0 {
		err := errors.Join(left...)
		x.note(record.UndoIncomplete, "", strings.ReplaceAll(err.Error(), "\n", "; "))
		return fmt.Errorf("%w: %w", ErrUndoIncomplete, errors.Join(err, x.journal.Close()))
	}
	x.note(record.UndoEnded, "", "")
	return x.journal.Close()
}

// surviving turns a panic into an error: the other undos must have their turn.
func surviving(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}
