package agent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// full has every field of a request set.
func full() record.Request {
	return record.Request{
		Seq: 1, Agent: "agent-0", Node: "node-a", Class: record.ReusedFast, Method: "POST", Path: "/p",
		Due: 1, Start: 2, Connected: 3, FirstByte: 4, End: 5, Code: 503, ErrKind: record.ErrStatus, Error: "status 503",
		Pod: "pod", PodByConn: true, Conn: 6, Reused: 7, Dials: 8, Close: true, Bytes: 9, Want: -1, Tries: 10, RetryAfter: 11,
		GRPC: 14,
	}
}

func TestTheStoreKeepsEveryField(t *testing.T) {
	want := full()
	for i, v := 0, reflect.ValueOf(want); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Fatalf("the test does not set %s", v.Type().Field(i).Name)
		}
	}
	s := newStore(1)
	s.add(want)
	if got := slices.Collect(s.all("agent-0", "node-a")); len(got) != 1 || got[0] != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTheStoreOrdersByDueTimeAndBoundsItsTexts(t *testing.T) {
	s := newStore(3 * chunk)
	for i := range 3 * chunk {
		s.add(record.Request{Due: time.Duration(3*chunk - i), Error: strings.Repeat("e", i)[:min(i, 10)] + time.Duration(i).String()})
	}
	due := time.Duration(0)
	for r := range s.all("", "") {
		if r.Due <= due {
			t.Fatalf("%v comes after %v", r.Due, due)
		}
		due = r.Due
	}
	if len(s.words) > maxWords || due != 3*chunk {
		t.Errorf("%d words, last due %v", len(s.words), due)
	}
	if s.add(record.Request{}) {
		t.Error("a full store took another request")
	}
}

func stream(t *testing.T, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	head := preamble{Agent: "agent-0", Sent: uint64(n), Probes: []record.Probe{{Pod: "pod"}}}
	must(t, writeRecords(&out, head, func(yield func(record.Request) bool) {
		for range n {
			yield(full())
		}
	}))
	return out.Bytes()
}

func TestRecordsArriveAsTheyWere(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		got, err := readRecords(bytes.NewReader(stream(t, n)))
		must(t, err)
		if len(got.Requests) != n || got.Sent != uint64(n) || got.Agent != "agent-0" || len(got.Probes) != 1 {
			t.Errorf("%d: %+v", n, got)
		}
		for _, r := range got.Requests {
			if r != full() {
				t.Errorf("%+v", r)
			}
		}
	}
}

func TestRecordsThatAreCutOrChangedAreAnError(t *testing.T) {
	whole := stream(t, 3)
	for length := range whole[:len(whole)-1] { // the last byte is a line's end, which may be missing
		if got, err := readRecords(bytes.NewReader(whole[:length])); !errors.Is(err, ErrIncomplete) || len(got.Requests) > 0 {
			t.Fatalf("cut at %d of %d: %d requests, %v", length, len(whole), len(got.Requests), err)
		}
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, changed := range map[string][]byte{
		"a request is missing": bytes.Join(slices.Delete(slices.Clone(lines), 1, 2), nil),
		"a figure has changed": bytes.Replace(whole, []byte(`"code":503`), []byte(`"code":200`), 1),
		"an unknown field":     bytes.Replace(whole, []byte(`"code":503`), []byte(`"kode":503`), 1),
		"nothing":              nil,
	} {
		if _, err := readRecords(bytes.NewReader(changed)); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// cutting passes answers on but cuts those of /records after half.
func cutting(inner http.Handler, cuts int64) http.Handler {
	var cut atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != pathRecords || cut.Add(1) > cuts {
			inner.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

func TestACutStreamIsFetchedAgainAndAnErrorWhenItStaysCut(t *testing.T) {
	a, err := newAgent(t.Context(), planFor("127.0.0.1:1"), "agent-0", "", discard())
	must(t, err)
	defer a.close()
	a.store.add(full())
	a.ask()
	for cuts, whole := range map[int64]bool{1: true, tries: false} {
		server := httptest.NewServer(cutting(a.handler(func() {}), cuts))
		got, err := NewClient(server.URL, token, server.Client()).Records(t.Context())
		server.Close()
		if whole && (err != nil || len(got.Requests) != 1) || !whole && (err == nil || len(got.Requests) != 0) {
			t.Errorf("cut %d times: %d requests, %v", cuts, len(got.Requests), err)
		}
	}
}

// lost drops the first answers of the agent after it has acted on the requests.
type lost struct {
	inner http.RoundTripper
	drop  atomic.Int64
}

func (l *lost) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.inner.RoundTrip(r)
	if err == nil && l.drop.Add(-1) >= 0 {
		_ = answer.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return answer, err
}

func TestALostAnswerDoesNotMatter(t *testing.T) {
	r := serve(t, nil)
	way := &lost{inner: r.http.Transport}
	client := NewClient(r.base, token, &http.Client{Transport: way})
	close(r.app.release)
	for name, call := range map[string]func(context.Context) error{"start": client.Start, "status": func(ctx context.Context) error {
		_, err := client.Status(ctx)
		return err
	}} {
		way.drop.Store(tries - 1)
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	way.drop.Store(tries - 1)
	must(t, client.Stop(t.Context()))
	way.drop.Store(tries)
	if err := client.Stop(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an agent that never answers: %v", err)
	}
}

func TestAPlanIsReadStrictly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.json")
	good := `{"token":"0123456789abcdef","target":{"address":"10.96.1.2:80"},"deadline":1000000000,` +
		`"loads":[{"class":"new/http1/fast","rate":1,"method":"GET","path":"/"}]}`
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"good":          {good, true},
		"unknown field": {strings.Replace(good, `"rate"`, `"rato"`, 1), false},
		"short token":   {strings.Replace(good, "0123456789abcdef", "0123", 1), false},
		"no deadline":   {strings.Replace(good, "1000000000", "0", 1), false},
		"no target":     {strings.Replace(good, "10.96.1.2:80", "", 1), false},
		"no loads":      {strings.Replace(good, `{"class":"new/http1/fast","rate":1,"method":"GET","path":"/"}`, "", 1), false},
		"cut":           {good[:50], false},
	} {
		must(t, os.WriteFile(path, []byte(c.text), 0o600))
		p, err := ReadPlan(path)
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, ErrPlan) || c.ok && p.Listen != DefaultListen {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestAnAgentKnowsItsNameFromItsEnvironment(t *testing.T) {
	for want, env := range map[string]map[string]string{
		"agent-7": {"JOB_COMPLETION_INDEX": "7", "NODE_NAME": "n"},
		"mine":    {"JOB_COMPLETION_INDEX": "7", "AGENT_NAME": "mine", "NODE_NAME": "n"},
		"":        {"NODE_NAME": "n"},
	} {
		name, node, err := Identity(func(key string) string { return env[key] })
		if name != want || (err == nil) != (want != "") || want != "" && node != "n" {
			t.Errorf("%v: %q, %q, %v", env, name, node, err)
		}
	}
}
