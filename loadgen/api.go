package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// API is an API server that clients ask, and the identity that they use there.
type API struct {
	Address   string `json:"address"`    // "172.18.0.2:6443", dialled as it is
	Server    string `json:"serverName"` // that its certificate must be for
	CA        []byte `json:"ca"`         // PEM
	Token     string `json:"token"`      // bearer token, of a service account
	Namespace string `json:"namespace"`  // fills in {namespace} of a path
}

// RetryingTimeout bounds one request of a client that retries by itself. client-go has no limit of its own; this is what a
// person at a terminal waits.
const RetryingTimeout = 30 * time.Second

var errNoAPI = errors.New("no API server was named for the clients of the API")

// apiHit makes one request and fills in its record. hard is the deadline of the load, limited that of the request.
type apiHit func(hard, limited context.Context, r *record.Request)

// apiLoad is a load of requests to the Kubernetes API, as clients with the habits of its class make them.
type apiLoad struct {
	spec    Spec
	epoch   time.Time
	tracker *tracker
	// begin makes the client. close ends its connections.
	begin func(l *apiLoad, api API) (hit apiHit, closeAll func(), err error)
}

// apiClient is the constructor of a class.
func apiClient(begin func(l *apiLoad, api API) (apiHit, func(), error)) constructor {
	return func(s Spec, epoch time.Time) Load {
		return &apiLoad{spec: s, epoch: epoch, tracker: newTracker(epoch), begin: begin}
	}
}

func (l *apiLoad) Progress() Progress { return l.tracker.progress() }

func (l *apiLoad) Run(ctx context.Context, stop <-chan struct{}, t Target, rec func(record.Request)) error {
	if t.API == nil {
		return fmt.Errorf("load %s: %w", l.spec.Class, errNoAPI)
	}
	hit, closeAll, err := l.begin(l, *t.API)
	if err != nil {
		return fmt.Errorf("load %s: making its client: %w", l.spec.Class, err)
	}
	defer closeAll()
	a := &attack{spec: l.spec, epoch: l.epoch, limit: l.spec.maxInFlight(), tracker: l.tracker}
	err = a.run(ctx, stop, t, func(_ uint64, due time.Duration) {
		r := record.Request{Class: l.spec.Class, Method: l.spec.Method, Path: l.spec.pathOnly(), Due: due, Want: -1, Start: l.now()}
		limited, cancel := context.WithTimeout(ctx, l.spec.Timeout)
		hit(ctx, limited, &r)
		cancel()
		r.End = l.now()
		rec(r)
	})
	if err != nil {
		return fmt.Errorf("load %s: %w", l.spec.Class, err)
	}
	return nil
}

func (l *apiLoad) now() time.Duration { return time.Since(l.epoch) }

// path is the path and query with the namespace filled in.
func (l *apiLoad) path(api API) string {
	return strings.ReplaceAll(l.spec.Path, "{namespace}", api.Namespace)
}

// transport opens a connection for each request and never repeats one: net/http repeats only on connections that have
// carried a request before.
func (api API) transport() (*http.Transport, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(api.CA) {
		return nil, errors.New("there is no certificate in the API server's CA")
	}
	return &http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: api.Server, MinVersion: tls.VersionTLS12},
	}, nil
}

// head are the header fields that every request of ours to the API server bears.
func (api API) head(request *http.Request) {
	request.Header.Set("User-Agent", "lastcall")
	request.Header.Set("Authorization", "Bearer "+api.Token)
}

// plain is a client that opens a connection for each request and never repeats one.
func plain(l *apiLoad, api API, body func(*record.Request) string) (apiHit, func(), error) {
	transport, err := api.transport()
	if err != nil {
		return nil, nil, err
	}
	hit := func(hard, limited context.Context, r *record.Request) {
		ctx, seen := l.traced(limited, r)
		defer seen.ended()
		request, err := http.NewRequestWithContext(ctx, l.spec.Method, "https://"+api.Address+l.path(api), strings.NewReader(body(r)))
		if err != nil {
			r.ErrKind, r.Error = record.ErrOther, text(err)
			return
		}
		api.head(request)
		if l.spec.Method == http.MethodPatch {
			request.Header.Set("Content-Type", mergePatch)
		}
		answer, err := transport.RoundTrip(request)
		if err == nil {
			l.answered(r, answer)
			r.Bytes, err = io.Copy(io.Discard, answer.Body)
			err = errors.Join(err, answer.Body.Close())
		}
		seen.ended()
		l.conclude(hard, r, err)
	}
	return hit, transport.CloseIdleConnections, nil
}

// mergePatch is the media type of RFC 7396.
const mergePatch = "application/merge-patch+json"

// nothing is the body of a GET.
func nothing(*record.Request) string { return "" }

// beat is a change of an object's data that is another one each time. Merge patches do not conflict.
func beat(r *record.Request) string { return fmt.Sprintf(`{"data":{"beat":"%d"}}`, r.Due) }

// trace fills in a record what only the transport sees. A dial that was given up goes on for a moment in a goroutine of
// its own, so what it says after the request has ended is not taken.
type trace struct {
	load   *apiLoad
	mu     sync.Mutex
	record *record.Request
}

// traced notes when a connection stands, before any TLS, and when the first byte of an answer comes, until ended is called.
func (l *apiLoad) traced(ctx context.Context, r *record.Request) (traced context.Context, t *trace) {
	t = &trace{load: l, record: r}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectStart: func(string, string) { t.note(func(r *record.Request) { r.Dials++ }) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				t.note(func(r *record.Request) { r.Connected, r.Conn = l.now(), connNumber.Add(1) })
			}
		},
		GotFirstResponseByte: func() { t.note(func(r *record.Request) { r.FirstByte = l.now() }) },
	}), t
}

func (t *trace) note(of func(*record.Request)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.record != nil {
		of(t.record)
	}
}

func (t *trace) ended() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.record = nil
}

// answered takes over what the head of an answer says.
func (l *apiLoad) answered(r *record.Request, answer *http.Response) {
	r.Code, r.Close, r.Want = answer.StatusCode, answer.Close, answer.ContentLength
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		r.RetryAfter = time.Duration(seconds) * time.Second
	}
}

// conclude names what went wrong, if anything did.
func (l *apiLoad) conclude(hard context.Context, r *record.Request, err error) {
	at := dialling
	switch {
	case r.FirstByte > 0:
		at = answering
	case r.Connected > 0:
		at = waiting
	}
	switch {
	case err != nil:
		r.ErrKind, r.Error = classify(hard, err, at), text(err)
		l.tracker.local(isLocal(err))
	case r.Code != l.spec.Expect:
		r.ErrKind, r.Error = record.ErrStatus, "status "+strconv.Itoa(r.Code)
	}
}
