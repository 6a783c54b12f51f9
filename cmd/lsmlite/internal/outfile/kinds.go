// SPDX-License-Identifier: Apache-2.0

package outfile

import (
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// The names of the files that belong to a database: its log, and the memory that processes which use lsm1 share.
const (
	logSuffix    = "-log"
	sharedSuffix = "-shm"
)

// databases are the files that no result replaces: a mistyped name must not cost one.
var databases = []engine.FileKind{
	engine.KindLSM1, engine.KindLSM1Log, engine.KindSQLite, engine.KindSQLiteWAL, engine.KindSQLiteJournal, engine.KindBbolt,
	engine.KindLMDB, engine.KindLevelFile, engine.KindBadgerFile, engine.KindDuckDB, engine.KindBerkeleyDB, engine.KindRedis,
}

// noDatabase refuses a file that is a database, a part of one, or the file of a database whose rows are in its log.
func noDatabase(given, path string) error {
	info, err := engine.Identify(vfs.OS, path)
	if err != nil {
		return env.Errorf(env.CannotOpen, "%s: it cannot be seen what it is, so it is not replaced: %w", given, err)
	}
	if slices.Contains(databases, info.Kind) {
		return env.Errorf(env.CannotOpen, "%s is %s: it is not replaced; choose another name, or remove it first", given, info.What)
	}
	if log, err := engine.Identify(vfs.OS, path+logSuffix); err == nil && log.Kind == engine.KindLSM1Log {
		return env.Errorf(env.CannotOpen, "%s has a log of a database next to it, %s: it is not replaced; choose another name, or remove both first",
			given, path+logSuffix)
	}
	return nil
}

// Database refuses to replace a file by a database if it is something else than one: then a name was mistyped. What is
// damaged may be of no known kind.
func Database(fsys vfs.FS, given, path string) error {
	info, err := engine.Identify(fsys, path)
	if err != nil {
		return err
	}
	switch info.Kind {
	case engine.KindLSM1, engine.KindEmpty, engine.KindUnknown:
		return nil
	}
	return env.Errorf(env.CannotOpen, "%s is %s: it is not replaced; move it away if the name is right", given, info.What)
}

// Name refuses a canonical name at which a database that is there has its log, or has it once it is written to.
func Name(fsys vfs.FS, path string) error {
	for _, suffix := range []string{logSuffix, sharedSuffix} {
		db, ok := strings.CutSuffix(path, suffix)
		if !ok {
			continue
		}
		if info, err := engine.Identify(fsys, db); err == nil && info.Kind == engine.KindLSM1 {
			return env.Errorf(env.CannotOpen, "%s is the name of a file that belongs to the database %s; choose another name", path, db)
		}
	}
	return nil
}
