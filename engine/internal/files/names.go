// SPDX-License-Identifier: Apache-2.0

package files

import (
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// The names of the files become those of other files, or of none, when a process renames,
// replaces or removes them. What is written then goes to files that nobody may find again, and
// what is done by name meets files of others, who open them in good faith. So the names are
// looked at
//
//   - by the first commit of each group that shares a sync, under SafetyFull;
//   - otherwise by a commit whose transaction began at least nameInterval after the last look;
//   - before every checkpoint, and before a log is removed.
//
// An FS that cannot distinguish files is not asked.

// nameInterval is how long a handle goes on committing, except under SafetyFull, before it
// looks whether its files still have their names.
const nameInterval = time.Second

// lost is what has happened to the files, and the error that says so.
type lost struct {
	what string
	err  error
}

// Lost returns the ErrMoved of a look that has found a name lost, nil if none has.
func (f *Files) Lost() error {
	if p := f.lost.Load(); p != nil {
		return p.err
	}
	return nil
}

// LookDue reports whether a commit has to look at the names, whose transaction began at a
// time in Unix nanoseconds.
func (f *Files) LookDue(began int64) bool {
	since := began - f.looked.Load()
	return since < 0 || since >= int64(nameInterval)
}

// Look looks at the names and returns an ErrMoved if they are not those of the files any
// more. A look that fails proves nothing, and is no error.
func (f *Files) Look() error {
	if f.salvaging.Load() {
		return nil
	}
	if err := f.Lost(); err != nil {
		return err
	}
	f.looked.Store(time.Now().UnixNano())
	f.mu.Lock()
	what := f.lostName("the database file", f.data, f.dataID, f.Path)
	if what == "" {
		what = f.lostName("the log", f.log, f.logID, f.logPath)
	}
	f.mu.Unlock()
	if what == "" {
		return nil
	}
	err := &errs.Error{Code: errs.CodeMoved, Op: "write", Path: f.Path,
		Detail: fmt.Sprintf("%s, so nothing more is written through this handle to the database or its log %s; close "+
			"it, and open the database where it is now", what, f.logPath)}
	if f.lost.CompareAndSwap(nil, &lost{what, err}) {
		f.Moved(err)
	}
	return f.Lost()
}

// lostName says what has happened to a file that has lost its name, or nothing. The
// caller has the mutex.
func (f *Files) lostName(what string, file vfs.File, id vfs.Identity, name string) string {
	if has, err := id.Has(name); has || err != nil {
		return ""
	}
	another := ""
	if _, err := vfs.Lstat(f.FS, name); err == nil {
		another = fmt.Sprintf(", and %s is another file", name)
	}
	switch where, known := vfs.Location(file); {
	case !known:
		return fmt.Sprintf("%s %s has been renamed, replaced or removed%s", what, name, another)
	case where == "":
		return fmt.Sprintf("%s %s has been removed%s", what, name, another)
	default:
		return fmt.Sprintf("%s %s is now %s%s", what, name, where, another)
	}
}

// Salvage ends the use of files that have lost their names. write, during which nobody looks
// at the names, brings everything that was committed into the database file, which is still
// open and locked, wherever it is; nothing is done by name, and nothing is cut. It returns
// the error that says where the data is.
func (f *Files) Salvage(write func() error) error {
	f.salvaging.Store(true)
	e := &errs.Error{Code: errs.CodeMoved, Op: "close", Path: f.Path}
	if p := f.lost.Load(); p != nil {
		e.Detail = p.what
	}
	name, known := vfs.Location(f.data)
	err := write()
	switch {
	case known && name == "":
		e.Detail += fmt.Sprintf("; what it held is gone with this handle, except for the transactions since the last "+
			"checkpoint, if the log %s is still there", f.logPath)
		e.Err = err
	case err != nil:
		e.Detail += fmt.Sprintf("; not everything that was committed could be written to the database file%s: keep it "+
			"together with the log %s", in(name), f.logPath)
		e.Err = err
	default:
		e.Detail += fmt.Sprintf("; everything that was committed is in the database file%s, and nothing was removed; the "+
			"log %s is not needed for it", in(name), f.logPath)
	}
	return e
}

// in names a place, if it is known.
func in(name string) string {
	if name == "" {
		return ""
	}
	return " " + name
}
