// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"math"
	"strings"
)

// Table writes points as a Markdown table.
func Table(points []Point, pageSize int) string {
	var b strings.Builder
	heads := []string{"operations", "written, ×", "since", "file", "file, × of the rows", "at worst", "segments: mean", "worst",
		"a hit looks into", "ages", "longest merge", "worst commit", "waited", "merger busy"}
	b.WriteString("| " + strings.Join(heads, " | ") + " |\n" + strings.Repeat("| ---: ", len(heads)) + "|\n")
	for _, p := range points {
		fmt.Fprintf(&b, "| %s | %.2f | %.2f | %s | %.2f | %.2f | %.1f | %d | %.1f | %d | %s | %s | %.0f %% | %.0f %% |\n", count(p.Ops), p.WriteAmp,
			p.WriteAmpSince, bytes(p.FileBytes), p.SpaceAmp, p.SpaceAmpWorst, p.SegmentsMean, p.SegmentsWorst, p.Hit, p.Ages,
			bytes(float64(p.LongestMerge)*float64(pageSize)), bytes(float64(p.WorstCommit)*float64(pageSize)), 100*p.Waited, 100*p.Busy)
	}
	return b.String()
}

func count(n float64) string { return scaled(n, 1000, []string{"", " k", " M", " G"}) }

func bytes(n float64) string {
	return scaled(n, 1024, []string{" B", " KiB", " MiB", " GiB", " TiB"})
}

func scaled(n, step float64, units []string) string {
	i := 0
	for n >= step && i < len(units)-1 {
		n /= step
		i++
	}
	if n >= 100 || n == math.Trunc(n) {
		return fmt.Sprintf("%.0f%s", n, units[i])
	}
	return fmt.Sprintf("%.1f%s", n, units[i])
}
