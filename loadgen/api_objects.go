package loadgen

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Clients of the API that keep a ledger. A writer creates, updates and deletes config maps of its own at a constant rate,
// each attempt on a connection of its own and never repeated, and writes down what the API server acknowledged. Updates
// and deletes name the resourceVersion that the object must have; some name on purpose one that it no longer has.
// A watch on these config maps and one on all pods of the namespace are kept up beside it, as controllers keep theirs.
// After the load, a list tells what is there.
var _ = register(record.APIObjects, newAPIObjects)

// apiObjects is a writer with its watches. The path of its Spec is the collection of config maps.
type apiObjects struct {
	*apiLoad
	pace          objectPace
	book          *writeBook
	objects, pods *watcher

	mu      sync.Mutex
	listing *record.Listing
}

func newAPIObjects(s Spec, epoch time.Time) Load { return newObjects(s, epoch, defaultPace) }

func newObjects(s Spec, epoch time.Time, pace objectPace) *apiObjects {
	l := &apiObjects{apiLoad: &apiLoad{spec: s, epoch: epoch, tracker: newTracker(epoch)}, pace: pace, book: newWriteBook()}
	l.objects = &watcher{pace: pace, now: l.now, sight: newSight("configmaps"), owes: l.book.owes}
	l.pods = &watcher{pace: pace, now: l.now, sight: newSight("pods")}
	return l
}

func (l *apiObjects) Run(ctx context.Context, stop <-chan struct{}, t Target, rec func(record.Request)) error {
	if t.API == nil {
		return fmt.Errorf("load %s: %w", l.spec.Class, errNoAPI)
	}
	client, err := newObjectClient(*t.API)
	if err != nil {
		return fmt.Errorf("load %s: making its client: %w", l.spec.Class, err)
	}
	defer client.close()
	collection := l.path(client.api)
	enough := l.watch(ctx, client, collection)
	defer enough()
	a := &attack{spec: l.spec, epoch: l.epoch, limit: l.spec.maxInFlight(), tracker: l.tracker}
	err = a.run(ctx, stop, t, func(_ uint64, due time.Duration) {
		rec(l.hit(ctx, client, collection, due))
	})
	l.closing(ctx, client, collection)
	if err != nil {
		return fmt.Errorf("load %s: %w", l.spec.Class, err)
	}
	return nil
}

// watch begins the watches. enough ends them, and waits for them.
func (l *apiObjects) watch(ctx context.Context, client *objectClient, collection string) (enough func()) {
	l.objects.client, l.objects.path = client, selected(collection, l.book.writer)
	l.pods.client, l.pods.path = client, "/api/v1/namespaces/"+client.api.Namespace+"/pods"
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { l.objects.run(ctx) })
	watching.Go(func() { l.pods.run(ctx) })
	return func() { cancel(errEnough); watching.Wait() }
}

// hit makes one attempt and gives the record of its request. That the API server refuses what conflicts is what it is
// there for, and no failure of the request.
func (l *apiObjects) hit(ctx context.Context, client *objectClient, collection string, due time.Duration) record.Request {
	a := l.book.begin(due, l.now)
	return l.attempt(ctx, client, collection, a)
}

func (l *apiObjects) attempt(ctx context.Context, client *objectClient, collection string, a *writeAttempt) record.Request {
	r := record.Request{Class: l.spec.Class, Method: methods[a.Verb], Path: l.spec.pathOnly(), Due: a.Due, Want: -1, Start: a.Began}
	limited, cancel := context.WithTimeout(ctx, l.spec.Timeout)
	defer cancel()
	traced, seen := l.traced(limited, &r)
	got := client.send(traced, collection, a, func(answer *http.Response) {
		seen.ended()
		l.answered(&r, answer)
	})
	seen.ended()
	r.End = l.now()
	switch {
	case got.err != nil:
		l.conclude(ctx, &r, got.err)
	case r.Code >= http.StatusBadRequest && r.Code != http.StatusConflict && r.Code != http.StatusNotFound:
		r.ErrKind, r.Error = record.ErrStatus, "status "+strconv.Itoa(r.Code)
	}
	l.book.finish(a, got, r.ErrKind, said(r, got), r.End)
	return r
}

// said is the error of an attempt in words. The reason of a refusal is the API server's.
func said(r record.Request, got apiReply) string {
	if got.err == nil && r.Code >= http.StatusBadRequest {
		return fmt.Sprintf("status %d %s", r.Code, got.reason)
	}
	return r.Error
}

// closing ends the ledger: one more write, which is later than all others; a list of what is there; and the watches come
// to both, if they do in time. An API server that is away is asked again until then.
func (l *apiObjects) closing(ctx context.Context, client *objectClient, collection string) {
	ctx, cancel := context.WithTimeout(ctx, l.pace.final)
	defer cancel()
	last := l.lastWrite(ctx, client, collection)
	l.lastList(ctx)
	l.until(ctx, func() bool {
		_, position := l.objects.sight.standing()
		return position >= last
	})
	l.lastPods(ctx)
}

// lastWrite gives the version of the last write; without one, nothing is as high.
func (l *apiObjects) lastWrite(ctx context.Context, client *objectClient, collection string) uint64 {
	for ctx.Err() == nil {
		a := l.book.beginLast(l.now)
		l.attempt(ctx, client, collection, a)
		if v := versionOf(a.Returned); v > 0 {
			return v
		}
		pause(ctx, l.pace.again)
	}
	return 0
}

// lastList notes what is there, or why that is not known.
func (l *apiObjects) lastList(ctx context.Context) {
	g := record.Listing{Writer: l.book.writer, Began: l.now(), Error: "there was no time for it"}
	for ctx.Err() == nil {
		g.Tries++
		g.Began = l.now()
		limited, cancel := context.WithTimeout(ctx, l.pace.open)
		list, err := l.objects.client.list(limited, l.objects.path)
		cancel()
		if err == nil {
			g.Error, g.Version = "", bounded(list.Metadata.ResourceVersion, maxVersion)
			for _, o := range list.Items {
				g.Objects = append(g.Objects, record.Listed{
					Name: bounded(o.Metadata.Name, maxPodName), Version: bounded(o.Metadata.ResourceVersion, maxVersion), Held: o.held(),
				})
			}
			l.book.listed(g.Objects)
			break
		}
		g.Error = text(err)
		pause(ctx, l.pace.again)
	}
	g.Ended = l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listing = &g
}

// lastPods holds the watch on pods against a list until it has come to all that the list shows.
func (l *apiObjects) lastPods(ctx context.Context) {
	var last *seenList
	l.until(ctx, func() bool {
		if last == nil {
			limited, cancel := context.WithTimeout(ctx, l.pace.open)
			defer cancel()
			last, _ = l.pods.snapshot(limited) // asked again while there is time
		}
		return last != nil && l.pods.sight.closing(last)
	})
}

// until looks again and again whether it is so, as long as the context lasts.
func (l *apiObjects) until(ctx context.Context, so func() bool) {
	for !so() && ctx.Err() == nil {
		pause(ctx, l.pace.look)
	}
}

// Ledger has the watches before the attempts, so that each event's attempt is there.
func (l *apiObjects) Ledger() record.Ledger {
	out := record.Ledger{Watches: []record.Watch{l.objects.sight.judged(l.book.writes), l.pods.sight.judged(nil)}}
	for _, w := range l.book.writes() {
		if w.Outcome != "" {
			out.Writes = append(out.Writes, w)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listing != nil {
		out.Listings = []record.Listing{*l.listing}
	}
	return out
}

var _ Ledgered = (*apiObjects)(nil)
