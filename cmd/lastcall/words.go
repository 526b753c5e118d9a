package main

import (
	"errors"
	"strings"
)

// split cuts a line into words as a POSIX shell does, without any expansion (XCU 2.2, Quoting).
func split(line string) ([]string, error) {
	var s splitter
	for _, r := range line {
		s.take(r)
	}
	if s.inside != 0 || s.escaped {
		return nil, errors.New("a quote is not closed")
	}
	s.end()
	return s.words, nil
}

// splitter is on its way through a line.
type splitter struct {
	words   []string
	word    strings.Builder
	begun   bool // a word, perhaps an empty one
	inside  rune // the quote that is open; 0 none
	escaped bool // by a backslash
}

func (s *splitter) take(r rune) {
	switch {
	case s.escaped:
		if s.inside == '"' && r != '"' && r != '\\' {
			s.word.WriteByte('\\')
		}
		s.word.WriteRune(r)
		s.escaped = false
	case r == '\\' && s.inside != '\'':
		s.begun, s.escaped = true, true
	case s.inside != 0:
		s.quoted(r)
	case r == '\'' || r == '"':
		s.begun, s.inside = true, r
	case strings.ContainsRune(" \t\n", r):
		s.end()
	default:
		s.begun = true
		s.word.WriteRune(r)
	}
}

func (s *splitter) quoted(r rune) {
	if r == s.inside {
		s.inside = 0
		return
	}
	s.word.WriteRune(r)
}

func (s *splitter) end() {
	if s.begun {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.begun = false
}

// quote makes one word of a shell of the text.
func quote(text string) string {
	const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+"
	if text != "" && strings.Trim(text, harmless) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
