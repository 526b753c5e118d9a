package loadgen

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	// workingSet is how many objects a writer has in use at a time, unless more attempts than that are under way.
	workingSet = 4
	// keptEvery: one object of so many is never deleted, so that what was acknowledged long ago is looked for as well.
	keptEvery = 4
)

// lifeStep is one attempt in the life of an object.
type lifeStep struct {
	verb  record.WriteVerb
	stale bool
}

// objectLife is what becomes of each object.
var objectLife = []lifeStep{
	{verb: record.VerbCreate}, {verb: record.VerbUpdate}, {verb: record.VerbUpdate}, {verb: record.VerbUpdate, stale: true},
	{verb: record.VerbUpdate}, {verb: record.VerbDelete},
}

// ownObject is an object as its writer knows it. Its name is never used again after it was deleted.
type ownObject struct {
	name            string
	number          int
	next            int             // step of its life
	version, before string          // its resourceVersion, and the one before
	inDoubt         bool            // only a read can tell what it is like
	lost            []*writeAttempt // whose answers were lost since the last one that was acknowledged
}

// writeAttempt is a record.Write that may still be under way: then its Outcome is empty.
type writeAttempt struct {
	record.Write
	object *ownObject
}

// writeBook is what a writer has attempted, and what it is to attempt next.
type writeBook struct {
	mu       sync.Mutex
	writer   string
	made     int // objects
	live     int // of them in use
	objects  []*ownObject
	idle     []*ownObject    // the one that has been idle longest first
	attempts []*writeAttempt // in the order in which they were begun
	versions []ackedVersion
}

// ackedVersion is the version of a write, and when it was acknowledged.
type ackedVersion struct {
	version uint64
	at      time.Duration
}

// newWriteBook is a writer's that shares its objects with nobody. Its name fits into names and labels of objects.
func newWriteBook() *writeBook { return &writeBook{writer: strings.ToLower(rand.Text()[:10])} }

// begin takes the next attempt. One object in doubt is read before it is written to again, and while all are busy a further
// one is made: the open model does not wait.
func (b *writeBook) begin(due time.Duration, now func() time.Duration) *writeAttempt {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.idle) == 0 || b.live < workingSet {
		return b.attempt(b.make(), due, now())
	}
	o := b.idle[0]
	b.idle = b.idle[1:]
	return b.attempt(o, due, now())
}

// beginLast creates one more object, beside the schedule. Whatever was acknowledged before has a lower version than it.
func (b *writeBook) beginLast(now func() time.Duration) *writeAttempt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.attempt(b.make(), 0, now())
}

func (b *writeBook) make() *ownObject {
	b.made++
	b.live++
	o := &ownObject{name: fmt.Sprintf("lastcall-%s-%d", b.writer, b.made), number: b.made}
	b.objects = append(b.objects, o)
	return o
}

// attempt is the next one on the object. The caller holds the lock.
func (b *writeBook) attempt(o *ownObject, due, now time.Duration) *writeAttempt {
	a := &writeAttempt{object: o, Write: record.Write{
		Writer: b.writer, Object: o.name, Sequence: len(b.attempts) + 1, Due: due, Began: now, Verb: record.VerbRead,
	}}
	if s := objectLife[o.next]; !o.inDoubt {
		a.Verb, a.Stale, a.Sent = s.verb, s.stale, o.version
		if s.stale {
			a.Sent = o.before
		}
	}
	b.attempts = append(b.attempts, a)
	return a
}

// finish takes what came of an attempt.
func (b *writeBook) finish(a *writeAttempt, r apiReply, kind record.ErrKind, said string, now time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a.Ended, a.Code, a.Kind, a.Error = now, r.code, kind, said
	a.Outcome = outcomeOf(a.Write, r)
	if a.Outcome == record.WriteAcknowledged {
		a.Returned = bounded(r.object.Metadata.ResourceVersion, maxVersion)
	}
	o := a.object
	switch {
	case a.Outcome == record.WriteAcknowledged && a.Verb == record.VerbRead:
		a.Held = r.object.held()
		b.read(a)
	case a.Verb == record.VerbRead: // it stays in doubt
	case a.Outcome == record.WriteAcknowledged:
		if a.Verb == record.VerbDelete {
			a.Returned = "" // of a Status
		}
		b.acknowledged(a)
	case a.Outcome == record.WriteConflicted:
		o.next++
	case a.Outcome == record.WriteIndeterminate:
		o.inDoubt = true
		o.lost = append(o.lost, a)
	case a.Code == http.StatusConflict, a.Code == http.StatusNotFound:
		o.inDoubt = true // it is not what its writer knows it to be
	}
	b.rest(o)
}

// maxVersion bounds a resourceVersion, which is a number of 64 bits.
const maxVersion = 20

// outcomeOf tells what is known of an attempt by its answer. A server that fails (5xx) may have written all the same; one
// that turns away (4xx) has not: 429 comes before a request is carried out.
func outcomeOf(w record.Write, r apiReply) record.WriteOutcome {
	class := r.code / 100
	switch {
	case w.Verb == record.VerbRead && r.err == nil && (r.code == http.StatusOK || r.code == http.StatusNotFound):
		return record.WriteAcknowledged
	case w.Verb == record.VerbRead, !r.sent:
		return record.WriteRefused
	case r.err != nil:
		return record.WriteIndeterminate
	case class == 2:
		return record.WriteAcknowledged
	case r.code == http.StatusConflict && w.Stale:
		return record.WriteConflicted
	case class == 4:
		return record.WriteRefused
	default:
		return record.WriteIndeterminate
	}
}

func (b *writeBook) acknowledged(a *writeAttempt) {
	o := a.object
	o.lost = nil
	o.next++
	if a.Returned == "" {
		return
	}
	o.before, o.version = o.version, a.Returned
	if v := versionOf(a.Returned); v > 0 {
		b.versions = append(b.versions, ackedVersion{version: v, at: a.Ended})
	}
}

// read ends the doubt about an object. One that is not there is left alone for good: it was deleted, or never made, or
// lost, and a request that still lies in the server may make it yet.
func (b *writeBook) read(a *writeAttempt) {
	o, there := a.object, a.Code == http.StatusOK
	o.inDoubt = false
	o.resolve(there, a.Held)
	if !there {
		o.next = len(objectLife)
		return
	}
	for _, lost := range o.lost {
		if lost.Resolved != record.WriteDone {
			continue
		}
		if !lost.Stale {
			o.next++
		}
		o.lost = nil // the object has moved on from what the others wanted it to be
		break
	}
	o.next = max(o.next, 1)
	if a.Returned != o.version {
		o.before, o.version = o.version, a.Returned
	}
}

// resolve says of each attempt whose answer was lost whether it was done, by what the object is like now.
func (o *ownObject) resolve(there bool, held int) {
	for _, a := range o.lost {
		a.Resolved = record.WriteNotDone
		if done := there && held == a.Sequence; a.Verb == record.VerbDelete && !there || a.Verb != record.VerbDelete && done {
			a.Resolved = record.WriteDone
		}
	}
}

// rest puts the object back among those that wait for their next attempt, unless its life is over.
func (b *writeBook) rest(o *ownObject) {
	over := o.next >= len(objectLife) || objectLife[o.next].verb == record.VerbDelete && o.number%keptEvery == 0
	if over && !o.inDoubt {
		b.live--
		return
	}
	b.idle = append(b.idle, o)
}

// listed resolves what is still open by the last list.
func (b *writeBook) listed(objects []record.Listed) {
	held := make(map[string]int, len(objects))
	for _, o := range objects {
		held[o.Name] = o.Held
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.objects {
		n, there := held[o.name]
		o.resolve(there, n)
	}
}

// owes reports whether a write was acknowledged by that time which has a higher version.
func (b *writeBook) owes(version uint64, until time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.versions) - 1; i >= 0; i-- {
		if v := b.versions[i]; v.version > version && v.at <= until {
			return true
		}
	}
	return false
}

// writes are copies of all attempts; the Outcome of one that is under way is empty.
func (b *writeBook) writes() []record.Write {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]record.Write, 0, len(b.attempts))
	for _, a := range b.attempts {
		out = append(out, a.Write)
	}
	return out
}
