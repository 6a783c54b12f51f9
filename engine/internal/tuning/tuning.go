// SPDX-License-Identifier: Apache-2.0

// Package tuning holds the settings of an open database that may change while it is open,
// as the parts of the engine read them. The engine makes them of its options; each part
// reads the newest ones whenever it needs them.
package tuning

import "sync/atomic"

// Sync says what is synced.
type Sync uint8

const (
	Never       Sync = iota // nothing
	Checkpoints             // checkpoints and what they refer to
	Commits                 // each commit as well
)

// Values are the settings. Sizes are in bytes.
type Values struct {
	AutoFlush      int64 // size of the live tree at which it is flushed
	AutoCheckpoint int64 // written to the file before a checkpoint is due; 0: never due for that
	Changes        int64 // of the log that are kept for streams
	MaxLog         int64 // needed of the log before a transaction waits; negative: no bound
	AutoMerge      int   // levels of one age that are worth a merge
	MaxGarbage     int   // what newer levels may overwrite of the oldest before all are merged, in percent
	MaxFreelist    int   // free-list entries in a checkpoint
	AutoWork       bool  // commits flush and merge
	Log            bool  // commits are logged; changes with the writer's turn only
	Sync           Sync
}

// Current is the settings that hold now. Its methods may be called from any goroutine.
type Current struct{ values atomic.Pointer[Values] }

// Load returns the settings, which must not be changed.
func (c *Current) Load() *Values { return c.values.Load() }

// Store makes v the settings.
func (c *Current) Store(v Values) { c.values.Store(&v) }
