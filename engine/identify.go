// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/foreign"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// FileKind is what a file or a folder is, in a word that stays as it is: "lsm1", "sqlite". There
// may be more of them in later versions.
type FileKind string

// The kinds of files and folders that Identify knows. Those without a comment are files of the
// program, or in the format, that their name says.
const (
	KindLSM1          FileKind = "lsm1"                    // a database, of any program
	KindLSM1Log                = FileKind(files.Log)       // the log of one
	KindEmpty                  = FileKind(foreign.Empty)   // a file of no bytes, or of zeros, which Open makes a database of
	KindUnknown                = FileKind(foreign.Unknown) // a file that cannot be recognised
	KindFolder                 = FileKind(foreign.Folder)  // a folder that cannot be recognised
	KindText                   = FileKind(foreign.Text)
	KindSQLite                 = FileKind(foreign.SQLite)
	KindSQLiteWAL              = FileKind(foreign.SQLiteWAL)
	KindSQLiteJournal          = FileKind(foreign.SQLiteJournal)
	KindBbolt                  = FileKind(foreign.Bbolt)
	KindLMDB                   = FileKind(foreign.LMDB)       // the file or its folder
	KindLevelDB                = FileKind(foreign.LevelDB)    // a folder
	KindRocksDB                = FileKind(foreign.RocksDB)    // a folder
	KindPebble                 = FileKind(foreign.Pebble)     // a folder
	KindLevelFile              = FileKind(foreign.LevelPart)  // a file of one of these three, or a folder of one of them
	KindBadger                 = FileKind(foreign.Badger)     // a folder
	KindBadgerFile             = FileKind(foreign.BadgerPart) // a file of one
	KindWiredTiger             = FileKind(foreign.WiredTiger) // a folder
	KindDuckDB                 = FileKind(foreign.DuckDB)
	KindBerkeleyDB             = FileKind(foreign.BerkeleyDB)
	KindRedis                  = FileKind(foreign.Redis)
	KindParquet                = FileKind(foreign.Parquet)
	KindGzip                   = FileKind(foreign.Gzip)
	KindZip                    = FileKind(foreign.Zip)
	KindZstd                   = FileKind(foreign.Zstd)
	KindLZ4                    = FileKind(foreign.LZ4)
	KindSnappy                 = FileKind(foreign.Snappy)
	KindXZ                     = FileKind(foreign.XZ)
	Kind7z                     = FileKind(foreign.SevenZip)
	KindBzip2                  = FileKind(foreign.Bzip2)
	KindTar                    = FileKind(foreign.Tar)
	KindProgram                = FileKind(foreign.Program)
	KindPicture                = FileKind(foreign.Picture)
	KindPDF                    = FileKind(foreign.PDF)
)

// FileInfo is what Identify has found out about a file or a folder.
type FileInfo struct {
	Path   string // canonical
	Kind   FileKind
	What   string // the kind for a person to read, as "a SQLite database" or "a program (ELF)"
	Folder bool
	Bytes  int64     // length of the file, 0 for a folder
	LSM1   *LSM1Info // of KindLSM1, else nil
}

// Identify says what a file or a folder is: a database of lsm1's format and who wrote it, the log
// of one, the database of another program, or a file of some common kind. fsys is where the file
// is, nil for the operating system's file system. It writes nothing and takes no locks: it reads
// the beginning and the end of the file, and of a database the log up to the end of the first
// transaction that the file does not hold. Of a file that is being written it shows a moment.
//
// It fails with ErrCantOpen if there is no such file, or if it cannot be read.
func Identify(fsys vfs.FS, path string) (FileInfo, error) {
	if fsys == nil {
		fsys = vfs.OS
	}
	canonical, err := fsys.Canonical(path)
	if err != nil {
		return FileInfo{}, files.OpenError(path, err)
	}
	info := FileInfo{Path: canonical}
	stat, err := fsys.Stat(canonical)
	if err != nil {
		return FileInfo{}, files.OpenError(canonical, err)
	}
	if info.Folder = stat.IsDir(); info.Folder {
		info.found(files.LookAtFolder(fsys, canonical))
		return info, nil
	}
	f, err := fsys.Open(canonical, vfs.ReadOnly, 0)
	if err != nil {
		return FileInfo{}, files.OpenError(canonical, err)
	}
	defer f.Close()
	if err := info.look(fsys, f); err != nil {
		return FileInfo{}, files.OpenError(canonical, err)
	}
	return info, nil
}

// found takes over what something was recognised as.
func (i *FileInfo) found(f foreign.Found) {
	i.Kind, i.What = FileKind(f.Kind), f.What
	if f.What == "" {
		i.What = "a file of no known kind"
	}
}

// look looks at a file: for a database of lsm1's, then for anything else, and at last for one whose
// meta pages are damaged.
func (i *FileInfo) look(fsys vfs.FS, f vfs.File) (err error) {
	if i.Bytes, err = f.Size(); err != nil {
		return err
	}
	loaded, err := checkpoint.Load(f, i.Path)
	if err != nil {
		return err
	}
	log, err := openLogOf(fsys, i.Path)
	if err != nil {
		return err
	}
	if log != nil {
		defer log.Close()
	}
	if loaded.Checkpoint != nil || !loaded.BothDamaged && hasCommits(log) {
		return i.database(&loaded, log)
	}
	found, err := files.LookAt(f, i.Path)
	if err != nil {
		return err
	}
	if found.Kind == foreign.Unknown && logOfNeighbour(fsys, f, i.Path) {
		found = foreign.Found{Kind: files.Log, What: "the log of a database"}
	}
	if i.found(found); found.Kind != foreign.Unknown {
		return nil
	}
	switch {
	case loaded.Damaged == nil && i.Bytes <= 2*format.MetaPageSize:
		i.found(foreign.Found{Kind: foreign.Empty, What: "a file of zeros"})
	case format.Resembles(loaded.Pages[0].Raw()) || format.Resembles(loaded.Pages[1].Raw()):
		return i.database(&loaded, log)
	}
	return nil
}

// openLogOf opens the file that has the name of the log of a database; nil if there is none, or if
// what has the name is no file that can be opened as a log.
func openLogOf(fsys vfs.FS, path string) (vfs.File, error) {
	f, err := fsys.Open(path+files.LogSuffix, vfs.ReadOnly|vfs.NoFollow|vfs.FarLocks, 0)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("its log: %w", err)
	}
	if err != nil {
		return nil, nil
	}
	return f, nil
}

// logOfNeighbour reports whether a file continues the database whose log's name it has. A log that was
// used again from its beginning is recognised in no other way.
func logOfNeighbour(fsys vfs.FS, log vfs.File, path string) bool {
	name, ok := strings.CutSuffix(path, files.LogSuffix)
	if !ok {
		return false
	}
	f, err := fsys.Open(name, vfs.ReadOnly, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	loaded, err := checkpoint.Load(f, name)
	if err != nil || loaded.Checkpoint == nil {
		return false
	}
	p, err := wal.Peek(log, loaded.Checkpoint.Log)
	return err == nil && p.Commits
}

// hasCommits reports whether a log begins with what follows an empty database.
func hasCommits(log vfs.File) bool {
	if log == nil {
		return false
	}
	p, err := wal.Peek(log, format.LogPos{Sum: format.EmptyLogSum})
	return err == nil && p.Commits
}
