// SPDX-License-Identifier: Apache-2.0

package engine

// The roles of segments.
const (
	RoleRun    = "run"
	RoleOutput = "output"
	RoleInput  = "input"
)

// SegmentInfo describes one segment.
type SegmentInfo struct {
	Role              string // RoleRun, or in a half-done merge RoleOutput or RoleInput
	First, Last, Root int64  // page numbers; Root is 0 if there is no b-tree
	// Pages is the segment's size: in pages, or, in a compressed file, where Last is the
	// offset of its last byte, in bytes.
	Pages int64
}
