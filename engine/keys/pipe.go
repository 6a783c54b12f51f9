// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"context"
	"io/fs"
	"os"
	"time"
)

// secretFile is a file that is open to read a secret.
type secretFile interface {
	Stat() (fs.FileInfo, error)
	Read(b []byte) (int, error)
	Close() error
}

// openFile opens a file to read it. Reads end with the context, where the system can do that.
func openFile(ctx context.Context, path string) (secretFile, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		if f, err := openPipe(ctx, path); f != nil || err != nil {
			return f, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &plainFile{f, context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })}, nil
}

// plainFile is a file that is no pipe, or one on a system that has no other way to read it.
type plainFile struct {
	*os.File
	stop func() bool // ends waiting for the context
}

func (f *plainFile) Close() error {
	f.stop()
	return f.File.Close()
}
