// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TextOptions say how a picture is made of characters.
type TextOptions struct {
	// Width is how many columns there are; 80 if it is 0, and at least 60.
	Width int
	// Colors has the 256 colours of terminals used. Without them, a block is shown as the number of its level.
	Colors bool
	// Rows is how many lines the map of blocks has at most; 8 if it is 0.
	Rows int
}

// textual is a picture of characters in the making.
type textual struct {
	strings.Builder
	l      *engine.Layout
	o      TextOptions
	paints []Paint
}

// TextOf returns the picture for a terminal: a line for each tree and segment, and the map of blocks.
func TextOf(l *engine.Layout, o TextOptions) string {
	if o.Width == 0 {
		o.Width = 80
	}
	if o.Rows == 0 {
		o.Rows = 8
	}
	o.Width = max(o.Width, 60)
	t := &textual{l: l, o: o, paints: segmentPaints(l)}
	t.line(t.strong(cutText(name(l), 40)) + "  " + t.weak(fmt.Sprintf("%s in %s, %s in %s", size(l.FileBytes), counted(int(l.Blocks), "block"),
		counted(len(l.Segments), "segment"), counted(l.Levels, "level"))))
	t.line(t.weak(cutText(strings.ReplaceAll(settings(l), "  ·  ", ", "), o.Width)))
	t.line("")
	t.levels()
	t.blocks()
	t.log()
	return t.String()
}

func (t *textual) line(s string) { t.WriteString(strings.TrimRight(s, " ") + "\n") }

// Terminals have 256 colours; these are nearest to those of the light theme, and can be seen on dark ground, too.
var terminalColors = map[Paint]int{
	metaPaint: 250, treePaint: 36, logPaint: 74, freePaint: 240, waitingPaint: 245, pinnedPaint: 110, workPaint: 36, unknownPaint: 196, trackPaint: 238,
	"seg9": 221, "seg9b": 228, "seg8": 215, "seg7": 209, "seg6": 203, "seg5": 168, "seg4": 169, "seg3": 133, "seg2": 134, "seg1": 98, "seg0": 62,
}

func (t *textual) paint(p Paint, s string) string {
	if !t.o.Colors || s == "" {
		return s
	}
	return fmt.Sprintf("\x1b[38;5;%dm%s\x1b[0m", terminalColors[p], s)
}

func (t *textual) strong(s string) string {
	if !t.o.Colors {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

func (t *textual) weak(s string) string {
	if !t.o.Colors {
		return s
	}
	return "\x1b[2m" + s + "\x1b[0m"
}

// levels writes a line for each row: its name, its keys as a bar, and its size.
func (t *textual) levels() {
	const names, sizes = 24, 11
	keys := newAxis(t.l.Segments)
	rows := rowsOf(t.l, keys)
	width := t.o.Width - names - sizes
	for _, r := range rows {
		bar := strings.Repeat(" ", width)
		if r.span != nil {
			from := min(int(r.span.from*float64(width)), width-1)
			to := max(from+1, min(width, int(r.span.to*float64(width)+0.5)))
			full := to - from
			if r.job >= 0 {
				full = int(r.done * float64(full))
			}
			bar = strings.Repeat(" ", from) + t.paint(r.paint, strings.Repeat("█", full)+strings.Repeat("░", to-from-full)) + strings.Repeat(" ", width-to)
		} else if r.segment < 0 && r.size > 0 {
			bar = t.paint(r.paint, strings.Repeat("░", width))
		}
		note := r.note
		if r.job >= 0 {
			note = r.figure
		}
		t.line(t.strong(fmt.Sprintf("%-9s", r.name)) + t.weak(fmt.Sprintf("%-14s", note)) + " " + bar + fmt.Sprintf("%*s", sizes, size(r.size)))
		if r.segment >= 0 && t.l.Segments[r.segment].Problem != "" {
			t.line(strings.Repeat(" ", names) + t.paint(unknownPaint, cutText(plain(t.l.Segments[r.segment].Problem), t.o.Width-names)))
		}
	}
	if keys.first != nil {
		first, last := keyText(keys.first, width/2-1), keyText(keys.last, width/2-1)
		gap := max(1, width-utf8.RuneCountInString(first)-utf8.RuneCountInString(last))
		t.line(strings.Repeat(" ", names) + t.weak(first+strings.Repeat(" ", gap)+last))
	}
	t.line("")
}

// blocks writes the map of blocks, and what its characters mean.
func (t *textual) blocks() {
	const names = 9
	width := int64(t.o.Width - names)
	perCell := perCellOf(t.l.Blocks, width*int64(t.o.Rows))
	cells := cellsOf(t.l, perCell)
	name, used := "file", make(map[string]bool)
	for at := 0; at < len(cells); at += int(width) {
		s := t.strong(fmt.Sprintf("%-*s", names, name))
		run, paint := "", Paint("")
		for _, c := range cells[at:min(at+int(width), len(cells))] {
			e := c.main()
			if c.first == 1 {
				e = c.parts[0].extent // the meta pages, however small they are
			}
			if p := extentPaint(e, t.paints); p != paint {
				s += t.paint(paint, run)
				run, paint = "", p
			}
			run += t.glyph(e)
			used[e.Use] = true
		}
		t.line(s + t.paint(paint, run))
		name = ""
	}
	if len(cells) > 0 {
		t.legend(perCell, used)
	}
}

// legend says what the characters of the map mean, as far as they are in it.
func (t *textual) legend(perCell int64, used map[string]bool) {
	const names = 9
	list := []string{"a digit is a level"}
	if t.o.Colors {
		list[0] = "█ as above"
	}
	if perCell > 1 {
		list = append(list, fmt.Sprintf("%d blocks each", perCell))
	}
	for _, m := range marks {
		if used[m.use] {
			list = append(list, m.glyph+" "+m.text)
		}
	}
	line := ""
	for _, entry := range list {
		if line != "" && utf8.RuneCountInString(line)+2+utf8.RuneCountInString(entry) > t.o.Width-names {
			t.line(strings.Repeat(" ", names) + t.weak(line))
			line = ""
		}
		if line != "" {
			line += "  "
		}
		line += entry
	}
	t.line(strings.Repeat(" ", names) + t.weak(line))
}

// marks are what stands for the uses that are no segment's.
var marks = [...]struct{ use, glyph, text string }{
	{engine.ExtentMeta, "M", "meta"},
	{engine.ExtentFree, "·", "free"},
	{engine.ExtentWaiting, "~", "free after a checkpoint"},
	{engine.ExtentPinned, "/", "free, but pinned"},
	{engine.ExtentWriting, "w", "being written"},
	{engine.ExtentSetAside, "+", "set aside"},
	{engine.ExtentRest, "-", "rest"},
	{engine.ExtentUnknown, "?", "unknown"},
}

// glyph returns the character for a cell.
func (t *textual) glyph(e engine.Extent) string {
	if e.Use == engine.ExtentSegment {
		if t.o.Colors {
			return "█"
		}
		return string("0123456789abcdefghijklmnopqrstuvwxyz"[min(t.l.Segments[e.Segment].Level, 35)])
	}
	for _, m := range marks {
		if m.use == e.Use {
			return m.glyph
		}
	}
	return "?"
}

// log writes how much of the log is needed, and what is pinned.
func (t *textual) log() {
	needed := int64(0)
	for _, r := range t.l.Log {
		needed += r.End - r.Start
	}
	t.line(t.strong("log      ") + fmt.Sprintf("%s needed, in a file of %s", size(needed), size(t.l.LogFileBytes)))
	if len(t.l.Pins) > 0 {
		f := figuresOf(t.l)
		t.line(t.strong("pins     ") + f[len(f)-1].value + ", " + cmp.Or(f[len(f)-1].more, "nothing held"))
	}
}
