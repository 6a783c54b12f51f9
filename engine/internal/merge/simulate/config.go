// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"math"

	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// Config is what a simulation depends on.
type Config struct {
	Settings   tuning.Values // AutoFlush, AutoCheckpoint, MaxLog and AutoMerge count
	Background bool          // a goroutine flushes and merges
	PageSize   int
	BlockSize  int
	KeyBytes   int
	ValueBytes int
	Keys       Keys
	Load       float64   // rows that are inserted once each before Keys begins
	Sizes      []float64 // operations after which a Point is taken, ascending; the load counts
	Session    float64   // operations after which the database is closed and opened again; 0 is never

	// The speed of writer and merger, which matters only for Background.
	RowSeconds, PageSeconds float64

	// Choose and Age are the policy; nil is that of package merge.
	Choose func(*merge.Situation) merge.Choice
	Age    func(levels []*snapshot.Level, lo, hi int) uint16
}

// What records take, as package engine writes them; TestAgainstTheEngine holds them.
const (
	cellBytes   = 7    // of a cell, with its entry in the index, next to key and value
	footerBytes = 20   // of a page
	btreePart   = 0.01 // of the leaves, that the b-tree takes on top
	treeBytes   = 33   // of a record in the tree in memory, next to key and value
	logBytes    = 5    // of a record in the log, next to key and value
	// commitParts is how many commits fill a tree: their size does not matter much as long as it
	// is small compared with a tree.
	commitParts = 64
)

// treeRecord is what an operation takes in the tree, logRecord what it takes in the log, and user
// what the program has given.
func (c *Config) treeRecord() float64 { return c.user() + treeBytes }
func (c *Config) logRecord() float64  { return c.user() + logBytes }
func (c *Config) user() float64       { return float64(c.KeyBytes + c.ValueBytes) }

// pages returns the size of a segment.
func (c *Config) pages(held Content) int64 {
	bytes := held.values()*float64(c.KeyBytes+c.ValueBytes+cellBytes) + held.marks()*float64(c.KeyBytes+cellBytes)
	return int64(math.Ceil(bytes / float64(c.PageSize-footerBytes) * (1 + btreePart)))
}
