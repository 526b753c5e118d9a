package record

// Verdict is the answer of a check, a run or a suite.
type Verdict string

// The four answers. Unknown is never a pass: nothing was decided, and the run must not let anybody through.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Unknown Verdict = "unknown"
	Skipped Verdict = "skipped" // not applicable to this run; the finding's message says why
)

// Worst folds verdicts: a fail outweighs an unknown, an unknown a pass; skipped ones do not count. Of no verdicts, or
// of skipped ones only, the answer is Unknown: nothing was judged.
func Worst(verdicts ...Verdict) Verdict {
	worst := Skipped
	for _, v := range verdicts {
		if rank(v) > rank(worst) {
			worst = v
		}
	}
	if worst == Skipped {
		return Unknown
	}
	return worst
}

// rank orders verdicts by how much they outweigh others. A word that is none of the four counts as Unknown.
func rank(v Verdict) int {
	switch v {
	case Skipped:
		return 0
	case Pass:
		return 1
	case Fail:
		return 3
	default:
		return 2
	}
}

// Quantity is a measured or demanded value with its unit.
type Quantity struct {
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"` // "s", "%", "requests", "" for a bare number
	// Upper is the upper confidence bound of an estimate or Value plus the measurement's uncertainty; 0 when there is none.
	Upper float64 `json:"upper,omitempty"`
	// Text replaces the number where a number does not say it ("none", "exit code 137").
	Text string `json:"text,omitempty"`
}

// Finding is a check's answer for one run, or for one pod or class of traffic of it.
type Finding struct {
	Check     string   `json:"check"`               // the check's name, such as "endpoint-removal"
	Guarantee string   `json:"guarantee,omitempty"` // the sentence that is judged, quoted when it is broken
	Reference string   `json:"reference,omitempty"` // where the guarantee or the formula comes from
	Subject   string   `json:"subject,omitempty"`   // the pod or the class of traffic; "" for the whole run
	Verdict   Verdict  `json:"verdict"`
	Measured  Quantity `json:"measured"`
	Threshold Quantity `json:"threshold"`
	Message   string   `json:"message"`             // one sentence: what was seen
	Diagnosis string   `json:"diagnosis,omitempty"` // code of the named cause, such as "F2"; "unexplained" when there is none
	Advice    string   `json:"advice,omitempty"`    // what to change, with figures
	Evidence  []uint64 `json:"evidence,omitempty"`  // Seq of requests that show it, at most MaxEvidence
	Waived    bool     `json:"waived,omitempty"`    // the guarantee was waived by name: shown, not counted
}

// MaxEvidence bounds the requests that one finding names.
const MaxEvidence = 200

// Failure is one failed request, joined with the termination that it fell into.
type Failure struct {
	Seq        uint64   `json:"seq"`
	Pod        string   `json:"pod,omitempty"`        // the pod that served or should have served it; "" unknown
	Candidates []string `json:"candidates,omitempty"` // the pods it may have gone to when Pod is not known
	Phase      Phase    `json:"phase"`                // the phase of that pod's termination when it failed
	Diagnosis  string   `json:"diagnosis"`            // "F1" …, or "unexplained"
	Why        string   `json:"why"`                  // the reasoning, in one sentence with figures
}
