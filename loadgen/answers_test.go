package loadgen

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func serverOf(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// one runs a load until the server has been asked once, and returns the first record.
func one(t *testing.T, s Spec, handler http.HandlerFunc) record.Request {
	t.Helper()
	asked := make(chan struct{})
	var requests atomic.Int64
	address := serverOf(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			close(asked)
		}
		handler(w, r)
	})
	s.Rate = 20
	if s.Path == "" {
		s.Path = "/"
	}
	if s.Class == "" {
		s.Class = record.NewFast
	}
	all := send(t, s, address, asked)
	if len(all) == 0 {
		t.Fatal("nothing was recorded")
	}
	return all[0]
}

func digestOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func TestABodyIsCheckedAgainstItsDigest(t *testing.T) {
	for name, c := range map[string]struct {
		digest string
		want   record.ErrKind
	}{
		"right":                   {digestOf("body"), record.NoError},
		"right, among others":     {"sha-512=:AAAA:, " + digestOf("body") + ";q=1", record.NoError},
		"none":                    {"", record.NoError},
		"of an unknown algorithm": {"sha-512=:AAAA:", record.NoError},
		"wrong":                   {digestOf("bodY"), record.ErrChecksum},
		"unreadable":              {"sha-256=:%%%:", record.ErrChecksum},
	} {
		t.Run(name, func(t *testing.T) {
			r := one(t, Spec{}, func(w http.ResponseWriter, _ *http.Request) {
				if c.digest != "" {
					w.Header().Set("Content-Digest", c.digest)
				}
				_, _ = io.WriteString(w, "body")
			})
			if r.ErrKind != c.want || r.Bytes != 4 || r.Want != 4 || r.Code != 200 {
				t.Errorf("want %q, got %+v", c.want, r)
			}
		})
	}
}

func TestAStatusThatWasNotAskedForIsAFailure(t *testing.T) {
	unavailable := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Pod-Name", "busy")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	if r := one(t, Spec{}, unavailable); r.ErrKind != record.ErrStatus || r.Code != 503 || r.Pod != "busy" || r.Error != "status 503" {
		t.Errorf("got %+v", r)
	}
	if r := one(t, Spec{Expect: 503}, unavailable); r.ErrKind != record.NoError {
		t.Errorf("an expected 503 is recorded as %+v", r)
	}
}

func TestARedirectIsAnAnswerAndNotFollowed(t *testing.T) {
	r := one(t, Spec{}, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	if r.Code != http.StatusFound || r.ErrKind != record.ErrStatus || r.Path != "/" {
		t.Errorf("got %+v", r)
	}
}

func TestConnectionCloseIsRecordedAndObeyed(t *testing.T) {
	var asked atomic.Int64
	enough := make(chan struct{})
	address := serverOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		if asked.Add(1) == 10 {
			close(enough)
		}
	})
	for _, r := range send(t, Spec{Class: record.ReusedFast, Rate: 200, Path: "/", Connections: 2}, address, enough) {
		if !r.Close || r.Reused != 0 || r.Failed() {
			t.Errorf("got %+v", r)
		}
	}
}

func TestANewConnectionClassDoesNotAskTheServerToClose(t *testing.T) {
	header := make(chan http.Header, 1)
	r := one(t, Spec{Header: map[string]string{"X-Mine": "yes"}}, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case header <- r.Header:
		default:
		}
	})
	got := <-header
	if got.Get("X-Mine") != "yes" || got.Get("Connection") != "" || got.Get(sequence) != "" || r.Close {
		t.Errorf("the server saw %v; recorded %+v", got, r)
	}
}

func TestNoAnswerWithinTheLimitIsATimeout(t *testing.T) {
	for name, partly := range map[string]bool{"no byte": false, "body cut by the limit": true} {
		t.Run(name, func(t *testing.T) {
			r := one(t, Spec{Timeout: 100 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
				if partly {
					w.Header().Set("Content-Length", "10")
					_, _ = io.WriteString(w, "begun")
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			if r.ErrKind != record.ErrTimeout || r.End-r.Start < 100*time.Millisecond || (r.FirstByte > 0) != partly {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestWhatTheHardDeadlineCutsOffIsCanceledAndNoFailure(t *testing.T) {
	asked := make(chan struct{}, 100)
	address := serverOf(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	load, err := New(Spec{Class: record.NewSlow, Rate: 50, Path: "/", Takes: time.Hour}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	var failed, canceled atomic.Int64
	err = load.Run(ctx, nil, Target{Address: address}, func(r record.Request) {
		if r.Failed() {
			failed.Add(1)
		}
		if r.ErrKind == record.ErrCanceled {
			canceled.Add(1)
		}
	})
	if !errors.Is(err, context.Canceled) || failed.Load() > 0 || canceled.Load() == 0 {
		t.Errorf("%v; %d failed, %d canceled", err, failed.Load(), canceled.Load())
	}
}

func TestStopWaitsForWhatIsInFlight(t *testing.T) {
	asked, release := make(chan struct{}, 100), make(chan struct{})
	body := strings.Repeat("slow ", 1000)
	address := serverOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Pod-Name", podName)
		w.Header().Set("Content-Digest", digestOf(body))
		w.Header().Set("Content-Length", "5000")
		_, _ = io.WriteString(w, body[:10])
		_ = http.NewResponseController(w).Flush()
		asked <- struct{}{}
		<-release
		_, _ = io.WriteString(w, body[10:])
	})
	load, err := New(Spec{Class: record.NewSlow, Rate: 50, Path: "/", Takes: time.Minute}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	go func() {
		<-asked
		close(stop)
		listed(load)
		close(release)
	}()
	requests, err := runLoad(t, load, address, stop)
	if err != nil || len(requests) == 0 || tally(requests)[record.NoError] != int64(len(requests)) {
		t.Errorf("%v; %v", err, tally(requests))
	}
	if flights := load.Progress().InFlight; len(flights) != 0 {
		t.Errorf("still in flight after the end: %v", flights)
	}
}

// listed waits until the load names a request in flight with its pod. If it never does, the test times out.
func listed(load Load) {
	for {
		for _, f := range load.Progress().InFlight {
			if f.Pod == podName && f.FirstByte >= f.Started && f.Takes == time.Minute {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAHeaderWithoutEndDoesNotFillTheMemory(t *testing.T) {
	r := one(t, Spec{}, func(w http.ResponseWriter, _ *http.Request) {
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\n")
		line := "X-Endless: " + strings.Repeat("x", 1000) + "\r\n"
		for err == nil {
			_, err = buffered.WriteString(line)
		}
	})
	if r.ErrKind != record.ErrOther || r.Code != 0 {
		t.Errorf("got %+v", r)
	}
}

func TestASpecThatMakesNoSenseIsRefused(t *testing.T) {
	good := Spec{Class: record.NewFast, Rate: 1, Path: "/"}
	if _, err := New(good, time.Now()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Spec){
		"class":   func(s *Spec) { s.Class = "new/carrier-pigeon/fast" },
		"rate":    func(s *Spec) { s.Rate = 0 },
		"path":    func(s *Spec) { s.Path = "fast" },
		"timeout": func(s *Spec) { s.Timeout = -1 },
		"phase":   func(s *Spec) { s.Phase = 1 },
		"pool":    func(s *Spec) { s.Connections = -1 },
	} {
		bad := good
		change(&bad)
		if _, err := New(bad, time.Now()); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
