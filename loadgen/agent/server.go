package agent

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Limits of the agent's own server.
const (
	readTimeout  = 10 * time.Second // of a whole request to the agent
	idleTimeout  = 2 * time.Minute  // of a connection that the command keeps
	maxRequest   = 64 << 10         // bytes of a request's body
	quitTimeout  = 5 * time.Second  // for answers under way when the agent ends
	authPrefix   = "Bearer "
	ndjson       = "application/x-ndjson"
	pathHealth   = "/healthz"
	pathClock    = "/clock"
	pathStart    = "/start"
	pathStatus   = "/status"
	pathProbe    = "/probe"
	pathStop     = "/stop"
	pathRecords  = "/records"
	soFar        = "soFar" // query parameter of pathRecords
	pathQuit     = "/quit"
	tokenWrong   = "the token is missing or wrong"
	contentType  = "Content-Type"
	contentCoded = "Content-Encoding"
)

// Serve runs an agent on the listener until the context ends or the agent is told to quit, then ends what it still does
// and returns nil. It closes the listener. It fails on a plan that cannot be carried out and when the listener fails.
func Serve(ctx context.Context, plan Plan, name, node string, listener net.Listener) error {
	a, err := newAgent(ctx, plan, name, node, slog.Default())
	if err != nil {
		_ = listener.Close()
		return fmt.Errorf("agent %s: %w", name, err)
	}
	quit := make(chan struct{})
	server := &http.Server{
		Handler:     a.handler(sync.OnceFunc(func() { close(quit) })),
		ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	a.work.Go(func() { a.reach(a.life) })
	a.log.Info("agent listens", "agent", name, "node", node, "address", listener.Addr().String())
	select {
	case <-ctx.Done():
	case <-quit:
	case err = <-served:
		served <- nil
	}
	a.close()
	// The context may have ended already, and answers under way still deserve their end.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTimeout)
	defer cancel()
	if late := server.Shutdown(last); late != nil {
		_ = server.Close()
		a.log.Warn("answers were cut off when the agent ended", "agent", name, "error", late)
	}
	<-served
	if err != nil {
		return fmt.Errorf("agent %s: serve: %w", name, err)
	}
	return nil
}

func (a *agent) handler(quit func()) http.Handler {
	closed := http.NewServeMux()
	closed.HandleFunc("GET "+pathClock, func(w http.ResponseWriter, _ *http.Request) { a.answer(w, clock{Mono: a.now()}) })
	closed.HandleFunc("GET "+pathStatus, func(w http.ResponseWriter, _ *http.Request) { a.answer(w, a.status()) })
	closed.HandleFunc("POST "+pathStart, func(w http.ResponseWriter, _ *http.Request) { a.reply(w, a.start()) })
	closed.HandleFunc("POST "+pathStop, func(w http.ResponseWriter, _ *http.Request) {
		a.ask()
		a.reply(w, nil)
	})
	closed.HandleFunc("POST "+pathProbe, a.serveProbe)
	closed.HandleFunc("GET "+pathRecords, a.serveRecords)
	closed.HandleFunc("POST "+pathQuit, func(w http.ResponseWriter, _ *http.Request) {
		a.reply(w, nil)
		quit()
	})
	open := http.NewServeMux()
	open.HandleFunc("GET "+pathHealth, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	open.Handle("/", authorized(a.plan.Token, closed))
	return open
}

// authorized lets only requests with the token through. Comparing digests takes the same time whatever was sent, its
// length included.
func authorized(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, bearer := strings.CutPrefix(r.Header.Get("Authorization"), authPrefix)
		got := sha256.Sum256([]byte(sent))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !bearer {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, tokenWrong, http.StatusUnauthorized)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		next.ServeHTTP(w, r)
	})
}

func (a *agent) answer(w http.ResponseWriter, v any) {
	w.Header().Set(contentType, "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		a.log.Warn("answer was not sent", "agent", a.name, "error", err)
	}
}

// reply answers with the status, or with the error: 409 for a call that does not fit the agent's state.
func (a *agent) reply(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	a.answer(w, a.status())
}

func (a *agent) serveProbe(w http.ResponseWriter, r *http.Request) {
	var p ProbeRequest
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&p)
	if err == nil {
		err = p.validate()
	}
	if err != nil {
		http.Error(w, "probe request: "+err.Error(), http.StatusBadRequest)
		return
	}
	a.reply(w, a.probe(p))
}

func (p ProbeRequest) validate() error {
	if p.Pod == "" || p.Interval < 0 || p.Limit < 0 {
		return errors.New("it needs a pod, and neither interval nor limit below 0")
	}
	if _, _, err := net.SplitHostPort(p.Address); err != nil {
		return fmt.Errorf("address: %w", err)
	}
	return nil
}
