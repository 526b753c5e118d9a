package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/lastcall-dev/lastcall/record"
)

// progress shows what goes on: one line that changes on a terminal, plain lines elsewhere.
type progress struct {
	out  io.Writer
	live bool
	lock sync.Mutex
	// The current step, when it began, and the figures so far.
	step         string
	began        time.Time
	start        time.Time
	sent, failed uint64
	shown        bool
	quit         chan struct{}
	ended        sync.WaitGroup
}

// redrawEvery is the interval of the changing line.
const redrawEvery = 500 * time.Millisecond

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, live: isTerminal(out), start: time.Now(), quit: make(chan struct{})}
	if p.live {
		p.ended.Go(p.redraw)
	}
	return p
}

func (p *progress) redraw() {
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
			p.lock.Lock()
			p.draw()
			p.lock.Unlock()
		}
	}
}

// Step implements scenarios.Watcher.
func (p *progress) Step(text string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.step, p.began = text, time.Now()
	if p.live {
		p.draw()
		return
	}
	fmt.Fprintf(p.out, "%7.1fs  %s\n", time.Since(p.start).Seconds(), text)
}

// Counts implements scenarios.Watcher.
func (p *progress) Counts(sent, failed uint64) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.sent, p.failed = sent, failed
}

// Event implements scenarios.Watcher. Without a terminal nothing is printed: the record has them all.
func (p *progress) Event(record.Event) {}

// draw rewrites the line; the lock is held.
func (p *progress) draw() {
	if p.step == "" {
		return
	}
	line := fmt.Sprintf("%6.1fs  %s (%.0fs)", time.Since(p.start).Seconds(), p.step, time.Since(p.began).Seconds())
	if p.sent > 0 {
		line += fmt.Sprintf("  %d requests, %d failed", p.sent, p.failed)
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", clip(line, width(p.out)-1))
	p.shown = true
}

// done takes the changing line away, so that something else can be printed; the next step starts a new one.
func (p *progress) done() {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	p.step, p.shown, p.sent, p.failed = "", false, 0, 0
}

// close ends the redrawing.
func (p *progress) close() {
	p.done()
	close(p.quit)
	p.ended.Wait()
}

func clip(line string, columns int) string {
	runes := []rune(line)
	if columns < 1 || len(runes) <= columns {
		return line
	}
	return strings.TrimRight(string(runes[:columns-1]), " ") + "…"
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// colourful tells whether colours may be used: on a terminal, unless NO_COLOR asks for none (no-color.org).
func colourful(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

// width of the terminal in columns; 100 where there is none.
func width(w io.Writer) int {
	if file, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 100
}
