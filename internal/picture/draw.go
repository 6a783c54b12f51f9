// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Measures of a scene, in pixels.
const (
	sceneWidth = 1200
	margin     = 36
	inner      = sceneWidth - 2*margin

	rowHeight = 26
	barHeight = 16
	keysX     = 200 // where the bars of key ranges begin
	keysWidth = 640
	sizesX    = 868 // where the bars of sizes begin
	sizeWidth = 96
)

// The fonts of a scene.
var (
	titleFont   = font{size: 24, paint: inkPaint}.bold()
	sectionFont = font{size: 14, paint: inkPaint}.bold()
	noteFont    = font{size: 13, paint: dimPaint}
	rowFont     = font{size: 13, paint: inkPaint}
	figureFont  = font{size: 22, paint: inkPaint}.bold()
	keyFont     = font{size: 12, paint: dimPaint}.mono()
)

// frame says how scenes of one database, drawn one after another, stay alike. The zero frame is for a scene alone.
type frame struct {
	rows    int   // for which there is room
	blocks  int64 // the same
	largest int64 // size, to which others are compared
	keys    *axis
	plain   bool // the map of blocks has no tips, which change with every level that comes or goes
}

// drawing is a scene in the making.
type drawing struct {
	*Scene
	l     *engine.Layout
	frame frame
	rows  []row
	keys  *axis
	y     float64 // where what comes next begins
}

// Draw draws a layout.
func Draw(l *engine.Layout) *Scene { return drawFrame(l, frame{}) }

// drawFrame draws a layout as one of several.
func drawFrame(l *engine.Layout, f frame) *Scene {
	d := &drawing{Scene: &Scene{Width: sceneWidth}, l: l, frame: f}
	if d.keys = f.keys; d.keys == nil {
		d.keys = newAxis(l.Segments)
	}
	d.rows = rowsOf(l, d.keys)
	d.Title = "Structure of " + name(l)
	d.Text = summary(l)
	d.header()
	d.figures()
	d.levels()
	d.blocks()
	d.log()
	d.legend()
	d.Height = d.y
	return d.Scene
}

// name returns the name of the file without its folder.
func name(l *engine.Layout) string { return plain(filepath.Base(l.Path)) }

// summary describes a layout in a few sentences.
func summary(l *engine.Layout) string {
	s := fmt.Sprintf("%s has %s in %s: %s in %s.", name(l), size(l.FileBytes), counted(int(l.Blocks), "block"),
		counted(len(l.Segments), "segment"), counted(l.Levels, "level"))
	if l.FreeBlocks > 0 {
		s += " " + counted(int(l.FreeBlocks), "block") + " of it hold nothing."
	}
	for _, j := range l.Jobs {
		if j.Flush {
			s += " A tree is being flushed."
		} else {
			s += fmt.Sprintf(" %s are being merged.", counted(len(j.Inputs), "segment"))
		}
	}
	return s
}

// settings says how the file is made.
func settings(l *engine.Layout) string {
	codec := l.Codec
	switch packed := codec != "" && codec != "none"; {
	case packed && l.Cipher != "":
		codec += ", " + l.Cipher
	case l.Cipher != "":
		codec = l.Cipher
	case !packed:
		codec = "not compressed"
	}
	return fmt.Sprintf("pages of %s  ·  blocks of %s  ·  %s  ·  snapshot %d, checkpoint %d", size(l.PageSize), size(l.BlockSize), plain(codec),
		l.Snapshot, l.Checkpoint)
}

func (d *drawing) header() {
	d.y = margin + 24
	d.label("title", margin, d.y, titleFont, cutText(name(d.l), 50))
	d.label("settings", sceneWidth-margin, d.y, noteFont.right(), settings(d.l))
	d.y += 22
}

func cutText(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}

// figures are the numbers that matter most, each on a card.
func (d *drawing) figures() {
	list := figuresOf(d.l)
	const gap = 12
	w := (inner - gap*float64(len(list)-1)) / float64(len(list))
	for i, f := range list {
		x := margin + float64(i)*(w+gap)
		d.add(Item{ID: "card" + fmt.Sprint(i), Kind: Rect, X: x, Y: d.y, W: w, H: 64, Round: 8, Fill: cardPaint})
		d.label(fmt.Sprintf("card%d.what", i), x+14, d.y+22, noteFont, f.what)
		d.label(fmt.Sprintf("card%d.value", i), x+14, d.y+49, figureFont, f.value)
		d.label(fmt.Sprintf("card%d.more", i), x+w-14, d.y+22, noteFont.right(), f.more)
	}
	d.y += 64 + 36
}

// figure is a number with what it is.
type figure struct{ what, value, more string }

func figuresOf(l *engine.Layout) []figure {
	var log, pinned int64
	for _, r := range l.Log {
		log += r.End - r.Start
	}
	for _, e := range l.Extents {
		if e.Use == engine.ExtentPinned {
			pinned += (e.End - e.Start + l.BlockSize - 1) / l.BlockSize
		}
	}
	var pins int64
	for _, p := range l.Pins {
		pins += p.Count
	}
	held := ""
	if pinned > 0 {
		held = size(pinned*l.BlockSize) + " held"
	}
	return []figure{
		{"File", size(l.FileBytes), counted(int(l.Blocks), "block")},
		{"Segments", count(int64(len(l.Segments))), "in " + counted(l.Levels, "level")},
		{"Free", percent(l.FreeBlocks, l.Blocks), counted(int(l.FreeBlocks), "block")},
		{"Trees", size(l.LiveBytes + l.OldBytes), "in memory"},
		{"Log", size(log), "needed"},
		{"Pins", count(pins), held},
	}
}
