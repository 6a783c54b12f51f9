// SPDX-License-Identifier: Apache-2.0

package picture_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// TestEverythingIsDrawnOnce draws random layouts. Each block has its place on the map, where what it holds adds up to
// it, each segment has one row, and nothing lies outside the picture.
func TestEverythingIsDrawnOnce(t *testing.T) {
	for seed := range uint64(200) {
		l := randomLayout(rand.New(rand.NewPCG(seed, 5)))
		s := picture.Draw(l)
		ids := make(map[string]bool)
		widths := make(map[string]float64)
		places := make(map[[2]float64]bool)
		area, pitch := 0.0, 0.0
		for _, it := range s.Items {
			if ids[it.ID] {
				t.Fatalf("seed %d: item %s is there twice", seed, it.ID)
			}
			ids[it.ID] = true
			right, bottom := it.X+max(it.W, 0), it.Y+max(it.H, 0)
			if it.X < 0 || it.Y < 0 || right > s.Width+0.01 || bottom > s.Height+0.01 || math.IsNaN(it.X+it.Y+it.W+it.H) {
				t.Errorf("seed %d: %+v lies outside of %g x %g", seed, it, s.Width, s.Height)
			}
			for _, p := range []picture.Paint{it.Fill, it.Stroke} {
				if p != "" && (picture.Light[p] == "" || picture.Dark[p] == "") {
					t.Errorf("seed %d: %s has no color in a theme", seed, p)
				}
			}
			if cell, part, ok := strings.Cut(it.ID, "."); ok && strings.HasPrefix(cell, "b") && part != "mark" && part != "meta" {
				widths[cell] += it.W
				if part == "0" {
					places[[2]float64{it.X, it.Y}] = true
					pitch = max(pitch, it.H)
				}
				area += it.W * it.H
			}
		}
		perCell := max(1, (l.Blocks+2399)/2400)
		if want := (l.Blocks + perCell - 1) / perCell; int64(len(widths)) != want || int64(len(places)) != want {
			t.Fatalf("seed %d: %d places of the map at %d spots, want %d", seed, len(widths), len(places), want)
		}
		if want := float64(l.Blocks) / float64(perCell) * pitch * pitch; math.Abs(area-want) > want/1e6 {
			t.Errorf("seed %d: the map has an area of %g, want %g", seed, area, want)
		}
		for n, seg := range l.Segments {
			id := "s" + string(rune('0'+n/10)) + string(rune('0'+n%10))
			id = strings.Replace(id, "s0", "s", 1)
			if !ids[id+".track"] || ids[id+".keys"] != (seg.FirstKey != nil) || ids[id+".size"] != (seg.Bytes > 0) {
				t.Errorf("seed %d: segment %d of %+v is not drawn as it is", seed, n, seg)
			}
		}
		if !ids["live.track"] || ids["old.track"] != (l.OldBytes > 0) || ids["j0.stem"] != (len(l.Jobs) > 0) {
			t.Errorf("seed %d: trees or jobs are missing", seed)
		}
	}
}

// TestColorsDiffer: the colours of neighbours on the scale of segments differ in lightness, and all stand out from the
// ground of their theme.
func TestColorsDiffer(t *testing.T) {
	for name, theme := range map[string]picture.Theme{"light": picture.Light, "dark": picture.Dark} {
		before := 2.0
		for _, p := range []picture.Paint{"seg9", "seg8", "seg7", "seg6", "seg5", "seg4", "seg3", "seg2", "seg1", "seg0"} {
			y := luminance(t, theme[p])
			if y >= before {
				t.Errorf("%s: %s is lighter than the one before it", name, p)
			}
			before = y
		}
		for p, least := range map[picture.Paint]float64{"ink": 7, "dim": 4.5, "log": 3, "tree": 3, "unknown": 3, "seg0": 3} {
			if c := contrast(luminance(t, theme[p]), luminance(t, theme["paper"])); c < least {
				t.Errorf("%s: %s has a contrast of %.1f to the ground, want %g", name, p, c, least)
			}
		}
		if c := contrast(luminance(t, theme["dim"]), luminance(t, theme["card"])); c < 4.5 {
			t.Errorf("%s: explanations on cards have a contrast of %.1f", name, c)
		}
	}
}

// luminance and contrast are those of WCAG 2.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	if len(color) != 7 {
		t.Fatalf("color %q", color)
	}
	channel := func(i int) float64 {
		v := float64(strings.IndexByte(hexDigits, color[i])*16+strings.IndexByte(hexDigits, color[i+1])) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(1) + 0.7152*channel(3) + 0.0722*channel(5)
}

const hexDigits = "0123456789abcdef"

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

// TestLayoutsOfAWholeLoad draws every state of a load: no state is one that cannot be drawn.
func TestLayoutsOfAWholeLoad(t *testing.T) {
	jobs := 0
	load(t, "/data/users.lsm", 700, func(i int, l *engine.Layout) {
		s := picture.Draw(l)
		if s.Height < 300 || s.Height > 2000 {
			t.Errorf("commit %d: the picture is %g high", i, s.Height)
		}
		jobs += len(l.Jobs)
		if text := picture.TextOf(l, picture.TextOptions{}); strings.Count(text, "\n") < len(l.Segments)+5 {
			t.Errorf("commit %d: a text of too few lines:\n%s", i, text)
		}
	})
	if jobs == 0 {
		t.Error("no flush or merge was ever in progress")
	}
}

// TestBracketsDoNotCross: jobs one below the other share a place for their brackets, those that reach across each other
// do not.
func TestBracketsDoNotCross(t *testing.T) {
	stems := func(l *engine.Layout) (x []float64) {
		for _, it := range picture.Draw(l).Items {
			if strings.HasSuffix(it.ID, ".stem") {
				x = append(x, it.X)
			}
		}
		return x
	}
	l := fixed()
	if x := stems(l); len(x) != 3 || x[0] != x[1] || x[1] != x[2] {
		t.Errorf("three jobs one below the other are at %v", x)
	}
	l.Jobs[1].Inputs = []int{0, 3} // reaches into the third one
	if x := stems(l); len(x) != 3 || x[0] != x[1] || x[1] == x[2] {
		t.Errorf("two jobs that cross are at %v", x)
	}
}
