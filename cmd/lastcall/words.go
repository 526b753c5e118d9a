package main

import (
	"errors"
	"strings"
)

// split cuts a line into words as a POSIX shell does, without any expansion (XCU 2.2, Quoting).
func split(line string) (words []string, err error) {
	var word strings.Builder
	var inside rune // the quote that is open
	begun, escaped := false, false
	for _, r := range line {
		switch {
		case escaped:
			if inside == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && inside != '\'':
			begun, escaped = true, true
		case inside != 0 && r == inside:
			inside = 0
		case inside == 0 && (r == '\'' || r == '"'):
			begun, inside = true, r
		case inside == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if inside != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// quote makes one word of a shell of the text.
func quote(text string) string {
	const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+"
	if text != "" && strings.Trim(text, harmless) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
