// SPDX-License-Identifier: Apache-2.0

package worker

import "sync/atomic"

// Counters counts what a worker does. They may be read at any time.
type Counters struct {
	Flushes, Merges, WorkErrors   atomic.Int64
	Checkpoints, CheckpointErrors atomic.Int64
	CheckpointBytes               atomic.Int64
	LastCheckpoint                atomic.Int64 // Unix nanoseconds; 0 before the first one

	// Pages and Bytes are what jobs have written, by what it was written for.
	Pages, Bytes [NumPurposes]atomic.Int64

	Stalls  [NumReasons]StallCounter
	Stalled atomic.Int64 // writers that are held back now
}

// StallCounter counts, for one reason, how often and how long writers were held back.
type StallCounter struct{ Count, Nanos atomic.Int64 }

// Purpose is what pages are written for.
type Purpose int

// The purposes.
const (
	ForFlush Purpose = iota
	ForMerge
	ForFreelist // a segment that holds free-list entries alone
	NumPurposes
)

func (j *job) purpose() Purpose {
	switch {
	case j.flush:
		return ForFlush
	case allFreelist(j.inputs):
		return ForFreelist
	}
	return ForMerge
}

// written returns what all jobs have written so far.
func (c *Counters) written() (pages, bytes int64) {
	for i := range c.Pages {
		pages += c.Pages[i].Load()
		bytes += c.Bytes[i].Load()
	}
	return pages, bytes
}
