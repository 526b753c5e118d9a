package loadgen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// The application's own watch, followed as controllers follow the Kubernetes API: list, watch from the version that the
// list had, and after each connection that ends go on from the last version that is known. The versions follow each other
// without a gap. When its time is over it lists once more, to know the last event that it has to see, and ends when it has.
//
// The watch is JSON, an object a line: {"type":"event","version":7}, or a bookmark, which only says from which version to
// go on. The list is {"version":7}.
var _ = register(record.AppWatch, lastingLoad(func(ctx context.Context, l *lasting, t Target, due time.Duration) record.Ledger {
	w := &watching{load: l, target: t, hard: ctx}
	w.run(ctx, due)
	return record.Ledger{Watches: []record.Watch{w.Watch}}
}))

const (
	listTimeout = 2 * time.Second // of one list
	// mostVersion is far above any version, and so small that counts of versions fit into an int.
	mostVersion = 1 << 62
)

// errEnough ends a watch that has seen all that it had to.
var errEnough = errors.New("seen enough")

// watching is one watch that is followed to its end.
type watching struct {
	load   *lasting
	target Target
	hard   context.Context //nolint:containedctx // it is compared with, not passed on
	since  uint64          // the version to go on from
	until  time.Duration   // when its time is over
	record.Watch
	events succession
}

// run follows the watch over all its legs.
func (w *watching) run(ctx context.Context, due time.Duration) {
	w.Class, w.Source, w.What = w.load.spec.Class, record.WatchesApp, w.load.spec.pathOnly()
	w.Due, w.Began = due, w.load.now()
	w.until = w.Began + w.load.spec.Takes
	limited, cancel := context.WithTimeoutCause(ctx, w.load.spec.Timeout, errTooLong)
	defer cancel()
	if from, err := w.mustList(limited); err != nil {
		w.Error, w.Canceled = "its first list: "+err.Error(), over(w.hard)
	} else {
		w.since, w.First = from, from+1
		w.events.next = w.First
		w.follow(limited)
		w.conclude(ctx)
	}
	w.Ended = w.load.now()
	w.Seen, w.Missing, w.Doubled, w.Disordered = w.events.seen, w.events.missing(), w.events.doubled, w.events.disordered
	w.Flaws = w.events.flaws()
}

// follow watches until the last event has come or its limit is over.
func (w *watching) follow(ctx context.Context) {
	for len(w.Legs) < maxLegs {
		leg := w.leg(ctx)
		w.Legs = append(w.Legs, leg)
		if leg.End == record.WatchDone || sleep(ctx, w.load.reconnect) != nil {
			return
		}
		if leg.End == record.WatchExpired {
			w.relist(ctx)
		}
	}
}

// conclude finds out what had to come, where that is not known yet, and what of it did not.
func (w *watching) conclude(ctx context.Context) {
	if over(w.hard) {
		w.Canceled = w.Last == 0 || w.events.next <= w.Last
		return
	}
	if w.Last == 0 {
		ctx, cancel := context.WithTimeout(ctx, w.load.silence)
		defer cancel()
		last, err := w.mustList(ctx)
		if err != nil {
			w.Error = "its last list: " + err.Error()
			return
		}
		w.Last = last
	}
	w.events.end(w.Last, len(w.Legs)-1, w.load.now())
}

// relist takes the watch up again with a list.
func (w *watching) relist(ctx context.Context) {
	version, err := w.mustList(ctx)
	if err != nil {
		return // the watch is over
	}
	w.Relists = append(w.Relists, record.Relist{At: w.load.now(), From: w.since, To: version})
	w.since = version
	w.events.skip(version)
}

// leg watches over one connection.
func (w *watching) leg(ctx context.Context) record.WatchLeg {
	leg := record.WatchLeg{Began: w.load.now(), Since: w.since}
	limited, alive, end := w.load.attended(ctx)
	defer end()
	bookmarked := false
	c, err := w.load.contact(limited, w.target)
	defer c.close()
	if err == nil {
		err = w.read(limited, c, func(kind string, version uint64) error {
			alive()
			if bookmarked = kind == "bookmark"; bookmarked {
				leg.Bookmark = version
				w.since = max(w.since, version)
				return nil
			}
			if err := w.event(&leg, version); err != nil {
				return err
			}
			return w.enough(limited)
		})
	}
	leg.Ended, leg.Opened, leg.Pod, leg.Code = w.load.now(), c.opened, c.pod, c.code
	switch {
	case err == nil && bookmarked:
		leg.End = record.WatchBookmark
	case err == nil:
		leg.End = record.WatchClean
	default:
		w.ended(limited, &leg, c, err)
	}
	return leg
}

// read gives each line of the watch to take.
func (w *watching) read(ctx context.Context, c *contact, take func(kind string, version uint64) error) error {
	answer, err := c.get(ctx, "since", strconv.FormatUint(w.since, 10)) //nolint:bodyclose // the connection is closed with the contact
	if err != nil {
		return err
	}
	return readLines(answer.Body, func(line string) error {
		var change struct {
			Type    string `json:"type"`
			Version uint64 `json:"version"`
		}
		if err := json.Unmarshal([]byte(line), &change); err != nil || change.Type != "event" && change.Type != "bookmark" || change.Version == 0 || change.Version > mostVersion {
			return fmt.Errorf("%w: no event and no bookmark", errMalformed)
		}
		return take(change.Type, change.Version)
	})
}

// event follows one event of a leg.
func (w *watching) event(leg *record.WatchLeg, version uint64) error {
	if leg.From == 0 {
		leg.From = version
	}
	leg.To, leg.Last = version, w.load.now()
	leg.Events++
	w.since = max(w.since, version)
	return w.events.take(version, len(w.Legs), leg.Last)
}

// enough ends the watch once its time is over and it has seen what had happened by then.
func (w *watching) enough(ctx context.Context) error {
	if w.Last == 0 && w.load.now() >= w.until {
		if last, err := w.list(ctx); err == nil {
			w.Last = last
		}
	}
	if w.Last > 0 && w.events.next > w.Last {
		return errEnough
	}
	return nil
}

// ended names the end of a leg that its error tells.
func (w *watching) ended(limited context.Context, leg *record.WatchLeg, c *contact, err error) {
	leg.Kind, leg.Error = c.failure(w.hard, limited, err)
	cause := context.Cause(limited)
	switch {
	case errors.Is(err, errEnough), leg.Kind == record.ErrCanceled, errors.Is(cause, errTooLong):
		leg.End, leg.Kind, leg.Error = record.WatchDone, record.NoError, ""
	case leg.Code == http.StatusGone:
		leg.End = record.WatchExpired
	case errors.Is(cause, errSilent):
		leg.End = record.WatchSilent
	default:
		leg.End = record.WatchCut
	}
}

// mustList lists until it succeeds or the context ends; the error is then that of the last try that was not cut short by
// it, if there was one.
func (w *watching) mustList(ctx context.Context) (version uint64, err error) {
	for {
		version, why := w.list(ctx)
		if why == nil {
			return version, nil
		}
		if err == nil || ctx.Err() == nil {
			err = why
		}
		if sleep(ctx, w.load.reconnect) != nil {
			return 0, err
		}
	}
}

// list asks for the current version, on a connection of its own.
func (w *watching) list(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	c, err := w.load.contact(ctx, w.target)
	defer c.close()
	var answer *http.Response
	if err == nil {
		answer, err = c.get(ctx, "list", "true") //nolint:bodyclose // the connection is closed with the contact
	}
	var listed struct {
		Version uint64 `json:"version"`
	}
	if err == nil {
		err = json.NewDecoder(io.LimitReader(answer.Body, maxLine)).Decode(&listed)
	}
	if err == nil && (listed.Version == 0 || listed.Version > mostVersion) {
		err = fmt.Errorf("%w: a list without a version that is one", errMalformed)
	}
	if err != nil {
		kind, said := c.failure(w.hard, ctx, err)
		return 0, fmt.Errorf("%s: %s", kind, said)
	}
	return listed.Version, nil
}
