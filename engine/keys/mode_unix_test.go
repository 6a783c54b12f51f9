// SPDX-License-Identifier: Apache-2.0

//go:build unix

package keys_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// A file that group or others may read, write or run is refused. Other platforms have no such
// permissions: see mode_other.go.
func TestFilesOfOthersAreRefused(t *testing.T) {
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o700: true, 0o640: false, 0o604: false, 0o620: false, 0o601: false} {
		path := write(t, string(key))
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		for _, src := range []keys.Source{keys.File(path), keys.PassphraseFile(path)} {
			_, err := src.Material(context.Background())
			if ok && err != nil || !ok && (!errors.Is(err, errs.ErrKey) || !strings.Contains(err.Error(), "chmod 600")) {
				t.Errorf("%#o, %s: %v", mode, src, err)
			}
		}
	}
}

// TestNamedPipes: a key comes out of a named pipe as soon as there is one, and without one opening it ends with the
// context: if there is no writer, and if the writer has nothing to say.
func TestNamedPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for _, src := range []keys.Source{keys.File(path), keys.PassphraseFile(path)} {
		ctx, cancel := context.WithCancel(context.Background())
		failed := make(chan error)
		go func() {
			_, err := src.Material(ctx)
			failed <- err
		}()
		select {
		case err := <-failed:
			t.Errorf("%s: without a writer: %v", src, err)
		case <-time.After(50 * time.Millisecond):
			cancel()
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: cancelled: %v", src, err)
			}
		}
		cancel()

		for _, ctx := range []context.Context{context.Background(), t.Context()} {
			written := make(chan error, 1)
			go func() {
				f, err := os.OpenFile(path, os.O_WRONLY, 0)
				if err == nil {
					_, err = f.Write(key)
				}
				written <- errors.Join(err, f.Close())
			}()
			m, err := src.Material(ctx)
			if err == nil && !bytes.Equal(append(m.Key, m.Passphrase...), key) {
				t.Errorf("%s: another key", src)
			}
			if err := errors.Join(err, <-written); err != nil {
				t.Errorf("%s: %v", src, err)
			}
		}
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left, %d were there", n, before)
	}
}

// TestSilentPipe: a writer that writes nothing does not keep a context from ending, where reads of pipes can be ended.
func TestSilentPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if info, err := os.Stat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 || runtime.GOOS != "linux" {
		t.Skip("this system does not end reads of pipes, or has no names for them")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := keys.File(path).Material(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a pipe that says nothing: %v", err)
	}
	if _, err := w.Write(key); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m, err := keys.File(path).Material(context.Background())
	if err != nil || !bytes.Equal(m.Key, key) {
		t.Errorf("a pipe of a shell: %v", err)
	}
}
