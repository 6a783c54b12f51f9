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

// fifo makes a named pipe.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serve writes a key to a named pipe, which takes a reader.
func serve(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(key)
	return errors.Join(err, f.Close())
}

// TestOneOfTwoWaitsEnds: who gives up waiting for the key in a named pipe does not disturb another one, nor does a
// writer that writes nothing.
func TestOneOfTwoWaitsEnds(t *testing.T) {
	src := keys.File(fifo(t))
	path := strings.TrimPrefix(src.String(), "key file ")
	got := make(chan error, 1)
	go func() {
		m, err := src.Material(t.Context())
		if err == nil && !bytes.Equal(m.Key, key) {
			err = errors.New("another key")
		}
		got <- err
	}()
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		if _, err := src.Material(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait that ends: %v", err)
		}
		cancel()
	}
	if f, err := os.OpenFile(path, os.O_WRONLY, 0); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	select {
	case err := <-got:
		t.Fatalf("the other wait has ended, too: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := errors.Join(serve(path), <-got); err != nil {
		t.Error(err)
	}
}

// TestPipeIsMadeAgain: a wait for a named pipe that has another file in its place ends with the context, and nothing
// of it stays.
func TestPipeIsMadeAgain(t *testing.T) {
	path := fifo(t)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() {
		_, err := keys.File(path).Material(ctx)
		got <- err
	}()
	time.Sleep(20 * time.Millisecond) // it waits by now, most often
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-got; err == nil {
		t.Error("a key came out of a pipe without a writer")
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left, %d were there", n, before)
	}
}

// TestPipesWithoutName: what a shell calls <(…), and the standard input, may have been written and closed before they
// are read; with nothing in them they are no key, and nobody waits for another writer.
func TestPipesWithoutName(t *testing.T) {
	for _, content := range [][]byte{key, nil} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(content)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("/dev/fd/%d", r.Fd())
		if _, err := os.Stat(path); err != nil {
			t.Skip("open files have no names here")
		}
		m, err := keys.File(path).Material(t.Context())
		switch {
		case content == nil && (!errors.Is(err, errs.ErrKey) || !strings.Contains(err.Error(), "0 bytes; want 32")):
			t.Errorf("an empty pipe: %v", err)
		case content != nil && (err != nil || !bytes.Equal(m.Key, key)):
			t.Errorf("a pipe that was written: %v", err)
		}
		_ = r.Close()
	}
}

// TestNamedPipeAsOpenFile: a named pipe that is an open file, such as the standard input, gives its key under that
// name.
func TestNamedPipeAsOpenFile(t *testing.T) {
	path := fifo(t)
	written := make(chan error, 1)
	go func() { written <- serve(path) }()
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		err = <-written
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("/dev/fd/%d", f.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Skip("open files have no names here")
	}
	if m, err := keys.File(name).Material(t.Context()); err != nil || !bytes.Equal(m.Key, key) {
		t.Errorf("%v", err)
	}
}
