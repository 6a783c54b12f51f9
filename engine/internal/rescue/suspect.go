// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// pagesAfter reports whether a file has pages where the first ones were to be stored after a checkpoint: after its last
// block, or at one of its append points. Then a newer checkpoint may have led to them.
func pagesAfter(in *input, c *format.Checkpoint) bool {
	g, err := c.Geometry()
	if err != nil {
		return false
	}
	trial := *in
	trial.geo = g
	if trial.begins(g.FirstPage(base.BlockNo(c.Blocks + 1))) {
		return true
	}
	for _, p := range c.Append {
		if p != 0 && trial.begins(p) {
			return true
		}
	}
	return false
}

// begins reports whether there is a page, or, in a compressed file, the beginning of a record.
func (in *input) begins(p base.PageNo) bool {
	buf := make([]byte, in.geo.PageSize)
	n := in.readAt(buf, in.geo.Offset(p))
	if in.packed() {
		h, ok := format.DecodeRecordHead(buf[:n])
		return ok && !h.Pad
	}
	return n == len(buf) && looksGood(in.geo.Content(p, buf))
}
