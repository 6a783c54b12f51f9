// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"errors"
	"io"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// stream is the write end of a file that is written from front to back. What is skipped
// is zero.
type stream struct {
	w   io.Writer
	pos int64
}

var errStream = &errs.Error{Code: errs.CodeMisuse, Op: "backup",
	Detail: "a stream can only be written, from front to back", Err: errors.ErrUnsupported}

var zeros [64 << 10]byte

// WriteAt implements vfs.File.
func (s *stream) WriteAt(p []byte, off int64) (int, error) {
	if off < s.pos {
		return 0, errStream
	}
	for s.pos < off {
		if err := s.write(zeros[:min(int64(len(zeros)), off-s.pos)]); err != nil {
			return 0, err
		}
	}
	return len(p), s.write(p)
}

func (s *stream) write(p []byte) error {
	n, err := s.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	s.pos += int64(n)
	if err != nil {
		return ioerr.Write("write backup", "", "", err)
	}
	return nil
}

func (s *stream) ReadAt([]byte, int64) (int, error)           { return 0, errStream }
func (s *stream) Truncate(int64) error                        { return errStream }
func (s *stream) Size() (int64, error)                        { return s.pos, nil }
func (s *stream) Sync() error                                 { return nil }
func (s *stream) Close() error                                { return fs.ErrClosed }
func (s *stream) SectorSize() int                             { return 512 }
func (s *stream) Lock(int, vfs.LockKind) error                { return errStream }
func (s *stream) Locked(int, int, vfs.LockKind) (bool, error) { return false, errStream }
