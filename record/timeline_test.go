package record

import (
	"testing"
	"time"
)

// lived is a run of one pod with these events, faults and probes.
func lived(preStop time.Duration, events []Event, faults []Fault, probes ...Probe) Timeline {
	for i := range events {
		events[i].Object = "a"
		if events[i].Source == "" {
			events[i].Source = SourcePod
		}
	}
	run := Run{
		Pods: []Pod{{Name: "a", Node: "n"}}, Events: events, Faults: faults, Probes: probes,
		Workload: Workload{PreStop: preStop}, Agents: []Agent{{Name: "x", Clock: Clock{Uncertainty: 3 * time.Millisecond}}},
	}
	return run.Timelines()[0]
}

const sec = time.Second

func TestTheDeleteOfATargetCountsFromItsSending(t *testing.T) {
	seen := []Event{{Kind: PodTerminating, At: 12 * sec}}
	if got := lived(0, seen, []Fault{{Target: "a", Began: 10 * sec, Ended: 11 * sec}}); got.Delete.At != 10*sec || got.Accepted.At != 11*sec || !got.Target {
		t.Errorf("a target: %+v", got)
	}
	if got := lived(0, seen, nil); got.Delete.At != 12*sec || got.Target {
		t.Errorf("somebody else's delete: %+v", got)
	}
	if got := lived(0, nil, []Fault{{Target: "a", Began: 10 * sec, Error: "forbidden"}}); got.Terminated() {
		t.Errorf("a fault that failed: %+v", got)
	}
}

func TestTheSurerWitnessTellsWhenAContainerExited(t *testing.T) {
	status := Event{Kind: ContainerExited, At: 10 * sec, Uncertainty: sec, Attr: map[string]string{"code": "0", "reason": "Completed"}}
	own := Event{Kind: AppExit, Source: SourceApp, At: 10900 * time.Millisecond, Uncertainty: time.Millisecond}
	got := lived(0, []Event{status, own}, nil)
	if got.Exited.At != own.At || got.ExitCode != 0 || got.ExitReason != "Completed" {
		t.Errorf("%+v", got)
	}
	if got := lived(0, []Event{own}, nil); got.ExitCode != -1 {
		t.Errorf("the application's own word is taken for an exit code: %+v", got)
	}
	status.Attr = map[string]string{"code": "137", "reason": "Error"}
	if got := lived(0, []Event{status}, nil); !got.Killed {
		t.Error("137 is not held to be SIGKILL")
	}
}

func TestTheListenerClosedWhenTheFirstProbeSawItEnd(t *testing.T) {
	p := Probe{Pod: "a", Agent: "x", LastAccepted: 10 * sec, FirstRefused: 10100 * time.Millisecond, Gap: 10 * time.Millisecond}
	later := p
	later.LastAccepted, later.FirstRefused = 11*sec, 11100*time.Millisecond
	got := lived(0, nil, nil, later, p)
	if got.ListenerClosed.At != p.FirstRefused || got.LastAccepted.At != p.LastAccepted || got.ListenerClosed.Uncertainty != 13*time.Millisecond {
		t.Errorf("%+v", got)
	}
	lost := p
	lost.FirstSilent = 9 * sec
	if got := lived(0, nil, nil, lost); got.ListenerClosed.At != p.FirstRefused {
		t.Errorf("a dial that was lost on its way ended the listener: %+v", got.ListenerClosed)
	}
	lost.FirstSilent, lost.FirstRefused = 12*sec, 0
	if got := lived(0, nil, nil, lost); got.ListenerClosed.At != 12*sec {
		t.Errorf("silence for good: %+v", got.ListenerClosed)
	}
	if got := lived(0, nil, nil, Probe{Pod: "a", Agent: "x", LastAccepted: sec}); got.ListenerClosed.Seen() {
		t.Errorf("never closed: %+v", got.ListenerClosed)
	}
}

func TestTheSignalIsInferredWhereNobodyLoggedIt(t *testing.T) {
	fault := []Fault{{Target: "a", Began: 10 * sec, Ended: 10 * sec}}
	if got := lived(5*sec, nil, fault); got.Signal.At != 15*sec || got.SignalLogged {
		t.Errorf("after preStop: %+v", got.Signal)
	}
	if got := lived(5*sec, nil, fault, Probe{Pod: "a", FirstRefused: 12 * sec}); got.Signal.At != 12*sec {
		t.Errorf("a listener that closed before: %+v", got.Signal)
	}
	if got := lived(5*sec, []Event{{Kind: AppSignal, Source: SourceApp, At: 16 * sec}}, fault); got.Signal.At != 16*sec || !got.SignalLogged {
		t.Errorf("logged: %+v", got.Signal)
	}
	if got := lived(5*sec, nil, nil); got.Signal.Seen() {
		t.Errorf("never deleted: %+v", got.Signal)
	}
}

func TestAPodPassesThroughItsPhasesInOrder(t *testing.T) {
	got := lived(0, []Event{
		{Kind: PodReady, At: 2 * sec}, {Kind: AppSignal, Source: SourceApp, At: 15 * sec}, {Kind: ContainerExited, At: 30 * sec},
	}, []Fault{{Target: "a", Began: 10 * sec, Ended: 10 * sec}}, Probe{Pod: "a", LastAccepted: 19 * sec, FirstRefused: 20 * sec})
	for at, want := range map[time.Duration]Phase{
		sec: Starting, 9 * sec: Serving, 11 * sec: PreStop, 16 * sec: LameDuck, 21 * sec: Draining, 31 * sec: Gone,
	} {
		if phase := got.PhaseAt(at); phase != want {
			t.Errorf("at %s: %s, want %s", at, phase, want)
		}
	}
}

func TestTimelinesComeInTheOrderOfTheirDeletes(t *testing.T) {
	run := Run{
		Pods:   []Pod{{Name: "c"}, {Name: "a"}, {Name: "b"}},
		Faults: []Fault{{Target: "c", Began: sec, Ended: sec}, {Target: "b", Began: 2 * sec, Ended: 2 * sec}},
	}
	var names string
	for _, line := range run.Timelines() {
		names += line.Pod
	}
	if names != "cba" {
		t.Errorf("order %q", names)
	}
}
