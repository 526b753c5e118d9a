package reports

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

var update = flag.Bool("update", false, "write the golden files anew instead of comparing with them")

// golden compares what was rendered with the file of that name in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with -update", err)
	}
	if bytes.Equal(got, want) {
		return
	}
	a, b := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			t.Fatalf("%s differs in line %d; accept it with -update\n got: %.400s\nwant: %.400s", path, i+1, a[i], b[i])
		}
	}
	t.Fatalf("%s: got %d lines, want %d; accept it with -update", path, len(a), len(b))
}

func render(t *testing.T, write func(io.Writer, *record.Run) error, run *record.Run) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := write(&buf, run); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestEveryFormatRendersEveryKindOfRunAsBefore(t *testing.T) {
	if len(All()) < 5 {
		t.Fatalf("only %d formats are registered", len(All()))
	}
	for name, run := range demoRuns(goldenRates) {
		for _, f := range All() {
			t.Run(name+"/"+f.Name, func(t *testing.T) {
				got := render(t, f.Write, run)
				if !bytes.Equal(got, render(t, f.Write, run)) {
					t.Fatal("rendering the same run twice gives different results")
				}
				golden(t, filepath.Join(name, f.File), got)
			})
		}
	}
}

// demoSuite has a run of each outcome: passed, a negative control that fails as it must, one that does not, unknown.
func demoSuite(dir string, rates demoRates) []Entry {
	runs := demoRuns(rates)
	passesWrongly := gracefulRun(rates)
	passesWrongly.Expect = &record.Expectation{Verdict: record.Fail, Diagnosis: "F1"}
	runs["graceful"].Spans = demoSpans()
	return []Entry{
		{Run: runs["graceful"], Dir: filepath.Join(dir, "graceful"), Took: 64 * time.Second},
		{Run: runs["closes"], Dir: filepath.Join(dir, "closes")},
		{Run: passesWrongly, Dir: filepath.Join(dir, "graceful"), Unmet: "passes, and must fail with F1"},
		{Run: runs["unknown"], Dir: filepath.Join(dir, "unknown"), Unmet: "unknown, and must pass"},
	}
}

func TestASuiteRendersAsBefore(t *testing.T) {
	dir := t.TempDir()
	if err := WriteSuite(dir, "gate", demoSuite(dir, goldenRates), Lap{Name: "bringing the cluster up", Took: 16 * time.Second}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "junit.xml", "summary.md"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("suite", name), got)
	}
}

func TestWriteLeavesAllFormatsAndNothingElse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := Write(dir, forcedRun(goldenRates)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(All()) {
		t.Errorf("%d files for %d formats", len(entries), len(All()))
	}
	for _, f := range All() {
		if info, err := os.Stat(filepath.Join(dir, f.File)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", f.File, err)
		}
	}
}
