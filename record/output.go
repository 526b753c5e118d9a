package record

// SignalSent is a signal that kubelet had sent to a container's main process: Attr signal, and delivered "false" when the
// process had no handler for it and so was not hit. Only a platform that sends signals itself can tell; its source is
// SourceKubelet.
const SignalSent = "SignalSent"

// PodOutput is what a pod wrote to its standard output and standard error, all its containers' runs together, without
// the lines that became events.
type PodOutput struct {
	Pod  string `json:"pod"`
	Text string `json:"text"` // the beginning and the end, where it was too long to be kept whole
	// Dropped is how many bytes are left out between the two.
	Dropped int64 `json:"dropped,omitempty"`
}
