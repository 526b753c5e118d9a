package reports

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// findingRow is a finding as a table shows it.
type findingRow struct {
	Verdict            record.Verdict
	Word, Check        string
	Subject, Guarantee string
	Measured, Required string
	Message, Advice    string
	Code, Title        string
	Reference          string
	Waived             bool
}

func (f *facts) findingRows() []findingRow {
	var out []findingRow
	advised := map[string]bool{}
	for _, v := range f.findings {
		if advised[v.Advice] && v.Advice != "" {
			v.Advice = "As above."
		}
		advised[v.Advice] = true
		row := findingRow{
			Verdict: v.Verdict, Word: word(v.Verdict), Check: v.Check, Subject: v.Subject, Guarantee: v.Guarantee,
			Measured: quantity(v.Measured), Required: quantity(v.Threshold), Message: v.Message, Advice: v.Advice,
			Code: v.Diagnosis, Reference: v.Reference, Waived: v.Waived,
		}
		if v.Waived && v.Verdict == record.Fail {
			row.Word = "WAIVED"
		}
		if d, ok := record.Explain(v.Diagnosis); ok {
			row.Title = d.Title
		}
		out = append(out, row)
	}
	return out
}

// word is a verdict in capitals, so that it is told apart without colour. What is not one of the four is unknown.
func word(v record.Verdict) string {
	switch v {
	case record.Pass, record.Fail, record.Skipped:
		return strings.ToUpper(string(v))
	default:
		return "UNKNOWN"
	}
}

// symbol goes with the word.
func symbol(v record.Verdict) string {
	switch v {
	case record.Pass:
		return "✓"
	case record.Fail:
		return "✗"
	case record.Skipped:
		return "–"
	default:
		return "?"
	}
}

// failureRow is a failed request as the table shows it.
type failureRow struct {
	Seq                    uint64
	Request, At, Since     string
	Class, From, To, Phase string
	Candidates             bool // To lists candidates: the pod itself is not known
	Kind, Error            string
	Code, Title, Why       string
	Unexplained            bool
}

// maxRows bounds the table of failed requests; the rest is in the record.
const maxRows = 200

func (f *facts) failureRows() (rows []failureRow, left int) {
	for i, v := range f.failed {
		if i == maxRows {
			return rows, len(f.failed) - maxRows
		}
		rows = append(rows, f.failureRow(v))
	}
	return rows, 0
}

func (f *facts) failureRow(v failed) failureRow {
	row := failureRow{
		Seq: v.Seq, Request: strings.TrimSpace(v.Method + " " + v.Path), At: "–", Since: "–", Class: string(v.Class),
		From: cmp.Or(v.Node, v.Agent, "–"), To: v.pod(), Phase: cmp.Or(string(v.Failure.Phase), "–"),
		Kind: errorText(v), Error: middle(v.Error, 240), Code: cmp.Or(v.Failure.Diagnosis, "not judged"), Why: v.Failure.Why,
		Unexplained: v.unexplained(),
	}
	if d, ok := record.Explain(v.Failure.Diagnosis); ok {
		row.Title = d.Title
	}
	if v.Sent {
		row.At = clockTime(f.Run, v.At)
		if zero, ok := f.since(v); ok {
			row.Since = offset(v.At - zero)
		}
	}
	if row.To == "" && len(v.Failure.Candidates) > 0 {
		row.To, row.Candidates = list(v.Failure.Candidates, 4), true
	}
	row.To = cmp.Or(row.To, "not known")
	return row
}

// errorText names how a request failed, in the words of the charts' legend.
func errorText(v failed) string {
	if !v.Sent {
		return "not in the record"
	}
	if v.ErrKind == record.ErrStatus {
		return "status " + count(v.Code)
	}
	for _, e := range errorKinds {
		if e.Kind == v.ErrKind {
			return e.Text
		}
	}
	return cmp.Or(string(v.ErrKind), "cut off by the harness")
}

// cause groups the failed requests that have the same diagnosis.
type cause struct {
	Code, Title       string
	Count             int
	When, Kinds       string
	Classes, From, To string
	Why               string // of the first
}

func (f *facts) causes() []cause {
	var order []string
	groups := make(map[string][]failed)
	for _, v := range f.failed {
		code := cmp.Or(v.Failure.Diagnosis, "not judged")
		if groups[code] == nil {
			order = append(order, code)
		}
		groups[code] = append(groups[code], v)
	}
	var out []cause
	for _, code := range order {
		out = append(out, f.cause(code, groups[code]))
	}
	return out
}

func (f *facts) cause(code string, group []failed) cause {
	out := cause{Code: code, Count: len(group), Why: group[0].Failure.Why}
	if d, ok := record.Explain(code); ok {
		out.Title = d.Title
	}
	var first, last time.Duration
	timed := false
	names := func(of func(failed) string) string {
		var all []string
		for _, v := range group {
			if s := of(v); s != "" && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		return list(all, 3)
	}
	for _, v := range group {
		zero, ok := f.since(v)
		if !ok || !v.Sent {
			continue
		}
		since := v.At - zero
		if !timed {
			first, last, timed = since, since, true
		}
		first, last = min(first, since), max(last, since)
	}
	out.When = "–"
	if timed {
		out.When = offset(first)
		if last > first {
			out.When += " to " + offset(last)
		}
	}
	out.Kinds = names(errorText)
	out.Classes = names(func(v failed) string { return string(v.Class) })
	out.From = cmp.Or(names(func(v failed) string { return v.Node }), "–")
	out.To = cmp.Or(names(failed.pod), "not known")
	return out
}

// tile is one figure of the first screen.
type tile struct {
	Figure, Name, Remark string
	State                string // "good", "bad" or "" for neither
}

func (f *facts) tiles() []tile {
	var out []tile
	tallies, disrupted := f.tallies()
	during := "during the disruption"
	if !disrupted {
		during = "in the whole run"
	}
	for _, t := range tallies {
		v := tile{Figure: "–", Name: "failed, " + strings.ToLower(className(t.class)), Remark: "no requests " + during}
		if t.sent > 0 {
			v.Figure = percent(float64(t.failed) / float64(t.sent))
			v.Remark = count(t.failed) + " of " + count(t.sent) + " " + during
			v.State = state(t.failed == 0, float64(t.failed) > f.SLO.ErrorRate*float64(t.sent))
		}
		out = append(out, v)
	}
	if lines := f.terminated(); len(lines) > 0 {
		out = append(out, f.listenerTile(lines), f.exitTile(lines))
	}
	return out
}

func state(good, bad bool) string {
	switch {
	case bad:
		return "bad"
	case good:
		return "good"
	}
	return ""
}

// listenerTile shows the pod that stopped accepting earliest after its delete.
func (f *facts) listenerTile(lines []record.Timeline) tile {
	out := tile{Figure: "–", Name: "from delete to closed listener", Remark: "not measured"}
	for i, t := range lines {
		kept := t.ListenerClosed.At - t.Delete.At
		if !t.ListenerClosed.Seen() || (out.State != "" && kept >= f.kept(lines[:i])) {
			continue
		}
		out.Figure = fixed(kept.Seconds(), 2) + " s"
		out.Remark = "required: " + whole(f.SLO.EndpointRemoval) + " or longer"
		out.State = state(kept >= f.SLO.EndpointRemoval, kept < f.SLO.EndpointRemoval)
	}
	if len(lines) > 1 && out.State != "" {
		out.Remark += "; earliest of " + plural(len(lines), "pod")
	}
	return out
}

// kept is the shortest time that one of the pods went on accepting after its delete.
func (f *facts) kept(lines []record.Timeline) time.Duration {
	shortest := time.Duration(1<<63 - 1)
	for _, t := range lines {
		if t.ListenerClosed.Seen() {
			shortest = min(shortest, t.ListenerClosed.At-t.Delete.At)
		}
	}
	return shortest
}

// exitTile shows the pod that took longest to end, or the first that did not end well.
func (f *facts) exitTile(lines []record.Timeline) tile {
	out := tile{Figure: "–", Name: "from delete to exit", Remark: "end not seen"}
	var longest time.Duration
	for _, t := range lines {
		took := t.Exited.At - t.Delete.At
		bad := t.Killed || t.ExitCode > 0
		if !t.Exited.Seen() || out.State == "bad" || (!bad && took < longest) {
			continue
		}
		longest = took
		out.Figure, out.State = duration(took), state(t.ExitCode == 0, bad)
		out.Remark = "grace " + whole(f.Workload.Grace)
		if t.ExitCode >= 0 {
			out.Remark = "exit code " + count(t.ExitCode) + ", " + out.Remark
		}
	}
	return out
}
