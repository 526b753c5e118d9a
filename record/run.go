package record

import "time"

// Schema is the version of run.json and requests.parquet together. A reader refuses a newer one.
const Schema = 3

// Run is everything that one execution of a scenario recorded, and what the checks said of it.
type Run struct {
	Schema      int           `json:"schema"`
	Verdict     Verdict       `json:"verdict"`
	Scenario    string        `json:"scenario"`
	App         string        `json:"app"`
	Seed        int64         `json:"seed"`
	ID          string        `json:"id"` // the run's label on everything it makes in the cluster
	Description string        `json:"description,omitempty"`
	Platform    string        `json:"platform"` // "kind"
	Command     string        `json:"command"`  // the command line that repeats the run
	Began       time.Time     `json:"began"`    // wall clock of the command at duration 0
	Ended       time.Duration `json:"ended"`
	// NoFault marks a run that was never meant to be disrupted: the harness judges itself over the control window.
	NoFault bool `json:"noFault,omitempty"`
	// PodsSpared marks a run whose faults are not meant to end any pod of the service: the API server is restarted, for
	// instance. Users of the service must then notice nothing at all.
	PodsSpared bool `json:"podsSpared,omitempty"`
	// Aborted says why the run stopped early ("interrupted", "panic: …"); "" when it ran to its end.
	Aborted string `json:"aborted,omitempty"`
	// Errors of the harness itself while it ran; any of them makes the run unknown.
	Errors []string `json:"errors,omitempty"`

	Versions map[string]string `json:"versions,omitempty"`
	Nodes    []Node            `json:"nodes,omitempty"`
	Workload Workload          `json:"workload"`
	Loads    []Load            `json:"loads"`
	// Clients of the Kubernetes API, with their rates; their requests are APIRequests.
	Clients []Load   `json:"clients,omitempty"`
	Agents  []Agent  `json:"agents"`
	Pods    []Pod    `json:"pods"`
	Windows []Window `json:"windows"`
	Faults  []Fault  `json:"faults"`
	Probes  []Probe  `json:"probes"`
	Events  []Event  `json:"events"`
	// Ledger of all agents' clients.
	Ledger Ledger `json:"ledger,omitzero"`
	// Audit is what the service's database held at the end; nil where nobody read it.
	Audit *Audit `json:"audit,omitempty"`
	Spans []Span `json:"spans,omitempty"` // where the time of the run itself went
	// Outputs of the pods, from platforms that have them.
	Outputs []PodOutput `json:"outputs,omitempty"`
	// Scrapes are what the components counted of themselves before, during and after the disruption, in the order in which
	// they were read.
	Scrapes []Scrape `json:"scrapes,omitempty"`
	// Model is set when the platform was a model of a cluster: what it does not model, one sentence each.
	Model []string `json:"model,omitempty"`

	// What judging adds. Everything above is what was seen.
	SLO      SLO       `json:"slo"`
	Findings []Finding `json:"findings"`
	Failures []Failure `json:"failures,omitempty"`
	// Expect is what the scenario and its application must give for a suite to go on: a negative control must fail with
	// its diagnosis. Nil: the run must pass.
	Expect *Expectation `json:"expect,omitempty"`

	// RequestsDigest is the SHA-256 of requests.parquet and RequestsCount its rows, set by Save, so that a file that was
	// cut or swapped is not judged.
	RequestsDigest string `json:"requestsDigest,omitempty"`
	RequestsCount  int    `json:"requestsCount"`

	// In requests.parquet, both: the requests to the service, and those of the clients of the Kubernetes API, which count
	// for nothing but the API server itself. Numbers are unique over both.
	Requests    []Request `json:"-"`
	APIRequests []Request `json:"-"`
}

// Expectation is what a negative control must show.
type Expectation struct {
	Verdict   Verdict `json:"verdict"`
	Diagnosis string  `json:"diagnosis,omitempty"`
	// Why in words, for the report.
	Reason string `json:"reason,omitempty"`
}

// Workload is the configuration of the service under test, as deployed.
type Workload struct {
	Name        string        `json:"name"`
	Namespace   string        `json:"namespace"`
	Service     string        `json:"service,omitempty"` // the address that traffic was sent to, "10.96.1.2:80"
	PodPort     int           `json:"podPort,omitempty"` // the port that a pod itself listens on
	Replicas    int           `json:"replicas"`
	Grace       time.Duration `json:"grace"`                 // terminationGracePeriodSeconds
	PreStop     time.Duration `json:"preStop"`               // native sleep; 0 none
	PreStopKind string        `json:"preStopKind,omitempty"` // "sleep", "exec", "http", "" none
	Readiness   string        `json:"readiness,omitempty"`   // in words: "GET /ready every 5s × 2"
	Liveness    string        `json:"liveness,omitempty"`
	Strategy    string        `json:"strategy,omitempty"`
	// MaxUnavailable is how many replicas a roll-out may take away at once, in whole pods; 0, the strictest promise, also
	// where the platform does not say.
	MaxUnavailable int `json:"maxUnavailable,omitempty"`
	// Budget is how many pods may be away by evictions at once, by the PodDisruptionBudget; nil: there is none.
	Budget      *int              `json:"budget,omitempty"`
	Image       string            `json:"image,omitempty"`
	Environment map[string]string `json:"environment,omitempty"` // of the container, secrets redacted
}

// Node is one machine of the cluster.
type Node struct {
	Name  string `json:"name"`
	Roles string `json:"roles,omitempty"`
}

// Agent is one source of traffic.
type Agent struct {
	Name string `json:"name"`
	Node string `json:"node"`
	// Began and Ended are when it sent its first and stopped sending, on the command's clock.
	Began time.Duration `json:"began"`
	Ended time.Duration `json:"ended"`
	Sent  uint64        `json:"sent"` // requests that the agent says it made; the record must hold as many
	// Lost says why the agent's records are missing or not whole; "" when they are there.
	Lost  string `json:"lost,omitempty"`
	Clock Clock  `json:"clock"`
}

// Clock is an agent's clock against the command's, measured by round trips (the shortest of several bounds the error by
// half its time, as NTP does, RFC 5905 §8). Add Offset to a time on the agent's clock to get the command's.
type Clock struct {
	Offset      time.Duration `json:"offset"`
	Uncertainty time.Duration `json:"uncertainty"`
	Drift       time.Duration `json:"drift"` // offset at the end of the run minus offset at its start
	Samples     int           `json:"samples"`
}

// Pod is one instance of the application that existed at some time in the run.
type Pod struct {
	Name string `json:"name"`
	UID  string `json:"uid,omitempty"`
	Node string `json:"node,omitempty"`
	IP   string `json:"ip,omitempty"`
	// Image that its container was to run, as the pod itself names it; ImageID is what the container runtime says that it
	// ran, where there is a container runtime. Revision tells the pod template that it was made from: pods of one revision
	// are alike.
	Image    string `json:"image,omitempty"`
	ImageID  string `json:"imageID,omitempty"`
	Revision string `json:"revision,omitempty"`
}

// Probe is what one agent saw when it dialled a terminating pod's own address, connect and close, at a steady interval.
type Probe struct {
	Pod      string        `json:"pod"`
	Agent    string        `json:"agent"`
	Node     string        `json:"node"` // that the agent is on
	Address  string        `json:"address"`
	Interval time.Duration `json:"interval"`
	Began    time.Duration `json:"began"`
	Ended    time.Duration `json:"ended"`
	Attempts int           `json:"attempts"`
	Accepted int           `json:"accepted"`
	// LastAccepted and FirstRefused are start times of dials; the listener stopped accepting between the two. FirstRefused
	// counts only a refusal after which no dial was accepted any more. 0: never.
	LastAccepted time.Duration `json:"lastAccepted"`
	FirstRefused time.Duration `json:"firstRefused"` // refused or reset; an answer by a host that no longer listens
	FirstSilent  time.Duration `json:"firstSilent"`  // the dial timed out or had no route: the pod's network is gone
	// Blips counts refusals that were followed by an accepted dial.
	Blips int `json:"blips,omitempty"`
	// Gap is the longest time between two dials: the resolution of the figures above.
	Gap   time.Duration `json:"gap"`
	Error string        `json:"error,omitempty"`
}

// SLO is what the run is judged by. The zero value of a field is not "no limit": use DefaultSLO and change what differs.
type SLO struct {
	ErrorRate       float64       `json:"errorRate"`       // share of requests, 0.001 = 0.1 %
	Confidence      float64       `json:"confidence"`      // 0.95
	EndpointRemoval time.Duration `json:"endpointRemoval"` // 2 s
	MaxLateness     time.Duration `json:"maxLateness"`     // of the generator, 99.9th percentile
	MinRate         float64       `json:"minRate"`         // share of the wanted rate that must be reached, 0.95
	MaxClockDoubt   time.Duration `json:"maxClockDoubt"`   // larger clock uncertainty: unknown
	// Waive names guarantees that are not held against the service; the report says so.
	Waive []string `json:"waive,omitempty"`
	// Rounds is how many looks at the error rate the run may take, at most MaxRounds; the error is split over them.
	Rounds int `json:"rounds"`
}

// MaxRounds bounds SLO.Rounds: with more looks each would ask for far more.
const MaxRounds = 20

// DefaultSLO are the gate's figures.
func DefaultSLO() SLO {
	return SLO{
		ErrorRate: 0.001, Confidence: 0.95, EndpointRemoval: 2 * time.Second,
		MaxLateness: time.Second, MinRate: 0.95, MaxClockDoubt: 250 * time.Millisecond, Rounds: 3,
	}
}
