// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/check"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// following is a handle that follows other processes which write, as the rest of the package sees it. It is an
// interface so that the linker leaves all of it out of a program in which nothing makes one: openReadOnly says which.
type following interface {
	// refresh makes what was committed before the call visible.
	refresh(ctx context.Context, op string) error
	// atRest reports whether the handle itself has opened the files, and still shows them.
	atRest() bool
	// file returns the pages of the newest state.
	file() *blockfile.File
	// pinPages pins the newest state, and returns the pages through which that is read.
	pinPages() (*snapshot.State, *blockfile.File)
	// books returns what is known of blocks and log.
	books() books
	// checkpointSize returns how much was written to the file since the last checkpoint.
	checkpointSize() int64
	attachment() (Attachment, bool)
	checkInput(ctx context.Context) (in check.Input, release func(), err error)
	stopRenewing()
	close()
}

// Attachment says what a read-only handle shows of a database that another process writes.
type Attachment struct {
	// PID is the process that writes, as it sees itself: within a container it may have another number.
	// It is 0 if it is not known, and if no process writes any more: then the handle shows what is in the files.
	PID int
	// Checkpoint is the one whose blocks the other process keeps for this handle.
	Checkpoint int64
	// Age is how long ago the state shown was found to be the newest one. Each call that begins to read looks for a
	// newer one.
	Age time.Duration
}

// Attached returns what the handle shows of a database that another process writes, and false if it does not do that.
func (db *DB) Attached() (Attachment, bool) {
	if db.attached == nil {
		return Attachment{}, false
	}
	return db.attached.attachment()
}

// fresh makes a handle that follows processes which write show the newest commit.
func (db *DB) fresh(ctx context.Context, op string) error {
	if db.attached == nil {
		return nil
	}
	return db.attached.refresh(ctx, op)
}

// pages returns the pages of the newest state.
func (db *DB) pages() *blockfile.File {
	if db.attached == nil {
		return db.bf
	}
	return db.attached.file()
}
