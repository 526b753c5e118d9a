package reports

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lastcall-dev/lastcall/record"
)

// headline says a run's outcome to somebody who has just been woken up.
type headline struct {
	Verdict record.Verdict
	Text    string // what broke and where, in one sentence
	Why     string // the cause
	Code    string // the diagnosis, "F2"; "" none
	Title   string // the diagnosis in a few words
	Change  string // what to change
	Also    []string
	Expect  string // of a negative control: what it must show, and whether it does
	Met     bool
}

// broke says in the past tense what a pod with the diagnosis did. A diagnosis without a phrase is named by its title.
var broke = map[string]string{
	"D2": "was deleted by force",
	"F1": "died on SIGTERM without finishing its work",
	"F2": "closed its listener while traffic still came",
	"F3": "cut off requests that it had accepted",
	"F7": "never told kept-alive clients to go elsewhere",
}

func (f *facts) headline() headline {
	h := headline{Verdict: f.Verdict}
	switch f.Verdict {
	case record.Pass:
		h.Text = f.passed()
	case record.Fail:
		f.failedHeadline(&h)
	default:
		h.Verdict = record.Unknown
		f.unknownHeadline(&h)
	}
	f.expected(&h)
	return h
}

func (f *facts) passed() string {
	total := f.total
	pods := podNames(f.terminated())
	cost := "none of " + plural(total.sent, "request") + " failed"
	if total.failed > 0 {
		cost = count(total.failed) + " of " + plural(total.sent, "request") + " failed, which the objective allows"
	}
	switch len(pods) {
	case 0:
		return "Nothing was disturbed: " + cost + "."
	case 1:
		return "Pod " + pods[0] + " left gracefully: " + cost + "."
	default:
		return count(len(pods)) + " pods left gracefully: " + cost + "."
	}
}

func (f *facts) failedHeadline(h *headline) {
	h.Text = "A guarantee is broken."
	i := slices.IndexFunc(f.findings, func(v record.Finding) bool { return urgency(v) < 3 })
	if i < 0 {
		return
	}
	first := f.findings[i]
	h.Text = f.sentence(first)
	h.Why, h.Change = first.Message, first.Advice
	h.Code = first.Diagnosis
	if d, ok := record.Explain(first.Diagnosis); ok {
		h.Title, h.Why = d.Title, d.Cause
		h.Change = cmp.Or(first.Advice, d.Remedy)
	}
	if h.Why != first.Message && first.Message != "" {
		h.Also = append(h.Also, first.Message)
	}
}

// sentence names what broke, which pod and how much of the traffic it cost.
func (f *facts) sentence(v record.Finding) string {
	cost := f.cost()
	if v.Diagnosis == record.Unexplained || v.Diagnosis == "" {
		what := cmp.Or(strings.TrimSuffix(v.Message, "."), "check "+v.Check+" failed")
		if v.Diagnosis == record.Unexplained {
			what = "Nothing known explains this: " + what
		}
		return what + "; " + cost + "."
	}
	phrase := broke[v.Diagnosis]
	if d, ok := record.Explain(v.Diagnosis); phrase == "" && ok {
		phrase = "shows " + v.Diagnosis + ", " + d.Title
	}
	phrase = cmp.Or(phrase, "shows "+v.Diagnosis)
	pods := f.blamed(v.Diagnosis)
	switch len(pods) {
	case 0:
		return "A pod " + phrase + "; " + cost + "."
	case 1:
		return "Pod " + pods[0] + " " + phrase + "; " + cost + "."
	default:
		return count(len(pods)) + " pods (" + list(pods, 2) + ") " + pluralVerb(phrase) + "; " + cost + "."
	}
}

// pluralVerb adapts the phrases of broke to several pods.
func pluralVerb(phrase string) string {
	for _, p := range [][2]string{{"was ", "were "}, {"shows ", "show "}} {
		if rest, ok := strings.CutPrefix(phrase, p[0]); ok {
			return p[1] + rest
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(phrase, " its ", " their "), "that it ", "that they ")
}

func (f *facts) cost() string {
	total := f.total
	if total.sent == 0 {
		return "no request is in the record"
	}
	if total.failed == 0 {
		return "none of " + plural(total.sent, "request") + " failed this time"
	}
	return count(total.failed) + " of " + plural(total.sent, "request") + " failed"
}

// blamed are the pods that findings or failed requests connect with the diagnosis, in the order of their deletes.
func (f *facts) blamed(code string) []string {
	var out []string
	for _, t := range f.lines {
		byCheck := slices.ContainsFunc(f.findings, func(v record.Finding) bool {
			return v.Diagnosis == code && v.Subject == t.Pod && v.Verdict == record.Fail && !v.Waived
		})
		byRequest := slices.ContainsFunc(f.failed, func(v failed) bool {
			return v.Failure.Diagnosis == code && v.pod() == t.Pod
		})
		if byCheck || byRequest {
			out = append(out, t.Pod)
		}
	}
	return out
}

func (f *facts) unknownHeadline(h *headline) {
	reasons := f.doubts()
	switch {
	case f.Aborted != "":
		h.Text = "Nothing was decided: the run was stopped early (" + f.Aborted + ")."
	case len(reasons) > 0:
		h.Text = "Nothing was decided: " + strings.TrimSuffix(reasons[0], ".") + "."
		reasons = reasons[1:]
	default:
		h.Text = "Nothing was decided, and the record does not say why."
	}
	h.Why = "An undecided run is not a pass: it must not let anybody through. Nothing in it speaks for the service, and what it shows against it is listed below."
	h.Change = "Remove the reason that is named here and run it again; the command is at the end of this report."
	if f.Aborted != "" {
		h.Change = "Run it again and let it end; the command is at the end of this report."
		return // what a part of a run leaves undecided is no news
	}
	if advice := f.undoubt(); advice != "" {
		h.Change = advice
	}
	h.Also = reasons[:min(len(reasons), 3)]
}

// undoubt is what would decide the run: the first advice of each check that is unknown, because what one of them lacks the
// others' advice does not bring.
func (f *facts) undoubt() string {
	var out []string
	told := map[string]bool{}
	for _, v := range f.findings {
		if v.Verdict == record.Unknown && v.Advice != "" && !told[v.Check] && !slices.Contains(out, v.Advice) {
			told[v.Check] = true
			out = append(out, v.Advice)
		}
	}
	return strings.Join(out, " ")
}

// doubts are the reasons for which a run is unknown: errors of the harness, then findings.
func (f *facts) doubts() []string {
	out := slices.Clone(f.Errors)
	for _, v := range f.findings {
		if v.Verdict != record.Unknown {
			continue
		}
		if text := cmp.Or(v.Message, v.Check+" is unknown"); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

func (f *facts) expected(h *headline) {
	if f.Run.Expect == nil {
		return
	}
	e := f.Run.Expect
	want := string(e.Verdict)
	if e.Diagnosis != "" {
		want += " with " + e.Diagnosis
	}
	h.Met = e.Verdict == f.Verdict && (e.Diagnosis == "" || slices.ContainsFunc(f.findings, func(v record.Finding) bool {
		return v.Diagnosis == e.Diagnosis && v.Verdict == record.Fail && !v.Waived
	}))
	if h.Met {
		h.Expect = "It " + asItMust(f.Run) + "."
	} else {
		h.Expect = "It must end in " + want + ", and did not."
	}
	if e.Reason != "" {
		h.Expect += " " + e.Reason
	}
}

// asItMust says in plain words that a negative control showed what it had to.
func asItMust(run *record.Run) string {
	verb := map[record.Verdict]string{record.Fail: "fails", record.Pass: "passes", record.Unknown: "is undecided"}[run.Expect.Verdict]
	text := cmp.Or(verb, "ends") + " as it must"
	if run.Expect.Diagnosis != "" {
		text += " (" + run.Expect.Diagnosis + ")"
	}
	return text
}

func podNames(lines []record.Timeline) []string {
	var out []string
	for _, t := range lines {
		out = append(out, t.Pod)
	}
	return out
}
