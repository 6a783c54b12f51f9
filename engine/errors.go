package engine

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// Error is what the engine returns. Test its kind with errors.Is and one of the Err
// values; take it apart with errors.As. Its fields are
//
//	Code   Code   // what went wrong, for a program
//	Op     string // what was being done
//	Path   string // the file it was done to; empty if no file is concerned
//	Detail string // what happened and what to do about it
//	Err    error  // the cause, if another error is the cause
type Error = base.Error

// Code classifies an Error, with lsm1's numbers where lsm1 has one.
type Code = base.Code

// CorruptionError says where a file breaks the format. It matches ErrCorrupt. Its fields
// are
//
//	File   string // path
//	Page   PageNo // an int64: the page, 0 where no page is concerned
//	Offset int64  // byte offset in the file or page; -1 where unknown
//	Detail string // what is wrong
//	Err    error  // the cause, if another error is the cause
type CorruptionError = base.CorruptionError

// The values to test for with errors.Is.
var (
	// ErrBusy: somebody else holds what is needed: another process the file, another
	// transaction the writer's turn, an open cursor the database that is to be closed.
	ErrBusy = base.ErrBusy
	// ErrBusySnapshot: a read transaction wants to write, but somebody else has committed
	// since it began. It is an ErrBusy, too; roll back and start again.
	ErrBusySnapshot = base.ErrBusySnapshot
	// ErrReadOnly: a write on a read-only handle or transaction.
	ErrReadOnly = base.ErrReadOnly
	// ErrMoved: the database file or its log was renamed, replaced or removed while it was
	// open for writing, so nothing more is written; see DB.Moved. It is an ErrReadOnly, too.
	ErrMoved = base.ErrMoved
	// ErrIO: the operating system reported an error. After a failed sync every further
	// write fails with it until the database is opened anew.
	ErrIO = base.ErrIO
	// ErrCorrupt: a file breaks the format. The files are left as they are.
	ErrCorrupt = base.ErrCorrupt
	// ErrFull: the disk is full. Nothing of the transaction took place.
	ErrFull = base.ErrFull
	// ErrCantOpen: the file cannot be opened, or is not a database.
	ErrCantOpen = base.ErrCantOpen
	// ErrProtocol: a locking rule could not be kept.
	ErrProtocol = base.ErrProtocol
	// ErrMisuse: a call that makes no sense, such as one on a finished transaction.
	ErrMisuse = base.ErrMisuse
	// ErrMismatch: the file is compressed with a codec that is not available.
	ErrMismatch = base.ErrMismatch
	// ErrConstraint: a statement would break a rule of the table.
	ErrConstraint = base.ErrConstraint
	// ErrSyntax: a statement that cannot be understood.
	ErrSyntax = base.ErrSyntax
	// ErrTooBig: a key, value or statement beyond its limit.
	ErrTooBig = base.ErrTooBig
)

// The codes.
const (
	CodeBusy         = base.CodeBusy
	CodeBusySnapshot = base.CodeBusySnapshot
	CodeNoMem        = base.CodeNoMem
	CodeReadOnly     = base.CodeReadOnly
	CodeMoved        = base.CodeMoved
	CodeIO           = base.CodeIO
	CodeCorrupt      = base.CodeCorrupt
	CodeFull         = base.CodeFull
	CodeCantOpen     = base.CodeCantOpen
	CodeProtocol     = base.CodeProtocol
	CodeTooBig       = base.CodeTooBig
	CodeConstraint   = base.CodeConstraint
	CodeMisuse       = base.CodeMisuse
	CodeMismatch     = base.CodeMismatch
	CodeSyntax       = base.CodeSyntax
)
