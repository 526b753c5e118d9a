package loadgen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// maxLine bounds one line of a stream, in bytes.
const maxLine = 64 << 10

var (
	errAnswer    = errors.New("status")
	errMalformed = errors.New("malformed message")
	errUsed      = errors.New("a connection is used for one request")
)

// contact is one new connection to the service and the one answer on it that goes on.
type contact struct {
	load      *lasting
	target    Target
	conn      net.Conn // nil: none was made
	transport *http.Transport
	client    *http.Client
	pod       string        // that the connection leads to, or that answered; "" not known
	opened    time.Duration // when the head of the answer was there; 0 never
	code      int           // its status
}

// contact dials. The contact is there, and is to be closed, also when that fails.
func (l *lasting) contact(ctx context.Context, t Target) (*contact, error) {
	c := &contact{load: l, target: t}
	conn, _, err := t.Open(ctx)
	if err != nil {
		c.pod = podOfError(err)
		return c, err
	}
	c.conn, c.pod = conn, podOf(conn)
	once := make(chan net.Conn, 1)
	once <- conn
	c.transport = &http.Transport{DisableCompression: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		select {
		case conn := <-once:
			return conn, nil
		default:
			return nil, errUsed // a repeat that nobody asked for
		}
	}}
	c.client = &http.Client{Transport: c.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

// close drops the connection. Its error would say nothing: the answer has ended, or is not wanted any more.
func (c *contact) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.transport.CloseIdleConnections()
	}
}

// url is the path of the load with that parameter set; an empty name sets none.
func (c *contact) url(name, value string) (string, error) {
	u, err := url.Parse("http://" + c.target.Address + c.load.spec.Path)
	if err != nil {
		return "", fmt.Errorf("path %q: %w", c.load.spec.Path, err)
	}
	if name != "" {
		query := u.Query()
		query.Set(name, value)
		u.RawQuery = query.Encode()
	}
	return u.String(), nil
}

// header of the load's requests, and the host where one is set.
func (c *contact) header() (h http.Header, host string) {
	h = http.Header{"User-Agent": {"lastcall"}}
	for name, value := range c.load.spec.Header {
		h.Set(name, value)
	}
	return h, h.Get("Host")
}

// get asks for the path with a parameter and further headers, in pairs. The answer is one of the status that was asked
// for; its body is on the connection.
func (c *contact) get(ctx context.Context, name, value string, headers ...string) (*http.Response, error) {
	target, err := c.url(name, value)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, c.load.spec.Method, target, nil)
	if err != nil {
		return nil, err
	}
	request.Header, request.Host = c.header()
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	c.answered(answer)
	if c.code != c.load.spec.Expect {
		return nil, errors.Join(errAnswer, answer.Body.Close())
	}
	return answer, nil
}

// answered takes over what the head of an answer says.
func (c *contact) answered(answer *http.Response) {
	c.opened, c.code = c.load.now(), answer.StatusCode
	if pod := bounded(answer.Header.Get(c.load.spec.PodHeader), maxPodName); pod != "" {
		c.pod = pod
	}
}

// failure names what ended the answer, and in words without anything that the server sent. hard is the context by which
// the harness ends everything, limited the answer's own.
func (c *contact) failure(hard, limited context.Context, err error) (record.ErrKind, string) {
	var socket *net.OpError
	var call *callFailure
	at := answering
	switch {
	case c.conn == nil:
		at = dialling
	case c.opened == 0:
		at = waiting
	}
	switch {
	case errors.As(err, &call):
		return call.kind, call.said
	case errors.Is(err, errAnswer):
		return record.ErrStatus, fmt.Sprintf("status %d", c.code)
	case errors.Is(err, errMalformed), errors.Is(err, errClosed), errors.Is(err, errTooManyHoles):
		return record.ErrOther, bounded(err.Error(), maxError)
	case over(hard):
		return record.ErrCanceled, ""
	case limited.Err() != nil:
		return record.ErrTimeout, text(context.Cause(limited))
	}
	c.load.tracker.local(isLocal(err))
	for _, end := range []error{io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, end) {
			err = end // what is wrapped around it may quote addresses
		}
	}
	kind := classify(hard, err, at)
	if kind == record.ErrOther && !errors.As(err, &socket) {
		return kind, "malformed answer"
	}
	return kind, text(err)
}

// readLines gives each line to take, until the end or its first error. A last line without an end is cut off.
func readLines(from io.Reader, take func(line string) error) error {
	lines := bufio.NewReaderSize(from, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("%w: a line of more than %d bytes", errMalformed, maxLine)
		case errors.Is(err, io.EOF) && len(line) > 0:
			return io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := take(strings.TrimRight(string(line), "\r\n")); err != nil {
			return err
		}
	}
}
