package faults

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/lastcall-dev/lastcall/fixtures"
	"github.com/lastcall-dev/lastcall/record"
)

// APIServerRestarter restarts the API server of one control plane node, and changes its static pod's manifest. What
// becomes of the process is observed and recorded, also while no API server answers. RestoreAPIServer is idempotent.
type APIServerRestarter interface {
	APIServerManifest(ctx context.Context) (node string, manifest []byte, err error)
	SignalAPIServer(ctx context.Context, node, signal string) (began, accepted time.Time, err error)
	RewriteAPIServer(ctx context.Context, node string, manifest []byte) (began, accepted time.Time, err error)
	ReplaceAPIServer(ctx context.Context, node string, manifest []byte) error
	RestoreAPIServer(ctx context.Context, node string, manifest []byte) error
}

// Way is how an API server is made to end.
type Way string

// The ways. Terminate sends SIGTERM to the process, Kill SIGKILL; Rewrite changes the manifest of the static pod, so that
// kubelet ends it and starts another one, as kubeadm upgrade has it.
const (
	Terminate Way = "SIGTERM"
	Kill      Way = "SIGKILL"
	Rewrite   Way = "manifest"
)

// GracefulFlags have an API server end in order (kube-apiserver's reference): for five seconds it answers everything and
// says by /readyz that it is going; then it sends clients away with 429 and Retry-After; and it ends open watches, within
// five seconds, before it exits.
var GracefulFlags = []string{
	"--shutdown-delay-duration=5s", "--shutdown-send-retry-after=true", "--shutdown-watch-termination-grace-period=5s",
}

// APIServerRestart restarts the API server of a single control plane.
type APIServerRestart struct {
	Way Way // "": Terminate
	// Flags are set on the API server before any traffic runs, in place of those of the same names, and taken back after
	// the run.
	Flags []string
}

const (
	// undoManifest is the kind of journal entry for it, with the node as its object.
	undoManifest = "apiserver-manifest"
	// manifestData is where such an entry has the manifest, in base64.
	manifestData = "manifest"
	// restartedAt is an annotation of ours that makes a manifest, and so its pod, another one.
	restartedAt = "lastcall.dev/restarted-at"
	// apiServerBack is for an API server to be ready again, kubelet's back-off included.
	apiServerBack = 2*time.Minute + 30*time.Second
	// APIServerSettled is for how long a round goes on after the API server is back: kubelets, kube-proxies and controllers
	// connect again and list everything anew, and who lost a lease meanwhile shows when it is over, after 15 s
	// (kube-controller-manager, --leader-elect-lease-duration). That must not be noticed either.
	APIServerSettled = 15 * time.Second
)

// Name implements Fault.
func (APIServerRestart) Name() string { return "apiserver-restart" }

// SparesPods implements Sparing.
func (APIServerRestart) SparesPods() bool { return true }

// HappensWithin implements Gradual.
func (APIServerRestart) HappensWithin() time.Duration { return apiServerBack }

// Prepare starts the API server anew with the flags. A new pod also owes kubelet no back-off, which would otherwise be that
// of earlier restarts.
func (a APIServerRestart) Prepare(ctx context.Context, stage fixtures.Stage, in Injection) (func(context.Context) error, error) {
	restarter, node, manifest, err := a.server(ctx, stage)
	if err != nil {
		return nil, err
	}
	changed, err := altered(manifest, a.Flags, in.Origin.UTC().Format(time.RFC3339))
	if err != nil {
		return nil, err
	}
	in.Progress(cmp.Or(strings.Join(a.Flags, " "), "nothing changed") + ": a fresh API server on " + node)
	undo, err := journalledManifest(restarter, in.Journal, node, manifest)
	if err != nil {
		return undo, err
	}
	return undo, restarter.ReplaceAPIServer(ctx, node, changed)
}

func (a APIServerRestart) server(ctx context.Context, stage fixtures.Stage) (r APIServerRestarter, node string, manifest []byte, err error) {
	r, ok := stage.(APIServerRestarter)
	if !ok {
		return nil, "", nil, fmt.Errorf("injecting %s: this platform has no API server to restart", a.Name())
	}
	node, manifest, err = r.APIServerManifest(ctx)
	return r, node, manifest, err
}

// journalledManifest writes the manifest down as it is. The undo that it returns is safe from then on.
func journalledManifest(r APIServerRestarter, journal fixtures.Journal, node string, manifest []byte) (undo func(context.Context) error, err error) {
	id, err := journal.Add(undoManifest, node, map[string]string{manifestData: base64.StdEncoding.EncodeToString(manifest)})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		if err := r.RestoreAPIServer(ctx, node, manifest); err != nil {
			return err
		}
		return journal.Done(id)
	}, nil
}

// Inject restarts it. The fault's target is the node.
func (a APIServerRestart) Inject(ctx context.Context, stage fixtures.Stage, in Injection) (record.Fault, func(context.Context) error, error) {
	way := cmp.Or(a.Way, Terminate)
	fault := record.Fault{Name: a.Name(), Round: in.Round, Began: in.Clock()}
	restarter, node, manifest, err := a.server(ctx, stage)
	if err != nil {
		return fault, nil, err
	}
	fault.Target = node
	fault.Attr = map[string]string{record.APIServerWay: string(way), record.APIServerFlags: strings.Join(shutdownFlags(manifest), " ")}
	in.Progress(fmt.Sprintf("restarting the API server on %s (%s)", node, way))
	var began, accepted time.Time
	if way == Rewrite {
		var changed []byte
		if changed, err = altered(manifest, nil, time.Now().UTC().Format(time.RFC3339Nano)); err == nil {
			began, accepted, err = restarter.RewriteAPIServer(ctx, node, changed)
		}
	} else {
		began, accepted, err = restarter.SignalAPIServer(ctx, node, strings.TrimPrefix(string(way), "SIG"))
	}
	if err != nil {
		return fault, nil, fmt.Errorf("restarting the API server on %s: %w", node, err)
	}
	fault.Began, fault.Ended = in.at(began), in.at(accepted)
	return fault, nil, nil // kubelet starts it again; the manifest has its undo since Prepare
}

// altered is the manifest with the flags in place of those of the same names, and with another annotation.
func altered(manifest []byte, flags []string, at string) ([]byte, error) {
	var pod corev1.Pod
	if err := yaml.Unmarshal(manifest, &pod); err != nil {
		return nil, fmt.Errorf("reading the API server's manifest: %w", err)
	}
	if len(pod.Spec.Containers) != 1 {
		return nil, errors.New("reading the API server's manifest: it has not one container")
	}
	command := slices.DeleteFunc(pod.Spec.Containers[0].Command, func(word string) bool {
		return slices.ContainsFunc(flags, func(f string) bool { return flagName(f) == flagName(word) })
	})
	command = append(command, flags...)
	pod.Spec.Containers[0].Command = command
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[restartedAt] = at
	out, err := yaml.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("writing the API server's manifest: %w", err)
	}
	return out, nil
}

func flagName(word string) string {
	name, _, _ := strings.Cut(word, "=")
	return name
}

// shutdownFlags are those of the manifest that say how it ends.
func shutdownFlags(manifest []byte) (flags []string) {
	var pod corev1.Pod
	if yaml.Unmarshal(manifest, &pod) != nil || len(pod.Spec.Containers) == 0 {
		return nil
	}
	for _, word := range pod.Spec.Containers[0].Command {
		if strings.HasPrefix(word, "--shutdown-") {
			flags = append(flags, word)
		}
	}
	return flags
}

// Happened implements Fault: the process that was there has ended.
func (APIServerRestart) Happened(fault record.Fault, events []record.Event) bool {
	return seenAfter(fault, events, record.APIServerExited)
}

// Over implements Lasting: a new one was seen to be ready.
func (APIServerRestart) Over(fault record.Fault, events []record.Event) bool {
	return seenAfter(fault, events, record.APIServerReady)
}

// seenAfter reports whether such an event came for the fault's target once the fault had begun.
func seenAfter(fault record.Fault, events []record.Event, kind string) bool {
	return slices.ContainsFunc(events, func(e record.Event) bool {
		return e.Kind == kind && e.Object == fault.Target && e.At >= fault.Began
	})
}

// Settles implements Settling.
func (APIServerRestart) Settles() time.Duration { return APIServerSettled }
