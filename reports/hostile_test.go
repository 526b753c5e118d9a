package reports

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lastcall-dev/lastcall/record"
)

// poison is what a pod's name, an error or a header might try on a reader.
const poison = "</title></style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>]]>--><svg onload=alert(1)>\x1b[31m\x00\u202e\n::error::x\n| [x](javascript:alert(1)) @everyone `"

// infect appends the poison to every string of the run that no logic depends on.
func infect(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if t := v.Type().Name(); t == "string" && v.CanSet() {
			v.SetString(v.String() + poison)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			infect(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			infect(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			v.SetMapIndex(reflect.ValueOf(k.String()+poison), reflect.ValueOf(v.MapIndex(k).String()+poison))
			v.SetMapIndex(k, reflect.Value{})
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Kind" { // kinds of events decide the timeline
				infect(v.Field(i))
			}
		}
	}
}

func poisoned() *record.Run {
	run := closesRun(goldenRates)
	infect(reflect.ValueOf(run).Elem())
	for i := range run.Requests {
		if run.Requests[i].Failed() {
			run.Requests[i].ErrKind = record.ErrKind("refused" + poison)
			run.Requests[i].Class = record.Class("new/" + poison)
		}
	}
	run.Findings[0].Message = strings.Repeat("<b>huge", 200_000)
	return run
}

func TestNothingFromTheRecordBecomesMarkup(t *testing.T) {
	page := string(render(t, HTML, poisoned()))
	for _, tag := range []string{"<script", "<img", "<svg onload", "<b>huge", "javascript:"} {
		if tag == "javascript:" {
			if strings.Contains(page, "href=\"javascript") {
				t.Error("a link runs a script")
			}
			continue
		}
		if strings.Contains(strings.ToLower(page), tag) {
			t.Errorf("the page contains %s", tag)
		}
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Error("the hostile text itself should be shown, as text")
	}
	if strings.Count(page, "<title>") != strings.Count(page, "</title>") || strings.Count(page, "</style>") != 1 {
		t.Error("an element was closed by what stands in it")
	}
	if len(page) > 2_000_000 {
		t.Errorf("a huge string makes a huge page: %d bytes", len(page))
	}
}

func TestEveryFormatIsValidWhateverTheRecordHolds(t *testing.T) {
	for _, f := range All() {
		text := render(t, f.Write, poisoned())
		if !utf8.Valid(text) {
			t.Errorf("%s: not UTF-8", f.Name)
		}
		for _, r := range string(text) {
			if (unicode.IsControl(r) && r != '\n' && r != '\t') || r == '\u202e' {
				t.Errorf("%s: control character %U", f.Name, r)
				break
			}
		}
	}
}

func TestJUnitIsWellFormedWhateverTheRecordHolds(t *testing.T) {
	d := xml.NewDecoder(bytes.NewReader(render(t, JUnit, poisoned())))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnAnnotationCannotSmuggleInAnotherCommand(t *testing.T) {
	for line := range strings.Lines(string(render(t, Annotations, poisoned()))) {
		level, rest, _ := strings.Cut(strings.TrimPrefix(line, "::"), " ")
		if level != "error" && level != "warning" && level != "notice" {
			t.Errorf("line %.80q is no command of ours", line)
		}
		if title, _, _ := strings.Cut(rest, "::"); strings.Count(title, ",") != 0 || strings.Count(title, "=") < 1 {
			t.Errorf("title %.80q holds another property", title)
		}
	}
	if got, want := command("error", "a:b,c%\n", "x\r\ny%"), "::error title=a%3Ab%2Cc%25%0A::x%0D%0Ay%25\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMarkdownTablesKeepTheirColumns(t *testing.T) {
	lines := strings.Split(string(render(t, Markdown, poisoned())), "\n")
	for _, line := range lines {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 6 && n != 8 {
			t.Errorf("%d bars in %.200q", n, line)
		}
		if strings.Contains(line, "<script") || strings.Contains(line, "@everyone") || strings.Contains(strings.ReplaceAll(line, `\[`, ""), "[x]") {
			t.Errorf("markup in %.200q", line)
		}
	}
}

func TestThousandsOfFailuresMakeABoundedPageThatSaysWhatItLeavesOut(t *testing.T) {
	run := closesRun(goldenRates)
	for i := range 20_000 {
		at := 9*second + time.Duration(i)*time.Millisecond/2
		run.Requests = append(run.Requests, record.Request{
			Seq: uint64(100_000 + i), Class: record.NewFast, Node: demoNodes[0], Due: at, Start: at, End: at, ErrKind: record.ErrReset,
		})
	}
	page := string(render(t, HTML, run))
	if len(page) > 1_500_000 {
		t.Errorf("%d bytes", len(page))
	}
	if !strings.Contains(page, "the first 200; 19,802 more are left out here and are in requests.parquet") {
		t.Error("it does not say how many failures are left out")
	}
	if !strings.Contains(page, "20,002 failed requests") {
		t.Error("the time axis does not say how many failures there are")
	}
}
