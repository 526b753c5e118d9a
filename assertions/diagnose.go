package assertions

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/lastcall-dev/lastcall/record"
)

// diagnose joins every failed request of the run with the termination that it fell into, in the record's order.
func (f *facts) diagnose() []record.Failure {
	var out []record.Failure
	for i := range f.run.Requests {
		if f.run.Requests[i].Failed() {
			out = append(out, f.failure(i))
		}
	}
	return out
}

// failure is the cause of one failed request; checks and the list of failures ask for it again and again.
func (f *facts) failure(i int) record.Failure {
	out, known := f.failures[i]
	if !known {
		r := &f.run.Requests[i]
		out = f.orOutage(r, f.joined(r, f.suspect[i]))
		f.failures[i] = out
	}
	return out
}

// joined names the cause of a failed request, with the figures that it follows from. Of one whose pod no answer named, who
// is suspected counts.
func (f *facts) joined(r *record.Request, whose suspicion) record.Failure {
	out := record.Failure{Seq: r.Seq, Pod: r.Pod, Phase: record.NoPod}
	if out.Pod == "" {
		out.Pod, out.Candidates = whose.pod, whose.candidates
	}
	if t := f.byName[out.Pod]; t != nil {
		out.Phase = t.PhaseAt(r.End)
		out.Diagnosis, out.Why = f.explain(r, t)
		return out
	}
	if out.Pod != "" {
		out.Diagnosis, out.Why = record.Unexplained, happened(r, nil)+fmt.Sprintf("; pod %s had it, of which nothing else is recorded", out.Pod)
		return out
	}
	out.Diagnosis, out.Why = f.shared(r, out.Candidates)
	return out
}

// shared is the cause that all pods agree on to which the request may have gone.
func (f *facts) shared(r *record.Request, candidates []string) (code, why string) {
	codes := map[string]int{}
	for _, name := range candidates {
		code, _ = f.explain(r, f.byName[name])
		codes[code]++
	}
	if len(codes) == 1 && code != record.Unexplained {
		return code, fmt.Sprintf("%s; it went to one of %s, and all of them end that way", happened(r, nil), list(candidates, 3))
	}
	why = happened(r, nil)
	if len(candidates) == 0 {
		return record.Unexplained, why + "; no pod of the record can have had it"
	}
	return record.Unexplained, fmt.Sprintf("%s; it may have gone to %s, and nothing tells to which", why, list(candidates, 3))
}

// explain names the cause of a request that failed on the pod.
func (f *facts) explain(r *record.Request, t *record.Timeline) (code, why string) {
	what := happened(r, t)
	switch {
	case !t.Terminated():
		return record.Unexplained, what + ", which nobody had asked to end"
	case r.End < t.Delete.At:
		return record.Unexplained, what + ", before anybody asked it to end"
	case r.ErrKind == record.ErrStatus:
		return f.explainStatus(r, t, what)
	case t.Forced:
		return "D2", fmt.Sprintf("%s, which was deleted with grace period 0%s", what, f.listenerWords(t))
	case f.overrun(t) != "" && r.End >= t.Exited.At-t.Exited.Uncertainty-blur-f.doubt[r.Agent]:
		return f.overrun(t), what + ", " + f.overrunWords(f.overrun(t), t)
	case f.unhandled(t) != "":
		return "F1", fmt.Sprintf("%s, whose process ended at once on SIGTERM (%s)%s", what, exitWords(t), f.listenerWords(t))
	}
	return f.explainHandled(r, t, what)
}

// explainStatus names the cause of an answer that was not the one asked for.
func (f *facts) explainStatus(r *record.Request, t *record.Timeline, what string) (code, why string) {
	what = fmt.Sprintf("%s with %s", what, statusWords(r))
	switch {
	case !serverFailed(r):
		return record.Unexplained, what + ", which no way of ending explains"
	case r.Start < t.Delete.At:
		return record.Unexplained, what + "; it had the request before the delete, so something that it needs for an answer was gone before it was done"
	case t.EndpointRemoved.Seen() && r.Start < t.EndpointRemoved.At:
		return "F12", what + ", while it was still in the EndpointSlice"
	case r.Reused > 0:
		return "F12", what + ", on a kept-alive connection that was still in use"
	}
	return "F12", what + ", while new connections were still routed to it"
}

// callerFaults are the gRPC statuses by which a server says that the call itself is wrong (google.golang.org/grpc/codes):
// INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, FAILED_PRECONDITION, OUT_OF_RANGE, UNAUTHENTICATED.
var callerFaults = []int{3, 5, 6, 7, 9, 11, 16}

// serverFailed reports whether an answer with an unexpected status says that the server is at fault.
func serverFailed(r *record.Request) bool {
	if status, ok := grpcStatus(r); ok {
		return status != 0 && !slices.Contains(callerFaults, status)
	}
	return r.Code >= 500
}

// grpcStatus of an answer; ok is false for one of which HTTP's own status counts.
func grpcStatus(r *record.Request) (status int, ok bool) {
	return r.GRPC, r.Class.OnGRPC() && r.Code == http.StatusOK
}

func statusWords(r *record.Request) string {
	if status, ok := grpcStatus(r); ok {
		return fmt.Sprintf("gRPC status %d", status)
	}
	return fmt.Sprintf("status %d", r.Code)
}

// explainHandled names the cause where the process handled SIGTERM in some way.
func (f *facts) explainHandled(r *record.Request, t *record.Timeline, what string) (code, why string) {
	early, atClosing := f.closedEarly(t) != "", f.cutAtClosing(r, t)
	accepted := f.acceptedBefore(t, r) && (!early || !atClosing)
	switch {
	case r.FirstByte > 0, accepted:
		return "F3", fmt.Sprintf("%s, which had accepted it %s and did not finish it (%s)", what, acceptedWords(r, t), exitWords(t))
	case early:
		return "F2", what + earlyWords(r) + f.listenerWords(t)
	case r.ErrKind == record.ErrGoAway && r.Reused == 0:
		return "F9", what + ", which let go of the connection just as it had accepted it" + f.listenerWords(t)
	case r.ErrKind == record.ErrGoAway:
		return "F7", fmt.Sprintf("%s, on a connection that had carried %s and was told to go away only as it was closed", what, count(r.Reused, "request"))
	case atClosing && justAccepted(r):
		return "F9", what + ", which closed its listener just as it had accepted the connection" + f.listenerWords(t)
	case r.Reused > 0 && f.afterRemoval(r, t) && !f.toldToClose(r):
		return "F7", fmt.Sprintf("%s, on a connection that had carried %s, %s", what, count(r.Reused, "request"), untoldWords(r.Class))
	}
	return record.Unexplained, what + f.listenerWords(t) + "; nothing in its recorded end explains that"
}

// cutAtClosing reports whether the request ended together with the pod's listener.
func (f *facts) cutAtClosing(r *record.Request, t *record.Timeline) bool {
	m := closed(t)
	slack := blur + m.Uncertainty + f.doubt[r.Agent]
	return m.Seen() && r.End >= m.At-slack && r.End <= m.At+slack
}

// justAccepted reports whether a connection that had carried nothing was cut without an answer.
func justAccepted(r *record.Request) bool {
	return r.Reused == 0 && r.Accepted() && (r.ErrKind == record.ErrEOF || r.ErrKind == record.ErrReset)
}

// earlyWords tell what a listener that closed too early did to the request.
func earlyWords(r *record.Request) string {
	switch {
	case !r.Accepted():
		return ", which had stopped accepting"
	case r.Reused > 0:
		return ", which closed its kept-alive connections together with its listener"
	}
	return ", which closed its listener while the connection was being made"
}

// afterRemoval reports whether the request was begun once the pod was out of the EndpointSlice; where nobody saw that,
// once it was deleted.
func (f *facts) afterRemoval(r *record.Request, t *record.Timeline) bool {
	if t.EndpointRemoved.Seen() {
		return r.End >= t.EndpointRemoved.At-t.EndpointRemoved.Uncertainty
	}
	return r.End >= t.Delete.At
}

func untoldWords(class record.Class) string {
	if class.OnHTTP2() {
		return "and of which GOAWAY was never said"
	}
	return "none of whose answers said Connection: close"
}

// toldToClose reports whether an earlier answer on the same connection carried Connection: close, or over HTTP/2 GOAWAY had
// come before.
func (f *facts) toldToClose(r *record.Request) bool {
	if r.Class.OnHTTP2() {
		at, told := f.goAways[connection{r.Agent, r.Conn}]
		return told && at <= r.Start
	}
	at, told := f.closers[connection{r.Agent, r.Conn}]
	return told && r.Conn != 0 && at <= r.Start
}

// happened tells the error and when it came, against the delete of the pod where there is one.
func happened(r *record.Request, t *record.Timeline) string {
	how := map[record.ErrKind]string{
		record.ErrEOF: "closed without an answer", record.ErrTimeout: "not answered", record.ErrDial: "dial failed",
		record.ErrTruncated: "cut off in the answer", record.ErrChecksum: "answered with a wrong body",
		record.ErrGoAway: "refused by GOAWAY",
		record.ErrStatus: "answered", record.ErrOther: "failed", record.ErrDNS: "name not resolved",
	}[r.ErrKind]
	if how == "" {
		how = string(r.ErrKind)
	}
	if t == nil {
		return fmt.Sprintf("%s from %s at %s of the run", how, r.Node, seconds(r.End))
	}
	if d := r.Start - t.Delete.At; r.ErrKind == record.ErrTimeout && t.Terminated() && d >= 0 {
		return fmt.Sprintf("not answered within %s, begun %s after the delete of pod %s", seconds(r.End-r.Start), seconds(d), t.Pod)
	}
	if !t.Terminated() {
		return fmt.Sprintf("%s at %s of the run by pod %s", how, seconds(r.End), t.Pod)
	}
	if d := r.End - t.Delete.At; d < 0 {
		return fmt.Sprintf("%s %s before the delete of pod %s", how, seconds(-d), t.Pod)
	}
	return fmt.Sprintf("%s %s after the delete of pod %s", how, seconds(r.End-t.Delete.At), t.Pod)
}

// listenerWords tells when the listener closed and who still dialled the pod after that.
func (f *facts) listenerWords(t *record.Timeline) string {
	end := closed(t)
	if !end.Seen() {
		return ""
	}
	what := "its listener closed"
	if !t.ListenerClosed.Seen() && !t.AppClosed.Seen() {
		what = "nobody probed its listener, its process ended"
	}
	text := fmt.Sprintf("; %s %s after the delete (± %s)", what, seconds(max(end.At-t.Delete.At, 0)), seconds(end.Uncertainty))
	switch at, node := f.lastDial(t.Pod); {
	case at > end.At:
		text += fmt.Sprintf(", and %s kept dialling it until %s", node, seconds(at-t.Delete.At))
	case at > 0:
		text += fmt.Sprintf(", the last new connection came at %s from %s", seconds(at-t.Delete.At), node)
	}
	return text
}

func exitWords(t *record.Timeline) string {
	if t.ExitCode < 0 {
		return "exit code not observed"
	}
	return fmt.Sprintf("exit code %d", t.ExitCode)
}

// acceptedWords tells when the pod had begun with the request.
func acceptedWords(r *record.Request, t *record.Timeline) string {
	at, by := r.Connected, "by its connection"
	if r.FirstByte > 0 {
		at, by = r.FirstByte, "by the answer's first byte"
	}
	if d := t.Signal.At - at; d >= 0 {
		return fmt.Sprintf("%s before SIGTERM %s", seconds(d), by)
	}
	return fmt.Sprintf("%s after SIGTERM %s", seconds(at-t.Signal.At), by)
}
