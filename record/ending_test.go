package record

import (
	"testing"
	"time"
)

func exit(container, code string, at time.Duration) Event {
	return Event{Kind: ContainerExited, At: at, Uncertainty: sec, Attr: map[string]string{"container": container, "code": code}}
}

func TestASidecarThatEndedWellHidesNoFailure(t *testing.T) {
	for _, events := range [][]Event{
		{exit("app", "1", 10*sec), exit("proxy", "0", 12*sec)},
		{exit("proxy", "0", 10*sec), exit("app", "1", 12*sec)},
	} {
		if got := lived(0, events, nil); got.ExitCode != 1 || got.Exited.At != 12*sec {
			t.Errorf("code %d at %s", got.ExitCode, got.Exited.At)
		}
	}
	if got := lived(0, []Event{exit("app", "137", 10*sec), exit("proxy", "1", 12*sec)}, nil); !got.Killed {
		t.Errorf("%+v", got)
	}
}

func TestTheEndOfAnEarlierRunOfARestartedContainerIsNotThePodsEnd(t *testing.T) {
	again := Event{Kind: ContainerStarted, At: 6 * sec, Attr: map[string]string{"container": "app"}}
	logged := []Event{
		{Kind: AppSignal, Source: SourceApp, At: 4 * sec}, {Kind: AppListenerClosed, Source: SourceApp, At: 4 * sec},
		{Kind: AppExit, Source: SourceApp, At: 5 * sec}, {Kind: AppStarted, Source: SourceApp, At: 6 * sec},
	}
	got := lived(0, append(logged, exit("app", "0", 5*sec), again), nil)
	if got.Exited.Seen() || got.ExitCode != -1 || got.SignalLogged || got.AppClosed.Seen() {
		t.Errorf("restarted and running: %+v", got)
	}
	if got = lived(0, []Event{exit("app", "0", 5*sec), again, exit("app", "3", 30*sec)}, nil); got.ExitCode != 3 || got.Exited.At != 30*sec {
		t.Errorf("ended for good: %+v", got)
	}
}

func TestAProcessThatSaysThatItExitsAndLingersHasNotEnded(t *testing.T) {
	said := Event{Kind: AppExit, Source: SourceApp, At: 10 * sec, Uncertainty: time.Millisecond}
	if got := lived(0, []Event{said, exit("app", "0", 70*sec)}, nil); got.Exited.At != 70*sec {
		t.Errorf("ended at %s", got.Exited.At)
	}
}

func TestWhoSentTheSignalTellsWhenItCame(t *testing.T) {
	fault := []Fault{{Target: "a", Began: 10 * sec, Ended: 10 * sec}}
	sent := Event{Kind: SignalSent, Source: SourceKubelet, At: 15 * sec, Attr: map[string]string{"signal": "SIGTERM", "delivered": "false"}}
	got := lived(0, []Event{sent}, fault)
	if got.Signal.At != 15*sec || got.SignalLogged || !got.Undelivered {
		t.Errorf("%+v", got)
	}
	sent.Attr = map[string]string{"signal": "SIGTERM"}
	own := Event{Kind: AppSignal, Source: SourceApp, At: 15100 * time.Millisecond}
	if got = lived(0, []Event{sent, own}, fault); got.Signal.At != own.At || got.Undelivered || got.SignalSent.At != sent.At {
		t.Errorf("%+v", got)
	}
}

func TestKubeletsReportsOfAHookAndOfALivenessProbeAreKept(t *testing.T) {
	said := func(reason, message string) Event {
		return Event{Kind: KubeletEvent, Source: SourceKubelet, At: 3 * sec, Attr: map[string]string{"reason": reason, "message": message}}
	}
	got := lived(0, []Event{said("FailedPreStopHook", "PreStopHook failed"), said("Killing", "Stopping container app")}, nil)
	if !got.PreStopFailed.Seen() || got.Unhealthy.Seen() {
		t.Errorf("%+v", got)
	}
	if got = lived(0, []Event{said("Killing", "Container app failed liveness probe, will be restarted")}, nil); !got.Unhealthy.Seen() {
		t.Errorf("%+v", got)
	}
}
