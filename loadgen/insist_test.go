package loadgen

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// asked is one request as the server of a test saw it.
type asked struct{ path, key, body string }

// shopOf is a server that writes down what it is asked for and lets answer do the rest.
type shopOf struct {
	mu     sync.Mutex
	seen   []asked
	done   map[string]int // by key: how often something was done
	answer func(s *shopOf, nth int, w http.ResponseWriter, a asked)
}

func (s *shopOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a := asked{path: r.Method + " " + r.URL.Path, key: r.Header.Get("Idempotency-Key"), body: string(body)}
	s.mu.Lock()
	s.seen = append(s.seen, a)
	nth := len(s.seen)
	if s.done == nil {
		s.done = map[string]int{}
	}
	s.mu.Unlock()
	w.Header().Set(DefaultPodHeader, "app-1")
	if s.answer != nil {
		s.answer(s, nth, w, a)
	}
}

func (s *shopOf) do(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[key]++
}

func (s *shopOf) paths() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.seen {
		out = append(out, a.path)
	}
	return out
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// transactionAt carries out the transaction of that number at the server.
func transactionAt(t *testing.T, seq uint64, timeout time.Duration, s *shopOf) (record.Transaction, record.Request) {
	t.Helper()
	l := loadOf(t, record.Transactions, timeout).(*transactions)
	r := l.transact(t.Context(), Target{Address: serverOf(t, s.ServeHTTP)}, seq, 0)
	ledger := l.Ledger().Transactions
	if len(ledger) != 1 {
		t.Fatalf("%d entries", len(ledger))
	}
	return ledger[0], r
}

func loadOf(t *testing.T, class record.Class, timeout time.Duration) Load {
	t.Helper()
	l, err := New(Spec{Class: class, Rate: 1, Path: "/", Timeout: timeout}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Numbers of transactions whose answers are all kept, and of which one is thrown away: that of the first step, which wants
// the scarce item, and of the second.
const (
	kept, firstDropped, secondDropped = 0, 3, 8
)

func TestATransactionIsThreeStepsOnTheirOwnKeys(t *testing.T) {
	s := &shopOf{}
	tx, r := transactionAt(t, kept, GiveUpAfter, s)
	if got := s.paths(); !slices.Equal(got, []string{"POST /reserve", "POST /pay", "POST /confirm"}) {
		t.Errorf("%v", got)
	}
	for i, step := range record.Steps() {
		var body struct{ ID, Item string }
		if err := json.Unmarshal([]byte(s.seen[i].body), &body); err != nil || body.ID != tx.ID || body.Item != "plenty-0" {
			t.Errorf("body %q, %v", s.seen[i].body, err)
		}
		if a, ok := tx.Acknowledged(step); !ok || a.Pod != "app-1" || s.seen[i].key != tx.ID+"-"+step {
			t.Errorf("%s: %+v, key %q", step, a, s.seen[i].key)
		}
	}
	if tx.Outcome != record.Confirmed || len(tx.Attempts) != 3 || r.Failed() || r.Code != 200 || r.Tries != 3 || r.Pod != "" || r.Class != record.Transactions {
		t.Errorf("%+v\n%+v", tx, r)
	}
	if r.Start != tx.Began || r.End < tx.Attempts[2].Ended || r.Connected < r.Start || r.FirstByte < r.Connected {
		t.Errorf("times that contradict each other: %+v", r)
	}
}

func TestAnAnswerThatIsLostIsAskedForAgainWithTheSameKey(t *testing.T) {
	s := &shopOf{answer: func(s *shopOf, nth int, w http.ResponseWriter, a asked) {
		s.do(a.key)
		if nth == 2 { // pay is done, and its answer never comes
			hangUp(w)
		}
	}}
	tx, r := transactionAt(t, kept, GiveUpAfter, s)
	if tx.Outcome != record.Confirmed || len(tx.Attempts) != 4 || r.Failed() {
		t.Fatalf("%+v", tx)
	}
	if first, again := tx.Attempts[1], tx.Attempts[2]; first.Kind != record.ErrEOF || first.Code != 0 || first.OK() || !again.OK() || s.seen[1] != s.seen[2] {
		t.Errorf("%+v then %+v; %+v then %+v", first, again, s.seen[1], s.seen[2])
	}
	if s.done[tx.ID+"-pay"] != 2 {
		t.Errorf("this server does twice what it is asked for twice: %v", s.done)
	}
}

func TestAnAnswerThatIsThrownAwayOnPurposeIsAskedForAgain(t *testing.T) {
	s := &shopOf{answer: func(s *shopOf, _ int, _ http.ResponseWriter, a asked) { s.do(a.key) }}
	tx, r := transactionAt(t, secondDropped, GiveUpAfter, s)
	if tx.Outcome != record.Confirmed || len(tx.Attempts) != 4 || r.Failed() || r.Tries != 4 {
		t.Fatalf("%+v", tx)
	}
	if a := tx.Attempts[1]; !a.Dropped || a.OK() || a.Step != record.Pay || a.Code != 200 {
		t.Errorf("%+v", a)
	}
	if again := tx.Attempts[2]; again.Dropped || again.Step != record.Pay || !again.OK() {
		t.Errorf("%+v", again)
	}
	if s.done[tx.ID+"-pay"] != 2 || s.done[tx.ID+"-reserve"] != 1 {
		t.Errorf("%v", s.done)
	}
}

func TestAServiceThatIsAtFaultIsAskedAgainAndOneThatRefusesIsNot(t *testing.T) {
	for code, again := range map[int]bool{500: true, 503: true, 429: true, 400: false, 404: false, 409: false} {
		s := &shopOf{answer: func(_ *shopOf, nth int, w http.ResponseWriter, _ asked) {
			if nth == 2 {
				w.WriteHeader(code)
			}
		}}
		tx, r := transactionAt(t, kept, GiveUpAfter, s)
		if again != (tx.Outcome == record.Confirmed) || again == r.Failed() {
			t.Errorf("%d: %+v", code, tx)
		}
		if !again && (tx.Outcome != record.Indeterminate || len(s.paths()) != 2 || r.ErrKind != record.ErrStatus || r.Code != code) {
			t.Errorf("%d in the second step: %s after %v, %+v", code, tx.Outcome, s.paths(), r)
		}
	}
}

func TestSoldOutIsAnAnswerAndNoFailure(t *testing.T) {
	s := &shopOf{answer: func(_ *shopOf, _ int, w http.ResponseWriter, _ asked) { w.WriteHeader(http.StatusConflict) }}
	for _, seq := range []uint64{kept, firstDropped} {
		tx, r := transactionAt(t, seq, GiveUpAfter, s)
		if tx.Outcome != record.Refused || r.Failed() || r.Code != http.StatusConflict {
			t.Errorf("%+v\n%+v", tx, r)
		}
	}
	if tx, _ := transactionAt(t, firstDropped, GiveUpAfter, s); tx.Item != record.ScarceItem || len(tx.Attempts) != 2 || !tx.Attempts[0].Dropped {
		t.Errorf("the first answer about the scarce item is thrown away, too: %+v", tx)
	}
}

func TestAClientGivesUpAndSaysThatItDoesNotKnow(t *testing.T) {
	for name, s := range map[string]*shopOf{
		"no answer": {answer: func(_ *shopOf, nth int, w http.ResponseWriter, _ asked) {
			if nth > 1 {
				hangUp(w)
			}
		}},
		"always at fault": {answer: func(_ *shopOf, nth int, w http.ResponseWriter, _ asked) {
			if nth > 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}},
		"only thrown away": {},
	} {
		seq := uint64(kept)
		timeout := 350 * time.Millisecond
		if name == "only thrown away" {
			seq, timeout = secondDropped, time.Millisecond // no time is left for a second attempt
		}
		tx, r := transactionAt(t, seq, timeout, s)
		if tx.Outcome != record.Indeterminate || tx.Canceled || !r.Failed() {
			t.Errorf("%s: %+v, %+v", name, tx, r)
		}
		if _, ok := tx.Acknowledged(record.Reserve); !ok {
			t.Errorf("%s: the first step was answered: %+v", name, tx)
		}
		if last := tx.Attempts[len(tx.Attempts)-1]; last.Step != record.Pay {
			t.Errorf("%s: went on to %s", name, last.Step)
		}
	}
}

func TestAnUnreachableServiceIsDialledUntilTheClientGivesUp(t *testing.T) {
	l := loadOf(t, record.Transactions, 350*time.Millisecond).(*transactions)
	r := l.transact(t.Context(), Target{Address: "127.0.0.1:1"}, kept, 0)
	tx := l.Ledger().Transactions[0]
	if tx.Outcome != record.Indeterminate || len(tx.Attempts) < 2 || r.ErrKind != record.ErrRefused || r.Connected != 0 || r.Dials != 1 {
		t.Errorf("%+v, %+v", tx, r)
	}
}

func TestWhatTheHarnessItselfCutsOffSaysNothingOfTheService(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &shopOf{answer: func(_ *shopOf, nth int, w http.ResponseWriter, _ asked) {
		if nth == 2 {
			cancel()
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}}
	l := loadOf(t, record.Transactions, GiveUpAfter).(*transactions)
	r := l.transact(ctx, Target{Address: serverOf(t, s.ServeHTTP)}, kept, 0)
	if tx := l.Ledger().Transactions[0]; !tx.Canceled || r.Failed() || r.ErrKind != record.ErrCanceled {
		t.Errorf("%+v, %+v", tx, r)
	}
}

func TestAJobIsInTheLedgerWithWhetherItWasAcknowledged(t *testing.T) {
	s := &shopOf{answer: func(s *shopOf, _ int, _ http.ResponseWriter, a asked) { s.do(a.key) }}
	l := loadOf(t, record.Jobs, GiveUpAfter).(*jobs)
	at := Target{Address: serverOf(t, s.ServeHTTP)}
	for seq := range uint64(5) {
		if r := l.enqueue(t.Context(), at, seq, 0); r.Failed() || r.Class != record.Jobs {
			t.Errorf("%+v", r)
		}
	}
	all := l.Ledger().Jobs
	takes := map[time.Duration]bool{}
	for i, j := range all {
		var body struct{ ID, Takes string }
		if err := json.Unmarshal([]byte(s.seen[i].body), &body); err != nil {
			t.Fatal(err)
		}
		takes[j.Takes] = true
		dropped := i == firstDropped
		if !j.Acknowledged || (len(j.Attempts) == 2) != dropped || j.Attempts[0].Dropped != dropped || j.Attempts[0].Step != record.Enqueue {
			t.Errorf("%d: %+v", i, j)
		}
		if want := 1 + len(j.Attempts) - 1; s.done[j.ID] != want {
			t.Errorf("%s: asked for %d times, want %d", j.ID, s.done[j.ID], want)
		}
	}
	if len(all) != 5 || len(takes) != 5 || slices.Min(slices.Collect(maps.Keys(takes))) != time.Second {
		t.Errorf("%d jobs that take %v", len(all), takes)
	}
	lost := loadOf(t, record.Jobs, time.Millisecond).(*jobs)
	lost.enqueue(t.Context(), Target{Address: "127.0.0.1:1"}, 0, 0)
	if j := lost.Ledger().Jobs[0]; j.Acknowledged || j.Canceled {
		t.Errorf("%+v", j)
	}
}

func TestALoadOfTransactionsMakesOneRequestOfEach(t *testing.T) {
	s := &shopOf{}
	enough := make(chan struct{})
	var once sync.Once
	s.answer = func(_ *shopOf, nth int, _ http.ResponseWriter, _ asked) {
		if nth >= 20 {
			once.Do(func() { close(enough) })
		}
	}
	l, err := New(Spec{Class: record.Transactions, Rate: 50, Path: "/"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []record.Request
	err = l.Run(t.Context(), enough, Target{Address: serverOf(t, s.ServeHTTP)}, func(r record.Request) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, r)
	})
	ledger := l.(Ledgered).Ledger().Transactions
	if err != nil || len(all) == 0 || len(all) != len(ledger) || l.Progress().Begun != uint64(len(all)) {
		t.Fatalf("%d requests, %d entries, %d begun, error %v", len(all), len(ledger), l.Progress().Begun, err)
	}
	names := map[string]bool{}
	for _, tx := range ledger {
		names[tx.ID] = true
		if tx.Outcome != record.Confirmed || !slices.ContainsFunc(all, func(r record.Request) bool { return r.Due == tx.Due }) {
			t.Errorf("%+v", tx)
		}
	}
	if len(names) != len(ledger) {
		t.Errorf("%d names of %d transactions", len(names), len(ledger))
	}
}
