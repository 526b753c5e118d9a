package reports

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lastcall-dev/lastcall/record"
)

// modelWords come before everything else that is said of a run on a platform that was no cluster.
const modelWords = "This was a model of a cluster, not a cluster."

// The page keeps to a few megabytes, however many pods there were and whatever they wrote.
const (
	maxOutput  = 16 << 10  // bytes of one pod's output that are shown, from its end
	maxOutputs = 512 << 10 // of all
)

// output is what one pod wrote, fit to be shown.
type output struct {
	Pod   string
	Text  string
	Lines int
	Cut   string // what is left out
}

// outputs takes the text from the run itself: unlike all other strings of a record it has more than one line.
func outputs(run *record.Run) (out []output) {
	room := maxOutputs
	for _, o := range run.Outputs {
		text, dropped := o.Text, o.Dropped
		if most := min(maxOutput, room); len(text) > most {
			start := len(text) - most
			for start < len(text) && !utf8.RuneStart(text[start]) {
				start++
			}
			dropped += int64(start)
			text = text[start:]
		}
		room -= len(text)
		one := output{Pod: clean(o.Pod)}
		if dropped > 0 {
			one.Cut = fmt.Sprintf("%s bytes are left out; run.json has what was kept of them.", count(int(dropped)))
		}
		if text = strings.TrimRight(text, "\n"); text != "" {
			lines := strings.Split(text, "\n")
			for i, line := range lines {
				lines[i] = clean(strings.TrimRight(line, "\r"))
			}
			one.Lines, one.Text = len(lines), strings.Join(lines, "\n")
		}
		out = append(out, one)
	}
	return out
}
