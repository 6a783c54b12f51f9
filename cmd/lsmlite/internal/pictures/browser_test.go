// SPDX-License-Identifier: Apache-2.0

package pictures_test

import (
	"context"
	"fmt"
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

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// recording records a load and returns the address of its page.
func recording(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	film := new(inspect.Film)
	db, err := engine.Open(ctx, "/film.lsm", engine.Options{FS: memfs.New(), AutoFlush: 128 << 10, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 60 {
		if err := db.Update(ctx, func(tx *engine.Tx) error {
			for k := range 200 {
				key := fmt.Appendf(nil, "</script>%05d", (i*200+k)*7919%20000)
				if err := tx.Put(key, make([]byte, 100)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := film.Look(ctx, db); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "film.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := film.WritePage(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return "file://" + filepath.ToSlash(path)
}

// viewer is a page in a headless browser.
type viewer struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	faults   []string
	requests []string
}

// view opens an address. The test fails if the page logs an error or breaks its own security policy.
func view(t *testing.T, address string) *viewer {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no chromium here: recordings are not tested in a browser (Debian: apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which chromium cannot have as root
	}
	alloc, stop := chromedp.NewExecAllocator(t.Context(), options...)
	v := &viewer{t: t}
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithListener(v.listen))
	ctx, timeout := context.WithTimeout(ctx, time.Minute)
	v.ctx = ctx
	t.Cleanup(func() {
		timeout()
		cancel()
		stop()
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, f := range v.faults {
			t.Errorf("in the browser: %s", f)
		}
	})
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	v.must(err)
	v.must(chromedp.Do(ctx, chromedp.Navigate(address)))
	v.until("document.getElementById('time').value !== ''")
	return v
}

func (v *viewer) listen(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		v.faults = append(v.faults, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError {
			v.faults = append(v.faults, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		v.requests = append(v.requests, e.Request.URL)
	}
}

func (v *viewer) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *viewer) until(expression string) {
	v.t.Helper()
	_, err := chromedp.Run(v.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(20*time.Second)))
	if err != nil {
		v.t.Fatalf("%s: %v", expression, err)
	}
}

func eval[T any](v *viewer, expression string) T {
	v.t.Helper()
	out, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](expression))
	v.must(err)
	return out
}

// press has the page get a key.
func (v *viewer) press(key string) {
	v.t.Helper()
	eval[bool](v, fmt.Sprintf("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: %q, bubbles: true, cancelable: true})) || true", key))
}

// items are all items of the picture, in no order: what was drawn again stands elsewhere in its layer.
func (v *viewer) items() string {
	v.t.Helper()
	return eval[string](v, "[...document.querySelectorAll('#picture g > *')].map(e => e.outerHTML).sort().join('\\n')")
}

// TestRecordingInABrowser plays a recording: by its button, keys and slider. A state looks the same from both sides.
func TestRecordingInABrowser(t *testing.T) {
	address := recording(t)
	v := view(t, address)
	last := eval[int](v, "+document.getElementById('at').max")
	if last < 20 {
		t.Fatalf("only %d frames", last+1)
	}
	at := func() int { return eval[int](v, "+document.getElementById('at').value") }
	first := v.items()
	v.press("ArrowRight")
	v.press("ArrowRight")
	second := v.items()
	if at() != 2 || second == first {
		t.Errorf("after two steps it is frame %d", at())
	}
	v.press("End")
	if at() != last || !strings.Contains(v.items(), "&lt;/script&gt;") {
		t.Errorf("the end is frame %d of %d, and shows no key", at(), last)
	}
	for range last - 2 {
		v.press("ArrowLeft")
	}
	if at() != 2 || v.items() != second {
		t.Errorf("frame %d is another one on the way back", at())
	}
	v.press("Home")
	if v.items() != first {
		t.Error("the first frame is another one in the end")
	}
	eval[bool](v, fmt.Sprintf("(() => { const s = document.getElementById('at'); s.value = %d; return s.dispatchEvent(new Event('input')) })()", 2))
	if v.items() != second {
		t.Error("the slider leads to another frame")
	}

	eval[bool](v, "(() => { const s = document.getElementById('speed'); s.value = 4; return s.dispatchEvent(new Event('change')) })()")
	eval[bool](v, "document.getElementById('play').click() || true")
	v.until("document.getElementById('play').getAttribute('aria-pressed') === 'true'")
	v.until(fmt.Sprintf("+document.getElementById('at').value === %d", last))
	v.until("document.getElementById('play').textContent === 'Play'")
	v.press(" ")
	v.until("document.getElementById('play').textContent === 'Pause'")
	v.press(" ")
	v.until("document.getElementById('play').textContent === 'Play'")
	if text := eval[string](v, "document.getElementById('at').getAttribute('aria-valuetext')"); !strings.Contains(text, "segment") {
		t.Errorf("the slider says %q", text)
	}
	for _, r := range v.requests {
		if r != address {
			t.Errorf("the page requests %s", r)
		}
	}
}

// TestRecordingOnSmallAndDarkScreens: nothing makes the page itself wider than the screen, and it is dark where the
// system is.
func TestRecordingOnSmallAndDarkScreens(t *testing.T) {
	v := view(t, recording(t))
	v.must(chromedp.Do(v.ctx, chromedp.EmulateViewport(400, 800)))
	if w := eval[int](v, "document.documentElement.scrollWidth"); w > 400 {
		t.Errorf("the page is %d wide on a screen of 400", w)
	}
	for scheme, want := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 29)"} {
		_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		v.must(err)
		if got := eval[string](v, "getComputedStyle(document.body).backgroundColor"); got != want {
			t.Errorf("%s: the ground is %s", scheme, got)
		}
	}
}
