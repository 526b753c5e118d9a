package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// requestSyntax is how a request is written on the command line.
const requestSyntax = `[METHOD] /PATH [-H 'NAME: VALUE']… [-d BODY|@FILE] [-> STATUS] [takes DURATION]`

// asked is a request of the command line.
type asked struct {
	method, path string
	header       [][2]string
	body         []byte
	expect       int           // 0: 200
	takes        time.Duration // 0: not said
}

// parseRequest reads a request as requestSyntax has it. Quotes and backslashes are those of a shell. Without a method it
// is GET, with a body POST, as curl has it.
func parseRequest(text string) (asked, error) {
	words, err := split(text)
	if err != nil {
		return asked{}, fmt.Errorf("request %q: %w", text, err)
	}
	var r asked
	if len(words) > 0 && words[0] != "" && strings.Trim(words[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		r.method, words = words[0], words[1:]
	}
	if len(words) == 0 {
		return asked{}, fmt.Errorf("request %q names no path; write it as %s", text, requestSyntax)
	}
	r.path, words = words[0], words[1:]
	if target, err := url.ParseRequestURI(r.path); err != nil || !strings.HasPrefix(r.path, "/") || target.Host != "" {
		return asked{}, fmt.Errorf("request %q: %q is no path with a slash in front", text, r.path)
	}
	for len(words) > 0 {
		if len(words) < 2 {
			return asked{}, fmt.Errorf("request %q: %q stands alone; write it as %s", text, words[0], requestSyntax)
		}
		if err := r.option(words[0], words[1]); err != nil {
			return asked{}, fmt.Errorf("request %q: %w", text, err)
		}
		words = words[2:]
	}
	if r.method == "" {
		r.method = http.MethodGet
		if r.body != nil {
			r.method = http.MethodPost
		}
	}
	return r, nil
}

// options of a request, by the word that begins them.
var options = map[string]func(r *asked, value string) error{
	"-H": (*asked).addHeader, "-d": (*asked).setBody, "->": (*asked).setExpect, "takes": (*asked).setTakes,
}

func (r *asked) option(name, value string) error {
	set, known := options[name]
	if !known {
		return fmt.Errorf("%q is not known; write it as %s", name, requestSyntax)
	}
	return set(r, value)
}

func (r *asked) addHeader(value string) error {
	name, rest, found := strings.Cut(value, ":")
	if !found || name == "" || strings.ContainsAny(name, " \t") || strings.ContainsAny(value, "\r\n") {
		return fmt.Errorf("header %q is not written as 'Name: value'", value)
	}
	r.header = append(r.header, [2]string{name, strings.TrimSpace(rest)})
	return nil
}

func (r *asked) setBody(value string) (err error) {
	if r.body != nil {
		return errors.New("it has two bodies")
	}
	r.body = []byte(value)
	if file, found := strings.CutPrefix(value, "@"); found {
		if r.body, err = os.ReadFile(file); err != nil {
			return fmt.Errorf("reading its body: %w", err)
		}
	}
	return nil
}

func (r *asked) setExpect(value string) (err error) {
	if r.expect, err = strconv.Atoi(value); err != nil || r.expect < 200 || r.expect > 599 {
		return fmt.Errorf("%q is no status from 200 to 599", value)
	}
	return nil
}

func (r *asked) setTakes(value string) (err error) {
	if r.takes, err = time.ParseDuration(value); err != nil || r.takes <= 0 {
		return fmt.Errorf("%q is no duration such as 3s", value)
	}
	return nil
}

// length is how long the answer is meant to take: as it says, or else the one duration in its query.
func (r asked) length() (time.Duration, error) {
	if r.takes > 0 {
		return r.takes, nil
	}
	target, err := url.ParseRequestURI(r.path)
	if err != nil {
		return 0, err
	}
	var lengths []time.Duration
	for _, values := range target.Query() {
		for _, value := range values {
			if length, err := time.ParseDuration(value); err == nil && length > 0 {
				lengths = append(lengths, length)
			}
		}
	}
	if len(lengths) != 1 {
		return 0, fmt.Errorf("how long %s %s takes is not known: add, for instance, 'takes 3s'", r.method, r.path)
	}
	return lengths[0], nil
}

// load of one class.
func (r asked) load(class record.Class, rate float64) record.Load {
	l := record.Load{Class: class, Rate: rate, Method: r.method, Path: r.path, Body: r.body, Expect: r.expect}
	for _, h := range r.header {
		l.SetHeader(h[0], h[1])
	}
	return l
}

// shown is the request as it may be written down: without secrets, and with its body's size in place of a long body.
func (r asked) shown() string {
	const longest = 200
	words := []string{r.method, quote(r.path)}
	l := r.load("", 0)
	for _, name := range sortedKeys(l.Header) {
		words = append(words, "-H", quote(name+": "+l.Header[name]))
	}
	switch {
	case len(r.body) > longest:
		words = append(words, "-d", fmt.Sprintf("'(%d bytes)'", len(r.body)))
	case r.body != nil:
		words = append(words, "-d", quote(string(r.body)))
	}
	if r.expect != 0 {
		words = append(words, "->", strconv.Itoa(r.expect))
	}
	if r.takes != 0 {
		words = append(words, "takes", r.takes.String())
	}
	return strings.Join(words, " ")
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
