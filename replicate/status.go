// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"sync"
	"time"
)

// Status is how far replication has come.
type Status struct {
	Target     string
	Generation uint64 // 0 before the first one was found or begun
	// Uploaded is the newest transaction in the target, in the count of the generation, and UploadedAt when its object
	// was cut: what restoring gives back if the machine is lost now.
	Uploaded   uint64
	UploadedAt time.Time
	// Pending and PendingBytes are the transactions that were read from the database and are not in the target. Lag is
	// how long the oldest commit may have waited that could not be restored: while nothing can be uploaded, before the
	// first snapshot is complete, and after an end other than by Stop, it is the time since all was known to be in the
	// target, or since Start.
	Pending      uint64
	PendingBytes int64
	Lag          time.Duration
	// Snapshot is the state of the newest complete snapshot and SnapshotAt when it was taken; until there is one,
	// the generation cannot be restored. Snapshotting says that one is being made.
	Snapshot     uint64
	SnapshotAt   time.Time
	Snapshotting bool
	// Objects and Bytes were uploaded by this replicator; Gaps is how many generations it began because the log did
	// not reach back. Failures counts requests and attempts that failed; LastFailure is the newest of them.
	Objects, Bytes, Gaps, Failures int64
	LastFailure                    string
	// Err is why replication has ended: ErrFenced, ErrKey, target.ErrNotExclusive or ErrStopped. Nil while it runs.
	Err error
}

// board keeps a Status for readers.
type board struct {
	mu     sync.Mutex
	s      Status
	oldest time.Time // when the oldest pending transaction came, or since when all may be pending; zero if there is none
}

func (b *board) set(f func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.s)
}

func (b *board) get(now time.Time) Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.s
	if !b.oldest.IsZero() {
		s.Lag = max(0, now.Sub(b.oldest))
	}
	return s
}
