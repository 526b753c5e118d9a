package scenarios

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/journal"
	"github.com/lastcall-dev/lastcall/record"
	"github.com/lastcall-dev/lastcall/scenarios/faults"
)

// Limits bound every wait of a run. None of them is a figure that a service is judged by.
type Limits struct {
	Describe time.Duration // reading versions and nodes
	Stage    time.Duration // deploying the application and the agents
	Prepare  time.Duration // what a fault changes before any traffic runs
	Inject   time.Duration // one fault, the waits before it included
	Happen   time.Duration // from a fault until it is observed
	Whole    time.Duration // from a fault until the service is whole again
	Listener time.Duration // from then until the probes have seen the target's listener end
	Outlast  time.Duration // of traffic after the removal budget of the last delete; more than its connections are apart
	Drain    time.Duration // for what agents have in flight when they are asked to stop
	Collect  time.Duration // handing the records over
	Audit    time.Duration // reading the database, once its queue is empty; longer than a database takes that waits for that
	Close    time.Duration // undoing and removing everything
	Observe  time.Duration // one reading of what the components count; one before the first fault and one after the last
	Warm     time.Duration // traffic before the control window, so that connections stand and slow requests overlap
}

// DefaultLimits suit a small cluster on a small machine.
func DefaultLimits() Limits {
	return Limits{
		Describe: 15 * time.Second, Stage: 3 * time.Minute, Prepare: 2 * time.Minute, Inject: time.Minute, Happen: 15 * time.Second, Whole: 2 * time.Minute, Listener: 10 * time.Second, Outlast: 500 * time.Millisecond,
		Drain: 30 * time.Second, Collect: time.Minute, Audit: 45 * time.Second, Close: 90 * time.Second, Observe: 10 * time.Second, Warm: 2 * time.Second,
	}
}

// Options of one run.
type Options struct {
	Seed    int64
	Rounds  int     // most rounds of the fault; 0: as many as the SLO has
	Rate    float64 // factor on every load's rate; 0: 1
	SLO     record.SLO
	Limits  Limits
	Command string // the command line that repeats the run
	Keep    bool   // leave what was deployed
	// SkipFault leaves the fault out: a check of the harness itself, for such a run must never pass.
	SkipFault bool
	// Enough tells from what was recorded so far that another round could not decide anything more. Nil: one round.
	Enough func(*record.Run) bool
	// Journal opens the run's journal; nil: what has to be put back is kept in memory only.
	Journal func(runID string) (*journal.Journal, error)
	// Save is called with everything that was recorded, before anything is undone or judged, and once more afterwards.
	Save func(*record.Run) error
	// Clear is waited for between the staging and the traffic: until then a run before may be taken down. Its error ends
	// the run. Nil: nothing is in the way.
	Clear func(context.Context) error
	// Watch is told what goes on; nil: nobody is.
	Watch Watcher
}

// Watcher follows a run for people.
type Watcher interface {
	Step(text string)           // a step begins
	Counts(sent, failed uint64) // requests so far, about once a second
	Event(e record.Event)       // as observed
}

// Errors by which a caller decides.
var (
	// ErrAborted: the context ended before the run did. What was recorded is there.
	ErrAborted = errors.New("aborted")
	// ErrUndoIncomplete: something that the run made or changed is left.
	ErrUndoIncomplete = errors.New("undo incomplete")
	// ErrEnvironment: the platform could not run the scenario at all.
	ErrEnvironment = errors.New("the environment cannot run it")
)

// Execute runs the scenario on the platform and returns what it recorded, judged by nobody yet. There is a record, never
// nil, whatever the error: after a failure, a panic or an ended context it holds what had been seen until then.
func Execute(ctx context.Context, p fixtures.Platform, s Scenario, app apps.App, o Options) (*record.Run, error) {
	return Observe(ctx, p, s, app, o).Conclude()
}

// Observed is a run of which all has been seen and saved, and whose faults are undone. What it deployed is still there.
type Observed struct {
	x   *execution
	err error
}

// Observe does all of Execute but for taking down what was deployed, which is left to Conclude.
func Observe(ctx context.Context, p fixtures.Platform, s Scenario, app apps.App, o Options) *Observed {
	x := newExecution(p, s, app, o)
	if why := s.Missing(p); why != "" {
		x.run.Verdict = record.Skipped
		x.run.Aborted = why
		return &Observed{x: x}
	}
	journal, err := x.options.Journal(x.run.ID)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrEnvironment, err)
		x.run.Errors = append(x.run.Errors, err.Error())
		return &Observed{x: x, err: errors.Join(err, x.save())}
	}
	x.journal = journal
	err = x.guarded(ctx)
	x.log.seal()
	x.begin(record.Saving)
	x.finish()
	err = errors.Join(err, surviving(x.save))
	x.undo()
	return &Observed{x: x, err: err}
}

// Clean reports whether the run went to its end and all its faults are undone, so that another may be staged beside it.
func (o *Observed) Clean() bool { return o.err == nil && len(o.x.left) == 0 }

// Conclude takes everything down, verifies that nothing is left, and returns the record. It must be called, once.
func (o *Observed) Conclude() (*record.Run, error) {
	x := o.x
	if x.journal == nil { // nothing was begun
		return x.run, o.err
	}
	err := errors.Join(o.err, x.remove())
	x.endSpan(x.clock())
	x.finish()
	return x.run, errors.Join(err, x.save())
}

// execution is one run while it goes on.
type execution struct {
	platform fixtures.Platform
	scenario Scenario
	app      apps.App
	options  Options
	run      *record.Run
	log      *eventLog
	readings readings
	journal  *journal.Journal
	stage    fixtures.Stage
	undos    []undo
	left     []error // what could not be undone
	origin   time.Time
}

func newExecution(p fixtures.Platform, s Scenario, app apps.App, o Options) *execution {
	o = o.withDefaults()
	if s.Rounds > 0 {
		o.SLO.Rounds = min(o.SLO.Rounds, s.Rounds)
	}
	s.Loads = possible(s.Loads, p)
	now := time.Now()
	x := &execution{platform: p, scenario: s, app: app, options: o, origin: now}
	x.run = &record.Run{
		Schema: record.Schema, Verdict: record.Unknown, Scenario: s.Name, App: app.Name, Description: s.Description,
		Seed: o.Seed, ID: runID(now, s.Name), Platform: p.Name(), Command: o.Command, Began: now.UTC(),
		SLO: o.SLO, Loads: scaled(s.loadsFor(app), o.Rate), Clients: s.clientsOn(p), NoFault: s.Fault == nil, PodsSpared: faults.Spares(s.Fault), Expect: s.expectation(app),
	}
	x.log = newEventLog(o.Watch)
	return x
}

func (o Options) withDefaults() Options {
	if o.SLO.Rounds == 0 {
		o.SLO = record.DefaultSLO()
	}
	if o.Rounds > 0 {
		o.SLO.Rounds = o.Rounds
	}
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	if o.Rate == 0 {
		o.Rate = 1
	}
	if o.Enough == nil {
		o.Enough = func(*record.Run) bool { return true }
	}
	if o.Journal == nil {
		o.Journal = func(runID string) (*journal.Journal, error) { return journal.InMemory(runID, ""), nil }
	}
	if o.Save == nil {
		o.Save = func(*record.Run) error { return nil }
	}
	if o.Watch == nil {
		o.Watch = nobody{}
	}
	return o
}

// expectation of a negative control: the scenario's own goes before the application's.
func (s Scenario) expectation(app apps.App) *record.Expectation {
	switch {
	case s.Expect != nil:
		return s.Expect
	case !s.shows(app):
		return nil
	case app.Diagnosis != "" && s.Fault != nil:
		return &record.Expectation{Verdict: record.Fail, Diagnosis: app.Diagnosis, Reason: app.Description}
	default:
		return nil
	}
}

// shows reports whether the scenario's traffic can show what is wrong with the application.
func (s Scenario) shows(app apps.App) bool {
	return len(app.Shows) == 0 || slices.ContainsFunc(s.Loads, func(l record.Load) bool { return slices.Contains(app.Shows, l.Class) })
}

// runID names the run on everything that it makes. A second is enough to tell runs of one user apart; a namespace of the
// same name that exists already makes the run fail, not mix.
func runID(at time.Time, scenario string) string {
	return at.UTC().Format("20060102-150405") + "-" + scenario
}

func scaled(loads []record.Load, factor float64) []record.Load {
	out := make([]record.Load, len(loads))
	for i, l := range loads {
		l.Rate *= factor
		out[i] = l
	}
	return out
}

// clock is the time since the run began.
func (x *execution) clock() time.Duration { return time.Since(x.origin) }

func (x *execution) note(kind, object, detail string) {
	x.log.add(record.Event{At: x.clock(), Source: record.SourceCommand, Kind: kind, Object: object, Detail: detail})
}

// guarded runs the steps, and turns a panic into a record that says so.
func (x *execution) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			x.run.Aborted = fmt.Sprintf("panic: %v", p)
			x.note(record.Panicked, "", fmt.Sprintf("%v\n%s", p, debug.Stack()))
			err = fmt.Errorf("%w: the harness panicked: %v", ErrAborted, p)
		}
	}()
	err = x.steps(ctx)
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		x.run.Aborted = cause.Error()
		x.note(record.Interrupted, "", cause.Error())
		return fmt.Errorf("%w: %w", ErrAborted, cause)
	}
	if err != nil {
		x.run.Errors = append(x.run.Errors, err.Error())
	}
	return err
}

// steps is a run from its first step to the last record.
func (x *execution) steps(ctx context.Context) error {
	x.begin(record.Deploying)
	if err := x.describe(ctx); err != nil {
		return err
	}
	if err := x.deploy(ctx); err != nil {
		return err
	}
	if err := x.clear(ctx); err != nil {
		return err
	}
	if err := x.prepare(ctx); err != nil {
		return err
	}
	x.observeAll(ctx)
	if err := x.startLoad(ctx); err != nil {
		return errors.Join(err, x.stopLoad(ctx))
	}
	stopCounting := x.countInBackground(ctx)
	err := x.disrupt(ctx)
	stopCounting()
	err = errors.Join(err, x.stopLoad(ctx))
	x.audit(ctx)
	x.observeAll(ctx)
	return err
}

func (x *execution) describe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, x.options.Limits.Describe)
	defer cancel()
	versions, nodes, err := x.platform.Describe(ctx)
	if err != nil {
		return fmt.Errorf("%w: describing the platform: %w", ErrEnvironment, err)
	}
	x.run.Versions, x.run.Nodes = versions, nodes
	return nil
}

func (x *execution) deploy(ctx context.Context) error {
	x.options.Watch.Step("deploying " + x.app.Name)
	ctx, cancel := context.WithTimeout(ctx, x.options.Limits.Stage)
	defer cancel()
	stage, err := x.platform.Stage(ctx, x.placed(fixtures.StageSpec{
		RunID: x.run.ID, App: x.app, Replicas: x.scenario.Replicas, Grace: x.scenario.Grace, Loads: x.run.Loads, Clients: x.run.Clients, Deadline: x.deadline(), Origin: x.origin, Keep: x.options.Keep,
		SecondImage: slices.Contains(x.scenario.Needs, fixtures.ImageChange), Database: needsDatabase(x.run.Loads),
		Journal: x.journal, Record: x.log.add, Progress: x.options.Watch.Step,
	}))
	if err != nil {
		return fmt.Errorf("%w: deploying %s: %w", ErrEnvironment, x.app.Name, err)
	}
	x.stage = stage
	x.run.Workload = stage.Workload()
	return nil
}

// clear waits until no other run is in the way of the traffic.
func (x *execution) clear(ctx context.Context) error {
	if x.options.Clear == nil {
		return nil
	}
	x.begin(record.Waiting)
	if err := x.options.Clear(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrAborted, err)
	}
	x.begin(record.Deploying)
	return nil
}

// deadline is the hard limit of the load, after which agents stop by themselves though nobody tells them.
func (x *execution) deadline() time.Duration {
	limits := x.options.Limits
	return limits.Warm + x.scenario.Control + 2*limits.Observe + time.Duration(x.options.SLO.Rounds)*(x.injectWithin()+x.wholeWithin())
}

// disrupt runs the control window and then rounds of the fault until enough is known.
func (x *execution) disrupt(ctx context.Context) error {
	if err := x.control(ctx); err != nil || x.scenario.Fault == nil {
		return err
	}
	defer x.observeDuring(ctx)()
	for round := 1; round <= x.options.SLO.Rounds; round++ {
		if err := x.round(ctx, round); err != nil {
			return err
		}
		if x.options.SkipFault || round < x.options.SLO.Rounds && !x.scenario.AllRounds && x.decided(ctx) {
			return nil
		}
	}
	return nil
}

// finish copies what goes on outside the steps into the record.
func (x *execution) finish() {
	x.run.Events, x.run.Scrapes = x.log.all(), x.readings.all()
	x.run.Ended = x.clock()
	if x.stage != nil {
		x.run.Pods = x.stage.Pods()
	}
	for i, f := range x.run.Faults {
		if x.scenario.Fault != nil && f.Error == "" {
			x.run.Faults[i].Happened = x.scenario.Fault.Happened(f, x.run.Events)
		}
	}
}

func (x *execution) save() error {
	if err := x.options.Save(x.run); err != nil {
		return fmt.Errorf("saving the run: %w", err)
	}
	return nil
}
