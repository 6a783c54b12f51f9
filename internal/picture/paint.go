// SPDX-License-Identifier: Apache-2.0

package picture

import "fmt"

// Paint is a colour by what it means. Each Theme has a colour for it.
type Paint string

// The paints, besides those of segments. What draws a scene in a new form needs to know the ground.
const (
	Paper        Paint = "paper"   // the ground
	cardPaint    Paint = "card"    // a ground that stands out
	inkPaint     Paint = "ink"     // texts
	dimPaint     Paint = "dim"     // texts that explain
	rulePaint    Paint = "rule"    // thin lines
	trackPaint   Paint = "track"   // where a bar could be
	metaPaint    Paint = "meta"    // the meta pages
	treePaint    Paint = "tree"    // trees in memory
	logPaint     Paint = "log"     // what is needed of the log
	freePaint    Paint = "free"    // blocks that may be written
	waitingPaint Paint = "waiting" // free blocks that wait for a checkpoint
	pinnedPaint  Paint = "pinned"  // free blocks that a pin holds
	workPaint    Paint = "work"    // what is being written
	unknownPaint Paint = "unknown" // what belongs nowhere
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
		Paper: "#ffffff", cardPaint: "#f5f6f8", inkPaint: "#1b1f27", dimPaint: "#5d6675", rulePaint: "#d5d9e0", trackPaint: "#eef0f3",
		metaPaint: "#1b1f27", treePaint: "#12866f", logPaint: "#2f7fc1", freePaint: "#dde2e9", waitingPaint: "#b7c0cc", pinnedPaint: "#9bb9d6",
		workPaint: "#12866f", unknownPaint: "#c8102e",
		"seg9": "#fdd13a", "seg8": "#fdb42f", "seg7": "#f8953f", "seg6": "#ed7953", "seg5": "#dd5e66",
		"seg4": "#c8437b", "seg3": "#ac2694", "seg2": "#8606a6", "seg1": "#5c01a6", "seg0": "#2f0596",
	})
	Dark = theme(Theme{
		Paper: "#14171d", cardPaint: "#1d2129", inkPaint: "#eceff4", dimPaint: "#9aa4b2", rulePaint: "#39404c", trackPaint: "#222731",
		metaPaint: "#eceff4", treePaint: "#3dc9a8", logPaint: "#6cb2eb", freePaint: "#2f3642", waitingPaint: "#4c5564", pinnedPaint: "#55789c",
		workPaint: "#3dc9a8", unknownPaint: "#ff5c6c",
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
	x, y := RGB(a), RGB(b)
	var out [3]uint8
	for i := range out {
		out[i] = uint8(float64(x[i])*(1-part) + float64(y[i])*part + 0.5)
	}
	return fmt.Sprintf("#%02x%02x%02x", out[0], out[1], out[2])
}

// RGB takes a color apart. A color that is none is black.
func RGB(color string) (c [3]uint8) {
	if _, err := fmt.Sscanf(color, "#%02x%02x%02x", &c[0], &c[1], &c[2]); err != nil {
		return [3]uint8{}
	}
	return c
}
