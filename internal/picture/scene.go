// SPDX-License-Identifier: Apache-2.0

// Package picture draws the structure of a database: its levels along the keys, the merges that are being worked
// on, the file as a map of blocks, the log, and what is pinned.
//
// It owns how a picture looks, and knows nothing of files: all that it draws is in an engine.Layout. Draw makes a
// Scene, which is rectangles, lines and texts; a Scene becomes SVG here, and pixels elsewhere. Page makes an HTML
// page of it, and Text a form for a terminal. A Recorder keeps the layouts of a load, and makes a page that plays
// them back.
//
// The command and package inspect use it. Invariants: the same layout gives the same bytes; a page asks no other
// server for anything; a key is never taken as markup. Only a Recorder may be used by several goroutines at once.
package picture

// Kind is what an Item is.
type Kind uint8

// The kinds of items.
const (
	Rect Kind = iota
	Line
	Text
)

// Anchor is which end of a text is at its X.
type Anchor uint8

// The anchors.
const (
	Start Anchor = iota
	Middle
	End
)

// Style is how an Item looks, besides its colours.
type Style uint8

// The bits of a Style.
const (
	Bold   Style = 1 << iota
	Mono         // a font in which all characters are as wide
	Dashed       // lines, and the outlines of rectangles
)

// Item is one thing in a Scene. Lengths are in pixels, from the upper left corner.
type Item struct {
	Kind   Kind
	Anchor Anchor
	Style  Style
	Layer  uint8 // items of a greater one lie on top
	// ID names the item within the scene, and for the same thing in another scene.
	ID string
	// X, Y, W and H are a rectangle; a line goes from X, Y by W, H; a text stands on Y.
	X, Y, W, H float64
	Round      float64 // radius of the corners of a rectangle
	Size       float64 // of a text, or the width of a line or an outline
	Fill       Paint   // of a rectangle or a text; empty for none
	Stroke     Paint   // of a line, or the outline of a rectangle; empty for none
	Text       string
	Tip        string // more about it, for a pointer that rests on it
}

// Scene is a picture.
type Scene struct {
	Width, Height float64
	Title, Text   string // what it shows, for those who do not see it
	Items         []Item
}

func (s *Scene) add(it Item) { s.Items = append(s.Items, it) }

// rect adds a filled rectangle.
func (s *Scene) rect(id string, b box, fill Paint, tip string) {
	s.add(Item{ID: id, Kind: Rect, X: b.x, Y: b.y, W: b.w, H: b.h, Fill: fill, Tip: tip})
}

// label adds a text.
func (s *Scene) label(id string, x, y float64, f font, text string) {
	s.add(Item{ID: id, Kind: Text, X: x, Y: y, Size: f.size, Fill: f.paint, Style: f.style, Anchor: f.anchor, Text: text, Layer: 2})
}

// line adds a line from a point by a distance.
func (s *Scene) line(id string, b box, stroke Paint, width float64) {
	s.add(Item{ID: id, Kind: Line, X: b.x, Y: b.y, W: b.w, H: b.h, Stroke: stroke, Size: width, Layer: 1})
}

// box is a rectangle.
type box struct{ x, y, w, h float64 }

// font is how a text looks.
type font struct {
	size   float64
	paint  Paint
	style  Style
	anchor Anchor
}

func (f font) bold() font  { f.style |= Bold; return f }
func (f font) mono() font  { f.style |= Mono; return f }
func (f font) right() font { f.anchor = End; return f }
