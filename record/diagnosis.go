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
		Code: "F7", Title: "kept-alive connections never told to close",
		Cause:  "Clients kept reusing connections to the terminating pod because no answer carried Connection: close, and those connections died with it.",
		Remedy: "Answer with Connection: close (HTTP/1.1) or GOAWAY (HTTP/2) while draining, for long enough that each kept-alive connection carries one more request.",
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
