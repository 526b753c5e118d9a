package agent

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Limits of a Client.
const (
	tries       = 3                      // of one call, when no answer comes
	tryPause    = 200 * time.Millisecond // between two tries
	tryTimeout  = 10 * time.Second       // of one try; records have the context's limit only
	endInterval = 100 * time.Millisecond // between two looks whether everything in flight has ended
	maxAnswer   = 4 << 20                // bytes of an answer other than records
	maxComplain = 300                    // bytes of an error's text that are passed on
)

// Client talks to one agent. Every call may be repeated; a call that gets no answer is repeated by the client itself.
type Client struct {
	base, token string
	http        *http.Client
}

// NewClient makes a client of the agent at base ("http://127.0.0.1:1234"). Without an http.Client the default one is used.
func NewClient(base, token string, hc *http.Client) *Client {
	if hc == nil {
		hc = http.DefaultClient
	}
	return &Client{base: strings.TrimSuffix(base, "/"), token: token, http: hc}
}

// Start makes the agent send. It is an error after Stop.
func (c *Client) Start(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, pathStart, nil, nil)
}

// Stop makes the agent send no more and ends its probes. It does not wait for what is in flight: Records does.
func (c *Client) Stop(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, pathStop, nil, nil)
}

// Quit ends the agent.
func (c *Client) Quit(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, pathQuit, nil, nil)
}

// Probe makes the agent probe a pod.
func (c *Client) Probe(ctx context.Context, p ProbeRequest) error {
	return c.call(ctx, http.MethodPost, pathProbe, p, nil)
}

// Status asks how the agent is doing.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.call(ctx, http.MethodGet, pathStatus, nil, &s)
	return s, err
}

// Clock measures the agent's clock against the one of origin, which must carry a monotonic reading: Offset added to a
// time of the agent's is the time since origin. Of the round trips the shortest counts; the agent read its clock at some
// moment of it, so the error is at most half of it (RFC 5905 §8).
func (c *Client) Clock(ctx context.Context, origin time.Time, samples int) (record.Clock, error) {
	var best record.Clock
	var last error
	for range max(samples, 1) {
		var theirs clock
		sent := time.Since(origin)
		if err := c.once(ctx, http.MethodGet, pathClock, nil, &theirs); err != nil {
			last = err
			continue
		}
		trip := time.Since(origin) - sent
		if doubt := trip/2 + 1; best.Samples == 0 || doubt < best.Uncertainty {
			best.Offset, best.Uncertainty = sent+trip/2-theirs.Mono, doubt
		}
		best.Samples++
	}
	if best.Samples == 0 {
		return record.Clock{}, fmt.Errorf("clock of the agent at %s: none of %d round trips succeeded: %w", c.base, samples, last)
	}
	return best, nil
}

// Records waits until everything in flight has ended and fetches what was recorded. It is an error before Stop, and
// ErrIncomplete when a part is missing.
func (c *Client) Records(ctx context.Context) (Records, error) {
	if err := c.ended(ctx); err != nil {
		return Records{}, err
	}
	return c.recorded(ctx, pathRecords)
}

// SoFar fetches what has ended until now, also while the load runs: Requests are then fewer than Sent.
func (c *Client) SoFar(ctx context.Context) (Records, error) {
	return c.recorded(ctx, pathRecords+"?"+soFar+"=true")
}

func (c *Client) recorded(ctx context.Context, path string) (Records, error) {
	var records Records
	err := c.repeat(ctx, func() error {
		var err error
		records, err = c.fetch(ctx, path)
		return err
	})
	if err != nil {
		return Records{}, fmt.Errorf("records of the agent at %s: %w", c.base, err)
	}
	return records, nil
}

// ended waits for the agent's last state.
func (c *Client) ended(ctx context.Context) error {
	ticker := time.NewTicker(endInterval)
	defer ticker.Stop()
	for {
		s, err := c.Status(ctx)
		switch {
		case err != nil:
			return err
		case s.State == Stopped || s.State == Failed:
			return nil
		case s.State != Stopping:
			return fmt.Errorf("records of the agent at %s: it is %s: %w", c.base, s.State, errRunning)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the requests in flight of the agent at %s, which is %s: %w", c.base, s.State, ctx.Err())
		case <-ticker.C:
		}
	}
}

func (c *Client) fetch(ctx context.Context, path string) (Records, error) {
	answer, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return Records{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	plain, err := gzip.NewReader(answer.Body)
	if err != nil {
		return Records{}, fmt.Errorf("%w: %w", ErrIncomplete, err)
	}
	return readRecords(plain)
}

// refusal is an answer other than 200: the agent has heard, so it is not asked again.
type refusal struct{ status, said string }

func (r refusal) Error() string { return r.status + ": " + r.said }

// call makes one call, again when no answer comes.
func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	err := c.repeat(ctx, func() error { return c.once(ctx, method, path, body, into) })
	if err != nil {
		return fmt.Errorf("%s %s of the agent at %s: %w", method, path, c.base, err)
	}
	return nil
}

func (c *Client) repeat(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		var refused refusal
		if err == nil || errors.As(err, &refused) || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(tryPause):
		}
	}
}

func (c *Client) once(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	answer, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	all, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(all, into); err != nil {
		return fmt.Errorf("understand the answer: %w", err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", authPrefix+c.token)
	request.Header.Set("Accept-Encoding", "gzip") // set here, so that the transport leaves unpacking to fetch
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer func() { _ = answer.Body.Close() }()
		said, _ := io.ReadAll(io.LimitReader(answer.Body, maxComplain))
		return nil, refusal{status: answer.Status, said: strings.TrimSpace(string(said))}
	}
	return answer, nil
}
