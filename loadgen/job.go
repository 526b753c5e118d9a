package loadgen

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var _ = register(record.Jobs, newJobs)

// A job takes from shortestJob on, and longer by jobStep for each of the jobKinds kinds in turn: 1 to 3 s.
const (
	shortestJob = time.Second
	jobStep     = 500 * time.Millisecond
	jobKinds    = 5
)

// jobs is traffic that puts jobs into a queue. That they are done is not its concern.
type jobs struct {
	insisting
	prefix string // of the jobs' names: no two loads have the same

	mu      sync.Mutex
	entries []record.Job
}

func newJobs(s Spec, epoch time.Time) Load {
	return &jobs{insisting: insisting{spec: s, epoch: epoch, tracker: newTracker(epoch)}, prefix: newPrefix()}
}

// Ledger implements Ledgered.
func (l *jobs) Ledger() record.Ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return record.Ledger{Jobs: slices.Clone(l.entries)}
}

// Run implements Load.
func (l *jobs) Run(ctx context.Context, stop <-chan struct{}, t Target, rec func(record.Request)) error {
	return l.run(ctx, stop, t, func(seq uint64, due time.Duration) { rec(l.enqueue(ctx, t, seq, due)) })
}

// job is what is put into the queue.
type job struct {
	ID    string `json:"id"`
	Takes string `json:"takes"` // as Go writes durations
}

// enqueue puts one job into the queue, enters it into the ledger and returns its record.
func (l *jobs) enqueue(ctx context.Context, t Target, seq uint64, due time.Duration) record.Request {
	until := time.Now().Add(l.spec.Timeout)
	entry := record.Job{ID: fmt.Sprintf("%s-%d", l.prefix, seq), Takes: takesOf(seq), Due: due, Began: l.now()}
	var last record.Request
	last, entry.Attempts = l.send(ctx, t, keyed{
		step: record.Enqueue, path: "/jobs", key: entry.ID, body: job{ID: entry.ID, Takes: entry.Takes.String()}, drop: drops(seq),
	}, until)
	entry.Ended = l.now()
	entry.Acknowledged = last.ErrKind == record.NoError && last.Code == http.StatusOK
	entry.Canceled = last.ErrKind == record.ErrCanceled
	l.mu.Lock()
	l.entries = append(l.entries, entry)
	l.mu.Unlock()
	return l.whole(last, due, entry.Began, len(entry.Attempts), entry.Acknowledged)
}

// takesOf is how long a worker is to be busy with the job.
func takesOf(seq uint64) time.Duration { return shortestJob + time.Duration(seq%jobKinds)*jobStep }
