package record

import (
	"encoding/json"
	"strings"
	"time"
)

// lifecycleKinds are the events that an application's log may claim. Any other word in the field is none of ours.
var lifecycleKinds = map[string]bool{
	AppStarted: true, AppReady: true, AppDrainAsked: true, AppSignal: true, AppNotReady: true, AppLameDuck: true,
	AppListenerClosed: true, AppDraining: true, AppDrained: true, AppDrainTimeout: true, AppResourcesClosed: true, AppExit: true,
}

// maxLogged bounds, in bytes, each text that an application puts into the record by its log.
const maxLogged = 512

// Lifecycle reads one line of an application's log: a JSON object with time (RFC 3339), event and msg; every other field
// becomes an attribute, as a string. wall is when the application says that it happened; ok is false for a line that is no
// step of a life.
func Lifecycle(line []byte) (e Event, wall time.Time, ok bool) {
	if len(line) == 0 || line[0] != '{' {
		return e, wall, false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		return e, wall, false
	}
	kind := logged(fields["event"])
	wall, err := time.Parse(time.RFC3339Nano, logged(fields["time"]))
	if err != nil || !lifecycleKinds[kind] {
		return e, wall, false
	}
	e = Event{Source: SourceApp, Kind: kind, Detail: logged(fields["msg"]), Attr: make(map[string]string, len(fields))}
	for name, raw := range fields {
		if name != "time" && name != "event" && name != "msg" {
			e.Attr[shortened(name)] = logged(raw)
		}
	}
	return e, wall, true
}

// logged is a JSON string's value, or any other value as it is written.
func logged(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return shortened(s)
	}
	return shortened(string(raw))
}

func shortened(text string) string {
	if len(text) <= maxLogged {
		return text
	}
	return strings.ToValidUTF8(text[:maxLogged], "") + "…"
}
