package scenarios

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// awaitListener waits until every agent's probe of the fault's target has seen its listener end: a pod that was deleted
// by force is gone for the API server while its process lives on, and only the probes tell. That a listener does not end
// within the limit is no error; the record then says that it did not.
func (x *execution) awaitListener(ctx context.Context, fault record.Fault) {
	ctx, cancel := context.WithTimeout(ctx, x.options.Limits.Listener)
	defer cancel()
	const askEvery = 200 * time.Millisecond
	for {
		var open atomic.Bool
		err := x.eachAgent(func(_ int, a fixtures.Agent) error {
			status, err := a.Status(ctx)
			for _, p := range status.Probes {
				if p.Pod == fault.Target && p.FirstRefused == 0 && p.FirstSilent == 0 {
					open.Store(true)
				}
			}
			return err
		})
		if err == nil && !open.Load() {
			return
		}
		if faults.Hold(ctx, askEvery) != nil {
			return
		}
	}
}
