package assertions

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// heldLimit is for how long a process whose listener is closed may live on. What kube-apiserver does between the two took
// 2.3 s on two busy processors, unless a watch or a long request holds it: by default for a minute (its --request-timeout).
// Who leads by a lease gives up after 10 s without the API server (--leader-elect-renew-deadline of kube-controller-manager
// and kube-scheduler); half of that may go on the old process, the rest is for the new one.
const heldLimit = 5 * time.Second

var _ = register(Check{
	Name:      "apiserver-phases",
	Guarantee: "An API server that is stopped says so first and drains its watches: a client that retries fails only while no API server is there",
	Reference: "kube-apiserver reference: --shutdown-delay-duration, --shutdown-send-retry-after, --shutdown-watch-termination-grace-period; KEP of graceful API server shutdown: kubernetes/kubernetes#131052, #126972",
	Kind:      Guarantee,
}, func(f *facts) []record.Finding {
	restarts := f.run.APIRestarts()
	if len(restarts) == 0 {
		for _, x := range f.faultsCalled([]string{apiServerRestart}) {
			return []record.Finding{{Subject: roundName(x.Round), Verdict: record.Unknown, Message: "The API server could not be restarted: " + x.Error + "."}}
		}
		return []record.Finding{{Verdict: record.Skipped, Message: "The API server was not restarted in this run."}}
	}
	var out []record.Finding
	for _, r := range restarts {
		out = append(out, f.restarted(r))
	}
	return out
})

// apiServerRestart is the name of the fault.
const apiServerRestart = "apiserver-restart"

// clientsSaw is what the clients of the API met in one restart. Requests are named by their numbers.
type clientsSaw struct {
	asked, failed map[record.Class]int
	broken        []*record.Request // that the guarantee does not excuse
	turned        int               // away with 429 and Retry-After, of clients that do not retry
	watches, cut  int               // that were open when the server was stopped, and those of them that were cut off
}

// restarted judges one restart.
func (f *facts) restarted(r record.APIRestart) record.Finding {
	saw := f.clientsSaw(r)
	refused, _ := r.Span(record.APIRefused)
	held := r.Exited - refused.Began
	out := record.Finding{
		Subject:   restartName(r),
		Measured:  record.Quantity{Value: rounded(refused.Length().Seconds()), Unit: "s", Text: "refused for " + seconds(refused.Length())},
		Threshold: record.Quantity{Text: "announced; then only while no process is there"},
		Message:   phaseWords(r) + " " + saw.words(),
		Evidence:  evidenceOf(saw.broken),
	}
	_, back := r.Span(record.APIBack)
	if problem := f.apiUndecided(r, saw); problem != "" {
		out.Verdict, out.Message = record.Unknown, problem+" "+out.Message
		return out
	}
	switch {
	case refused.Length() > 0 && held > heldLimit:
		out.Verdict, out.Diagnosis = record.Fail, "F29"
		out.Message = fmt.Sprintf("The listener was closed for %s while the old process still lived. %s", seconds(held), out.Message)
	case saw.cut > 0:
		out.Verdict, out.Diagnosis = record.Fail, "F29"
		out.Message = fmt.Sprintf("Of %s %d did not end, but broke off. %s", watchesWords(saw.watches), saw.cut, out.Message)
	case len(saw.broken) > 0:
		out.Verdict, out.Diagnosis = record.Fail, "F29"
		out.Message = fmt.Sprintf("%s failed though the API server was there (%s). %s", count(len(saw.broken), "request"), brokenWords(r, saw.broken), out.Message)
	case !back:
		out.Verdict, out.Message = record.Unknown, "No client saw the API server come back before the round ended. "+out.Message
	default:
		out.Verdict = record.Pass
	}
	if out.Verdict == record.Fail {
		out.Advice = remedy(out.Diagnosis)
	}
	return out
}

// restartName tells one configuration from another.
func restartName(r record.APIRestart) string {
	flags := "kubeadm's flags"
	if r.Fault.Attr[record.APIServerFlags] != "" {
		flags = "shutdown flags set"
	}
	return fmt.Sprintf("%s, %s, %s", r.Fault.Attr[record.APIServerWay], flags, roundName(r.Fault.Round))
}

// apiUndecided says why a restart cannot be judged; "" when it can.
func (f *facts) apiUndecided(r record.APIRestart, saw clientsSaw) string {
	switch {
	case !r.Fault.Happened || r.Exited == 0:
		return "The end of the API server's process was not seen."
	case len(r.Spans) == 0:
		return "No client asked the API server meanwhile."
	case saw.watches == 0:
		return "No watch was open when the API server was stopped, so whether it drains them is not known."
	case saw.asked[record.APIRetryingRead] == 0:
		return "No client that retries asked the API server meanwhile."
	}
	for _, l := range f.run.Clients {
		if want := l.Rate * (r.Ended - r.Fault.Began).Seconds() * f.run.SLO.MinRate; l.Class != record.APIWatch && float64(saw.asked[l.Class]+1) < want {
			return fmt.Sprintf("Clients of the class %s made %d requests instead of %.0f.", l.Class, saw.asked[l.Class], want)
		}
	}
	for i := range f.run.APIRequests {
		if q := &f.run.APIRequests[i]; q.Failed() && inside(q.Due, windows(f.run, record.Control)) && q.End < f.run.Faults[0].Began {
			return fmt.Sprintf("The API server was not in order without any disruption: %s, %s.", q.Class, cmp.Or(q.Error, string(q.ErrKind)))
		}
	}
	return ""
}

// clientsSaw sorts the requests that began in the stretch, or were under way when it began.
func (f *facts) clientsSaw(r record.APIRestart) clientsSaw {
	saw := clientsSaw{asked: map[record.Class]int{}, failed: map[record.Class]int{}}
	for i := range f.run.APIRequests {
		q := &f.run.APIRequests[i]
		if q.End < r.Fault.Began || q.Start >= r.Ended || q.ErrKind == record.ErrCanceled {
			continue
		}
		saw.take(q, r)
	}
	return saw
}

func (s *clientsSaw) take(q *record.Request, r record.APIRestart) {
	if q.Start >= r.Fault.Began {
		s.asked[q.Class]++
		if q.Failed() {
			s.failed[q.Class]++
		}
	}
	switch {
	case openWatch(q, r):
		s.watches++
		if q.Failed() {
			s.cut++
		}
	case q.Failed() && q.Class != record.APIReadyz:
		s.takeFailed(q, r)
	}
}

// openWatch reports whether the request is a watch that stood before the old process had ended.
func openWatch(q *record.Request, r record.APIRestart) bool {
	return q.Class == record.APIWatch && q.FirstByte > 0 && q.Code == http.StatusOK && (r.Exited == 0 || q.Start < r.Exited)
}

// takeFailed sorts a request that failed.
func (s *clientsSaw) takeFailed(q *record.Request, r record.APIRestart) {
	shed := q.Code == http.StatusTooManyRequests
	switch {
	case shed && q.RetryAfter > 0 && !q.Class.Retrying():
		s.turned++
	case !shed && (excused(r, q.Start) || excused(r, q.End)):
	case !shed && !q.Class.Retrying() && r.PhaseAt(q.End) == record.APIShedding: // nothing more is promised to them by then
	default:
		s.broken = append(s.broken, q)
	}
}

// excused reports whether no API server could be had at the time, which a single control plane cannot avoid.
func excused(r record.APIRestart, at time.Duration) bool {
	phase := r.PhaseAt(at)
	return phase == record.APIRefused || phase == record.APIStarting || r.Absent(at)
}

// phaseWords are the phases with their lengths.
func phaseWords(r record.APIRestart) string {
	var parts []string
	for _, s := range r.Spans {
		if s.Phase != record.APIBack && s.Length() > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", s.Phase, seconds(s.Length())))
		}
	}
	text := "Phases: " + strings.Join(parts, ", ")
	if back, ok := r.Span(record.APIBack); ok {
		text += fmt.Sprintf("; back %s after the fault", seconds(back.Began-r.Fault.Began))
	}
	if r.Exited > 0 && r.Started > r.Exited {
		text += fmt.Sprintf("; no process for %s", seconds(r.Started-r.Exited))
		if r.BackOff != "" {
			text += fmt.Sprintf(", of which kubelet's restart back-off is up to %s and none of the API server's doing", r.BackOff)
		}
	}
	return text + "."
}

// words are what each class of clients saw.
func (s clientsSaw) words() string {
	var parts []string
	for _, class := range slices.Sorted(maps.Keys(s.asked)) {
		if s.failed[class] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d of %d", strings.TrimPrefix(string(class), "api/"), s.failed[class], s.asked[class]))
		}
	}
	text := "No client failed."
	if len(parts) > 0 {
		text = "Failed: " + strings.Join(parts, ", ") + "."
	}
	if s.turned > 0 {
		text += fmt.Sprintf(" Turned away with 429 and Retry-After: %s of clients that ignore it and take it for an outage (F30).", count(s.turned, "request"))
	}
	if s.watches > 0 && s.cut == 0 {
		text += fmt.Sprintf(" Of %s each ended in order.", watchesWords(s.watches))
	}
	return text
}

func watchesWords(n int) string {
	if n == 1 {
		return "1 open watch"
	}
	return thousands(n) + " open watches"
}

func brokenWords(r record.APIRestart, broken []*record.Request) string {
	n := map[string]int{}
	for _, q := range broken {
		n[fmt.Sprintf("%s: %s in phase %s", strings.TrimPrefix(string(q.Class), "api/"), cmp.Or(q.Error, string(q.ErrKind)), r.PhaseAt(q.End))]++
	}
	var parts []string
	for _, what := range sorted(n) {
		parts = append(parts, fmt.Sprintf("%d× %s", n[what], what))
	}
	return list(parts, 4)
}

func evidenceOf(requests []*record.Request) []uint64 {
	var out []uint64
	for _, q := range requests {
		out = append(out, q.Seq)
	}
	slices.Sort(out)
	return out
}
