package scenarios

import (
	"testing"

	"github.com/lastcall-dev/lastcall/fixtures/apps"
	"github.com/lastcall-dev/lastcall/record"
)

func TestAnApplicationGetsOnlyTheTrafficThatItHasAnAnswerFor(t *testing.T) {
	s, err := Find("pod-delete-http2")
	if err != nil {
		t.Fatal(err)
	}
	has := func(app apps.App, class record.Class) bool {
		for _, l := range newExecution(newWorld(t), s, app, Options{}).run.Loads {
			if l.Class == class {
				return true
			}
		}
		return false
	}
	for name, c := range map[string]struct {
		app         apps.App
		http2, grpc bool
	}{
		"all":             {apps.App{HTTP2: true, GRPC: true}, true, true},
		"HTTP/2 alone":    {apps.App{HTTP2: true}, true, false},
		"gRPC alone":      {apps.App{GRPC: true}, false, true},
		"nothing but 1.1": {apps.App{}, false, false},
	} {
		if has(c.app, record.HTTP2Fast) != c.http2 || has(c.app, record.GRPCFast) != c.grpc || has(c.app, record.GRPCStream) != c.grpc || !has(c.app, record.NewFast) {
			t.Errorf("%s: %+v", name, newExecution(newWorld(t), s, c.app, Options{}).run.Loads)
		}
	}
	if len(s.Loads) != 5 {
		t.Errorf("the scenario itself was changed: %+v", s.Loads)
	}
}
