// SPDX-License-Identifier: Apache-2.0

//go:build unix

package keys

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// How often a pipe that says nothing is looked at again: pipePause where bytes end the wait at once, so that it is for
// the end of the context alone, and shortPause where the system cannot wait for a pipe.
const (
	pipePause  = 20 * time.Millisecond
	shortPause = time.Millisecond
)

// pipeFile is a pipe. It is opened without waiting for a writer, so that no wait holds a thread, and who gives up
// does so without a word to others that wait for the same pipe.
type pipeFile struct {
	*os.File
	ctx context.Context
	raw syscall.RawConn
	// begun says that the end of the bytes is the end: a named pipe that has given none yet waits for a writer.
	begun bool
}

// openPipe opens a pipe to read it. It returns nil for what os.Open opens as well, because it never waits.
func openPipe(ctx context.Context, path string) (secretFile, error) {
	named := hasOwnName(path)
	if !named && runtime.GOOS != "linux" {
		return nil, nil // elsewhere /dev/fd/N is the open file itself, with the way in which it was opened
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	info, err := f.Stat()
	replaced := err != nil || info.Mode()&fs.ModeNamedPipe == 0 // by a file, since openFile looked at it
	return &pipeFile{File: f, ctx: ctx, raw: raw, begun: !named || replaced}, nil
}

// hasOwnName says whether a pipe has a name among files that a writer can open later. One of a shell's <(…) has none:
// its writer may have written everything already, and there will be no other.
func hasOwnName(path string) bool {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	target, err = filepath.Abs(target)
	return err == nil && filepath.Dir(target) != "/dev/fd" && !strings.HasPrefix(target, "/proc/")
}

// Read implements io.Reader. Its error is that of the context if that has ended.
func (f *pipeFile) Read(b []byte) (n int, err error) {
	for {
		if err := f.ctx.Err(); err != nil {
			return 0, err
		}
		_ = f.SetReadDeadline(time.Now().Add(pipePause))
		waited := f.raw.Read(func(fd uintptr) (done bool) {
			n, err = syscall.Read(int(fd), b)
			switch {
			case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
				return false
			case err == nil && n == 0 && !f.begun:
				return false
			}
			return true
		})
		switch {
		case waited == nil && err != nil:
			return 0, &os.PathError{Op: "read", Path: f.Name(), Err: err}
		case waited == nil && n == 0:
			return 0, io.EOF
		case waited == nil:
			f.begun = true
			return n, nil
		case errors.Is(waited, os.ErrClosed):
			return 0, waited
		case !errors.Is(waited, os.ErrDeadlineExceeded): // the system cannot wait for this file
			select {
			case <-time.After(shortPause):
			case <-f.ctx.Done():
			}
		}
	}
}
