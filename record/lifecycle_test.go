package record_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestALifecycleLineKeepsItsAttributes(t *testing.T) {
	e, wall, ok := record.Lifecycle([]byte(`{"time":"2026-01-02T12:00:00.5Z","mono":1.25,"level":"INFO","msg":"caught \"it\"",` +
		`"event":"AppSignal","signal":"SIGTERM","inflight":3}`))
	want := record.Event{
		Source: record.SourceApp, Kind: record.AppSignal, Detail: `caught "it"`,
		Attr: map[string]string{"mono": "1.25", "level": "INFO", "signal": "SIGTERM", "inflight": "3"},
	}
	if !ok || !reflect.DeepEqual(e, want) {
		t.Errorf("ok %v, got\n%+v\nwant\n%+v", ok, e, want)
	}
	if !wall.Equal(time.Date(2026, 1, 2, 12, 0, 0, int(500*time.Millisecond), time.UTC)) {
		t.Errorf("wall %v", wall)
	}
}

func TestLinesThatAreNoLifecycleEventsAreLeftOut(t *testing.T) {
	for _, line := range []string{
		"", "listening on :8080", "{", `{"event":"AppSignal"}`, `{"time":"yesterday","event":"AppSignal"}`,
		`{"time":"2026-01-02T12:00:00Z","msg":"served"}`,
		`{"time":"2026-01-02T12:00:00Z","event":"PodGone"}`, // not the application's to say
		`["AppSignal"]`,
	} {
		if e, _, ok := record.Lifecycle([]byte(line)); ok {
			t.Errorf("%q became %+v", line, e)
		}
	}
}

func TestALogCannotFillTheRecord(t *testing.T) {
	long := strings.Repeat("ö", 10000)
	e, _, ok := record.Lifecycle([]byte(`{"time":"2026-01-02T12:00:00Z","event":"AppExit","msg":"` + long + `","` + long + `":"` + long + `"}`))
	if !ok || len(e.Detail) > 1000 || len(e.Attr) != 1 {
		t.Errorf("ok %v, %d bytes of detail, %d attributes", ok, len(e.Detail), len(e.Attr))
	}
	for name, value := range e.Attr {
		if len(name) > 1000 || len(value) > 1000 {
			t.Errorf("an attribute has %d and %d bytes", len(name), len(value))
		}
	}
}
