// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"image/png"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// made returns the layout of a small database with some segments.
func made(t *testing.T) *engine.Layout {
	t.Helper()
	ctx := context.Background()
	db, err := engine.Open(ctx, "/made.lsm", engine.Options{FS: memfs.New(), NoAutoWork: true, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for n := range 3 {
		if err := db.Update(ctx, func(tx *engine.Tx) error {
			for i := range 1000 {
				if err := tx.Put(fmt.Appendf(nil, "%05d", n*700+i), make([]byte, 100)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	l, err := db.Layout(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &l
}

// TestPNG compares pixels with the scene: within each rectangle on which nothing else lies is its color, text
// has left marks where it stands, and what is outside of everything is the ground.
func TestPNG(t *testing.T) {
	s := picture.Draw(made(t))
	for name, theme := range map[string]picture.Theme{"light": picture.Light, "dark": picture.Dark} {
		for _, scale := range []float64{0.5, 1, 2.5} {
			data, err := pngOf(s, theme, scale)
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if b := img.Bounds(); b.Dx() != int(s.Width*scale+0.999) || b.Dy() != int(s.Height*scale+0.999) {
				t.Errorf("%s, %g: the picture is %v, the scene %g x %g", name, scale, b, s.Width, s.Height)
			}
			at := func(x, y float64) color.RGBA {
				r, g, b, a := img.At(int(x*scale), int(y*scale)).RGBA()
				return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)}
			}
			of := func(p picture.Paint) color.RGBA {
				c := picture.RGB(theme[p])
				return color.RGBA{c[0], c[1], c[2], 255}
			}
			if got := at(2, 2); got != of(picture.Paper) {
				t.Errorf("%s, %g: the ground is %v", name, scale, got)
			}
			compared, texts := 0, 0
			for i, it := range s.Items {
				x, y := it.X+it.W/2, it.Y+min(it.H/2, 5) // texts stand further down
				switch {
				case it.Kind == picture.Rect && it.Fill != "" && it.W*scale > 4 && it.H*scale > 4 && !covered(s, i, x, y):
					if got := at(x, y); got != of(it.Fill) {
						t.Errorf("%s, %g: %s is %v, want %v", name, scale, it.ID, got, of(it.Fill))
					}
					compared++
				case it.Kind == picture.Text && it.ID == "title":
					for dx := range 30 {
						for dy := range 14 {
							if at(it.X+float64(dx), it.Y-float64(dy)) != of(picture.Paper) {
								texts++
							}
						}
					}
				}
			}
			if compared < 20 || texts < 50 {
				t.Errorf("%s, %g: only %d rectangles and %d marks of the title were found", name, scale, compared, texts)
			}
		}
	}
}

// covered reports whether another item lies on a point of item i.
func covered(s *picture.Scene, i int, x, y float64) bool {
	for j, o := range s.Items {
		on := o.Layer > s.Items[i].Layer || o.Layer == s.Items[i].Layer && j > i
		if on && o.Kind != picture.Text && x > o.X-2 && x < o.X+o.W+2 &&
			y > min(o.Y, o.Y+o.H)-2 && y < max(o.Y, o.Y+o.H)+2 {
			return true
		}
	}
	return false
}

// TestPNGIsTheSame: the same scene gives the same bytes.
func TestPNGIsTheSame(t *testing.T) {
	s := picture.Draw(made(t))
	a, err := pngOf(s, picture.Light, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := pngOf(s, picture.Light, 1)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("%d and %d bytes, %v", len(a), len(b), err)
	}
}
