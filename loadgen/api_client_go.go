package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/lastcall-dev/lastcall/record"
)

// Clients as kubectl and controllers are: client-go with its retries, over connections that it keeps. It repeats whatever
// was answered with Retry-After, and GETs whose connection was reset or closed; a refused connection it does not repeat
// (k8s.io/client-go/rest, withRetry and Request).
var (
	_ = register(record.APIRetryingRead, apiClient(clientGo))
	_ = register(record.APIRetryingSend, apiClient(clientGo))
)

func clientGo(l *apiLoad, api API) (apiHit, func(), error) {
	codecs := serializer.NewCodecFactory(runtime.NewScheme())
	transports := make([]*http.Transport, 0, 1)
	config := &rest.Config{
		Host: "https://" + api.Address, BearerToken: api.Token, UserAgent: "lastcall", QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAData: api.CA, ServerName: api.Server},
		ContentConfig:   rest.ContentConfig{GroupVersion: &schema.GroupVersion{Version: "v1"}, NegotiatedSerializer: codecs},
		WrapTransport: func(inner http.RoundTripper) http.RoundTripper {
			if t, ok := inner.(*http.Transport); ok {
				transports = append(transports, t)
			}
			return &counting{inner: inner, load: l}
		},
	}
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, nil, err
	}
	hit := func(hard, limited context.Context, r *record.Request) {
		ctx, seen := l.traced(limited, r)
		ctx = context.WithValue(ctx, attempted{}, seen)
		request := client.Verb(l.spec.Method).AbsPath(l.path(api))
		if l.spec.Method == http.MethodPatch {
			request = client.Patch(types.MergePatchType).AbsPath(l.path(api)).Body([]byte(beat(r)))
		}
		_, err := request.DoRaw(ctx)
		seen.ended()
		l.concludeRetrying(hard, r, err)
	}
	return hit, func() {
		for _, t := range transports {
			t.CloseIdleConnections()
		}
	}, nil
}

// attempted is the key under which a request's context has its trace.
type attempted struct{}

// counting notes each attempt of client-go's in the record of its request: what counts is how the last one went.
type counting struct {
	inner http.RoundTripper
	load  *apiLoad
}

func (c *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	seen, ok := request.Context().Value(attempted{}).(*trace)
	if !ok {
		return c.inner.RoundTrip(request)
	}
	seen.note(func(r *record.Request) {
		r.Tries++
		r.Code, r.Dials, r.Connected, r.FirstByte = 0, 0, 0, 0
	})
	answer, err := c.inner.RoundTrip(request)
	if err == nil {
		seen.note(func(r *record.Request) { c.load.answered(r, answer) })
	}
	return answer, err
}

// concludeRetrying is conclude for a client whose errors may be answers in words.
func (l *apiLoad) concludeRetrying(hard context.Context, r *record.Request, err error) {
	var status apierrors.APIStatus
	switch {
	case err != nil && errors.As(err, &status) && r.Code != 0:
		r.ErrKind, r.Error = record.ErrStatus, fmt.Sprintf("status %d", r.Code)
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.ErrKind, r.Error = record.ErrTruncated, text(err)
	default:
		l.conclude(hard, r, err)
	}
	if r.Connected == 0 && r.Code != 0 {
		r.Connected = r.Start // over a connection that stood already
	}
}
