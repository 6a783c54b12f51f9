// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/lsmlite/lsmlite-go/inspect"
)

var update = flag.Bool("update", false, "write the pictures of the page in docs/pictures again")

const (
	picturesDir = "../../../../docs/pictures"
	// maxPicture is how many bytes a picture has at most.
	maxPicture = 150 << 10
	// updateTime is for how long the load runs before pictures are written, so that there is something to see.
	updateTime = 40 * time.Second
)

// TestPictures looks at the page while a load runs, on three screens, and wants on each of them what
// matters: charts with lines, the structure with its parts, values, and nothing that is cut off.
// With -update the pictures are written that the documents show; otherwise those that are there are
// compared with the page in what can be compared: that they are of its sizes, and not blank.
func TestPictures(t *testing.T) {
	b := openBrowser(t)
	s := openShop(t, inspect.Options{})
	s.load(t)
	b.screen(1280, 860, "light")
	b.visit(s.page)
	if *update {
		time.Sleep(updateTime)
	}
	for _, screen := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"light", 1280, 1020, "light"}, {"dark", 1280, 1020, "dark"}, {"narrow", 400, 800, "light"}} {
		b.screen(screen.width, screen.height, screen.scheme)
		b.press("1")
		b.until(`document.querySelectorAll("#charts .line[d*=L]").length >= 8`)
		b.until(`document.querySelectorAll("#scene rect").length > 20`)
		b.has("#scene", "shop.lsm")
		b.has("#charts", "Commits")
		overview := b.picture("inspector-" + screen.name + ".png")
		if dark := brightness(overview) < 0.5; dark != (screen.scheme == "dark") {
			t.Errorf("%s: the brightness of the page is %.2f", screen.name, brightness(overview))
		}
		notBlank(t, screen.name+": the charts", overview, b.area("#charts figure:first-child .plot"))
		if screen.width > 1000 {
			notBlank(t, screen.name+": the structure", overview, b.area("#scene"))
		}
		b.press("2")
		b.set("#prefix", "")
		b.has("#list-note", "keys so far")
		if screen.width > 1000 {
			b.screen(screen.width, 640, screen.scheme)
			b.press("/")
			b.write("user/00")
			b.has("#list-note", "100 keys.")
			b.press("Enter")
			b.has("#value", `"name": "User 0"`)
			b.press("ArrowDown", "ArrowDown", "ArrowDown")
			b.has("#value", `"name": "User 3"`)
		}
		notBlank(t, screen.name+": the keys", b.picture("inspector-keys-"+screen.name+".png"), b.area("#list"))
		b.screen(screen.width, screen.height, screen.scheme)
		for _, view := range "12345" {
			b.press("Escape", string(view))
			b.until(`document.querySelector("#live").textContent === "live"`)
			if wide := eval[int64](b, "document.scrollingElement.scrollWidth"); wide > screen.width {
				t.Errorf("%s: view %c is %d pixels wide on a screen of %d", screen.name, view, wide, screen.width)
			}
		}
		b.press("Escape")
	}
}

// picture takes a picture of the page, and writes it to the documents with -update.
func (b *browser) picture(name string) image.Image {
	b.t.Helper()
	raw, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must(err)
	m, err := png.Decode(bytes.NewReader(raw))
	b.must(err)
	path := filepath.Join(picturesDir, name)
	if *update {
		b.must(os.MkdirAll(picturesDir, 0o755))
		var small bytes.Buffer
		b.must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, m))
		b.must(os.WriteFile(path, small.Bytes(), 0o644))
	}
	old, err := os.ReadFile(path)
	if err != nil {
		b.t.Errorf("%v; go test -run TestPictures -update makes it", err)
		return m
	}
	shown, err := png.Decode(bytes.NewReader(old))
	b.must(err)
	if shown.Bounds() != m.Bounds() {
		b.t.Errorf("%s has %v, and the page %v", name, shown.Bounds(), m.Bounds())
	}
	if len(old) > maxPicture {
		b.t.Errorf("%s has %d bytes; %d is the most", name, len(old), maxPicture)
	}
	notBlank(b.t, name, shown, shown.Bounds())
	return m
}

// area is where on the screen an element is.
func (b *browser) area(selector string) image.Rectangle {
	b.t.Helper()
	r := eval[[]float64](b, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom] })()`, selector))
	return image.Rect(int(r[0]), int(r[1]), int(r[2]), int(r[3]))
}

// notBlank wants an area of a picture to have several colors, of which none fills nearly all of it.
func notBlank(t *testing.T, what string, m image.Image, area image.Rectangle) {
	t.Helper()
	area = area.Intersect(m.Bounds())
	counts := make(map[[3]uint32]int)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			counts[[3]uint32{r, g, b}]++
		}
	}
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	all := area.Dx() * area.Dy()
	if all < 5000 || len(counts) < 8 || float64(most) > 0.985*float64(all) {
		t.Errorf("%s: %d pixels in %d colors, %d of them in one", what, all, len(counts), most)
	}
}

// brightness is how bright a picture is on average, from 0 to 1.
func brightness(m image.Image) float64 {
	sum, n := 0.0, 0
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y += 5 {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x += 5 {
			r, g, b, _ := m.At(x, y).RGBA()
			sum += float64(r+g+b) / 3 / 0xffff
			n++
		}
	}
	return sum / float64(n)
}
