package assertions

import (
	"fmt"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

const (
	// untoldFor is how long requests must have kept coming on kept-alive connections after a pod had SIGTERM and was out
	// of the endpoints, before it is said that nobody told them to stop.
	untoldFor = time.Second
	// untoldLeast is how many those must have been.
	untoldLeast = 5
)

// untold tells in words which terminating pods went on answering requests of the class on kept-alive connections and
// never said Connection: close (F8). That loses no request by itself, so it is advice and no failure. "" where all did.
func (f *facts) untold(class record.Class) string {
	if class.NewConnection() || class.OnHTTP2() { // of those goaway-sent tells
		return ""
	}
	known, _ := record.Explain("F8")
	for _, t := range f.dying() {
		if !t.SignalLogged || !t.EndpointRemoved.Seen() || t.Forced || t.Killed {
			continue
		}
		from := max(t.EndpointRemoved.At+t.EndpointRemoved.Uncertainty, t.Signal.At+t.Signal.Uncertainty)
		if n, last := f.keptComing(t, class, from); n >= untoldLeast && last-from >= untoldFor {
			return fmt.Sprintf("F8, %s: pod %s answered %s on kept-alive connections until %s after its SIGTERM, and none of its answers said Connection: close. %s",
				known.Title, t.Pod, count(n, "request"), seconds(last-t.Signal.At), known.Remedy)
		}
	}
	return ""
}

// keptComing counts the requests of the class that the pod answered on reused connections after the time, and says when
// the last was begun; none where any answer after the delete carried Connection: close.
func (f *facts) keptComing(t *record.Timeline, class record.Class, from time.Duration) (n int, last time.Duration) {
	for _, i := range f.atPod[t.Pod] {
		r := &f.run.Requests[i]
		if r.Close && r.End >= t.Delete.At && !r.Class.OnHTTP2() {
			return 0, 0
		}
		if r.Class == class && r.Reused > 0 && !r.Failed() && r.Start-f.doubt[r.Agent] > from {
			n, last = n+1, max(last, r.Start)
		}
	}
	return n, last
}
