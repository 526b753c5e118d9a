package loadgen

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestAWriterWritesDownWhatWasAcknowledged(t *testing.T) {
	f := newFakeAPI(t)
	f.changes = 40
	k := f.keep(swift())
	n := k.outcomes()
	if n["create acknowledged"] < 4 || n["update acknowledged"] < 4 || n["delete acknowledged"] < 1 || n["update refused as expected"] < 2 ||
		len(n) != 4 {
		t.Errorf("%v", n)
	}
	due := 0
	for i, w := range k.Writes {
		if w.Sequence != i+1 || w.Began > w.Ended || w.Writer == "" || w.Object == "" ||
			w.Stale != (w.Outcome == record.WriteConflicted) || (w.Sent == "") != (w.Verb == record.VerbCreate) ||
			(w.Returned == "") != (w.Verb == record.VerbDelete || w.Stale) {
			t.Errorf("%+v", w)
		}
		if w.Due > 0 {
			due++
		}
	}
	if due != len(k.requests) {
		t.Errorf("%d requests for %d attempts that were due", len(k.requests), due)
	}
	for _, r := range k.requests {
		if r.Failed() || r.Class != record.APIObjects || r.Connected == 0 || r.FirstByte == 0 || r.Code == 0 || strings.Contains(r.Path, "lastcall") {
			t.Errorf("%+v", r)
		}
	}
	if k.listing.Error != "" || k.listing.Tries != 1 || len(k.listing.Objects) < workingSet || k.listing.Writer != k.Writes[0].Writer {
		t.Errorf("%+v", k.listing)
	}
	for _, check := range []string{"acknowledged-writes", "watch-continuity"} {
		if found := k.judge(t, check); found.Verdict != record.Pass {
			t.Errorf("%+v", found)
		}
	}
	if w := k.objects; w.Seen < 20 || w.First == 0 || w.Last <= w.First || w.Error != "" || w.Canceled || w.Ended == 0 || len(w.Legs) == 0 || w.Legs[len(w.Legs)-1].End != record.WatchDone {
		t.Errorf("%+v", w)
	}
	if w := k.pods; w.Error != "" || w.What != "pods" || w.Last != 100 || w.Canceled {
		t.Errorf("%+v", w)
	}
}

// oneFate gives one change of the method, and not one of the first few, the fate.
func oneFate(method string, fate writeFate) func(int, string) writeFate {
	var mu sync.Mutex
	happened := false
	return func(n int, m string) writeFate {
		mu.Lock()
		defer mu.Unlock()
		if happened || m != method || n < 4 {
			return fateAnswer
		}
		happened = true
		return fate
	}
}

func TestAnAttemptWhoseAnswerIsLostIsResolvedByARead(t *testing.T) {
	for what, c := range map[string]struct {
		fate writeFate
		want record.Resolution
	}{
		"done and not answered":  {fateLoseIt, record.WriteDone},
		"not done":               {fateIgnore, record.WriteNotDone},
		"done and said to fail":  {fateFail, record.WriteDone},
		"done after it was read": {fateDoLate, record.WriteDone},
	} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			t.Run(what+" "+method, func(t *testing.T) {
				t.Parallel()
				f := newFakeAPI(t)
				f.write, f.changes = oneFate(method, c.fate), 45
				k := f.keep(swift())
				var lost []record.Write
				for _, w := range k.Writes {
					if w.Outcome == record.WriteIndeterminate {
						lost = append(lost, w)
					}
				}
				if len(lost) != 1 || methods[lost[0].Verb] != method || lost[0].Resolved != c.want {
					t.Errorf("%+v", lost)
				}
				if n := k.outcomes(); n["get acknowledged"] == 0 {
					t.Errorf("nothing was read: %v", n)
				}
				for _, check := range []string{"acknowledged-writes", "watch-continuity"} {
					if found := k.judge(t, check); found.Verdict != record.Pass {
						t.Errorf("%+v", found)
					}
				}
			})
		}
	}
}

func TestAnAttemptThatIsTurnedAwayIsMadeAgain(t *testing.T) {
	f := newFakeAPI(t)
	f.write = oneFate(http.MethodPut, fateShed)
	k := f.keep(swift())
	turned := 0
	for _, w := range k.Writes {
		if w.Outcome == record.WriteRefused {
			turned++
			if w.Code != http.StatusTooManyRequests || w.Kind != record.ErrStatus {
				t.Errorf("%+v", w)
			}
		}
	}
	if n := k.outcomes(); turned != 1 || n["update indeterminate"] > 0 {
		t.Errorf("%v", n)
	}
	retryAfter := 0
	for _, r := range k.requests {
		if r.Failed() && r.RetryAfter == time.Second {
			retryAfter++
		}
	}
	if retryAfter != 1 || k.judge(t, "acknowledged-writes").Verdict != record.Pass {
		t.Errorf("%d requests, %+v", retryAfter, k.judge(t, "acknowledged-writes"))
	}
}

func TestAnAPIServerThatDoesNotDoWhatItSaysIsCaught(t *testing.T) {
	for what, c := range map[string]struct {
		method string
		fate   writeFate
		words  string
	}{
		"forgets a create":  {http.MethodPost, fatePretend, "was not there"},
		"forgets an update": {http.MethodPut, fatePretend, "carried number"},
		"forgets a delete":  {http.MethodDelete, fatePretend, "carried number"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFakeAPI(t)
			f.write, f.changes = oneFate(c.method, c.fate), 45
			found := f.keep(swift()).judge(t, "acknowledged-writes")
			if found.Verdict != record.Fail || found.Measured.Value != 1 || !strings.Contains(found.Message, c.words) {
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestAnAPIServerThatTakesAStaleVersionIsCaught(t *testing.T) {
	f := newFakeAPI(t)
	f.write = func(int, string) writeFate { return fateOverlook }
	found := f.keep(swift()).judge(t, "acknowledged-writes")
	if found.Verdict != record.Fail || !strings.Contains(found.Message, "overwrote") {
		t.Errorf("%+v", found)
	}
}

func TestTheLastWriteAndTheLastListAreAskedForUntilTheyAreAnswered(t *testing.T) {
	f := newFakeAPI(t)
	f.away[http.MethodPost], f.away[http.MethodGet] = 3, 3
	k := f.keep(swift())
	if k.listing.Error != "" || k.listing.Tries < 3 {
		t.Errorf("%+v", k.listing)
	}
	lost := 0
	for _, w := range k.Writes {
		if w.Verb == record.VerbCreate && w.Outcome == record.WriteIndeterminate {
			lost++
			if w.Resolved != record.WriteNotDone {
				t.Errorf("%+v", w)
			}
		}
	}
	if last := k.Writes[len(k.Writes)-1]; lost != 3 || last.Due != 0 || last.Outcome != record.WriteAcknowledged {
		t.Errorf("%d lost, the last one %+v", lost, last)
	}
	for _, check := range []string{"acknowledged-writes", "watch-continuity"} {
		if found := k.judge(t, check); found.Verdict != record.Pass {
			t.Errorf("%+v", found)
		}
	}
}

func TestWithoutALastListNothingIsDecided(t *testing.T) {
	f := newFakeAPI(t)
	pace := swift()
	pace.final = time.Nanosecond
	k := f.keep(pace)
	if k.listing.Error == "" || k.listing.Version != "" {
		t.Errorf("%+v", k.listing)
	}
	if found := k.judge(t, "acknowledged-writes"); found.Verdict != record.Unknown || !strings.Contains(found.Message, "not known") {
		t.Errorf("%+v", found)
	}
	if found := k.judge(t, "watch-continuity"); found.Verdict != record.Unknown || !strings.Contains(found.Message, "no last list") {
		t.Errorf("%+v", found)
	}
}

func TestAWriterNeedsAnAPI(t *testing.T) {
	load, err := New(Spec{Class: record.APIObjects, Rate: 1, Path: "/x"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := load.Run(t.Context(), nil, Target{}, nil); !errors.Is(err, errNoAPI) {
		t.Error(err)
	}
	if err := load.Run(t.Context(), nil, Target{API: &API{CA: []byte("none")}}, nil); err == nil {
		t.Error("a CA that is none is taken")
	}
}
