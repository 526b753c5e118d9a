package loadgen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// objectPace are the limits of clients that keep a ledger. None of them is a figure that anything is judged by.
type objectPace struct {
	watch   time.Duration // that a watch asks for, in whole seconds; the API server ends it then
	overdue time.Duration // for which a watch may go on longer
	silence time.Duration // without an event or a bookmark since a write was acknowledged that the watch has to bring
	open    time.Duration // until a list is answered or a watch accepted
	again   time.Duration // from a failure to the next try
	look    time.Duration // from one look at what is waited for to the next
	// final is for the last list, and for the watches to come to it. With the timeout of a write it is less than what is
	// given to agents for what is in flight.
	final time.Duration
}

// defaultPace: a watch is resumed a few times in a run, at a cluster's own pace of some writes a second 5 s are silence, and
// kube-apiserver starts within seconds.
var defaultPace = objectPace{
	watch: 20 * time.Second, overdue: 5 * time.Second, silence: 5 * time.Second, open: 10 * time.Second,
	again: 500 * time.Millisecond, look: 250 * time.Millisecond, final: 20 * time.Second,
}

var (
	errWatchSilent = errors.New("nothing came any more")
	errWaited      = errors.New("it was not accepted in time")
	errExpired     = errors.New("the version to resume from is no longer known")
)

// watcher keeps a watch up as a controller's client does: it lists, watches from there, resumes from the last version
// that it knows of, and lists again when the API server no longer knows that version.
type watcher struct {
	pace  objectPace
	now   func() time.Duration
	sight *sight
	// owes reports whether a change beyond the version, which the watch has to bring, was acknowledged by then; nil: nobody's
	// changes are known.
	owes func(version uint64, by time.Duration) bool

	client *objectClient
	path   string // of the collection, with the selector if there is one
}

// run goes on until the context ends: because of errEnough if the watch is no longer needed.
func (w *watcher) run(ctx context.Context) {
	var before uint64 // how far the watch had come when it had to list again
	for ctx.Err() == nil {
		began := w.now()
		w.sight.begin(began)
		_, list := w.sight.at()
		var err error
		if list {
			err = w.list(ctx, before)
		} else if err = w.follow(ctx); errors.Is(err, errExpired) {
			before = w.sight.expired()
		}
		if short := w.now()-began < w.pace.again; err != nil || !list && short {
			pause(ctx, w.pace.again) // a server that ends each watch at once is not asked without end
		}
	}
	w.sight.conclude(!errors.Is(context.Cause(ctx), errEnough), w.now())
}

// pause ends early with the context.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// list takes the collection as it is. A list that fails is a leg of the watch that was never opened.
func (w *watcher) list(ctx context.Context, before uint64) error {
	limited, cancel := context.WithTimeout(ctx, w.pace.open)
	defer cancel()
	l, err := w.snapshot(limited)
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), errEnough):
		return err
	default:
		w.sight.end(record.WatchCut, 0, classify(ctx, err, dialling), "list: "+text(err), w.now())
		return err
	}
	l.before = before
	w.sight.list(*l)
	return nil
}

// snapshot asks for all that is watched.
func (w *watcher) snapshot(ctx context.Context) (*seenList, error) {
	l := &seenList{began: w.now(), objects: map[string]uint64{}}
	list, err := w.client.list(ctx, w.path)
	if err != nil {
		return nil, err
	}
	l.ended, l.version = w.now(), versionOf(list.Metadata.ResourceVersion)
	for _, o := range list.Items {
		l.objects[bounded(o.Metadata.Name, maxPodName)] = versionOf(o.Metadata.ResourceVersion)
	}
	return l, nil
}

// legEnd is how a leg ended.
type legEnd struct {
	how  string
	code int
	kind record.ErrKind
	said string
}

// follow watches from where the watch has come to until the leg ends. The error is errExpired when a list has to follow.
func (w *watcher) follow(ctx context.Context) error {
	leg, giveUp := context.WithCancelCause(ctx)
	var guard sync.WaitGroup
	guard.Go(func() { w.guard(leg, giveUp) })
	code, err := w.read(leg)
	end := w.ended(ctx, leg, code, err)
	giveUp(nil)
	guard.Wait()
	w.sight.end(end.how, end.code, end.kind, end.said, w.now())
	switch end.how {
	case record.WatchExpired:
		return errExpired
	case record.WatchCut:
		return err
	}
	return nil
}

// read reads the events of a leg to its end, which is io.EOF if it was in order. The code is that of the answer, or of
// the error that the server sent in the place of an event.
func (w *watcher) read(ctx context.Context) (code int, err error) {
	from, _ := w.sight.at()
	request, err := w.client.request(ctx, http.MethodGet, w.query(from), nil)
	if err != nil {
		return 0, err
	}
	answer, err := w.client.transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }() // what counts has been read, or was cut off
	if answer.StatusCode != http.StatusOK {
		return answer.StatusCode, fmt.Errorf("status %d", answer.StatusCode)
	}
	w.sight.opened(w.now())
	metered := &eventMeter{from: answer.Body}
	events := json.NewDecoder(metered)
	for {
		var e struct {
			Type   string
			Object apiObject
		}
		metered.left = maxEvent
		if err := events.Decode(&e); err != nil {
			return answer.StatusCode, decoding(err)
		}
		if e.Type == eventError {
			return e.Object.Code, fmt.Errorf("error event %d %s", e.Object.Code, bounded(e.Object.Reason, maxReason))
		}
		if err := w.sight.take(e.Type, e.Object, w.now()); err != nil {
			return answer.StatusCode, err
		}
	}
}

// decoding is the error without what the decoder quotes of the stream.
func decoding(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &kind) {
		return errGarbled
	}
	return err
}

// query is the path of a watch that begins after the version.
func (w *watcher) query(from uint64) string {
	separator := "?"
	if strings.Contains(w.path, "?") {
		separator = "&"
	}
	seconds := int(math.Ceil(w.pace.watch.Seconds()))
	return w.path + separator + "watch=true&allowWatchBookmarks=true&resourceVersion=" + versionText(from) + "&timeoutSeconds=" + strconv.Itoa(seconds)
}

// ended sorts how the leg ended.
func (w *watcher) ended(all, leg context.Context, code int, err error) legEnd {
	cause := context.Cause(leg)
	switch {
	case errors.Is(cause, errWatchSilent):
		return legEnd{how: record.WatchSilent, code: code, said: cause.Error()}
	case errors.Is(cause, errEnough):
		return legEnd{how: record.WatchDone, code: code}
	case errors.Is(cause, errWaited):
		return legEnd{how: record.WatchCut, kind: record.ErrTimeout, said: cause.Error()}
	case code == http.StatusGone:
		return legEnd{how: record.WatchExpired, code: code, said: text(err)}
	case errors.Is(err, io.EOF):
		return legEnd{how: record.WatchClean, code: code}
	}
	at := dialling
	if code > 0 {
		at = answering
	}
	end := legEnd{how: record.WatchCut, code: code, kind: classify(all, err, at), said: text(err)}
	if code >= http.StatusBadRequest {
		end.kind = record.ErrStatus
	}
	return end
}

// guard gives the leg up when it is not accepted in time, goes on for longer than it asked for, or is silent.
func (w *watcher) guard(ctx context.Context, giveUp context.CancelCauseFunc) {
	look := time.NewTicker(w.pace.look)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		if err := w.overdue(w.now()); err != nil {
			giveUp(err)
			return
		}
	}
}

func (w *watcher) overdue(now time.Duration) error {
	leg, position := w.sight.standing()
	silentSince := max(leg.Opened, leg.Last)
	switch {
	case leg.Opened == 0 && now-leg.Began > w.pace.open:
		return errWaited
	case leg.Opened == 0:
	case now-leg.Opened > w.pace.watch+w.pace.overdue:
		return errWatchSilent
	case w.owes != nil && now-silentSince > w.pace.silence && w.owes(position, now-w.pace.silence):
		return errWatchSilent
	}
	return nil
}

// eventMeter reads no more than is left.
type eventMeter struct {
	from io.Reader
	left int
}

func (m *eventMeter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errTooLarge
	}
	n, err := m.from.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}
