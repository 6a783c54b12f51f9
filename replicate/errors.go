// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

var (
	// ErrFenced: another writer has begun a greater generation, or continues this one. What this one uploads is
	// part of no restored database any more, so it has stopped.
	ErrFenced = errors.New("another writer replicates to the same target")
	// ErrDamaged: an object is damaged or missing. The error names it.
	ErrDamaged = object.ErrDamaged
	// ErrKey: the key of the objects is missing, or another one.
	ErrKey = object.ErrKey
	// ErrVersion: an object was written by a newer version.
	ErrVersion = object.ErrVersion
	// ErrNothing: the target has nothing from which the moment could be restored.
	ErrNothing = errors.New("the target has no complete snapshot of that moment or before it")
	// ErrDiverged: the rows of a replica are not those of the database. The replica must be made again.
	ErrDiverged = errors.New("the replica has other rows than the database had")
	// ErrStopped: the replicator has been stopped, or the database was closed.
	ErrStopped = errors.New("replication has stopped")
	// ErrMisuse: options that make no sense.
	ErrMisuse = errors.New("misuse")

	// errGap is what a source returns for a position that its log does not reach back to.
	errGap = errors.New("the log of the database does not reach back to the newest object")
	// errClosed is what a source returns that was closed before.
	errClosed = errors.New("the database was closed before everything was in the target")
	// errJoin: another run of this writer has made the object: look again where to go on.
	errJoin = errors.New("the next object was made by another run")
)
