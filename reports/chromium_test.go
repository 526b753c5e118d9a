package reports

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var (
	pictureOf = flag.String("report", "", "a report.html, to take the picture for -picture from")
	picture   = flag.String("picture", "", "where to write the picture of -report as PNG")
)

// browserLimit bounds one test in the browser; it takes about a second where nothing hangs.
const browserLimit = 90 * time.Second

// browser is a Chromium with one tab, and what went wrong in it.
type browser struct {
	context.Context
	mu       sync.Mutex
	requests []string // addresses that the page asked for
	errors   []string // exceptions and entries of the console
}

// openBrowser starts a Chromium that ends with the test, which is skipped where none is installed.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	for _, name := range names {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skipf("no Chromium in PATH (looked for %s): the report was not opened in a browser", strings.Join(names, ", "))
	}
	// The sandbox needs rights that a container's root lacks. What is opened is our own page.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &browser{}
	if err := chromedp.Run(tab); err != nil { // the browser lives as long as the context of its first command
		t.Fatalf("starting %s: %v", path, err)
	}
	limited, cancel := context.WithTimeout(tab, browserLimit)
	t.Cleanup(cancel)
	b.Context = limited
	chromedp.ListenTarget(tab, b.listen)
	b.run(t, network.Enable(), runtime.Enable(), cdplog.Enable())
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		b.errors = append(b.errors, "console: "+string(e.Type))
	case *cdplog.EventEntryAdded:
		b.errors = append(b.errors, fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	}
}

func (b *browser) run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b, actions...); err != nil {
		t.Fatal(err)
	}
}

// open loads a file and checks that it asked for nothing but itself and complained of nothing.
func (b *browser) open(t *testing.T, file string) {
	t.Helper()
	b.mu.Lock()
	b.requests, b.errors = nil, nil
	b.mu.Unlock()
	address := (&url.URL{Scheme: "file", Path: file}).String()
	b.run(t, chromedp.Navigate(address))
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if r != address && !strings.HasPrefix(r, "data:") {
			t.Errorf("%s asks the network for %s", file, r)
		}
	}
	if len(b.requests) == 0 {
		t.Error("no request was seen, not even for the page: nothing is being watched")
	}
	for _, e := range b.errors {
		t.Errorf("%s: %s", file, e)
	}
}

func (b *browser) evaluate(t *testing.T, expression string, into any) {
	t.Helper()
	b.run(t, chromedp.Evaluate(expression, into))
}

// rendered writes all reports of the run and gives the page's path.
func rendered(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := Write(dir, demoRuns(goldenRates)[name]); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "report.html")
}

// overflow tells by how many pixels the page is wider than the window.
const overflow = `document.documentElement.scrollWidth - document.documentElement.clientWidth`

func TestTheReportIsReadableInABrowserWithoutScriptsAndWithoutNetwork(t *testing.T) {
	b := openBrowser(t)
	b.run(t, emulation.SetScriptExecutionDisabled(true))
	for name := range demoRuns(goldenRates) {
		file := rendered(t, name)
		for _, width := range []int64{1280, 390} {
			b.run(t, emulation.SetDeviceMetricsOverride(width, 900, 1, false))
			b.open(t, file)
			var text string
			b.run(t, chromedp.Text("body", &text, chromedp.ByQuery))
			for _, want := range []string{"Findings", "What happened when", "Failed requests", "How it was measured", "Repeat it", "lastcall run "} {
				if !strings.Contains(text, want) {
					t.Errorf("%s at %d px: %q is not to be read", name, width, want)
				}
			}
			var over float64
			b.evaluate(t, overflow, &over)
			if over > 0 {
				t.Errorf("%s is %v px wider than a window of %d px", name, over, width)
			}
		}
	}
}

func TestTheTimeAxisIsDrawnAndNothingLiesOutsideOfIt(t *testing.T) {
	b := openBrowser(t)
	b.run(t, emulation.SetDeviceMetricsOverride(1280, 900, 1, false))
	b.open(t, rendered(t, "closes"))
	var figures, ticks, outside, headings float64
	b.evaluate(t, `document.querySelectorAll("figure svg").length`, &figures)
	b.evaluate(t, `document.querySelectorAll("figure svg .failure").length`, &ticks)
	b.evaluate(t, `document.querySelectorAll("h1, h2").length`, &headings)
	b.evaluate(t, `[...document.querySelectorAll("figure svg")].flatMap(svg => {
		const frame = svg.getBoundingClientRect();
		return [...svg.querySelectorAll("text, rect, path, line")].filter(e => {
			const r = e.getBoundingClientRect();
			return r.width + r.height > 0 && (r.left < frame.left - 1 || r.right > frame.right + 1 || r.top < frame.top - 1 || r.bottom > frame.bottom + 1);
		});
	}).length`, &outside)
	if figures != 2 || ticks != 4 || headings < 6 {
		t.Errorf("%v images, %v failed requests on them (2 on each wanted), %v headings", figures, ticks, headings)
	}
	if outside > 0 {
		t.Errorf("%v elements lie outside of their image", outside)
	}
}

// contrast computes WCAG 2's contrast ratio of all text outside of images with the background behind it, and returns
// what has less than 4.5 (success criterion 1.4.3).
const contrast = `(() => {
	const light = c => { const v = c.match(/[\d.]+/g).slice(0, 3).map(x => { x /= 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4 }); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2] };
	const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/^rgba\(.*, 0\)$/.test(c)) return c } return "rgb(255, 255, 255)" };
	const out = new Set();
	for (const e of document.querySelectorAll("body *:not(svg *)")) {
		if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
		const a = light(getComputedStyle(e).color), b = light(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) out.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
	}
	return [...out];
})()`

func TestTextHasEnoughContrastInLightAndDark(t *testing.T) {
	b := openBrowser(t)
	dir := t.TempDir()
	if err := WriteSuite(dir, "gate", demoSuite(dir, goldenRates)); err != nil {
		t.Fatal(err)
	}
	backgrounds := make(map[string]bool)
	for _, scheme := range []string{"light", "dark"} {
		b.run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		for _, file := range []string{rendered(t, "closes"), rendered(t, "unknown"), rendered(t, "graceful"), filepath.Join(dir, "index.html")} {
			b.open(t, file)
			var low []string
			b.evaluate(t, contrast, &low)
			if len(low) > 0 {
				t.Errorf("%s in %s: too little contrast: %s", file, scheme, strings.Join(low, ", "))
			}
			var background string
			b.evaluate(t, `getComputedStyle(document.body).backgroundColor`, &background)
			backgrounds[background] = true
		}
	}
	if len(backgrounds) != 2 {
		t.Errorf("light and dark look the same: %v", backgrounds)
	}
}

func TestPaperIsWhiteEvenInDarkMode(t *testing.T) {
	b := openBrowser(t)
	b.run(t, emulation.SetEmulatedMedia().WithMedia("print").WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.open(t, rendered(t, "closes"))
	var background string
	b.evaluate(t, `getComputedStyle(document.body).backgroundColor`, &background)
	if background != "rgb(255, 255, 255)" {
		t.Errorf("printed on %s", background)
	}
}

func TestTheSuitesPageLinksEachRunAndFitsANarrowWindow(t *testing.T) {
	b := openBrowser(t)
	dir := t.TempDir()
	entries := demoSuite(dir, goldenRates)
	for _, e := range entries {
		if err := Write(e.Dir, e.Run); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteSuite(dir, "gate", entries); err != nil {
		t.Fatal(err)
	}
	b.run(t, emulation.SetDeviceMetricsOverride(390, 900, 1, false))
	b.open(t, filepath.Join(dir, "index.html"))
	var over float64
	b.evaluate(t, overflow, &over)
	if over > 0 {
		t.Errorf("%v px too wide", over)
	}
	var links []string
	b.evaluate(t, `[...document.querySelectorAll("tbody a")].map(a => decodeURIComponent(new URL(a.href).pathname))`, &links)
	if len(links) != len(entries) {
		t.Errorf("%d links to %d runs", len(links), len(entries))
	}
	for _, l := range links {
		if _, err := os.Stat(l); err != nil {
			t.Errorf("a link leads nowhere: %v", err)
		}
	}
}

// TestPicture takes a picture of a report for the README, without the parts that would make it long:
//
//	go test ./reports -run TestPicture -report "$PWD/out/…/report.html" -picture "$PWD/docs/report.png"
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("takes a picture only with -report and -picture")
	}
	file, err := filepath.Abs(*pictureOf)
	if err != nil {
		t.Fatal(err)
	}
	b := openBrowser(t)
	// The verdict and the first image around a delete tell the story; on twice as many pixels, for sharp text.
	b.run(t, emulation.SetDeviceMetricsOverride(1280, 900, 2, false))
	b.open(t, file)
	var bottom float64
	b.evaluate(t, `document.querySelectorAll(document.querySelector("#delete-1") ? "nav, #findings, #overall" : "nav, #findings").forEach(e => e.style.display = "none");
		(document.querySelector("#delete-1") || document.querySelector("#overall")).getBoundingClientRect().bottom + scrollY`, &bottom)
	b.run(t, emulation.SetDeviceMetricsOverride(1280, int64(bottom)+16, 2, false))
	var png []byte
	b.run(t, chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(*picture, png, 0o644); err != nil {
		t.Fatal(err)
	}
}
