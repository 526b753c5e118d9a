package record

import "time"

// Sources of events. An agent's are SourceAgent, with Event.Object naming the agent.
const (
	SourceCommand   = "command"                  // the command itself
	SourcePod       = "kubernetes/pod"           // watch on pods
	SourceEndpoint  = "kubernetes/endpointslice" // watch on EndpointSlices
	SourceKubelet   = "kubelet"                  // kubelet's Event objects
	SourceEvents    = "kubernetes/event"         // other components' Event objects
	SourceApp       = "app"                      // the application's lifecycle log
	SourceAgent     = "agent"                    // an agent's own notice
	SourceHeartbeat = "watch"                    // the watches themselves
)

// Kinds of events. Event.Object is the pod's name unless it says otherwise.
const (
	// The command's own.
	ControlBegan   = "ControlBegan" // the window without any fault begins
	ControlEnded   = "ControlEnded"
	RoundBegan     = "RoundBegan" // Object: number of the round
	RoundEnded     = "RoundEnded"
	LoadBegan      = "LoadBegan"   // all agents have started
	LoadStopped    = "LoadStopped" // agents were asked to stop
	Interrupted    = "Interrupted" // Ctrl-C or the hard limit
	Panicked       = "Panicked"    // Detail: what
	UndoBegan      = "UndoBegan"
	UndoEnded      = "UndoEnded"
	UndoIncomplete = "UndoIncomplete" // Detail: what is left

	// What the command changed, and saw to be as before again. See Changes.
	NamespaceMade = "NamespaceMade" // Object: the namespace
	NamespaceGone = "NamespaceGone"
	NamespaceKept = "NamespaceKept" // left on request
	ProxyStopped  = "ProxyStopped"  // Object: the node whose kube-proxy was seen stopped; Attr pid, state
	ProxyResumed  = "ProxyResumed"

	// From the pod's object, as watched.
	PodCreated       = "PodCreated"       // Attr image, of its first container
	PodScheduled     = "PodScheduled"     // Attr node
	ContainerStarted = "ContainerStarted" // Attr container
	PodReady         = "PodReady"
	PodNotReady      = "PodNotReady"
	PodTerminating   = "PodTerminating"  // deletionTimestamp seen; Attr grace (seconds)
	ContainerExited  = "ContainerExited" // Attr container, code, reason, signal, finishedAt (RFC 3339), restarts
	PodGone          = "PodGone"         // the object is deleted

	// From EndpointSlices: the pod's endpoint as watched. Attr ready, serving, terminating ("true"/"false"), service.
	EndpointReady       = "EndpointReady"
	EndpointNotReady    = "EndpointNotReady"
	EndpointTerminating = "EndpointTerminating"
	EndpointRemoved     = "EndpointRemoved"

	// From the application's lifecycle log. Attr mono (the app's own monotonic seconds).
	AppStarted         = "AppStarted"
	AppReady           = "AppReady"
	AppDrainAsked      = "AppDrainAsked" // POST /drain
	AppSignal          = "AppSignal"     // Attr signal; the time that SIGTERM arrived
	AppNotReady        = "AppNotReady"
	AppLameDuck        = "AppLameDuck"
	AppListenerClosed  = "AppListenerClosed"
	AppDraining        = "AppDraining" // Attr inflight
	AppDrained         = "AppDrained"
	AppDrainTimeout    = "AppDrainTimeout"
	AppResourcesClosed = "AppResourcesClosed"
	AppExit            = "AppExit" // Attr code

	// Others.
	KubeletEvent = "KubeletEvent" // Attr reason, message
	ClusterEvent = "ClusterEvent" // Attr reason, message
	AgentReady   = "AgentReady"   // Object: the agent
	AgentStarted = "AgentStarted"
	AgentStopped = "AgentStopped"
	AgentLost    = "AgentLost" // Detail: why
	WatchGap     = "WatchGap"  // a watch could not resume where it had stopped; Object: the watch
	LogGap       = "LogGap"    // the application's log could not be read to its end; Object: pod
)

// Event is something that happened, with who said so.
type Event struct {
	At     time.Duration     `json:"at"`
	Source string            `json:"source"`
	Kind   string            `json:"kind"`
	Object string            `json:"object,omitempty"`
	Detail string            `json:"detail,omitempty"`
	Attr   map[string]string `json:"attr,omitempty"`
	// Uncertainty of At: clock offset, a timestamp's resolution, or how long the notice may have travelled.
	Uncertainty time.Duration `json:"uncertainty,omitempty"`
}

// Fault is one injection of a disruption.
type Fault struct {
	Name   string `json:"name"`   // "pod-delete"
	Target string `json:"target"` // the pod or node
	// Began is taken just before the request that disrupts is sent, Ended when it was accepted. The fault took effect in
	// between; latencies count from Began, so that what is not known counts against the service.
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
	Round int           `json:"round"` // from 1
	// Happened is set only after the effect was observed, not when the request was sent.
	Happened bool              `json:"happened"`
	Error    string            `json:"error,omitempty"`
	Attr     map[string]string `json:"attr,omitempty"` // such as grace, force
}

// WindowKind tells what a stretch of the run may be judged for.
type WindowKind string

// Control is traffic without any fault; Disruption lasts from just before the fault until the service is whole again.
const (
	Control    WindowKind = "control"
	Disruption WindowKind = "disruption"
)

// Window is a stretch of the run over which rates are judged. A request belongs to it by its Due time.
type Window struct {
	Kind  WindowKind    `json:"kind"`
	Round int           `json:"round"` // 0 for the control window
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
}

// Contains reports whether t lies in the window, its end excluded.
func (w Window) Contains(t time.Duration) bool { return t >= w.Began && t < w.Ended }
