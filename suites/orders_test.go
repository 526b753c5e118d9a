package suites

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/assertions"
	"github.com/lastcall-dev/lastcall/fixtures/apps/graceful/server"
	"github.com/lastcall-dev/lastcall/fixtures/database"
	"github.com/lastcall-dev/lastcall/loadgen"
	"github.com/lastcall-dev/lastcall/record"
)

// patient bounds every wait of these tests.
const patient = time.Minute

// written is a log that may be read while it is written.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) lines() [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Split(bytes.Clone(w.text.Bytes()), []byte("\n"))
}

// served is a server of the box, in this process.
type served struct {
	log     written
	signals chan os.Signal
	code    chan int
	address string
}

func serve(t *testing.T, pod, url string, habits server.Habits, lameDuck time.Duration) *served {
	t.Helper()
	s := &served{signals: make(chan os.Signal, 2), code: make(chan int, 1)}
	cfg := server.Config{Name: "graceful", Pod: pod, Address: "127.0.0.1:0", LameDuck: lameDuck, Shutdown: 50 * time.Second, Grace: patient, Database: url, Habits: habits}
	go func() { s.code <- server.New(cfg, server.NewLog(&s.log, time.Now())).Run(t.Context(), s.signals) }()
	eventually(t, "the server is ready", func() bool {
		var started struct{ Address string }
		lines := s.log.lines()
		if len(lines) < 3 || json.Unmarshal(lines[0], &started) != nil { // started, ready, and the rest of the text
			return false
		}
		s.address = started.Address
		return true
	})
	return s
}

func (s *served) end(t *testing.T) {
	t.Helper()
	s.signals <- syscall.SIGTERM
	select {
	case code := <-s.code:
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(patient):
		t.Fatal("the server does not end")
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patient); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// send runs a load of the class until it has begun so many.
func send(t *testing.T, class record.Class, rate float64, least uint64, to string, origin time.Time) record.Ledger {
	t.Helper()
	load, err := loadgen.New(loadgen.Spec{Class: class, Rate: rate, Path: "/"}, origin)
	if err != nil {
		t.Fatal(err)
	}
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- load.Run(t.Context(), stop, loadgen.Target{Address: to}, func(record.Request) {}) }()
	eventually(t, "enough was sent", func() bool { return load.Progress().Begun >= least })
	close(stop)
	// How late the generator was on a busy machine is none of this test's concern.
	if err := <-ended; err != nil && !errors.Is(err, loadgen.ErrBehind) {
		t.Fatal(err)
	}
	return load.(loadgen.Ledgered).Ledger()
}

// The whole way, without a cluster: real clients, the application, a real database, its audit and the checks.
func TestWhatIsWrongWithOrdersAndJobsIsFoundInTheDatabaseWithItsCause(t *testing.T) {
	for name, c := range map[string]struct {
		habits       server.Habits
		lameDuck     time.Duration
		orders, jobs string // diagnoses; "": passes
	}{
		"graceful":           {},
		"acknowledges-early": {habits: server.Habits{ConfirmLate: time.Hour}, orders: "F19"},
		"pays-apart":         {habits: server.Habits{WithdrawLate: time.Hour}, orders: "F18"},
		"ignores-keys":       {habits: server.Habits{IgnoreKeys: true}, orders: "F20", jobs: "F20"},
		"takes-on":           {habits: server.Habits{TakeOn: true}, lameDuck: 5 * time.Second, jobs: "F33"},
	} {
		t.Run(name, func(t *testing.T) {
			run := ordered(t, c.habits, max(c.lameDuck, 100*time.Millisecond))
			assertions.Judge(run)
			for check, want := range map[string]string{"transaction-completion": c.orders, "jobs-exactly-once": c.jobs} {
				i := slices.IndexFunc(run.Findings, func(f record.Finding) bool { return f.Check == check })
				verdict := record.Pass
				if want != "" {
					verdict = record.Fail
				}
				if f := run.Findings[i]; f.Verdict != verdict || f.Diagnosis != want {
					t.Errorf("%s: %s %q, want %s %q: %s", check, f.Verdict, f.Diagnosis, verdict, want, f.Message)
				}
			}
		})
	}
}

// ordered lets clients order at a server that then ends, another one do the jobs that are left, and reads the database.
func ordered(t *testing.T, habits server.Habits, lameDuck time.Duration) *record.Run {
	t.Helper()
	store, err := database.StartLocal(t.Context(), database.LocalOptions{})
	if errors.Is(err, database.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patient)
		defer cancel()
		if err := store.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	origin := time.Now()
	run := &record.Run{
		Schema: record.Schema, SLO: record.DefaultSLO(), Pods: []record.Pod{{Name: "first"}, {Name: "second"}},
		Loads: []record.Load{{Class: record.Transactions, Rate: 20}, {Class: record.Jobs, Rate: 10}},
	}
	first := serve(t, "first", store.URL(), habits, lameDuck)
	run.Ledger.Append(send(t, record.Transactions, 20, 20, first.address, origin))
	run.Ledger.Append(send(t, record.Jobs, 10, 5, first.address, origin))
	asked := time.Since(origin)
	run.Events = append(run.Events, record.Event{At: asked, Source: record.SourcePod, Kind: record.PodTerminating, Object: "first"})
	first.end(t)
	for _, line := range first.log.lines() {
		if e, wall, ok := record.Lifecycle(line); ok {
			e.At, e.Object = wall.Sub(origin.Round(0)), "first"
			run.Events = append(run.Events, e)
		}
	}
	second := serve(t, "second", store.URL(), server.Habits{}, 100*time.Millisecond)
	run.Audit = database.Audit(t.Context(), store.Connect, origin)
	run.Ended = time.Since(origin)
	second.end(t)
	return run
}
