// SPDX-License-Identifier: Apache-2.0

//go:build invariants

package mark

import "sync/atomic"

// Enabled reports whether marks are compiled in.
const Enabled = true

var hits [numMarks]atomic.Int64

// Hit notes that a mark was met. Any goroutine may call it, whatever it holds.
func Hit(m Mark) { hits[m].Add(1) }

// Hits returns how often a mark was met since the program began.
func Hits(m Mark) int64 { return hits[m].Load() }
