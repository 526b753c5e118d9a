package main

import (
	"strings"
	"sync"
)

// lines is what a process writes, to be looked at while it runs.
type lines struct {
	lock sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(part string) bool { return strings.Contains(l.String(), part) }

func (l *lines) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}
