package suites

import (
	"context"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// modelling is a platform that stands in for a cluster and says what it leaves out.
type modelling interface{ Model() []string }

// writing is a stage that knows what its pods wrote.
type writing interface{ Outputs() []record.PodOutput }

// witness is a platform that remembers its stage, so that the record can hold what only some platforms can tell.
type witness struct {
	fixtures.Platform
	stage fixtures.Stage
}

// Stage implements fixtures.Platform.
func (w *witness) Stage(ctx context.Context, spec fixtures.StageSpec) (fixtures.Stage, error) {
	stage, err := w.Platform.Stage(ctx, spec)
	w.stage = stage
	return stage, err
}

// testify adds what the platform and its stage know to the record.
func (w *witness) testify(run *record.Run) {
	if model, ok := w.Platform.(modelling); ok {
		run.Model = model.Model()
	}
	if stage, ok := w.stage.(writing); ok {
		run.Outputs = stage.Outputs()
	}
}
