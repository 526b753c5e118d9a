package record

import (
	"strconv"
	"strings"
	"time"
)

// sigkill is 128 + 9, the exit code by which runtimes report a process that SIGKILL ended.
const sigkill = 137

// sameEnd is how far the application's last word and its container's end may lie apart and still be one. A process that
// says that it exits and then lingers has not ended.
const sameEnd = 2 * time.Second

// ending is how one run of a container finished.
type ending struct {
	mark   Mark
	code   int
	reason string
}

// lived takes over what tells one run of a process from the next, and how it ended. What an earlier run of a restarted
// container left says nothing of the pod's end.
func (t *Timeline) lived(e Event) {
	switch e.Kind {
	case ContainerStarted:
		delete(t.ends, e.Attr["container"])
	case AppStarted:
		t.NotReady, t.AppClosed, t.Drained, t.appExit = Mark{}, Mark{}, Mark{}, Mark{}
		if t.SignalLogged {
			t.Signal, t.SignalLogged = Mark{}, false
		}
	case ContainerExited:
		if t.ends == nil {
			t.ends = map[string]ending{}
		}
		end := ending{mark: Mark{At: e.At, Uncertainty: e.Uncertainty, Source: e.Source}, code: -1, reason: e.Attr["reason"]}
		if code, err := strconv.Atoi(e.Attr["code"]); err == nil {
			end.code = code
		}
		t.ends[e.Attr["container"]] = end
	case AppExit:
		t.appExit.first(e)
	}
}

// reported takes over what kubelet's own Event objects say of the end.
func (t *Timeline) reported(e Event) {
	switch e.Attr["reason"] {
	case "FailedPreStopHook":
		t.PreStopFailed.first(e)
	case "Killing":
		if strings.Contains(e.Attr["message"], "liveness probe") {
			t.Unhealthy = Mark{At: e.At, Uncertainty: e.Uncertainty, Source: e.Source}
		}
	}
}

// settle works out when the pod's last container ended, and how the worst of them did: a sidecar's 0 hides nothing. A
// container's finishedAt has whole seconds, the application's own log has not, so of one container the log is the surer
// witness of the moment.
func (t *Timeline) settle() {
	worst := ending{code: -1}
	for _, end := range t.ends {
		if !t.Exited.Seen() || end.mark.At > t.Exited.At {
			t.Exited = end.mark
		}
		if end.weight() > worst.weight() {
			worst = end
		}
	}
	t.ExitCode, t.ExitReason = worst.code, worst.reason
	t.Killed = worst.code == sigkill || worst.reason == "OOMKilled"
	apart := (t.appExit.At - t.Exited.At).Abs()
	switch {
	case !t.appExit.Seen():
	case len(t.ends) == 0,
		len(t.ends) == 1 && t.appExit.Uncertainty < t.Exited.Uncertainty && apart <= t.Exited.Uncertainty+t.appExit.Uncertainty+sameEnd:
		t.Exited = t.appExit
	}
}

// weight orders ends: killed, then failed, then in order, then not known.
func (e ending) weight() int {
	switch {
	case e.code == sigkill || e.reason == "OOMKilled":
		return 3
	case e.code > 0:
		return 2
	case e.code == 0:
		return 1
	}
	return 0
}
