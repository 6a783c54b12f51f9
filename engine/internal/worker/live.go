// SPDX-License-Identifier: Apache-2.0

package worker

import "github.com/lsmlite/lsmlite-go/engine/internal/snapshot"

// Live is the live tree and the log, which are the writer's: the worker looks at them only
// for a caller that has the writer's turn.
type Live interface {
	// Fill says how full the live tree is; 1 is when it is to become the old one.
	Fill(*snapshot.State) float64
	// RotateIfFull makes the live tree the old one if it is full and there is no old tree.
	RotateIfFull() error
	// LogSize is the length of the log in bytes.
	LogSize() int64
}

// Attach makes known the live tree. It is called once, before any transaction begins.
func (w *Worker) Attach(live Live) { w.live = live }

// part is the part of the filling of the live tree in which the old one has to be flushed.
type part struct{ start, end float64 }

var (
	// inBackground is that where a goroutine does the work.
	inBackground = part{0.25, 0.90}
	// inline is that where commits do it; they begin at once.
	inline = part{0, 0.75}
)
