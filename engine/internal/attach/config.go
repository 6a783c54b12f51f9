// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

var (
	// ErrNoWriter says that no process which lets others read has the database open.
	ErrNoWriter = errors.New("no process that lets others read has the database open for writing")
	// errAgain says that the writer has gone on meanwhile, so that a step has to be done again.
	errAgain = errors.New("the writer has gone on")
)

// Config is what a Follower works with.
type Config struct {
	FS      vfs.FS
	Path    string // of the database, canonical
	LogPath string
	// NewFile makes the pages of the database file, whose size a checkpoint says.
	NewFile func(vfs.File, *format.Checkpoint) (*blockfile.File, error)
	// Renewed is called before a state with other segments is published.
	Renewed func(before, now *snapshot.Snapshot)
	// Publish makes a state the newest one.
	Publish func(*snapshot.State, View)
}

// View is what is known of a state besides what it shows.
type View struct {
	Pages      *blockfile.File // through which it is read
	Checkpoint *format.Checkpoint
	Log        [3]wal.Region // what was logged after the checkpoint, in reading order
	LogFile    vfs.File      // as long as the state is pinned
}

// liveError translates the errors of package live.
func liveError(err error) error {
	switch {
	case errors.Is(err, live.ErrNoWriter), errors.Is(err, live.ErrNotAPage): // whose file has that name lets nobody read
		return ErrNoWriter
	case errors.Is(err, live.ErrVersion):
		return &errs.Error{Code: errs.CodeProtocol, Op: "read", Err: err,
			Detail: "the database is open in a newer version of this program, and only one like that can read it meanwhile; update this one"}
	case errors.Is(err, live.ErrAgain):
		return errAgain
	}
	return err
}
