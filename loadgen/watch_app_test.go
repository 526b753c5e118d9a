package loadgen

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// watchLeg is what the test's watch server tells over one connection.
type watchLeg struct {
	versions []uint64
	bookmark uint64 // its last word; 0: none
	end      string // inOrder, cutOff or hang
	status   int    // 0: 200
}

// watched is a watch server that tells what it is told to; its last list and its last leg are repeated.
type watched struct {
	lists []uint64
	legs  []watchLeg

	mu     sync.Mutex
	listed int
	since  []string
}

func (s *watched) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	version := s.lists[min(s.listed, len(s.lists)-1)]
	leg := s.legs[min(len(s.since), len(s.legs)-1)]
	if list := r.FormValue("list") == "true"; list {
		s.listed++
		s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]uint64{"version": version})
		return
	}
	s.since = append(s.since, r.FormValue("since"))
	s.mu.Unlock()
	w.Header().Set(DefaultPodHeader, podName)
	if leg.status != 0 {
		w.WriteHeader(leg.status)
		return
	}
	for _, v := range leg.versions {
		_, _ = fmt.Fprintf(w, `{"type":"event","version":%d}`+"\n", v)
	}
	if leg.bookmark > 0 {
		_, _ = fmt.Fprintf(w, `{"type":"bookmark","version":%d}`+"\n", leg.bookmark)
	}
	_ = http.NewResponseController(w).Flush()
	switch leg.end {
	case cutOff:
		panic(http.ErrAbortHandler)
	case hang:
		<-r.Context().Done()
	}
}

func followWatch(t *testing.T, l *lasting, handler http.Handler) record.Watch {
	t.Helper()
	kept := l.follow(t.Context(), l, Target{Address: serverOf(t, handler.ServeHTTP)}, l.now())
	if len(kept.Watches) != 1 {
		t.Fatalf("%d watches", len(kept.Watches))
	}
	return kept.Watches[0]
}

func watchEnds(w record.Watch) string {
	var out []string
	for _, leg := range w.Legs {
		out = append(out, leg.End)
	}
	return strings.Join(out, ", ")
}

func TestAWatchIsFollowedAcrossReconnects(t *testing.T) {
	whole := watchLeg{versions: []uint64{11, 12, 13, 14, 15}, end: hang}
	for name, c := range map[string]struct {
		legs        []watchLeg
		ends, since string
		flaws       []record.Flaw // without their times
	}{
		"all events": {[]watchLeg{whole}, "done", "10", nil},
		"one lost":   {[]watchLeg{{versions: []uint64{11, 12, 14, 15}, end: hang}}, "done", "10", []record.Flaw{{Kind: record.FlawMissing, From: 13, To: 13}}},
		"one doubled": {[]watchLeg{{versions: []uint64{11, 12, 12, 13, 14, 15}, end: hang}}, "done", "10",
			[]record.Flaw{{Kind: record.FlawDoubled, From: 12, To: 12}}},
		"two swapped": {[]watchLeg{{versions: []uint64{11, 13, 12, 14, 15}, end: hang}}, "done", "10",
			[]record.Flaw{{Kind: record.FlawDisordered, From: 12, To: 12}}},
		"ended with a bookmark, and resumed": {[]watchLeg{{versions: []uint64{11, 12}, bookmark: 12}, {versions: []uint64{13, 14, 15}, end: hang}},
			"bookmark, done", "10,12", nil},
		"ended without one, and resumed": {[]watchLeg{{versions: []uint64{11, 12}}, {versions: []uint64{13, 14, 15}, end: hang}}, "clean, done", "10,12", nil},
		"cut, and resumed":               {[]watchLeg{{versions: []uint64{11, 12}, end: cutOff}, {versions: []uint64{13, 14, 15}, end: hang}}, "cut, done", "10,12", nil},
		"silent, and resumed":            {[]watchLeg{{versions: []uint64{11, 12}, end: hang}, {versions: []uint64{13, 14, 15}, end: hang}}, "silent, done", "10,12", nil},
		"turned away, and resumed":       {[]watchLeg{{status: 503}, whole}, "cut, done", "10,10", nil},
		"a gap after a reconnect": {[]watchLeg{{versions: []uint64{11}, bookmark: 11}, {versions: []uint64{14, 15}, end: hang}}, "bookmark, done", "10,11",
			[]record.Flaw{{Kind: record.FlawMissing, From: 12, To: 13, Leg: 1}}},
		"resumed too early": {[]watchLeg{{versions: []uint64{11, 12}}, {versions: []uint64{12, 13, 14, 15}, end: hang}}, "clean, done", "10,12",
			[]record.Flaw{{Kind: record.FlawDoubled, From: 12, To: 12, Leg: 1}}},
		"a bookmark that skips an event": {[]watchLeg{{versions: []uint64{11}, bookmark: 13}, {versions: []uint64{14, 15}, end: hang}}, "bookmark, done", "10,13",
			[]record.Flaw{{Kind: record.FlawMissing, From: 12, To: 13, Leg: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			server := &watched{lists: []uint64{10, 15}, legs: c.legs}
			l := lastingOf(t, Spec{Class: record.AppWatch, Path: "/watch"})
			l.silence = 500 * time.Millisecond
			w := followWatch(t, l, server)
			if watchEnds(w) != c.ends || strings.Join(server.since, ",") != c.since {
				t.Errorf("ends %s, want %s; resumed from %q, want %s", watchEnds(w), c.ends, server.since, c.since)
			}
			missing, doubled, disordered := 0, 0, 0
			for i := range w.Flaws {
				w.Flaws[i].At = 0
				if i >= len(c.flaws) || w.Flaws[i] != c.flaws[i] {
					t.Errorf("flaw %+v, want %+v", w.Flaws[i], c.flaws)
				}
			}
			for _, f := range c.flaws {
				n := map[record.FlawKind]*int{record.FlawMissing: &missing, record.FlawDoubled: &doubled, record.FlawDisordered: &disordered}[f.Kind]
				*n += f.Count()
			}
			if w.Missing != missing || w.Doubled != doubled || w.Disordered != disordered || len(w.Flaws) != len(c.flaws) || w.Seen != 5-missing {
				t.Errorf("%+v", w)
			}
			if w.First != 11 || w.Last != 15 || w.Canceled || w.Error != "" || w.Source != record.WatchesApp || w.What != "/watch" || w.Legs[0].Pod != podName {
				t.Errorf("%+v", w)
			}
		})
	}
}

func TestAWatchThatIsTooOldIsTakenUpAgainByAListThatIsAccountedFor(t *testing.T) {
	server := &watched{lists: []uint64{10, 15, 14}, legs: []watchLeg{{versions: []uint64{11}}, {status: http.StatusGone}, {versions: []uint64{15}, end: hang}}}
	w := followWatch(t, lastingOf(t, Spec{Class: record.AppWatch, Path: "/watch"}), server)
	if watchEnds(w) != "clean, 410, done" || strings.Join(server.since, ",") != "10,11,14" || w.Missing != 0 || w.Seen != 2 {
		t.Errorf("%s, resumed from %v: %+v", watchEnds(w), server.since, w)
	}
	if len(w.Relists) != 1 || w.Relists[0].From != 11 || w.Relists[0].To != 14 || w.Relists[0].At == 0 {
		t.Errorf("%+v", w.Relists)
	}
}

func TestAWatchWhoseLastEventsNeverComeMissesThem(t *testing.T) {
	server := &watched{lists: []uint64{10, 15}, legs: []watchLeg{{versions: []uint64{11, 12, 13}, end: hang}}}
	w := followWatch(t, lastingOf(t, Spec{Class: record.AppWatch, Path: "/watch", Timeout: 500 * time.Millisecond}), server)
	if w.Missing != 2 || len(w.Flaws) != 1 || w.Flaws[0].From != 14 || w.Flaws[0].To != 15 || w.Canceled {
		t.Errorf("%+v", w)
	}
	// One that shows nothing at all is asked for by its list alone.
	server = &watched{lists: []uint64{10, 12}, legs: []watchLeg{{end: hang}}}
	w = followWatch(t, lastingOf(t, Spec{Class: record.AppWatch, Path: "/watch", Timeout: 300 * time.Millisecond}), server)
	if w.Missing != 2 || w.Seen != 0 || w.Last != 12 {
		t.Errorf("%+v", w)
	}
}

func TestAWatchWhoseEndsAreNotKnownSaysSo(t *testing.T) {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	w := followWatch(t, lastingOf(t, Spec{Class: record.AppWatch, Path: "/watch", Timeout: 2 * time.Second}), refuse)
	if w.First != 0 || w.Last != 0 || w.Missing != 0 || !strings.Contains(w.Error, "status 503") || len(w.Legs) != 0 {
		t.Errorf("%+v", w)
	}
	for name, sent := range map[string]string{"no JSON": "<html>", "no version": "{}", "a text": `{"version":"x"}`, "none that can be": `{"version":18446744073709551615}`} {
		nonsense := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, sent) })
		w := followWatch(t, lastingOf(t, Spec{Class: record.AppWatch, Path: "/watch", Timeout: 200 * time.Millisecond}), nonsense)
		if w.First != 0 || w.Error == "" || strings.Contains(w.Error, "html") {
			t.Errorf("%s: %+v", name, w)
		}
	}
}

func TestALineThatIsNoEventCutsAWatch(t *testing.T) {
	for _, sent := range []string{"{}\n", "nonsense\n", `{"type":"event"}` + "\n", `{"type":"event","version":-1}` + "\n", `{"type":"other","version":3}` + "\n",
		`{"type":"event","version":18446744073709551615}` + "\n"} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("list") == "true" {
				_, _ = io.WriteString(w, `{"version":10}`)
				return
			}
			_, _ = io.WriteString(w, sent)
		})
		w := followWatch(t, lastingOf(t, Spec{Class: record.AppWatch, Path: "/watch", Timeout: 200 * time.Millisecond}), handler)
		if w.Legs[0].End != record.WatchCut || w.Legs[0].Kind != record.ErrOther || w.Seen != 0 {
			t.Errorf("%q: %+v", sent, w)
		}
	}
}
