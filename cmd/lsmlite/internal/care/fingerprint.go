// SPDX-License-Identifier: Apache-2.0

package care

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// fingerprint is what shows that a database was written to: its meta pages, of which every
// checkpoint changes one, and the lengths and times of its file and its log, into which
// transactions go before that.
type fingerprint struct {
	meta      []byte
	file, log stamp
}

// stamp is the length and the time of a file.
type stamp struct {
	size int64
	time time.Time
}

const (
	metaBytes = 2 * 4096
	// The lock bytes at the end of the first page are no data, and cannot always be read.
	lockBytesBegin, lockBytesEnd = 4067, 4096
)

// fingerprintOf looks at a database and its log.
func fingerprintOf(fsys vfs.FS, path string) (f fingerprint, err error) {
	path, err = fsys.Canonical(path)
	if err != nil {
		return f, err
	}
	file, err := fsys.Open(path, vfs.ReadOnly, 0)
	if err != nil {
		return f, err
	}
	defer file.Close()
	f.meta = make([]byte, metaBytes)
	for _, part := range [][2]int{{0, lockBytesBegin}, {lockBytesEnd, metaBytes}} {
		if _, err := file.ReadAt(f.meta[part[0]:part[1]], int64(part[0])); err != nil && !errors.Is(err, io.EOF) {
			return f, err
		}
	}
	if f.file, err = stampOf(fsys, path); err != nil {
		return f, err
	}
	f.log, err = stampOf(fsys, path+logSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return f, err
}

func stampOf(fsys vfs.FS, name string) (stamp, error) {
	info, err := fsys.Stat(name)
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Size(), info.ModTime()}, nil
}

// compare returns an error if the database is not as it was.
func (f fingerprint) compare(fsys vfs.FS, path string) error {
	now, err := fingerprintOf(fsys, path)
	if err != nil {
		return err
	}
	same := bytes.Equal(f.meta, now.meta) && f.file.equal(now.file) && f.log.equal(now.log)
	if !same {
		return env.Errorf(env.Busy, "%s was written to while it was being rewritten: nothing was replaced; try again", path)
	}
	return nil
}

func (s stamp) equal(t stamp) bool { return s.size == t.size && s.time.Equal(t.time) }
