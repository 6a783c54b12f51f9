package engine

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// madeFiles says which files this Open has made.
type madeFiles struct{ file, log bool }

// undoOpen gives up an Open that has failed: it closes the files, and removes those that it
// has made itself, which hold nothing but what it put there. The log goes first, and if it
// stays, so does the database: a log alone would be taken for that of a database that was
// deleted.
func (db *DB) undoOpen() {
	removesOpen := vfs.RemovesOpen(db.fs)
	remove := func(f vfs.File, name string) func() bool {
		id, err := vfs.Identify(db.fs, f)
		return func() bool {
			if err != nil {
				return false
			}
			if has, err := id.Has(name); !has && !errors.Is(err, errors.ErrUnsupported) {
				return false
			}
			return db.fs.Remove(name) == nil
		}
	}
	var steps []func() bool
	if db.made.log && db.logFile != nil {
		steps = append(steps, remove(db.logFile, db.logPath()))
	}
	if db.made.file && db.file != nil {
		steps = append(steps, remove(db.file, db.path))
	}
	if !removesOpen {
		db.releaseFiles()
	}
	removed := false
	for _, step := range steps {
		if !step() {
			break
		}
		removed = true
	}
	if removesOpen {
		db.releaseFiles()
	}
	if removed && db.opts.now().Safety != SafetyOff {
		_ = db.fs.SyncDir(db.path)
	}
}
