package record

// Diagnosis is the named cause of a broken guarantee.
type Diagnosis struct {
	Code   string // "F2"
	Title  string // a few words
	Cause  string // what the service does wrong, in one sentence
	Remedy string // what to change, in one sentence; checks add figures to it
}

// Unexplained is the code of a failure that no known cause accounts for. Reports list these first.
const Unexplained = "unexplained"

// Diagnoses are the causes that lastcall tells apart, by code, in the order in which they are documented.
func Diagnoses() []Diagnosis { return append([]Diagnosis(nil), diagnoses...) }

var diagnoses = []Diagnosis{
	{
		Code: "D2", Title: "forced deletion",
		Cause:  "The pod was deleted with grace period 0: the API object vanished at once and kubelet killed the process about two seconds after SIGTERM, whatever it was doing.",
		Remedy: "Do not delete pods with --force --grace-period=0; a pod that needs it has a termination bug of its own.",
	},
	{
		Code: "F1", Title: "no SIGTERM handler",
		Cause:  "The process ended at once on SIGTERM, without answering what it had accepted.",
		Remedy: "Handle SIGTERM: keep serving until no new connections arrive, finish requests in flight, then exit with 0.",
	},
	{
		Code: "F2", Title: "listener closed while traffic still comes",
		Cause:  "The listener closed at SIGTERM while endpoints still pointed at the pod, so new connections were refused.",
		Remedy: "Keep accepting for at least the endpoint-removal budget after the delete: a preStop sleep or a wait between SIGTERM and closing the listener.",
	},
	{
		Code: "F3", Title: "in-flight requests aborted",
		Cause:  "Requests that the pod had accepted before SIGTERM were cut off instead of being answered.",
		Remedy: "Drain before exiting: stop accepting, wait for the requests in flight, then close (http.Server.Shutdown, not Close).",
	},
	{
		Code: "F4", Title: "SIGTERM ignored or never delivered",
		Cause:  "The process did nothing about SIGTERM: it went on accepting connections for the whole grace period, until SIGKILL ended it.",
		Remedy: "Make the server itself process 1 (exec form of ENTRYPOINT, or exec in the start script; a shell hands no signal on) and let it handle SIGTERM.",
	},
	{
		Code: "F5", Title: "drain longer than the grace period",
		Cause:  "The process had begun to shut down, but was not done when its grace period was over, and SIGKILL ended it.",
		Remedy: "Give terminationGracePeriodSeconds the time for preStop, for the wait before the listener closes and for the longest request, and bound the drain within it.",
	},
	{
		Code: "F6", Title: "preStop longer than the grace period",
		Cause:  "The preStop hook, whose time counts against the grace period, used all of it, so SIGTERM came only with the last two seconds and SIGKILL followed.",
		Remedy: "Make terminationGracePeriodSeconds longer than the preStop hook and the drain together, or shorten the hook.",
	},
	{
		Code: "F7", Title: "kept-alive connections never told to close",
		Cause:  "Clients kept reusing connections to the terminating pod because no answer carried Connection: close and no GOAWAY came in time, and those connections died with it.",
		Remedy: "Answer with Connection: close (HTTP/1.1) or GOAWAY (HTTP/2) while draining, for long enough that each kept-alive connection carries one more request.",
	},
	{
		Code: "F8", Title: "no Connection: close or GOAWAY while draining",
		Cause:  "The pod answered on kept-alive connections after SIGTERM without Connection: close (HTTP/1.1) or GOAWAY (HTTP/2, gRPC), so clients kept sending it requests although it was out of the endpoints.",
		Remedy: "Answer with Connection: close (HTTP/1.1) from SIGTERM on, and send GOAWAY (HTTP/2, gRPC): with the last stream 2^31-1 first, so that nothing that is on its way is refused.",
	},
	{
		Code: "F9", Title: "connection closed that had just been accepted",
		Cause:  "The server closed its listener while a connection was being made and cut that connection without an answer (Go's Shutdown does so, golang/go#75591); whether the request ran is not known.",
		Remedy: "Close the listener only once no new connections arrive, and let clients repeat a request that got no answer only where it may run twice.",
	},
	{
		Code: "F10", Title: "gRPC streams waited for without a limit",
		Cause:  "The process had stopped taking calls and then waited for its gRPC streams, however long they went on (GracefulStop does so), until its grace period was over and SIGKILL ended it in the midst of them.",
		Remedy: "Tell streams to end when the process drains (a status that asks the client to call again), and bound GracefulStop: call Stop from another goroutine in time before the grace period is over, and let handlers heed their context.",
	},
	{
		Code: "F11", Title: "streams cut instead of handed over",
		Cause:  "Streams that were open at the pod broke when it ended: nobody told their clients to go on elsewhere (server-sent events and downloads that just stop, WebSockets without a close frame, which clients report as 1006).",
		Remedy: "While draining, end each stream by its own protocol: an event that asks to reconnect, a WebSocket's close code 1001, the last chunk; wait for WebSockets, which an HTTP server's own shutdown does not; and let clients resume by the last message that they have.",
	},
	{
		Code: "F12", Title: "5xx answers while traffic still comes",
		Cause:  "The terminating pod answered requests with 5xx while clients and endpoints still sent them to it.",
		Remedy: "Fail only the readiness probe at SIGTERM and go on serving everything else until the listener closes.",
	},
	{
		Code: "F14", Title: "no replica left during a roll-out",
		Cause:  "The roll-out took away more pods than the service could spare (one replica, maxUnavailable as large as the number of replicas, or the Recreate strategy), so for a time none was ready.",
		Remedy: "Roll out with maxUnavailable 0 and maxSurge 1 or more, or run more replicas than maxUnavailable.",
	},
	{
		Code: "F15", Title: "PodDisruptionBudget that can never be met",
		Cause:  "The PodDisruptionBudget allows no disruption however many pods are ready, so every eviction is refused until the drain gives up.",
		Remedy: "Let the budget spare at least one pod: maxUnavailable 1 or more, or minAvailable below the number of replicas.",
	},
	{
		Code: "F16", Title: "all replicas on the drained node, without a budget",
		Cause:  "All replicas ran on the node that was drained and no PodDisruptionBudget held the evictions back, so all were evicted at once and for a time none was ready.",
		Remedy: "Spread the replicas over nodes (topologySpreadConstraints) and add a PodDisruptionBudget with maxUnavailable 1.",
	},
	{
		Code: "F18", Title: "transaction that is not atomic",
		Cause:  "What belongs together was committed in several database transactions, and the process ended between them, so that the database holds a part of it.",
		Remedy: "Write everything that belongs to one step in one database transaction; what has to follow it goes into an outbox table in the same transaction.",
	},
	{
		Code: "F19", Title: "acknowledged before commit",
		Cause:  "The service answered that a step was done before the database had committed it, and what it still held in memory was lost.",
		Remedy: "Answer only after the commit; whatever is written later must be on disk, or in a queue that survives the process, before the answer.",
	},
	{
		Code: "F20", Title: "repeated without an idempotency key",
		Cause:  "A step whose answer did not arrive was sent again with the same idempotency key, and the service did it twice.",
		Remedy: "Store each idempotency key, under a unique constraint and with its answer, in the database transaction of the step itself, and give a repeated request that answer.",
	},
	{
		Code: "F22", Title: "killed by its liveness probe while it drained",
		Cause:  "The liveness probe failed while the pod was draining, and kubelet killed the container for it.",
		Remedy: "Let the liveness probe succeed for as long as the process lives, draining included; only readiness may fail.",
	},
	{
		Code: "F25", Title: "exit code other than 0 after a clean drain",
		Cause:  "The pod answered all that it had accepted and then exited with a code other than 0, so Kubernetes counts it as failed.",
		Remedy: "Exit with 0 after a shutdown that went well (http.ErrServerClosed is no error; 143 is what a JVM gives unless it is told otherwise).",
	},
	{
		Code: "F29", Title: "API server that goes without a word",
		Cause:  "The API server closed its listener at once and then lived on for as long as a watch held it, or cut open watches off, so that clients which retry saw an outage that was no restart yet.",
		Remedy: "Set --shutdown-delay-duration (longer than load balancers take to notice), --shutdown-send-retry-after=true and --shutdown-watch-termination-grace-period, and stop it by SIGTERM within the static pod's grace period.",
	},
	{
		Code: "F31", Title: "watch or stream not resumed where it had ended",
		Cause:  "A client connected again and named the last version or message that it had, and what it got did not go on from there: what happened in between was lost, or came twice.",
		Remedy: "Continue from the version that the client names (since, resourceVersion, Last-Event-ID), from a history that all pods share, and answer 410 when it is too old, so that the client lists again.",
	},
	{
		Code: "F33", Title: "job taken after SIGTERM",
		Cause:  "The queue worker went on taking jobs after SIGTERM, and its process ended in one of them, or did what another worker did again.",
		Remedy: "Stop taking jobs at SIGTERM, finish the one in hand within the grace period, and only then exit.",
	},
}

// Explain looks a code up; ok is false for Unexplained and for a code that is not known.
func Explain(code string) (d Diagnosis, ok bool) {
	for _, d := range diagnoses {
		if d.Code == code {
			return d, true
		}
	}
	return Diagnosis{}, false
}
