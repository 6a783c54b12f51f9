// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestImportKilled ends imports by signals at random moments, resumes them until they are done, and
// compares the database with that of an import that nothing disturbed. A database without a note must
// always be whole.
func TestImportKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send to a process here")
	}
	if testing.Short() {
		t.Skip("it takes a few seconds")
	}
	lsmlite := self(t)
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for _, kind := range []string{"sorted", "random"} {
		dir := t.TempDir()
		want := filepath.Join(dir, "want.lsm")
		input := filepath.Join(dir, "in.csv")
		writeCSV(t, input, kind, 60_000)
		begun := time.Now()
		run(t, dir, nil, lsmlite, "import", "csv", want, input)
		took := time.Since(begun)
		path := filepath.Join(dir, "my.lsm")
		killed := 0
		for done := false; !done; {
			args := []string{"import", "csv", path, input, "-q"}
			if exists(path + ".import") {
				args = append(args, "--resume")
			} else if exists(path) {
				break // it says that it is whole
			}
			cmd := exec.CommandContext(t.Context(), lsmlite, args...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			check(t, cmd.Start())
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			var err error
			select {
			case err = <-ended:
			case <-time.After(time.Duration(rnd.Int64N(int64(took) * 2 / 3))):
				_ = cmd.Process.Signal([]os.Signal{os.Interrupt, os.Kill}[killed%2])
				killed++
				err = <-ended
			}
			failed, isExit := errors.AsType[*exec.ExitError](err)
			if done = err == nil; !done && (!isExit || failed.ExitCode() != 130 && failed.ExitCode() != -1) {
				t.Fatalf("%s: %v\n%s", kind, err, out.String())
			}
			if !done && failed.ExitCode() == 130 && exists(path+".import") && !strings.Contains(out.String(), "to go on after them: lsmlite import csv") {
				t.Errorf("%s: no advice how to go on:\n%s", kind, out.String())
			}
			if killed > 6 {
				took *= 2 // so that it comes to an end
			}
		}
		if killed == 0 {
			t.Errorf("%s: no import was ended early", kind)
		}
		a, b := run(t, dir, nil, lsmlite, "export", "csv", want), run(t, dir, nil, lsmlite, "export", "csv", path)
		if a != b || strings.Count(a, "\n") < 30_000 {
			t.Errorf("%s: %d bytes, want %d, or they differ", kind, len(b), len(a))
		}
	}
}

// writeCSV writes about 12 MB.
func writeCSV(t *testing.T, path, kind string, rows int) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("key,value\n")
	for i := range rows {
		key := i
		if kind == "random" {
			key = i * 7919 % rows
		}
		fmt.Fprintf(&b, "k%09d,%0200d\n", key, i)
	}
	check(t, os.WriteFile(path, b.Bytes(), 0o600))
}

// self returns the path of the command: the test itself under another name.
func self(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	check(t, err)
	link := filepath.Join(t.TempDir(), "lsmlite")
	if err := os.Symlink(exe, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	return link
}
