package agent

import (
	"context"
	"net"
	"net/http"
	"time"
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
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.plan.Target.Address+a.reachPath(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", reachUserAgent)
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
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

// reachPath is the path of a fast GET of the plan, otherwise the root: any answer will do.
func (a *agent) reachPath() string {
	for _, load := range a.plan.Loads {
		if !load.Class.Slow() && !load.Class.Lasting() && !load.Class.OnAPI() && (load.Method == "" || load.Method == http.MethodGet) {
			return load.Path
		}
	}
	return "/"
}
