package engine

import "sync/atomic"

// stats counts what the engine does; package blockfile and package wal count what they do
// to their files. Only those who have the writer's or the worker's turn change them.
type stats struct {
	_ [64]byte // keeps what commits change off the cache line of what readers change

	commits, commitErrors         atomic.Int64
	records, bytesCommitted       atomic.Int64
	checkpoints, checkpointErrors atomic.Int64
	checkpointBytes               atomic.Int64
	lastCheckpoint                atomic.Int64 // Unix nanoseconds; 0 before the first one
	flushes, merges, workErrors   atomic.Int64
	jobPages, jobBytes            [numJobKinds]atomic.Int64
	stalls                        [numStallReasons]stallStats // by stallIndex
	cacheHits                     atomic.Int64                // the most that Stats has returned
	stalled                       atomic.Int64                // writers that are held back now
}
