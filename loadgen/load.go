package loadgen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Load is one kind of traffic. It is run once.
type Load interface {
	// Run sends requests to the target until stop closes, lets what is in flight end, and returns. ctx is the hard
	// deadline: when it ends, so does everything in flight, recorded as canceled. rec takes each request when it has
	// ended; it is called from many goroutines. The error says why the traffic was not what was asked for: ErrExhausted,
	// ErrBehind, ErrLocal or the context's.
	Run(ctx context.Context, stop <-chan struct{}, t Target, rec func(record.Request)) error
	// Progress may be asked for at any time.
	Progress() Progress
}

// Ledgered is a load that writes down more than single requests.
type Ledgered interface {
	Load
	// Ledger may be asked for at any time, and holds everything once Run has returned. Its times count from the epoch; whose
	// it is stays empty.
	Ledger() record.Ledger
}

// What keeps traffic from being what was asked for.
var (
	// ErrExhausted means that all workers were busy, so that a request had to wait for one.
	ErrExhausted = errors.New("every worker was busy")
	// ErrBehind means that requests which were due had not been begun when the load ended.
	ErrBehind = errors.New("the generator fell behind its schedule")
	// ErrLocal means that this machine had no more sockets, ports or memory, which says nothing of the service.
	ErrLocal = errors.New("the machine that sends ran out of a resource")
)

// constructor makes the load of a class; the Spec has its defaults and is valid.
type constructor func(s Spec, epoch time.Time) Load

var classes = map[record.Class]constructor{}

// register is called while the package is initialised, once for each kind of traffic.
func register(class record.Class, construct constructor) struct{} {
	if _, twice := classes[class]; twice {
		panic("loadgen: class registered twice: " + string(class))
	}
	classes[class] = construct
	return struct{}{}
}

// Classes lists the kinds of traffic that there are, sorted.
func Classes() []record.Class {
	names := make([]record.Class, 0, len(classes))
	for name := range classes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New makes the load of the class of the spec. Times in its records are durations since epoch, which must carry a
// monotonic reading. Errors wrap ErrSpec.
func New(s Spec, epoch time.Time) (Load, error) {
	construct, ok := classes[s.Class]
	if !ok {
		return nil, fmt.Errorf("%w: no class %q; there are %v", ErrSpec, s.Class, Classes())
	}
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	return construct(s, epoch), nil
}
