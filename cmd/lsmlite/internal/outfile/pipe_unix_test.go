// SPDX-License-Identifier: Apache-2.0

//go:build unix

package outfile_test

import (
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
)

func TestAPipeIsWrittenToAndStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pipe")
	if out, err := exec.Command("mkfifo", path).CombinedOutput(); err != nil {
		t.Skipf("no mkfifo here: %v: %s", err, out)
	}
	got := make(chan string)
	go func() {
		f, err := os.Open(path)
		if err != nil {
			got <- err.Error()
			return
		}
		defer f.Close()
		all, _ := io.ReadAll(f)
		got <- string(all)
	}()
	f := create(t, path, outfile.Options{Force: true})
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if read := <-got; read != "new" {
		t.Errorf("the reader got %q", read)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeNamedPipe || len(names(t, dir)) != 1 {
		t.Errorf("the pipe is %v, %v; the folder has %q", info, err, names(t, dir))
	}
}

func TestADeviceIsWrittenToAndStays(t *testing.T) {
	if err := create(t, os.DevNull, outfile.Options{Force: true}).Commit(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(os.DevNull); err != nil || info.Mode().Type() != fs.ModeDevice|fs.ModeCharDevice {
		t.Errorf("%s is %v, %v", os.DevNull, info, err)
	}
}
