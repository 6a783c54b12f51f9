// SPDX-License-Identifier: Apache-2.0

package errs

import "fmt"

// Code classifies an error. Where lsm1 has a number for it, it is that number; a code
// above 255 refines the code in its low byte, as SQLite's extended codes do.
type Code int

// The codes. Their numbers never change.
const (
	CodeBusy         Code = 5
	CodeNoMem        Code = 7
	CodeReadOnly     Code = 8
	CodeIO           Code = 10
	CodeCorrupt      Code = 11
	CodeFull         Code = 13
	CodeCantOpen     Code = 14
	CodeProtocol     Code = 15
	CodeTooBig       Code = 18
	CodeConstraint   Code = 19
	CodeMisuse       Code = 21
	CodeMismatch     Code = 50
	CodeSyntax       Code = 1 | 1<<8
	CodeConflict     Code = 5 | 3<<8
	CodeBusySnapshot Code = 5 | 2<<8
	CodeSnapshotGone Code = 5 | 4<<8
	CodeGap          Code = 5 | 5<<8
	CodeMoved        Code = 8 | 4<<8
	CodeUndetermined Code = 10 | 1<<8
	CodeTampered     Code = 11 | 1<<8
	CodeRolledBack   Code = 11 | 2<<8
	CodeKey          Code = 50 | 1<<8
)

var codeText = map[Code]string{
	CodeBusy:         "database is busy",
	CodeNoMem:        "out of memory",
	CodeReadOnly:     "database is read-only",
	CodeIO:           "I/O error",
	CodeCorrupt:      "database is corrupt",
	CodeFull:         "disk is full",
	CodeCantOpen:     "cannot open database",
	CodeProtocol:     "locking protocol",
	CodeTooBig:       "key, value or statement is too big",
	CodeConstraint:   "constraint failed",
	CodeMisuse:       "misuse",
	CodeMismatch:     "compression mismatch",
	CodeSyntax:       "syntax error",
	CodeConflict:     "another transaction has written the same, and this one wrote nothing",
	CodeBusySnapshot: "snapshot is not the newest any more",
	CodeSnapshotGone: "what the snapshot shows is not kept any more",
	CodeGap:          "changes since then are not kept, or are not of this history",
	CodeMoved:        "database file or log has been renamed, replaced or removed",
	CodeUndetermined: "it is not known whether the transaction was committed",
	CodeTampered:     "encrypted database has been tampered with",
	CodeRolledBack:   "database is older than it has to be",
	CodeKey:          "no key, or not the key of this database",
}

// String returns the code's meaning in a few words.
func (c Code) String() string {
	if s, ok := codeText[c]; ok {
		return s
	}
	return fmt.Sprintf("error code %d", int(c))
}
