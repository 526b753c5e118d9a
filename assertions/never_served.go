package assertions

import (
	"slices"

	"github.com/lastcall-dev/lastcall/record"
)

// neverServed reports whether nothing can have been routed to the pod: it was watched from its creation, it was asked to
// end before it was ever ready, no endpoint of it was, and no request reached it. A roll-out that is undone takes such pods
// back. What is guaranteed of the traffic to a pod is then neither kept nor broken.
func (f *facts) neverServed(t *record.Timeline) bool {
	ready := t.Ready.Seen() && t.Ready.At < t.Delete.At
	if !t.Created.Seen() || !t.Terminating.Seen() || ready || len(f.atPod[t.Pod]) > 0 {
		return false
	}
	return !slices.ContainsFunc(f.run.Events, func(e record.Event) bool {
		return e.Kind == record.EndpointReady && e.Object == t.Pod ||
			e.Kind == record.WatchGap && e.At >= t.Created.At
	})
}

// statusUnknown is the reason that kubelet gives for a container of which it never had a status: that of a pod that was
// deleted before it was started, for instance. The exit code 137 beside it is nobody's
// (pkg/kubelet/status/status_manager.go, TerminatePod).
const statusUnknown = "ContainerStatusUnknown"

// neverRan reports whether no process of the pod was ever seen, and the pod never served.
func (f *facts) neverRan(t *record.Timeline) bool {
	return f.neverServed(t) && !slices.ContainsFunc(f.run.Events, func(e record.Event) bool {
		if e.Object != t.Pod {
			return false
		}
		exited := e.Kind == record.ContainerExited && e.Attr["reason"] != statusUnknown
		return exited || e.Kind == record.ContainerStarted || e.Source == record.SourceApp
	})
}

// unserved is the answer for a pod that never served.
func unserved(what string) record.Finding {
	return record.Finding{Verdict: record.Skipped, Measured: record.Quantity{Text: "never ready"},
		Message: "The pod was taken back before it was ever ready, so " + what + "."}
}
