// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/vector"

	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// canvas draws the items of a scene as pixels.
type canvas struct {
	img   *image.RGBA
	theme picture.Theme
	scale float64
	fonts fonts
}

// pngOf returns a scene as a PNG file, with scale pixels for each of the scene's.
func pngOf(s *picture.Scene, theme picture.Theme, scale float64) ([]byte, error) {
	c := &canvas{theme: theme, scale: scale, img: image.NewRGBA(image.Rect(0, 0, int(math.Ceil(s.Width*scale)), int(math.Ceil(s.Height*scale))))}
	defer c.fonts.close()
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(c.color(picture.Paper)), image.Point{}, draw.Src)
	for layer, left := uint8(0), len(s.Items); left > 0; layer++ {
		for i := range s.Items {
			if s.Items[i].Layer != layer {
				continue
			}
			left--
			if err := c.item(&s.Items[i]); err != nil {
				return nil, err
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, c.img); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (c *canvas) color(p picture.Paint) color.RGBA {
	rgb := picture.RGB(c.theme[p])
	return color.RGBA{rgb[0], rgb[1], rgb[2], 0xFF}
}

func (c *canvas) item(it *picture.Item) error {
	switch it.Kind {
	case picture.Text:
		return c.text(it)
	case picture.Line:
		c.line(it.X, it.Y, it.W, it.H, it)
	case picture.Rect:
		if it.Fill != "" {
			c.fill(c.color(it.Fill), func(p *pen) { p.rect(it.X, it.Y, it.W, it.H, it.Round) })
		}
		if it.Stroke != "" {
			c.outline(it)
		}
	}
	return nil
}

// fill fills what trace draws.
func (c *canvas) fill(in color.RGBA, trace func(*pen)) {
	b := c.img.Bounds()
	p := &pen{scale: c.scale, left: math.Inf(1), top: math.Inf(1)}
	trace(p) // to find out how large it is
	area := image.Rect(int(math.Floor(p.left)), int(math.Floor(p.top)), int(math.Ceil(p.right))+1, int(math.Ceil(p.bottom))+1).Intersect(b)
	if area.Empty() {
		return
	}
	z := vector.NewRasterizer(area.Dx(), area.Dy())
	trace(&pen{scale: c.scale, z: z, x: float64(area.Min.X), y: float64(area.Min.Y)})
	z.Draw(c.img, area, image.NewUniform(in), image.Point{})
}

// outline draws the four sides of a rectangle.
func (c *canvas) outline(it *picture.Item) {
	c.line(it.X, it.Y, it.W, 0, it)
	c.line(it.X, it.Y+it.H, it.W, 0, it)
	c.line(it.X, it.Y, 0, it.H, it)
	c.line(it.X+it.W, it.Y, 0, it.H, it)
}

// The lengths of dashes and of what is between them, as in SVG.
const dash, gap = 4, 3

// line draws a line in the style of an item.
func (c *canvas) line(x, y, w, h float64, it *picture.Item) {
	length := math.Hypot(w, h)
	if length == 0 {
		return
	}
	step, on := length, length
	if it.Style&picture.Dashed != 0 {
		step, on = dash+gap, dash
	}
	c.fill(c.color(it.Stroke), func(p *pen) {
		for at := 0.0; at < length; at += step {
			from, to := at/length, min(at+on, length)/length
			p.stroke(x+w*from, y+h*from, x+w*to, y+h*to, it.Size)
		}
	})
}

// pen draws paths in the coordinates of the scene, or, without a rasterizer, finds out how far they reach.
type pen struct {
	z                        *vector.Rasterizer
	scale, x, y              float64
	left, top, right, bottom float64
}

func (p *pen) at(x, y float64) (px, py float32) {
	x, y = x*p.scale, y*p.scale
	p.left, p.right, p.top, p.bottom = min(p.left, x), max(p.right, x), min(p.top, y), max(p.bottom, y)
	return float32(x - p.x), float32(y - p.y)
}

// path draws a closed path through points.
func (p *pen) path(points ...[2]float64) {
	for i, at := range points {
		x, y := p.at(at[0], at[1])
		switch {
		case p.z == nil:
		case i == 0:
			p.z.MoveTo(x, y)
		default:
			p.z.LineTo(x, y)
		}
	}
	if p.z != nil {
		p.z.ClosePath()
	}
}

// rect draws a rectangle whose corners have a radius.
func (p *pen) rect(x, y, w, h, r float64) {
	r = min(r, w/2, h/2)
	if r <= 0 {
		p.path([2]float64{x, y}, [2]float64{x + w, y}, [2]float64{x + w, y + h}, [2]float64{x, y + h})
		return
	}
	const steps = 6 // for each corner
	var points [][2]float64
	for corner, center := range [...][2]float64{{x + w - r, y + r}, {x + w - r, y + h - r}, {x + r, y + h - r}, {x + r, y + r}} {
		for i := range steps + 1 {
			angle := (float64(corner-1) + float64(i)/steps) * math.Pi / 2
			points = append(points, [2]float64{center[0] + r*math.Cos(angle), center[1] + r*math.Sin(angle)})
		}
	}
	p.path(points...)
}

// stroke draws a line of a width.
func (p *pen) stroke(x0, y0, x1, y1, width float64) {
	dx, dy := x1-x0, y1-y0
	n := math.Hypot(dx, dy)
	if n == 0 {
		return
	}
	dx, dy = -dy/n*width/2, dx/n*width/2
	p.path([2]float64{x0 + dx, y0 + dy}, [2]float64{x1 + dx, y1 + dy}, [2]float64{x1 - dx, y1 - dy}, [2]float64{x0 - dx, y0 - dy})
}
