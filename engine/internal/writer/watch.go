// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"sync/atomic"
	"time"
)

// Counters counts transactions. They may be read at any time.
type Counters struct {
	_              [64]byte // keeps what commits change off the cache line of what readers change
	Commits        atomic.Int64
	Errors         atomic.Int64 // commits that failed
	Records, Bytes atomic.Int64 // operations that were committed, and of their keys and values
}

// Committed is a transaction that wrote something and was committed, or whose commit failed.
type Committed struct {
	Duration       time.Duration
	Sync, Work     time.Duration // the parts of it that a sync and work took
	Turn, Stall    time.Duration // that Begin waited for the turn, and was held back
	Records, Bytes int64
	Err            error
}

// waits is how long Begin waited, and for what.
type waits struct{ turn, stall time.Duration }

// commitWatch measures one commit for the observer. While nobody observes commits it does not
// read the clock.
type commitWatch struct {
	observe    func(Committed)
	began      time.Time
	part       time.Time
	sync, work time.Duration
}

func (tx *Tx) watch() commitWatch {
	m := commitWatch{observe: tx.w.Committed}
	if m.observe != nil {
		m.began = time.Now()
	}
	return m
}

// start begins to measure a part of the commit, and stop ends it.
func (m *commitWatch) start() {
	if m.observe != nil {
		m.part = time.Now()
	}
}

func (m *commitWatch) stop(d *time.Duration) {
	if m.observe != nil {
		*d = time.Since(m.part)
	}
}

// end counts a commit that failed, and reports a transaction that wrote something.
func (m *commitWatch) end(tx *Tx, err error) {
	if err != nil {
		tx.w.Counters.Errors.Add(1)
	}
	if m.observe == nil || tx.records == 0 && err == nil {
		return
	}
	m.observe(Committed{
		Duration: time.Since(m.began), Sync: m.sync, Work: m.work,
		Turn: tx.waits.turn, Stall: tx.waits.stall,
		Records: tx.records, Bytes: tx.bytes, Err: err,
	})
}
