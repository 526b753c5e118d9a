package record

// SourceDeployment is a watch on Deployments.
const SourceDeployment = "kubernetes/deployment"

// Kinds of events that disruptions of whole services and of nodes bring about.
const (
	// RolloutProgress is what the Deployment counts of its own pods, whenever that changes. Object: the Deployment. Attr
	// desired, replicas, updated, ready, available, generation, observed.
	RolloutProgress = "RolloutProgress"

	// Of a drain, said by the command. Object: the node.
	NodeCordoned   = "NodeCordoned"   // Attr before: "true" where it was already, by somebody else, and stays so
	NodeUncordoned = "NodeUncordoned" // the run's own cordon was taken back
	NodeDrained    = "NodeDrained"    // Attr evicted: how many pods
	DrainTimedOut  = "DrainTimedOut"  // Attr limit; Detail: what was left

	// Of one pod's eviction. Object: the pod, of any application. Attr namespace, node.
	EvictionBlocked  = "EvictionBlocked"  // refused with 429 for the first time; Detail: why
	EvictionAccepted = "EvictionAccepted" // Attr refusals, blocked (seconds since the first refusal)
)
