package record_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lastcall-dev/lastcall/record"
)

func TestASecretHeaderIsSentAndNeverSaved(t *testing.T) {
	var l record.Load
	for _, name := range []string{"authorization", "Cookie", "X-Api-Key", "X-Auth-Token"} {
		l.SetHeader(name, "hunter2")
	}
	l.SetHeader("accept", "text/plain")
	sent := l.SentHeader()
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "X-Auth-Token"} {
		if sent[name] != "hunter2" {
			t.Errorf("%s is sent as %q", name, sent[name])
		}
	}
	text, err := json.Marshal(&record.Run{Loads: []record.Load{l}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hunter2") {
		t.Errorf("the secret is in the record: %s", text)
	}
	if !strings.Contains(string(text), `"Accept":"text/plain"`) || sent["Accept"] != "text/plain" {
		t.Errorf("an ordinary header is missing: sent %v, saved %s", sent, text)
	}
}

func TestALoadWithoutHeadersSendsNone(t *testing.T) {
	if sent := (record.Load{}).SentHeader(); sent != nil {
		t.Errorf("%v", sent)
	}
}
