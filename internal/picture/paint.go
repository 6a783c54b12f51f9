// SPDX-License-Identifier: Apache-2.0

package picture

import "fmt"

// Paint is a colour by what it means. Each Theme has a colour for it.
type Paint string

// The paints, besides those of segments.
const (
	Paper   Paint = "paper"   // the ground
	Card    Paint = "card"    // a ground that stands out
	Ink     Paint = "ink"     // texts
	Dim     Paint = "dim"     // texts that explain
	Rule    Paint = "rule"    // thin lines
	Track   Paint = "track"   // where a bar could be
	Meta    Paint = "meta"    // the meta pages
	Tree    Paint = "tree"    // trees in memory
	Log     Paint = "log"     // what is needed of the log
	Free    Paint = "free"    // blocks that may be written
	Waiting Paint = "waiting" // free blocks that wait for a checkpoint
	Pinned  Paint = "pinned"  // free blocks that a pin holds
	Work    Paint = "work"    // what is being written
	Unknown Paint = "unknown" // what belongs nowhere
)

// numRanks is how many segments, from the oldest on, have a colour of their own. Newer ones share that of the last.
const numRanks = 10

// rankPaint returns the paint of a segment that so many others are older than. So a segment keeps its colour while
// newer ones come. Of those that share a colour, every other one has a lighter one.
func rankPaint(older int) Paint {
	p := fmt.Sprintf("seg%d", min(older, numRanks-1))
	if older >= numRanks && (older-numRanks)%2 == 0 {
		p += "b"
	}
	return Paint(p)
}

// Theme is a color, #rrggbb, for each paint.
type Theme map[Paint]string

// Light and Dark are the themes. The colours of segments go from light and warm, the newest, to dark and cold on a
// scale of even steps in lightness, so that eyes that confuse colours still see the order; all others are kept
// apart by their lightness, too, or carry a mark.
var (
	Light = theme(Theme{
		Paper: "#ffffff", Card: "#f5f6f8", Ink: "#1b1f27", Dim: "#5d6675", Rule: "#d5d9e0", Track: "#eef0f3",
		Meta: "#1b1f27", Tree: "#12866f", Log: "#2f7fc1", Free: "#dde2e9", Waiting: "#b7c0cc", Pinned: "#9bb9d6",
		Work: "#12866f", Unknown: "#c8102e",
		"seg9": "#fdd13a", "seg8": "#fdb42f", "seg7": "#f8953f", "seg6": "#ed7953", "seg5": "#dd5e66",
		"seg4": "#c8437b", "seg3": "#ac2694", "seg2": "#8606a6", "seg1": "#5c01a6", "seg0": "#2f0596",
	})
	Dark = theme(Theme{
		Paper: "#14171d", Card: "#1d2129", Ink: "#eceff4", Dim: "#9aa4b2", Rule: "#39404c", Track: "#222731",
		Meta: "#eceff4", Tree: "#3dc9a8", Log: "#6cb2eb", Free: "#2f3642", Waiting: "#4c5564", Pinned: "#55789c",
		Work: "#3dc9a8", Unknown: "#ff5c6c",
		"seg9": "#fbe35a", "seg8": "#fdca4a", "seg7": "#fdae51", "seg6": "#f68f5b", "seg5": "#ec7471",
		"seg4": "#e05c91", "seg3": "#c953b4", "seg2": "#ab52cf", "seg1": "#9055df", "seg0": "#7258d6",
	})
)

// theme adds the colour of every other segment of those that share one, which is nearer to the ground.
func theme(t Theme) Theme {
	t[rankPaint(numRanks)] = mix(t[rankPaint(numRanks-1)], t[Paper])
	return t
}

// mix returns a color with a part of another one.
func mix(a, b string) string {
	const part = 0.3
	x, y := rgb(a), rgb(b)
	var out [3]uint8
	for i := range out {
		out[i] = uint8(float64(x[i])*(1-part) + float64(y[i])*part + 0.5)
	}
	return fmt.Sprintf("#%02x%02x%02x", out[0], out[1], out[2])
}

// rgb takes a color apart. A color that is none is black.
func rgb(color string) (c [3]uint8) {
	if _, err := fmt.Sscanf(color, "#%02x%02x%02x", &c[0], &c[1], &c[2]); err != nil {
		return [3]uint8{}
	}
	return c
}
