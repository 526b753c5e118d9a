package loadgen

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// apiServer is a server with TLS and HTTP/2, as an API server is one.
func apiServer(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *API) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, &API{
		Address: server.Listener.Addr().String(), Server: "example.com", Token: "secret", Namespace: "ns",
		CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	}
}

// ask runs the load until the channel closes.
func ask(t *testing.T, s Spec, api *API, until <-chan struct{}) []record.Request {
	t.Helper()
	s.Rate = 20
	load, err := New(s, time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []record.Request
	stop := make(chan struct{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		select {
		case <-until:
		case <-ctx.Done():
		}
		close(stop)
	}()
	err = load.Run(ctx, stop, Target{Address: api.Address, API: api}, func(r record.Request) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("nothing was recorded")
	}
	return all
}

// untilAnswered closes its channel once the handler has answered n requests.
func untilAnswered(n int64, handler http.HandlerFunc) (http.HandlerFunc, <-chan struct{}) {
	done := make(chan struct{})
	var answered atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		handler(w, r)
		if answered.Add(1) == n {
			close(done)
		}
	}, done
}

func TestAClientOfTheAPIAsksAsItsClassDoes(t *testing.T) {
	for class, c := range map[record.Class]struct {
		method, path string
		reuses       bool
	}{
		record.APIReadyz:       {"GET", "/readyz", false},
		record.APIRead:         {"GET", "/api/v1/namespaces/{namespace}/configmaps/x", false},
		record.APIWrite:        {"PATCH", "/api/v1/namespaces/{namespace}/configmaps/x", false},
		record.APIRetryingRead: {"GET", "/api/v1/namespaces/{namespace}/configmaps/x", true},
		record.APIRetryingSend: {"PATCH", "/api/v1/namespaces/{namespace}/configmaps/x", true},
	} {
		t.Run(string(class), func(t *testing.T) {
			var connections sync.Map
			var wrong atomic.Value
			handler, done := untilAnswered(3, func(w http.ResponseWriter, r *http.Request) {
				connections.Store(r.RemoteAddr, true)
				body, _ := io.ReadAll(r.Body)
				switch {
				case r.Header.Get("Authorization") != "Bearer secret" || strings.Contains(r.URL.Path, "{") || r.Method != c.method:
					wrong.Store(fmt.Sprint(r.Method, r.URL, r.Header))
				case c.method == "PATCH" && (r.Header.Get("Content-Type") != mergePatch || !strings.Contains(string(body), "beat")):
					wrong.Store(fmt.Sprint(string(body), r.Header))
				}
				_, _ = io.WriteString(w, "{}")
			})
			_, api := apiServer(t, handler)
			all := ask(t, Spec{Class: class, Method: c.method, Path: c.path}, api, done)
			if w := wrong.Load(); w != nil {
				t.Error(w)
			}
			for _, r := range all {
				if r.Failed() || r.Code != 200 || r.Connected == 0 || r.FirstByte < r.Connected || r.End < r.FirstByte || (r.Tries == 1) != c.reuses {
					t.Errorf("%+v", r)
				}
			}
			n := 0
			connections.Range(func(any, any) bool { n++; return true })
			if c.reuses != (n == 1) {
				t.Errorf("%d connections for %d requests", n, len(all))
			}
		})
	}
}

func TestAPlainClientIsTurnedAwayAndARetryingOneComesBack(t *testing.T) {
	for class, retries := range map[record.Class]bool{record.APIRead: false, record.APIRetryingRead: true, record.APIRetryingSend: true} {
		var first atomic.Bool
		handler, done := untilAnswered(2, func(w http.ResponseWriter, _ *http.Request) {
			if first.CompareAndSwap(false, true) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		_, api := apiServer(t, handler)
		method := map[bool]string{true: "PATCH", false: "GET"}[class == record.APIRetryingSend]
		all := ask(t, Spec{Class: class, Method: method, Path: "/x"}, api, done)
		if r := all[0]; !retries && (r.Code != 429 || r.ErrKind != record.ErrStatus || r.RetryAfter != time.Second || r.Tries != 0) {
			t.Errorf("%s: %+v", class, r)
		}
		repeated := false
		for _, r := range all {
			repeated = repeated || r.Tries == 2 && !r.Failed() && r.End-r.Start >= time.Second
		}
		if repeated != retries {
			t.Errorf("%s: %+v", class, all)
		}
	}
}

func TestARefusalOfTheAPIIsRecordedAsOne(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, api := apiServer(t, func(http.ResponseWriter, *http.Request) {})
	api.Address = address
	for _, class := range []record.Class{record.APIRead, record.APIRetryingRead} {
		soon := make(chan struct{})
		time.AfterFunc(300*time.Millisecond, func() { close(soon) })
		for _, r := range ask(t, Spec{Class: class, Method: "GET", Path: "/x"}, api, soon) {
			if r.ErrKind != record.ErrRefused || r.Connected != 0 || r.Code != 0 {
				t.Errorf("%s: %+v", class, r)
			}
		}
	}
}

func TestAWatchThatIsCutOffIsToldFromOneThatEnds(t *testing.T) {
	for what, c := range map[string]struct {
		end  func(http.ResponseWriter)
		want record.ErrKind
	}{
		"ended":   {func(http.ResponseWriter) {}, record.NoError},
		"cut off": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, record.ErrTruncated},
	} {
		t.Run(what, func(t *testing.T) {
			asked := make(chan struct{})
			var once sync.Once
			var query atomic.Value
			_, api := apiServer(t, func(w http.ResponseWriter, r *http.Request) {
				query.Store(r.URL.RawQuery)
				once.Do(func() { close(asked) })
				_, _ = io.WriteString(w, "{\"type\":\"ADDED\"}\n")
				w.(http.Flusher).Flush()
				c.end(w)
			})
			r := ask(t, Spec{Class: record.APIWatch, Method: "GET", Path: "/x?watch=true", Takes: 1500 * time.Millisecond}, api, asked)[0]
			if r.ErrKind != c.want || r.Code != 200 || r.FirstByte == 0 || r.Bytes == 0 {
				t.Errorf("%+v", r)
			}
			if q := query.Load(); q != "watch=true&timeoutSeconds=2" {
				t.Errorf("asked for %v", q)
			}
		})
	}
}

func TestClientsOfTheAPINeedOne(t *testing.T) {
	load, err := New(Spec{Class: record.APIRead, Rate: 1, Path: "/x"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := load.Run(t.Context(), nil, Target{Address: "127.0.0.1:1"}, nil); !errors.Is(err, errNoAPI) {
		t.Error(err)
	}
	load, err = New(Spec{Class: record.APIRetryingRead, Rate: 1, Path: "/x"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := load.Run(t.Context(), nil, Target{API: &API{CA: []byte("none")}}, nil); err == nil {
		t.Error("a CA that is none is taken")
	}
}
