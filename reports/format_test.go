package reports

import (
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestDurationsAreWrittenAsPeopleWould(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 420 * time.Microsecond: "0.42 ms", 3 * time.Millisecond: "3 ms", 12*time.Millisecond + 345678: "12 ms",
		190 * time.Millisecond: "0.19 s", 13140 * time.Millisecond: "13.1 s", 9999 * time.Millisecond: "10.0 s",
		125 * time.Second: "2 min 5 s", 180 * time.Second: "3 min", -20 * time.Millisecond: "−20 ms", 62 * time.Second: "62.0 s",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestAnUncertaintyLimitsTheDigits(t *testing.T) {
	for _, c := range []struct {
		d, u time.Duration
		want string
	}{
		{190 * time.Millisecond, 20 * time.Millisecond, "0.19 s ± 0.02 s"},
		{12345 * time.Millisecond, 1100 * time.Millisecond, "12.3 s ± 1.1 s"},
		{5 * time.Millisecond, 2 * time.Millisecond, "5.0 ms ± 2.0 ms"},
		{1834200 * time.Microsecond, 200 * time.Microsecond, "1.8342 s ± 0.0002 s"},
		{190 * time.Millisecond, 0, "0.19 s"},
	} {
		if got := doubtful(c.d, c.u); got != c.want {
			t.Errorf("doubtful(%v, %v) = %q, want %q", c.d, c.u, got, c.want)
		}
	}
	if got := sinceWithDoubt(120*time.Millisecond, 190*time.Microsecond); got != "+0.120 s ± 0.001 s" {
		t.Errorf("an uncertainty below the last digit must be rounded up, got %q", got)
	}
	if got := sinceWithDoubt(-120*time.Millisecond, 0); got != "−0.120 s" {
		t.Errorf("got %q", got)
	}
}

func TestNumbersHaveSeparators(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "−1,234", 0.0417: "0.0417", 0.123456: "0.123", 99.95: "100", 12.34: "12.3",
	} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
	if got := count(15546); got != "15,546" {
		t.Errorf("count: %q", got)
	}
	if got := percent(0.001); got != "0.1 %" {
		t.Errorf("percent: %q", got)
	}
}

func TestQuantitiesCarryUnitAndBound(t *testing.T) {
	for _, c := range []struct {
		q    record.Quantity
		want string
	}{
		{record.Quantity{Value: 0.062, Unit: "s", Upper: 0.073}, "0.062 s (at most 0.073 s)"},
		{record.Quantity{Value: 2, Unit: "s"}, "2 s"},
		{record.Quantity{Text: "exit code 137"}, "exit code 137"},
		{record.Quantity{}, "–"},
		{record.Quantity{Unit: "requests"}, "0 requests"},
	} {
		if got := quantity(c.q); got != c.want {
			t.Errorf("quantity(%+v) = %q, want %q", c.q, got, c.want)
		}
	}
}

func TestCleanTextCannotActOnATerminalOrAPage(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "two\nlines": "two lines", "\x1b[2J": `\u001b[2J`, "a\u202eb": `a\u202eb`, "bad\xff": "bad�", "naïve": "naïve",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := clean(strings.Repeat("x", maxText+1500)); !strings.HasSuffix(got, "… (1,500 more characters)") || len(got) > maxText+50 {
		t.Errorf("a huge string must be bounded and say so, got %d bytes", len(got))
	}
}

func TestTidyReachesEveryStringAndLeavesTheRunAlone(t *testing.T) {
	const bad = "\x1b"
	run := &record.Run{
		Command: bad, Errors: []string{bad}, Versions: map[string]string{bad: bad}, Expect: &record.Expectation{Reason: bad},
		Workload: record.Workload{Environment: map[string]string{"K": bad}}, Findings: []record.Finding{{Measured: record.Quantity{Text: bad}}},
		Failures: []record.Failure{{Candidates: []string{bad}}}, Requests: []record.Request{{Error: bad, Node: bad}}, Began: time.Unix(7, 0),
	}
	got := tidy(run)
	for _, s := range []string{
		got.Command, got.Errors[0], got.Versions[`\u001b`], got.Expect.Reason, got.Workload.Environment["K"], got.Findings[0].Measured.Text,
		got.Failures[0].Candidates[0], got.Requests[0].Error, got.Requests[0].Node,
	} {
		if s != `\u001b` {
			t.Errorf("not clean: %q", s)
		}
	}
	if run.Errors[0] != bad || run.Requests[0].Error != bad || !got.Began.Equal(run.Began) {
		t.Error("the run itself was changed, or its time was lost")
	}
}
