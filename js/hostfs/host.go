// SPDX-License-Identifier: Apache-2.0

package hostfs

import (
	"fmt"
	"io/fs"
	"syscall"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Host is what runs the program and has the files. Do may wait; the other methods return at once, with
// a Status below 0 if they fail. A method may be called by any number of goroutines.
type Host interface {
	// Do does something to names. b is the second name of OpRename.
	Do(op Op, a, b string, arg uint32) Outcome
	// Read reads into all of p, and returns how many bytes there were.
	Read(handle uint32, p []byte, off int64) Status
	// Write writes all of p, and returns how many bytes it took.
	Write(handle uint32, p []byte, off int64) Status
	// Size returns the length of the file.
	Size(handle uint32) (int64, Status)
	Truncate(handle uint32, size int64) Status
	Sync(handle uint32) Status
	Close(handle uint32) Status
	// Reason returns the text of the newest failure of one of the methods above that do not wait.
	Reason() string
}

// Op is something that is done to names.
type Op uint8

// The operations, by the numbers that the host knows them by.
const (
	OpOpen      Op = 1 // arg is a set of the Open bits; the value is the handle
	OpRemove    Op = 2
	OpRename    Op = 3
	OpStat      Op = 4 // the value is the size of a file, -1 for a folder
	OpSyncDir   Op = 5
	OpCanonical Op = 6 // the text is the name
)

// The bits of OpOpen, above the nine of the permissions of a new file.
const (
	OpenCreate uint32 = 1 << (9 + iota)
	OpenMustCreate
	// OpenNoFollow refuses a symbolic link.
	OpenNoFollow
	// OpenReadOnly does not need the file to be writable.
	OpenReadOnly
)

// Outcome is what an operation came to.
type Outcome struct {
	Status Status // OK or a failure
	Value  int64
	Text   string // the result, or the reason of a failure
}

// Status is a count, or what has failed. The numbers are the host's, too.
type Status int32

// The failures.
const (
	OK          Status = 0
	Failed      Status = -1
	NotExist    Status = -2
	Exist       Status = -3
	Permission  Status = -4
	Invalid     Status = -5
	IsFolder    Status = -6
	NotFolder   Status = -7
	NoSpace     Status = -8
	Busy        Status = -9
	Unsupported Status = -10
	Link        Status = -11
	Closed      Status = -12
)

// failure is the error of a status, with the host's words.
type failure struct {
	cause  error
	reason string
}

func (f *failure) Error() string {
	if f.reason == "" {
		return f.cause.Error()
	}
	return f.reason
}

func (f *failure) Unwrap() error { return f.cause }

// fail returns the error of an operation. A file that is in use elsewhere is an engine.ErrBusy,
// which the engine hands on as it is.
func fail(op, name string, s Status, reason string) error {
	if s == Busy {
		return &engine.Error{Code: engine.CodeBusy, Op: op, Path: name,
			Detail: "the file is in use elsewhere, in another tab or worker perhaps", Err: textError(reason)}
	}
	cause, known := causes[s]
	if !known {
		cause = fmt.Errorf("failure %d", s)
	}
	return failed(op, name, &failure{cause, reason})
}

func failed(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

func textError(text string) error {
	if text == "" {
		return nil
	}
	return &failure{nil, text}
}

var causes = map[Status]error{
	Failed:      syscall.EIO,
	NotExist:    fs.ErrNotExist,
	Exist:       fs.ErrExist,
	Permission:  fs.ErrPermission,
	Invalid:     fs.ErrInvalid,
	IsFolder:    syscall.EISDIR,
	NotFolder:   syscall.ENOTDIR,
	NoSpace:     syscall.ENOSPC,
	Unsupported: syscall.ENOSYS,
	Closed:      fs.ErrClosed,
}
