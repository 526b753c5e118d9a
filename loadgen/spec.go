package loadgen

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// Defaults of a Spec.
const (
	// DefaultPodHeader is the answer header in which an application names its pod.
	DefaultPodHeader = "X-Pod-Name"
	// DefaultTimeout bounds a fast request, its dial included.
	DefaultTimeout = 5 * time.Second
	// DefaultConnections is how many connections a class of reused ones keeps. At the default rate of an agent (60/s)
	// each of them then carries a request three times a second, often enough to be told to close while its pod drains.
	DefaultConnections = 20
	// slowMargin is added to what a slow request is meant to take.
	slowMargin = 10 * time.Second
)

// ErrSpec is wrapped by every error about a Spec that makes no sense.
var ErrSpec = errors.New("load cannot be run as it is described")

// Spec describes one kind of traffic from one source. Its JSON form has durations in nanoseconds.
type Spec struct {
	Class  record.Class `json:"class"`
	Rate   float64      `json:"rate"`   // requests per second from this source
	Method string       `json:"method"` // "" is GET; calls of gRPC are always POST
	Path   string       `json:"path"`   // with its query, "/slow?for=8s"
	// Header is sent with each request. The body should be small: it is written whole before the answer is read.
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body,omitempty"`
	Expect int               `json:"expect,omitempty"` // status that counts as an answer; 0 is 200
	// Timeout is from the request's start to its last byte, the dial included; 0 is DefaultTimeout, for slow classes
	// Takes + 10 s. Of classes that repeat what got no answer it is the time of all attempts together; 0 is GiveUpAfter.
	Timeout time.Duration `json:"timeout,omitempty"`
	Takes   time.Duration `json:"takes,omitempty"` // how long the answer is meant to take
	// PodHeader is the answer header that names the pod; "" is DefaultPodHeader.
	PodHeader string `json:"podHeader,omitempty"`
	// Connections is the size of the pool of classes that reuse connections; 0 is DefaultConnections, for classes whose
	// connections carry many requests at once DefaultMultiplexed.
	Connections int `json:"connections,omitempty"`
	// Phase shifts the schedule by this share of the interval between two requests, 0 to below 1, so that several
	// sources do not send in the same instant.
	Phase float64 `json:"phase,omitempty"`
}

// withDefaults fills in what was left out, and refuses what cannot be run.
func (s Spec) withDefaults() (Spec, error) {
	switch {
	case s.Class.OnGRPC():
		s.Method = http.MethodPost
	case s.Method == "":
		s.Method = http.MethodGet
	}
	if s.Expect == 0 {
		s.Expect = http.StatusOK
	}
	if s.PodHeader == "" {
		s.PodHeader = DefaultPodHeader
	}
	if s.Connections == 0 {
		s.Connections = DefaultConnections
		if s.Class.OnHTTP2() {
			s.Connections = DefaultMultiplexed
		}
	}
	if s.Timeout == 0 {
		s.Timeout = DefaultTimeout
		switch {
		case s.Class.Slow(), s.Takes > 0:
			s.Timeout = s.Takes + slowMargin
		case s.Class.Retrying():
			s.Timeout = RetryingTimeout
		case s.Class.Ledgered():
			s.Timeout = GiveUpAfter
		}
	}
	return s, s.validate()
}

func (s Spec) validate() error {
	switch {
	case !(s.Rate > 0) || s.Rate > maxRate:
		return fmt.Errorf("%w: %s: rate %v is not above 0 and at most %d per second", ErrSpec, s.Class, s.Rate, maxRate)
	case !strings.HasPrefix(s.Path, "/"):
		return fmt.Errorf("%w: %s: path %q does not begin with a slash", ErrSpec, s.Class, s.Path)
	case s.Class.Lasting() && s.Takes == 0:
		return fmt.Errorf("%w: %s: it does not say how long it takes", ErrSpec, s.Class)
	case s.Timeout < 0 || s.Takes < 0:
		return fmt.Errorf("%w: %s: timeout %v or takes %v is negative", ErrSpec, s.Class, s.Timeout, s.Takes)
	case s.Connections < 0:
		return fmt.Errorf("%w: %s: %d connections", ErrSpec, s.Class, s.Connections)
	case !(s.Phase >= 0 && s.Phase < 1):
		return fmt.Errorf("%w: %s: phase %v is not a share of the interval", ErrSpec, s.Class, s.Phase)
	}
	return nil
}

// maxRate is far above what one source can send; it keeps the interval of the schedule from rounding to nothing.
const maxRate = 100_000

// interval between two requests of the schedule.
func (s Spec) interval() time.Duration { return time.Duration(float64(time.Second) / s.Rate) }

// maxInFlight is how many requests of the load may be under way at once. As every request ends within its timeout, rate
// × timeout is what a service that answers nothing at all brings about; the rest is room for catching up after a stall.
// When it is reached all the same, requests wait past their due time, which their records show, and Run says so.
func (s Spec) maxInFlight() int {
	return int(s.Rate*(s.Timeout+catchUp).Seconds()) + workersAtLeast
}

const (
	catchUp        = 2 * time.Second
	workersAtLeast = 64
)

// pathOnly is the path without its query, as records hold it.
func (s Spec) pathOnly() string {
	path, _, _ := strings.Cut(s.Path, "?")
	return path
}

// SpecOf describes one of several sources' share of a load.
func SpecOf(l record.Load, sources int) Spec {
	return Spec{
		Class: l.Class, Rate: l.Rate / float64(sources), Method: l.Method, Path: l.Path, Takes: l.Takes,
		Header: l.SentHeader(), Body: l.Body, Expect: l.Expect,
	}
}
