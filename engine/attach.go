// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/attach"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/turn"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// attached makes a read-only handle show what another process writes, as of each call that begins to read. When that
// process has ended, it shows the files as they were left, until there is another one.
type attached struct {
	db       *DB
	asked    string     // compression, as the user has requested it
	turn     *turn.Turn // guards follower, rest, left, refused and stop
	follower *attach.Follower
	rest     *resting    // the files at rest, while nobody writes; else nil
	left     []*resting  // others that may still be read
	refused  time.Time   // when a statement was, because a process writes that lets nobody read
	found    atomic.Bool // the handle itself has opened the files at rest, and still shows them

	begun, good atomic.Uint64 // number of the newest refresh, and of the newest one that has succeeded
	looked      atomic.Int64  // when a process that writes was looked for, in Unix nanoseconds; while found is set
	showing     sync.Mutex    // held while a state and what is known of it are made the newest ones, or are looked at
	view        atomic.Pointer[view]
	seen        atomic.Pointer[Attachment] // Age is not set
	seenAt      atomic.Int64               // when it was the newest state, in Unix nanoseconds

	closing sched.RWMutex // held while the files are read for one who has no handle open, such as Stats
	closed  bool

	openFiles  func(context.Context) (*DB, error) // opens the files at rest
	closeFiles func(*DB) error

	stop context.CancelFunc // nil until there is something to renew
	done chan struct{}
}

// resting is files that nobody writes, as they are shown.
type resting struct {
	db    *DB // which may be the handle itself
	disk  *snapshot.Snapshot
	watch *attach.Watch // for the next process that writes
	uses  atomic.Int64  // by calls that read more of it than a pinned state; raised with the turn
}

// free reports whether nobody reads the files, of which read says which states are still read.
func (r *resting) free(read map[*snapshot.Snapshot]bool) bool {
	return !read[r.disk] && r.uses.Load() == 0
}

func (a *attached) attachment() (Attachment, bool) {
	if a.atRest() {
		return Attachment{}, false
	}
	out := *a.seen.Load()
	out.Age = max(0, time.Since(time.Unix(0, a.seenAt.Load())))
	return out, true
}

func (a *attached) atRest() bool { return a.found.Load() }

func (a *attached) file() *blockfile.File { return a.view.Load().pages }

// newFile makes the pages of a database file, whose sizes must be those that the handle was opened with.
func (a *attached) newFile(f vfs.File, c *format.Checkpoint) (*blockfile.File, error) {
	db := a.db
	if int(c.PageSize) != db.opts.PageSize || int(c.BlockSize) != db.opts.BlockSize {
		return nil, &Error{Code: CodeMoved, Op: "read", Path: db.path, Detail: "another database has taken the name; close this handle and open it again"}
	}
	o := db.opts.Options
	o.Compression = a.asked
	codec, err := o.fileCodec(db.path, c, db.secret)
	if err != nil {
		return nil, err
	}
	geo, err := geometryOf(db.opts.PageSize, db.opts.BlockSize, codec, db.secret != nil)
	if err != nil {
		return nil, &Error{Code: CodeMisuse, Op: "read", Path: db.path, Err: err}
	}
	return pagesOf(db, f, geo, codec), nil
}

// note keeps what Attached returns.
func (a *attached) note(at int64) {
	now := Attachment{}
	if s, ok := a.follower.Shown(); ok {
		now.PID, now.Checkpoint = s.PID, int64(s.Checkpoint)
	} else {
		now.Checkpoint = int64(a.db.ledger.Newest().Disk.ID)
	}
	if now != *a.seen.Load() {
		a.seen.Store(&now)
	}
	a.seenAt.Store(at)
}

// failed gives the error of a refresh its code.
func (a *attached) failed(err error) error {
	var coded *Error
	if err == nil || errors.As(err, &coded) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Error{Code: CodeIO, Op: "read", Path: a.db.path, Err: err}
}
