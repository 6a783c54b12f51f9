// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browserTime bounds a test in the browser.
const browserTime = 2 * time.Minute

// chromium returns the path of a browser that can be driven, or skips the test and says so.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium here: the page is not tested in a browser (Debian: apt-get install chromium)")
	return ""
}

// browser is a page in a headless browser, and what went wrong in it.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	faults   []string
	requests []string
}

// openBrowser starts a browser. The test fails if the page logs an error, breaks its own security
// policy, or requests anything from another host.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := chromium(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which chromium cannot have as root
	}
	alloc, stop := chromedp.NewExecAllocator(t.Context(), options...)
	b := &browser{t: t}
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithListener(b.listen))
	ctx, timeout := context.WithTimeout(ctx, browserTime)
	b.ctx = ctx
	t.Cleanup(func() {
		timeout()
		cancel()
		stop()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, f := range b.faults {
			t.Errorf("in the browser: %s", f)
		}
	})
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	b.must(err)
	b.screen(1280, 860, "light")
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError {
			b.faults = append(b.faults, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// expectFault takes an error that the test has caused from those that fail it.
func (b *browser) expectFault(text string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, f := range b.faults {
		if strings.Contains(f, text) {
			b.faults = append(b.faults[:i], b.faults[i+1:]...)
			return
		}
	}
	b.t.Errorf("no error with %q in the browser", text)
}

// must fails the test if err is not nil, and shows what the page shows.
func (b *browser) must(err error) {
	b.t.Helper()
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), 2*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText")) // for the message alone
	b.t.Fatalf("%v\nThe page:\n%.600s", err, text)
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, actions...))
}

// eval returns the value of an expression.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	b.must(err)
	return v
}

// visit opens an address and waits until the page is ready.
func (b *browser) visit(address string) {
	b.t.Helper()
	b.run(chromedp.Navigate(address))
	b.until("document.documentElement.dataset.ready === 'yes'")
}

// screen sets the size of the window, and whether the reader's system is dark.
func (b *browser) screen(width, height int64, scheme string) {
	b.t.Helper()
	b.run(chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	b.must(err)
}

// press sends keys to what has the focus, each as one event that the page can refuse, as a keyboard
// does: a character, or a key by its name.
func (b *browser) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: k}
		if text, named := texts[k]; named {
			down.Text = text
		} else if len(k) == 1 {
			down.Text = k
		}
		for _, e := range events[k] {
			down.WindowsVirtualKeyCode = e
		}
		_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, down)
		b.must(err)
		down.Type, down.Text = input.DispatchKeyEventTypeKeyUp, ""
		_, err = chromedp.Call(b.ctx, input.DispatchKeyEvent, down)
		b.must(err)
	}
}

// texts are what named keys write, and events their codes.
var (
	texts  = map[string]string{"Enter": "\r"}
	events = map[string][]int64{
		"Enter": {13}, "Escape": {27}, "ArrowLeft": {37}, "ArrowUp": {38}, "ArrowRight": {39}, "ArrowDown": {40},
		"Home": {36}, "End": {35}, "PageDown": {34}, "PageUp": {33}, "Delete": {46}, "Tab": {9},
	}
)

// write types a text.
func (b *browser) write(text string) {
	b.t.Helper()
	for _, r := range text {
		b.press(string(r))
	}
}

// ctrlEnter runs what is in the field that has the focus.
func (b *browser) ctrlEnter() {
	b.t.Helper()
	b.run(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(kb.ModifierCtrl)))
}

// set gives a field a value, as if it had been pasted there.
func (b *browser) set(selector, value string) {
	b.t.Helper()
	eval[chromedp.Void](b, fmt.Sprintf(`(() => { const f = document.querySelector(%q); f.value = %q; f.dispatchEvent(new Event("input")) })()`, selector, value))
}

// text returns the text of an element.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf("(document.querySelector(%q)?.innerText ?? 'NO ELEMENT')", selector))
}

// until waits until an expression is true.
func (b *browser) until(expression string) {
	b.t.Helper()
	if err := b.poll(expression); err != nil {
		b.must(fmt.Errorf("%s: %w", expression, err))
	}
}

// poll asks until an expression is true. While a page gives way to another one, it is not.
func (b *browser) poll(expression string) error {
	var last error
	for end := time.Now().Add(pollTime); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if is {
			return nil
		}
		last = err
	}
	return errors.Join(fmt.Errorf("not within %v", pollTime), last)
}

// pollTime is how long something on the page may take to appear.
const pollTime = 30 * time.Second

// has waits until an element has a text.
func (b *browser) has(selector, text string) {
	b.t.Helper()
	if err := b.poll(fmt.Sprintf("document.querySelector(%q)?.innerText.includes(%q)", selector, text)); err != nil {
		b.t.Fatalf("%s does not show %q, but %q: %v", selector, text, b.text(selector), err)
	}
}

// forgetFaults leaves out the errors so far, all of which the test has caused.
func (b *browser) forgetFaults() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = nil
}
