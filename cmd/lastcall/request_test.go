package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

func TestARequestIsReadAsItIsDocumented(t *testing.T) {
	file := filepath.Join(t.TempDir(), "order.json")
	if err := os.WriteFile(file, []byte(`{"n":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]asked{
		"/":                         {method: "GET", path: "/"},
		"GET /":                     {method: "GET", path: "/"},
		"DELETE /a?b=c -> 204":      {method: "DELETE", path: "/a?b=c", expect: 204},
		"/slow?for=3s takes 3500ms": {method: "GET", path: "/slow?for=3s", takes: 3500 * time.Millisecond},
		"/orders -d {}":             {method: "POST", path: "/orders", body: []byte("{}")},
		"PUT /orders -d ''":         {method: "PUT", path: "/orders", body: []byte{}},
		"POST /orders -d @" + file:  {method: "POST", path: "/orders", body: []byte(`{"n":1}`)},
		`POST /orders -H 'Content-Type: application/json' -H "X-A: b c" -d '{"a": "b"}' -> 201`: {
			method: "POST", path: "/orders", header: [][2]string{{"Content-Type", "application/json"}, {"X-A", "b c"}},
			body: []byte(`{"a": "b"}`), expect: 201,
		},
	}
	for text, want := range cases {
		got, err := parseRequest(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestARequestThatCannotBeMeantIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "GET", "get /", "GET orders", "GET http://example.com/", "GET / /more", "GET / ->", "GET / -> 99", "GET / -> ok",
		"GET / -H Accept", "GET / -H ': x'", "GET / -H 'A B: c'", "GET / -H \"A: b\r\nC: d\"", "GET / -d a -d b", "GET / -d @/no/such/file",
		"GET / takes 3", "GET / takes -3s", "GET / -x y", "GET / -d 'open", `GET / -d \`,
	} {
		if r, err := parseRequest(text); err == nil {
			t.Errorf("%q is read as %+v", text, r)
		}
	}
}

func TestHowLongASlowRequestTakesIsSaidOrKnownFromItsQuery(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"/slow?for=3s": 3 * time.Second, "/slow?for=3s&n=5": 3 * time.Second, "/slow?for=3s takes 4s": 4 * time.Second, "/slow takes 1m": time.Minute,
		"/slow": 0, "/slow?n=5": 0, "/slow?a=3s&b=4s": 0, "/slow?for=0s": 0,
	} {
		r, err := parseRequest(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.length(); got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestTheRequestThatIsWrittenDownMeansTheSameAndHoldsNoSecret(t *testing.T) {
	for _, text := range []string{"GET /", `POST /a?b=c -H 'Accept: it'\''s' -d '{"a": 1}' -> 201 takes 3s`} {
		once, err := parseRequest(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseRequest(once.shown())
		if err != nil || !reflect.DeepEqual(once, again) {
			t.Errorf("%s became %s: %+v, %v", text, once.shown(), again, err)
		}
	}
	secret, err := parseRequest("GET / -H 'authorization: Bearer hunter2' -H 'Cookie: sid=hunter2'")
	if err != nil {
		t.Fatal(err)
	}
	if text := secret.shown(); strings.Contains(text, "hunter2") || !strings.Contains(text, record.Redacted) {
		t.Error(text)
	}
	if sent := secret.load(record.NewFast, 1).SentHeader(); sent["Authorization"] != "Bearer hunter2" || sent["Cookie"] != "sid=hunter2" {
		t.Errorf("it is sent as %v", sent)
	}
}

func TestWordsAreThoseOfAShell(t *testing.T) {
	for line, want := range map[string][]string{
		"":                   nil,
		" a  b\t":            {"a", "b"},
		`'a b' "c \" \\ \n"`: {"a b", `c " \ \n`},
		`a'b'"c"\ d`:         {"abc d"},
		`'' ""`:              {"", ""},
		`'\'`:                {`\`},
	} {
		got, err := split(line)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
		for _, word := range got {
			if back, err := split(quote(word)); err != nil || len(back) != 1 || back[0] != word {
				t.Errorf("%q is quoted as %s, which is %q, %v", word, quote(word), back, err)
			}
		}
	}
}
