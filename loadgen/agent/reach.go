package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/lastcall-dev/lastcall/loadgen"
)

const (
	reachInterval = 100 * time.Millisecond // between two tries
	reachTimeout  = 2 * time.Second        // of one try
	// reachUserAgent tells a target that the request is not part of the load.
	reachUserAgent = "lastcall-agent-reach"
)

// reached is the outcome of the last try.
type reached struct{ err error }

// reach asks the target until it answers once, from here: a Service is ready on each node at another moment, and before
// that a load would measure its creation. The agent counts as healthy from then on.
func (a *agent) reach(ctx context.Context) {
	client := &http.Client{Timeout: reachTimeout, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, _, err := a.plan.Target.Open(ctx)
			return conn, err
		}}}
	ticker := time.NewTicker(reachInterval)
	defer ticker.Stop()
	for {
		err := a.reachOnce(ctx, client)
		a.reached.Store(&reached{err: err})
		if err == nil {
			a.log.Info("target reached", "agent", a.name, "target", a.plan.Target.Address)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (a *agent) reachOnce(ctx context.Context, client *http.Client) error {
	like, known := a.reachLike()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.plan.Target.Address+like.Path, nil)
	if err != nil {
		return err
	}
	for name, value := range like.Header {
		request.Header.Set(name, value)
		if http.CanonicalHeaderKey(name) == "Host" {
			request.Host = value
		}
	}
	request.Header.Set("User-Agent", reachUserAgent)
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	if wanted := cmp.Or(like.Expect, http.StatusOK); known && answer.StatusCode != wanted {
		err = fmt.Errorf("GET %s was answered with status %d, want %d", like.Path, answer.StatusCode, wanted)
	}
	return errors.Join(err, answer.Body.Close())
}

// readiness is Ready once the target has answered, otherwise Starting and why.
func (a *agent) readiness() (state, why string) {
	switch last := a.reached.Load(); {
	case last == nil:
		return Starting, "the target has not been asked yet"
	case last.err != nil:
		return Starting, "the target has not answered yet: " + last.err.Error()
	default:
		return Ready, ""
	}
}

// reachLike is a fast GET of the plan. Its answer must have the status that the load expects: an address that the node does
// not translate yet may well be answered, by something else on the way out of the cluster. Without such a load it is a GET of
// the root, and any answer will do.
func (a *agent) reachLike() (like loadgen.Spec, known bool) {
	for _, load := range a.plan.Loads {
		if !load.Class.Slow() && !load.Class.Lasting() && !load.Class.OnGRPC() && !load.Class.OnAPI() && (load.Method == "" || load.Method == http.MethodGet) {
			return load, true
		}
	}
	return loadgen.Spec{Path: "/"}, false
}
