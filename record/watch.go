package record

import "time"

// Watch is one watch as its client saw it: it lists, watches from the version that the list had, and after each
// connection that ends goes on from the last version that it knows of.
//
// A version numbers the events of what is watched: of the application's own watch they follow each other without a gap;
// of the Kubernetes API they are resourceVersions, which are decimal numbers that grow (KEP-5504), and which of them a
// watch has to show is known from who wrote.
type Watch struct {
	Agent  string        `json:"agent"`
	Node   string        `json:"node"` // that the agent is on
	Class  Class         `json:"class"`
	Source string        `json:"source"` // WatchesApp or WatchesAPI
	What   string        `json:"what"`   // "/watch", "configmaps"
	Due    time.Duration `json:"due"`
	Began  time.Duration `json:"began"`
	Ended  time.Duration `json:"ended"`
	// First and Last are the versions of the first and the last event that the watch had to show; 0: not known, because no
	// list could be had, and Error says why.
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	// Seen counts events, each version once; Missing those that had to come and did not, relisted ones apart; Doubled those
	// that came again; Disordered those that came after a later one.
	Seen       int `json:"seen"`
	Missing    int `json:"missing,omitempty"`
	Doubled    int `json:"doubled,omitempty"`
	Disordered int `json:"disordered,omitempty"`
	// Flaws are the first of what the three count, at most MaxFlaws of them.
	Flaws   []Flaw     `json:"flaws,omitempty"`
	Legs    []WatchLeg `json:"legs"`
	Relists []Relist   `json:"relists,omitempty"`
	// Canceled: the harness itself ended it at its deadline, so it had not seen its last event yet.
	Canceled bool   `json:"canceled,omitempty"`
	Error    string `json:"error,omitempty"`
}

// Whose watch it is.
const (
	WatchesApp = "app" // the application's own
	WatchesAPI = "api" // of the Kubernetes API
)

// MaxFlaws bounds the flaws that one watch lists.
const MaxFlaws = 20

// FlawKind tells what is wrong with events.
type FlawKind string

// What may be wrong with them.
const (
	FlawMissing    FlawKind = "missing"
	FlawDoubled    FlawKind = "doubled"
	FlawDisordered FlawKind = "out of order"
)

// Flaw is one event, or several that follow each other, that did not come as they had to.
type Flaw struct {
	Kind FlawKind `json:"kind"`
	From uint64   `json:"from"` // versions of the first and last event
	To   uint64   `json:"to"`
	// Leg is the index of the leg in which it showed, At when: of a missing event when a later one came.
	Leg int           `json:"leg"`
	At  time.Duration `json:"at"`
}

// Count of the flaw's versions, where they follow each other without a gap.
func (f Flaw) Count() int { return int(f.To-f.From) + 1 }

// How one leg of a watch ended.
const (
	WatchDone     = "done"     // by its client, which had seen enough
	WatchClean    = "clean"    // by the server, as the protocol has it
	WatchBookmark = "bookmark" // likewise, and the server's last word was the version to go on from
	WatchExpired  = "410"      // the version is too old: the client has to list again
	WatchCut      = "cut"      // anything else: Kind and Error say what
	WatchSilent   = "silent"   // by its client, because nothing came any more
)

// WatchLeg is what came over one connection.
type WatchLeg struct {
	Pod    string        `json:"pod,omitempty"`   // that served it; "" unknown, or an API server
	Since  uint64        `json:"since,omitempty"` // the version that it was to go on from; 0: from then on
	Began  time.Duration `json:"began"`           // when its connection was asked for
	Opened time.Duration `json:"opened"`          // when the server had accepted the watch; 0 never
	Ended  time.Duration `json:"ended"`
	From   uint64        `json:"from"` // first and last version that came; 0: none
	To     uint64        `json:"to"`
	Events int           `json:"events"`
	Last   time.Duration `json:"last"` // when the last event came; 0: none
	// Bookmark is the version that the server's last bookmark named; 0: it sent none.
	Bookmark uint64  `json:"bookmark,omitempty"`
	End      string  `json:"end"`
	Code     int     `json:"code,omitempty"` // HTTP status; 0: no answer came
	Kind     ErrKind `json:"kind,omitempty"`
	Error    string  `json:"error,omitempty"`
}

// Relist is a list by which a client took up a watch again that could not be resumed. What happened in between it knows
// from the list: no event is missing for it, though none came.
type Relist struct {
	At   time.Duration `json:"at"`
	From uint64        `json:"from"` // the last version known before
	To   uint64        `json:"to"`   // the list's
}

func (w *Watch) of(agent, node string, offset time.Duration) {
	w.Agent, w.Node = agent, node
	shift(offset, &w.Due, &w.Began, &w.Ended)
	w.Legs = moved(w.Legs, func(l *WatchLeg) { shift(offset, &l.Began, &l.Opened, &l.Ended, &l.Last) })
	w.Flaws = moved(w.Flaws, func(f *Flaw) { shift(offset, &f.At) })
	w.Relists = moved(w.Relists, func(r *Relist) { shift(offset, &r.At) })
}
