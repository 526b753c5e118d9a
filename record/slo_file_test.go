package record_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func read(t *testing.T, text string) (record.SLO, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slo.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return record.ReadSLO(path, record.DefaultSLO())
}

func TestAnSLOFileChangesOnlyWhatItNames(t *testing.T) {
	got, err := read(t, "errorRate: 0.01\nendpointRemoval: 5s\nwaive: [exits-cleanly]\n")
	if err != nil {
		t.Fatal(err)
	}
	if got.ErrorRate != 0.01 || got.EndpointRemoval != 5*time.Second || len(got.Waive) != 1 {
		t.Errorf("read %+v", got)
	}
	if got.Confidence != record.DefaultSLO().Confidence || got.Rounds != record.DefaultSLO().Rounds {
		t.Errorf("what the file does not name changed: %+v", got)
	}
}

func TestAnSLOFileThatCannotBeMeantIsRefused(t *testing.T) {
	cases := map[string]string{
		"errorRates: 0.1":     "unknown field",
		"errorRate: 5":        "errorRate is 5",
		"confidence: 0":       "confidence is 0",
		"endpointRemoval: 2":  "length of time",
		"endpointRemoval: 0s": "longer than 0",
		"rounds: 0":           "rounds is 0",
		"minRate: 0":          "minRate",
	}
	for text, want := range cases {
		if _, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", text, err, want)
		}
	}
}
