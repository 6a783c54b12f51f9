// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"context"
	"io/fs"
	"os"
	"time"
)

// openFile opens a file to read it. To open a named pipe takes until another process opens it to write: that wait
// ends with the context, too.
func openFile(ctx context.Context, path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 || ctx.Done() == nil {
		return os.Open(path)
	}
	opened := make(chan *os.File, 1) // nil with an error, which is set before
	go func() {
		var f *os.File
		f, err = os.Open(path)
		opened <- f
	}()
	select {
	case f := <-opened:
		return f, err
	case <-ctx.Done():
	}
	for range releaseTries {
		release(path)
		select {
		case f := <-opened:
			if f != nil {
				_ = f.Close()
			}
			return nil, ctx.Err()
		case <-time.After(releasePause):
		}
	}
	return nil, ctx.Err() // the pipe has been replaced, or cannot be written: the goroutine waits on
}

// How often, and after which time, it is tried again to end the wait for a pipe's writer.
const (
	releaseTries = 100
	releasePause = time.Millisecond
)

// endReads has reads of a file end with the context, where the system can do that: on most ones those of pipes.
func endReads(ctx context.Context, f *os.File) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
}
