package loadgen

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// legScript is what a watch does after so many events. A watch that is to be gone waits until it has missed some.
type legScript struct {
	after  int
	do     legAct
	of     func(fakeEvent) bool // that the act is about; nil: any
	missed int
}

type legAct int

const (
	actEnd legAct = iota
	actEndAfterBookmark
	actCut
	actGoneStatus // 410 as the answer
	actGoneEvent  // 410 in an event
	actMute       // never sends anything again
	actLose
	actDouble
	actSwap
	actRewind // begins two versions before the one that it is to resume from
)

// since gives the events after the version, and what is closed at the next one.
func (f *fakeAPI) since(version uint64) ([]fakeEvent, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.history, func(e fakeEvent) bool { return versionOf(e.Object.Metadata.ResourceVersion) > version })
	if i < 0 {
		return nil, f.news
	}
	return slices.Clone(f.history[i:]), f.news
}

func (f *fakeAPI) quiet(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// watch plays the script of its number.
func (f *fakeAPI) watch(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	from, err := strconv.ParseUint(query.Get("resourceVersion"), 10, 64)
	if seconds, wrong := strconv.Atoi(query.Get("timeoutSeconds")); err != nil || wrong != nil || seconds < 1 || query.Get("allowWatchBookmarks") != "true" || query.Get("labelSelector") == "" {
		f.t.Errorf("a watch of %s", r.URL)
	}
	f.mu.Lock()
	script := legScript{after: -1}
	if f.opened < len(f.legs) {
		script = f.legs[f.opened]
	}
	f.opened++
	f.mu.Unlock()
	l := &fakeLeg{fakeAPI: f, w: w, r: r, script: script, lines: json.NewEncoder(w), at: from}
	l.play()
}

// fakeLeg is one watch.
type fakeLeg struct {
	*fakeAPI
	w      http.ResponseWriter
	r      *http.Request
	script legScript
	lines  *json.Encoder
	at     uint64
	sent   int
	held   *fakeEvent // to be sent after the next one
	acted  bool
	over   bool
}

func (l *fakeLeg) play() {
	if l.script.missed > 0 && !l.wait(l.script.missed) {
		return
	}
	if l.script.do == actGoneStatus && l.script.after == 0 {
		l.hasActed()
		l.reply(l.w, http.StatusGone, refusal(http.StatusGone, "Expired"))
		return
	}
	if l.script.do == actRewind {
		l.acted, l.at = true, l.at-2
		l.hasActed()
	}
	l.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(l.w).Flush()
	for !l.over {
		if l.due(nil) {
			l.act(nil)
			continue
		}
		events, news := l.since(l.at)
		for _, e := range events {
			if l.over {
				return
			}
			l.event(e)
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-news:
		case <-l.r.Context().Done():
			return
		}
	}
}

// wait until there are so many events that the client has not seen.
func (l *fakeLeg) wait(events int) bool {
	for {
		got, news := l.since(l.at)
		if len(got) >= events {
			return true
		}
		select {
		case <-news:
		case <-l.r.Context().Done():
			return false
		}
	}
}

// due reports whether the leg is to act now: about the event, or nil between two of them.
func (l *fakeLeg) due(e *fakeEvent) bool {
	about := l.script.do >= actLose
	if l.acted || l.script.after < 0 || l.sent < l.script.after || about != (e != nil) {
		return false
	}
	return e == nil || l.script.of == nil || l.script.of(*e)
}

func (l *fakeLeg) event(e fakeEvent) {
	l.at = versionOf(e.Object.Metadata.ResourceVersion)
	if l.due(&e) {
		l.act(&e)
		return
	}
	l.send(e)
	if l.held != nil {
		l.send(*l.held)
		l.held = nil
		l.hasActed()
	}
	if l.due(nil) {
		l.act(nil)
	}
}

// act does what the script says. A held event counts as done when it is sent.
func (l *fakeLeg) act(e *fakeEvent) {
	l.acted = true
	switch l.script.do {
	case actSwap:
		l.held = e
		return
	case actDouble:
		l.send(*e)
		l.send(*e)
	case actEndAfterBookmark:
		l.send(fakeEvent{Type: eventBookmark, Object: apiObject{Metadata: apiMeta{ResourceVersion: versionText(l.at)}}})
		l.over = true
	case actGoneEvent:
		l.send(fakeEvent{Type: eventError, Object: refusal(http.StatusGone, "Expired")})
		l.over = true
	case actEnd:
		l.over = true
	case actMute:
		l.hasActed()
		<-l.r.Context().Done()
		l.over = true
		return
	case actCut:
		l.hasActed()
		panic(http.ErrAbortHandler)
	}
	l.hasActed()
}

func (l *fakeLeg) send(e fakeEvent) {
	l.sent++
	if err := l.lines.Encode(e); err != nil {
		l.over = true
		return
	}
	_ = http.NewResponseController(l.w).Flush()
}
