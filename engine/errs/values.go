// SPDX-License-Identifier: Apache-2.0

package errs

// The values to test for with errors.Is.
var (
	// ErrBusy: what is needed is in use: another process has the file, another transaction has
	// the writer's turn, or an open cursor keeps the database from being closed.
	ErrBusy = &Error{Code: CodeBusy}
	// ErrConflict: another transaction has changed what this one read or wrote, in a store where
	// several write at a time. Nothing was written. It is an ErrBusy, too; start again.
	ErrConflict = &Error{Code: CodeConflict}
	// ErrBusySnapshot: a read transaction wants to write, but another transaction has committed
	// since it began. It is an ErrBusy, too; roll back and start again.
	ErrBusySnapshot = &Error{Code: CodeBusySnapshot}
	// ErrSnapshotGone: the state that a snapshot shows is not kept any more, so it cannot be read
	// further. Nothing that was read before is wrong. It is an ErrBusy, too; start again with a
	// new snapshot.
	ErrSnapshotGone = &Error{Code: CodeSnapshotGone}
	// ErrGap: the changes that follow a position are not there: they were written over, or the database has another
	// history. Take a snapshot, and read the changes from its position on. It is an ErrBusy, too.
	ErrGap = &Error{Code: CodeGap}
	// ErrReadOnly: a write on a read-only handle or transaction.
	ErrReadOnly = &Error{Code: CodeReadOnly}
	// ErrMoved: the database file or its log was renamed, replaced or removed while it was
	// open for writing, so nothing more is written. It is an ErrReadOnly, too.
	ErrMoved = &Error{Code: CodeMoved}
	// ErrIO: the operating system reported an error. After a failed sync every further
	// write fails with it until the database is opened again.
	ErrIO = &Error{Code: CodeIO}
	// ErrUndetermined: the connection to a store ended during COMMIT, so that it is not known whether the
	// transaction took place. Do not repeat it before that is found out. It is an ErrIO, too.
	ErrUndetermined = &Error{Code: CodeUndetermined}
	// ErrCorrupt: a file breaks the format. The files are left as they are.
	ErrCorrupt = &Error{Code: CodeCorrupt}
	// ErrTampered: what an encrypted file holds was not written there with its key: a byte, a
	// page or a transaction was changed, moved or replaced. It is an ErrCorrupt, too.
	ErrTampered = &Error{Code: CodeTampered}
	// ErrRolledBack: the database is an older one, or another one, than the state token says
	// that it was opened with. It is an ErrCorrupt, too.
	ErrRolledBack = &Error{Code: CodeRolledBack}
	// ErrFull: the disk is full. Nothing of the transaction took place.
	ErrFull = &Error{Code: CodeFull}
	// ErrCantOpen: the file cannot be opened, or is not a database.
	ErrCantOpen = &Error{Code: CodeCantOpen}
	// ErrProtocol: a locking rule could not be kept.
	ErrProtocol = &Error{Code: CodeProtocol}
	// ErrMisuse: a call that makes no sense, such as one on a finished transaction.
	ErrMisuse = &Error{Code: CodeMisuse}
	// ErrMismatch: the file is compressed with a codec that is not available.
	ErrMismatch = &Error{Code: CodeMismatch}
	// ErrKey: the database is encrypted, and the key is missing or opens none of its key slots;
	// or a key cannot be had from where it is. Nothing was written. It is an ErrMismatch, too.
	ErrKey = &Error{Code: CodeKey}
	// ErrConstraint: a statement would break a rule of the table.
	ErrConstraint = &Error{Code: CodeConstraint}
	// ErrSyntax: a statement that cannot be understood.
	ErrSyntax = &Error{Code: CodeSyntax}
	// ErrTooBig: a key, value or statement beyond its limit.
	ErrTooBig = &Error{Code: CodeTooBig}
)
