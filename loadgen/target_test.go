package loadgen

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

type podConn struct{ *net.TCPConn }

func (podConn) Pod() string { return podName }

type podError struct{ error }

func (podError) Pod() string { return podName }

func (e podError) Unwrap() error { return e.error }

// through runs a load whose connections the function opens, until it has been asked for a few.
func through(t *testing.T, class record.Class, open func(context.Context) (net.Conn, error)) []record.Request {
	t.Helper()
	load, err := New(Spec{Class: class, Rate: 100, Path: "/", Connections: 2}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var opened atomic.Int64
	var mu sync.Mutex
	var all []record.Request
	err = load.Run(t.Context(), stop, Target{Address: "service:80", Dial: func(ctx context.Context) (net.Conn, error) {
		if opened.Add(1) == 2 {
			close(stop)
		}
		return open(ctx)
	}}, func(r record.Request) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestADialThatIsGivenNamesThePodThatAnswered(t *testing.T) {
	address := serverOf(t, func(http.ResponseWriter, *http.Request) {})
	for _, class := range []record.Class{record.NewFast, record.ReusedFast} {
		for _, r := range through(t, class, func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, err
			}
			return podConn{c.(*net.TCPConn)}, nil
		}) {
			if r.Failed() || r.Pod != podName || r.PodByConn || r.Dials != 1 {
				t.Errorf("got %+v", r)
			}
		}
	}
}

func TestAFailedDialThatIsGivenNamesThePodThatRefused(t *testing.T) {
	for _, r := range through(t, record.NewFast, func(context.Context) (net.Conn, error) {
		return nil, podError{syscall.ECONNREFUSED}
	}) {
		if r.ErrKind != record.ErrRefused || r.Pod != podName || !r.PodByConn {
			t.Errorf("got %+v", r)
		}
	}
	for _, r := range through(t, record.NewFast, func(context.Context) (net.Conn, error) { return nil, errors.New("none") }) {
		if r.ErrKind != record.ErrDial || r.Pod != "" || r.PodByConn {
			t.Errorf("got %+v", r)
		}
	}
}
