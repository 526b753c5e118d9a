package record_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// eachTime visits every duration in the value, in slices and structs too. A Length would be one that must not be moved;
// streams and watches have none.
func eachTime(v reflect.Value, visit func(path string, at *time.Duration), path string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			eachTime(v.Field(i), visit, path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachTime(v.Index(i), visit, path)
		}
	default:
		if at, ok := v.Addr().Interface().(*time.Duration); ok {
			visit(path, at)
		}
	}
}

func TestTheTimesOfStreamsAndWatchesMoveWithTheirAgentsClock(t *testing.T) {
	whole := func() record.Ledger {
		return record.Ledger{
			Streams: []record.Stream{{Legs: []record.StreamLeg{{}}}},
			Watches: []record.Watch{{Legs: []record.WatchLeg{{}}, Flaws: []record.Flaw{{}}, Relists: []record.Relist{{}}}},
		}
	}
	mine := whole()
	eachTime(reflect.ValueOf(&mine).Elem(), func(_ string, at *time.Duration) { *at = time.Second }, "")
	moved, seen := mine.Of("agent-1", "worker", time.Minute), 0
	eachTime(reflect.ValueOf(&moved).Elem(), func(path string, at *time.Duration) {
		seen++
		if *at != time.Minute+time.Second {
			t.Errorf("%s is %s", path, *at)
		}
	}, "")
	if seen < 12 || moved.Streams[0].Agent != "agent-1" || moved.Watches[0].Node != "worker" {
		t.Errorf("%d times, %+v", seen, moved)
	}
	eachTime(reflect.ValueOf(&mine).Elem(), func(path string, at *time.Duration) {
		if *at != time.Second {
			t.Errorf("%s of the agent's own ledger was moved", path)
		}
	}, "")
	never := whole().Of("agent-1", "worker", time.Minute)
	eachTime(reflect.ValueOf(&never).Elem(), func(path string, at *time.Duration) {
		if *at != 0 {
			t.Errorf("%s was never, and is %s", path, *at)
		}
	}, "")
}
