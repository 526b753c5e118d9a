package loadgen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/lastcall-dev/lastcall/record"
)

// writerLabel tells the objects of one writer from all others.
const writerLabel = "lastcall.dev/writer"

// sequenceKey of an object's data holds the number of the attempt that wrote it.
const sequenceKey = "sequence"

const (
	// maxAnswer bounds an answer that is kept: a list of a run's pods has less than a megabyte.
	maxAnswer = 32 << 20
	// maxEvent bounds one event of a watch. etcd takes objects of at most 1.5 MiB (--max-request-bytes).
	maxEvent = 4 << 20
)

var (
	errGarbled  = errors.New("malformed answer") // the decoder's own text could quote it
	errTooLarge = errors.New("the answer is larger than anything that was asked for")
)

// apiObject is what is read and written of an object, or of the Status that stands in its place.
type apiObject struct {
	APIVersion string            `json:"apiVersion,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Metadata   apiMeta           `json:"metadata"`
	Data       map[string]string `json:"data,omitempty"`
	// Of a Status.
	Code   int    `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
}

type apiMeta struct {
	Name            string            `json:"name,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
}

type apiList struct {
	Metadata apiMeta     `json:"metadata"`
	Items    []apiObject `json:"items"`
}

// deleteOptions delete an object only as long as it has the version.
type deleteOptions struct {
	APIVersion    string  `json:"apiVersion"`
	Kind          string  `json:"kind"`
	Preconditions apiMeta `json:"preconditions"`
}

// held is the number that the object carries; 0: none.
func (o apiObject) held() int {
	n, err := strconv.Atoi(o.Data[sequenceKey])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// versionOf is a resourceVersion as a number; 0: it is none. Clients may compare those of one resource: they are etcd's
// revisions, and only grow (Kubernetes API concepts, Resource versions; KEP-5504).
func versionOf(resourceVersion string) uint64 {
	n, err := strconv.ParseUint(resourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func versionText(version uint64) string { return strconv.FormatUint(version, 10) }

// objectClient asks the API server, on a connection for each request, and never the same twice.
type objectClient struct {
	api       API
	transport *http.Transport
}

func newObjectClient(api API) (*objectClient, error) {
	transport, err := api.transport()
	if err != nil {
		return nil, err
	}
	return &objectClient{api: api, transport: transport}, nil
}

func (c *objectClient) close() { c.transport.CloseIdleConnections() }

// selected is the path of those objects of the collection that bear the writer's label.
func selected(collection, writer string) string {
	return collection + "?labelSelector=" + url.QueryEscape(writerLabel+"="+writer)
}

// apiReply is how a request was answered, if it was.
type apiReply struct {
	code   int
	reason string // of a Status that refuses, bounded
	object apiObject
	// sent: a connection stood, so the API server may have the request whatever became of the answer.
	sent bool
	err  error
}

// send makes the request of an attempt. answered takes the head of the answer.
func (c *objectClient) send(ctx context.Context, collection string, a *writeAttempt, answered func(*http.Response)) apiReply {
	path, body := collection, any(nil)
	if a.Verb != record.VerbCreate {
		path += "/" + a.Object
	}
	switch a.Verb {
	case record.VerbCreate, record.VerbUpdate:
		body = apiObject{
			APIVersion: "v1", Kind: "ConfigMap", Data: map[string]string{sequenceKey: strconv.Itoa(a.Sequence)},
			Metadata: apiMeta{Name: a.Object, ResourceVersion: a.Sent, Labels: map[string]string{writerLabel: a.Writer}},
		}
	case record.VerbDelete:
		body = deleteOptions{APIVersion: "v1", Kind: "DeleteOptions", Preconditions: apiMeta{ResourceVersion: a.Sent}}
	}
	var r apiReply
	r.code, r.sent, r.err = c.ask(ctx, methods[a.Verb], path, body, &r.object, answered)
	if r.code >= http.StatusBadRequest {
		r.reason = bounded(r.object.Reason, maxReason)
	}
	if changed := a.Verb == record.VerbCreate || a.Verb == record.VerbUpdate; r.err == nil && changed && r.code < 300 && r.object.Metadata.ResourceVersion == "" {
		r.err = errGarbled
	}
	return r
}

// maxReason bounds a Status's reason, which is one word ("AlreadyExists").
const maxReason = 40

var methods = map[record.WriteVerb]string{
	record.VerbCreate: http.MethodPost, record.VerbUpdate: http.MethodPut, record.VerbDelete: http.MethodDelete, record.VerbRead: http.MethodGet,
}

// list asks for all that the path selects, as it is now: without a resourceVersion a list is consistent.
func (c *objectClient) list(ctx context.Context, path string) (apiList, error) {
	var list apiList
	code, _, err := c.ask(ctx, http.MethodGet, path, nil, &list, nil)
	switch {
	case err != nil:
		return apiList{}, err
	case code != http.StatusOK:
		return apiList{}, fmt.Errorf("status %d", code)
	case versionOf(list.Metadata.ResourceVersion) == 0:
		return apiList{}, errGarbled
	}
	return list, nil
}

// ask makes one request and decodes its answer. The code is 0 where none came; with an error, the rest of the answer is
// not to be used.
func (c *objectClient) ask(ctx context.Context, method, path string, body, into any, answered func(*http.Response)) (code int, sent bool, err error) {
	var stood atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { stood.Store(true) }})
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return 0, false, err
	}
	answer, err := c.transport.RoundTrip(request)
	if err != nil {
		return 0, stood.Load(), err
	}
	if answered != nil {
		answered(answer)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch err = errors.Join(err, answer.Body.Close()); {
	case err != nil:
	case len(text) > maxAnswer:
		err = errTooLarge
	case json.Unmarshal(text, into) != nil && answer.StatusCode < http.StatusBadRequest: // refusals may be plain text
		err = errGarbled
	}
	return answer.StatusCode, true, err
}

func (c *objectClient) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://"+c.api.Address+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c.api.head(request)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}
