package loadgen

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/assertions"
	"github.com/lastcall-dev/lastcall/record"
)

// fakeAPI keeps config maps as an API server does, with versions that grow over all of them, and feeds watches from its
// history. It misbehaves as it is told.
type fakeAPI struct {
	t *testing.T
	// write is asked for the fate of the n-th change, from 1; nil: all are done and answered.
	write func(n int, method string) writeFate
	// legs are what the watches on config maps do, in the order of their requests; those that follow behave.
	legs []legScript
	// enough is closed when all scripted legs have done what they had to, and as many changes as these have been asked for.
	changes int
	enough  chan struct{}
	// away is how many creates and how many lists are cut off once it is enough.
	away map[string]int

	mu      sync.Mutex
	version uint64
	objects map[string]apiObject
	history []fakeEvent
	news    chan struct{} // closed at the next event
	asked   int           // changes
	opened  int           // watches
	acted   int           // legs that have done what they had to
	lists   int
	stale   bool // lists show what was there at the first one
	first   *apiList
	late    map[string]func() // what is done to objects after they are read
	closed  bool
}

// writeFate is what becomes of a change.
type writeFate int

const (
	fateAnswer   writeFate = iota
	fateLoseIt             // done, and the connection is cut in place of an answer
	fateIgnore             // not done, and cut
	fateDoLate             // cut, and done only after the object was read
	fatePretend            // answered, and not done
	fateOverlook           // done whatever version it names
	fateFail               // done, and answered with 500
	fateShed               // not done, and turned away as kube-apiserver does
)

type fakeEvent struct {
	Type   string    `json:"type"`
	Object apiObject `json:"object"`
}

func newFakeAPI(t *testing.T) *fakeAPI {
	return &fakeAPI{t: t, changes: 25, enough: make(chan struct{}), version: 100, objects: map[string]apiObject{}, news: make(chan struct{}), late: map[string]func(){}, away: map[string]int{}}
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	query := r.URL.Query()
	pods := strings.HasSuffix(r.URL.Path, "/pods")
	switch {
	case !query.Has("watch") && f.isAway(r.Method):
		panic(http.ErrAbortHandler)
	case pods && query.Has("watch"):
		f.quiet(w, r)
	case pods:
		f.reply(w, http.StatusOK, apiList{Metadata: apiMeta{ResourceVersion: "100"}, Items: []apiObject{{Metadata: apiMeta{Name: "pod", ResourceVersion: "90"}}}})
	case query.Has("watch"):
		f.watch(w, r)
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/configmaps"):
		if query.Get("labelSelector") == "" || query.Has("resourceVersion") {
			f.t.Errorf("a list of %s", r.URL)
		}
		f.reply(w, http.StatusOK, f.list())
	case r.Method == http.MethodGet:
		f.get(w, path.Base(r.URL.Path))
	default:
		f.change(w, r.Method, path.Base(r.URL.Path), body)
	}
}

func (f *fakeAPI) isAway(method string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed || f.away[method] == 0 {
		return false
	}
	f.away[method]--
	return true
}

func (f *fakeAPI) reply(w http.ResponseWriter, code int, what any) {
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(what); err != nil {
		f.t.Log(err) // the client has gone
	}
}

func refusal(code int, reason string) apiObject {
	return apiObject{Kind: "Status", Code: code, Reason: reason}
}

func (f *fakeAPI) list() apiList {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists++
	l := apiList{Metadata: apiMeta{ResourceVersion: versionText(f.version)}, Items: slices.Collect(maps.Values(f.objects))}
	if f.first == nil {
		f.first = &l
	}
	if f.stale {
		return apiList{Metadata: l.Metadata, Items: f.first.Items}
	}
	return l
}

func (f *fakeAPI) get(w http.ResponseWriter, name string) {
	f.mu.Lock()
	o, there := f.objects[name]
	late := f.late[name]
	delete(f.late, name)
	f.mu.Unlock()
	if late != nil {
		late()
	}
	if !there {
		f.reply(w, http.StatusNotFound, refusal(http.StatusNotFound, "NotFound"))
		return
	}
	f.reply(w, http.StatusOK, o)
}

// change carries a write out, or not, and answers it, or not.
func (f *fakeAPI) change(w http.ResponseWriter, method, name string, body []byte) {
	f.mu.Lock()
	f.asked++
	f.look()
	n := f.asked
	f.mu.Unlock()
	fate := fateAnswer
	if f.write != nil {
		fate = f.write(n, method)
	}
	code, object := http.StatusOK, apiObject{}
	switch fate {
	case fateShed:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "Too many requests, please try again later.", http.StatusTooManyRequests)
		return
	case fateIgnore, fateDoLate:
	default:
		code, object = f.apply(method, name, body, fate)
	}
	switch fate {
	case fateFail:
		f.reply(w, http.StatusInternalServerError, refusal(http.StatusInternalServerError, "InternalError"))
	case fateDoLate:
		f.doLater(method, name, body)
		panic(http.ErrAbortHandler)
	case fateLoseIt, fateIgnore:
		panic(http.ErrAbortHandler)
	default:
		f.reply(w, code, object)
	}
}

// doLater has the change done when the object is read the next time, which still sees it as it was.
func (f *fakeAPI) doLater(method, name string, body []byte) {
	var o apiObject
	if method == http.MethodPost && json.Unmarshal(body, &o) == nil {
		name = o.Metadata.Name
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.late[name] = func() { f.apply(method, name, body, fateAnswer) }
}

// apply does what the request asks for.
func (f *fakeAPI) apply(method, name string, body []byte, fate writeFate) (int, apiObject) {
	var o apiObject
	var options deleteOptions
	_, _ = json.Unmarshal(body, &o), json.Unmarshal(body, &options)
	f.mu.Lock()
	defer f.mu.Unlock()
	if method == http.MethodPost {
		name = o.Metadata.Name
	}
	was, there := f.objects[name]
	wanted := o.Metadata.ResourceVersion
	if method == http.MethodDelete {
		wanted = options.Preconditions.ResourceVersion
	}
	switch {
	case method == http.MethodPost && there:
		return http.StatusConflict, refusal(http.StatusConflict, "AlreadyExists")
	case method != http.MethodPost && !there:
		return http.StatusNotFound, refusal(http.StatusNotFound, "NotFound")
	case method != http.MethodPost && was.Metadata.ResourceVersion != wanted && fate != fateOverlook:
		return http.StatusConflict, refusal(http.StatusConflict, "Conflict")
	}
	f.version++
	o.Metadata.ResourceVersion = versionText(f.version)
	if fate == fatePretend {
		return http.StatusOK, o
	}
	e := fakeEvent{Type: "MODIFIED", Object: o}
	switch method {
	case http.MethodPost:
		e.Type = "ADDED"
		f.objects[name] = o
	case http.MethodPut:
		f.objects[name] = o
	case http.MethodDelete:
		delete(f.objects, name)
		was.Metadata.ResourceVersion = versionText(f.version)
		e, o = fakeEvent{Type: eventDeleted, Object: was}, apiObject{Kind: "Status"}
	}
	f.history = append(f.history, e)
	close(f.news)
	f.news = make(chan struct{})
	return http.StatusOK, o
}

// look sees whether it is enough. The caller holds the lock.
func (f *fakeAPI) look() {
	if !f.closed && f.acted >= len(f.legs) && f.asked >= f.changes {
		f.closed = true
		close(f.enough)
	}
}

// hasActed counts a leg that has done what it had to, after which some more changes are to come.
func (f *fakeAPI) hasActed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acted++
	f.changes = max(f.changes, f.asked+10)
	f.look()
}

// swift is a pace for tests. What it gives for an answer is far above what a busy machine needs.
func swift() objectPace {
	return objectPace{
		watch: time.Minute, overdue: time.Minute, silence: 2 * time.Second, open: patience,
		again: 10 * time.Millisecond, look: 10 * time.Millisecond, final: patience,
	}
}

// keptLedger is what a load wrote down.
type keptLedger struct {
	record.Ledger
	requests []record.Request
	objects  record.Watch // on config maps
	pods     record.Watch
	listing  record.Listing
}

// keep runs the load on the server until it is enough.
func (f *fakeAPI) keep(pace objectPace) keptLedger {
	f.t.Helper()
	server, api := apiServer(f.t, f.ServeHTTP)
	f.t.Cleanup(server.CloseClientConnections)
	s, err := Spec{Class: record.APIObjects, Rate: 20, Method: "POST", Path: "/api/v1/namespaces/{namespace}/configmaps", Timeout: patience}.withDefaults()
	if err != nil {
		f.t.Fatal(err)
	}
	load := newObjects(s, time.Now().Add(-time.Second), pace)
	var mu sync.Mutex
	var out keptLedger
	stop := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- load.Run(f.t.Context(), stop, Target{Address: api.Address, API: api}, func(r record.Request) {
			mu.Lock()
			defer mu.Unlock()
			out.requests = append(out.requests, r)
		})
	}()
	await(f.t, "what the server is to do", f.enough)
	soFar := load.Ledger()
	close(stop)
	if err := <-ended; err != nil {
		f.t.Error(err)
	}
	out.Ledger = load.Ledger()
	if len(out.Watches) != 2 || len(out.Listings) != 1 || len(soFar.Writes) > len(out.Writes) || len(soFar.Listings) > 0 {
		f.t.Fatalf("%+v", out.Ledger)
	}
	out.objects, out.pods, out.listing = out.Watches[0], out.Watches[1], out.Listings[0]
	return out
}

// judge gives what the check says of the ledger.
func (k keptLedger) judge(t *testing.T, check string) record.Finding {
	t.Helper()
	ledger := k.Of("agent-0", "worker", 0)
	requests := slices.Clone(k.requests)
	for i := range requests {
		requests[i].Agent = "agent-0"
	}
	run := &record.Run{SLO: record.DefaultSLO(), Agents: []record.Agent{{Name: "agent-0", Node: "worker"}}, Ledger: ledger, APIRequests: requests}
	for _, c := range assertions.All() {
		if c.Name == check {
			findings := c.Eval(run)
			if len(findings) != 1 {
				t.Fatalf("%+v", findings)
			}
			return findings[0]
		}
	}
	t.Fatalf("there is no check %s", check)
	return record.Finding{}
}

// outcomes counts the attempts by verb and outcome.
func (k keptLedger) outcomes() map[string]int {
	n := map[string]int{}
	for _, w := range k.Writes {
		n[string(w.Verb)+" "+string(w.Outcome)]++
	}
	return n
}
