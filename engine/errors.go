// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/lsmlite/lsmlite-go/engine/errs"

// Error is what the engine returns: see package errs for its fields and methods. Test its kind
// with errors.Is and one of the Err values; read its fields with errors.As.
type Error = errs.Error

// Code classifies an Error, with lsm1's numbers where lsm1 has one.
type Code = errs.Code

// CorruptionError says where a file breaks the format: see package errs. It matches
// ErrCorrupt.
type CorruptionError = errs.CorruptionError

// The values to test for with errors.Is.
var (
	// ErrBusy: what is needed is in use: another process has the file, another transaction has
	// the writer's turn, or an open cursor keeps the database from being closed.
	ErrBusy = errs.ErrBusy
	// ErrConflict: another transaction has changed what this one read or wrote, in a store where
	// several write at a time. Nothing was written. It is an ErrBusy, too; start again.
	ErrConflict = errs.ErrConflict
	// ErrBusySnapshot: a read transaction wants to write, but another transaction has committed
	// since it began. It is an ErrBusy, too; roll back and start again.
	ErrBusySnapshot = errs.ErrBusySnapshot
	// ErrSnapshotGone: the state that a snapshot shows is not kept any more, so it cannot be read
	// further. Nothing that was read before is wrong. It is an ErrBusy, too; start again with a
	// new snapshot.
	ErrSnapshotGone = errs.ErrSnapshotGone
	// ErrGap: the changes that follow a position are not there: they were written over, or the database has another
	// history. Take a snapshot, and read the changes from its position on. It is an ErrBusy, too.
	ErrGap = errs.ErrGap
	// ErrReadOnly: a write on a read-only handle or transaction.
	ErrReadOnly = errs.ErrReadOnly
	// ErrMoved: the database file or its log was renamed, replaced or removed while it was
	// open for writing, so nothing more is written; see DB.Moved. It is an ErrReadOnly, too.
	ErrMoved = errs.ErrMoved
	// ErrIO: the operating system reported an error. After a failed sync every further
	// write fails with it until the database is opened again.
	ErrIO = errs.ErrIO
	// ErrUndetermined: the connection to a store ended during COMMIT, so that it is not known whether the
	// transaction took place. Do not repeat it before that is found out. It is an ErrIO, too.
	ErrUndetermined = errs.ErrUndetermined
	// ErrCorrupt: a file breaks the format. The files are left as they are.
	ErrCorrupt = errs.ErrCorrupt
	// ErrTampered: what an encrypted file holds was not written there with its key: a byte, a
	// page or a transaction was changed, moved or replaced. It is an ErrCorrupt, too.
	ErrTampered = errs.ErrTampered
	// ErrRolledBack: the database is an older one, or another one, than the state token says
	// that it was opened with. It is an ErrCorrupt, too.
	ErrRolledBack = errs.ErrRolledBack
	// ErrFull: the disk is full. Nothing of the transaction took place.
	ErrFull = errs.ErrFull
	// ErrCantOpen: the file cannot be opened, or is not a database.
	ErrCantOpen = errs.ErrCantOpen
	// ErrProtocol: a locking rule could not be kept.
	ErrProtocol = errs.ErrProtocol
	// ErrMisuse: a call that makes no sense, such as one on a finished transaction.
	ErrMisuse = errs.ErrMisuse
	// ErrMismatch: the file is compressed with a codec that is not available.
	ErrMismatch = errs.ErrMismatch
	// ErrKey: the database is encrypted, and the key is missing or opens none of its key slots;
	// or a key cannot be had from where it is. Nothing was written. It is an ErrMismatch, too.
	ErrKey = errs.ErrKey
	// ErrConstraint: a statement would break a rule of the table.
	ErrConstraint = errs.ErrConstraint
	// ErrSyntax: a statement that cannot be understood.
	ErrSyntax = errs.ErrSyntax
	// ErrTooBig: a key, value or statement beyond its limit.
	ErrTooBig = errs.ErrTooBig
)

// The codes.
const (
	CodeBusy         = errs.CodeBusy
	CodeConflict     = errs.CodeConflict
	CodeBusySnapshot = errs.CodeBusySnapshot
	CodeSnapshotGone = errs.CodeSnapshotGone
	CodeGap          = errs.CodeGap
	CodeNoMem        = errs.CodeNoMem
	CodeReadOnly     = errs.CodeReadOnly
	CodeMoved        = errs.CodeMoved
	CodeIO           = errs.CodeIO
	CodeUndetermined = errs.CodeUndetermined
	CodeCorrupt      = errs.CodeCorrupt
	CodeFull         = errs.CodeFull
	CodeCantOpen     = errs.CodeCantOpen
	CodeProtocol     = errs.CodeProtocol
	CodeTooBig       = errs.CodeTooBig
	CodeConstraint   = errs.CodeConstraint
	CodeMisuse       = errs.CodeMisuse
	CodeMismatch     = errs.CodeMismatch
	CodeTampered     = errs.CodeTampered
	CodeRolledBack   = errs.CodeRolledBack
	CodeKey          = errs.CodeKey
	CodeSyntax       = errs.CodeSyntax
)
