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
		rows := run(t, dir, nil, lsmlite, "export", "csv", want)
		killed := 0
		for try := 1; killed == 0; try++ {
			if try > 30 {
				t.Fatalf("%s: no import was ended early", kind)
			}
			path := filepath.Join(dir, fmt.Sprintf("my%d.lsm", try))
			killed = importKilled(t, rnd, lsmlite, path, input, took/time.Duration(try))
			if got := run(t, dir, nil, lsmlite, "export", "csv", path); got != rows || strings.Count(got, "\n") < 30_000 {
				t.Errorf("%s: %d bytes, want %d, or they differ", kind, len(got), len(rows))
			}
		}
	}
}

// importKilled imports, ends that at a random moment of most and resumes it, until it is done. It returns how
// often it was ended.
func importKilled(t *testing.T, rnd *rand.Rand, lsmlite, path, input string, most time.Duration) (killed int) {
	t.Helper()
	for {
		args := []string{"import", "csv", path, input, "-q"}
		if exists(path + ".import") {
			args = append(args, "--resume")
		} else if exists(path) {
			return killed // it says that it is whole
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
		case <-time.After(time.Duration(rnd.Int64N(int64(most)))):
			_ = cmd.Process.Signal([]os.Signal{os.Interrupt, os.Kill}[killed%2])
			err = <-ended
		}
		failed, isExit := errors.AsType[*exec.ExitError](err)
		if err == nil {
			return killed
		}
		if !isExit || failed.ExitCode() != 130 && failed.ExitCode() != -1 {
			t.Fatalf("%v\n%s", err, out.String())
		}
		killed++
		if failed.ExitCode() == 130 && exists(path+".import") && !strings.Contains(out.String(), "to go on after them: lsmlite import csv") {
			t.Errorf("no advice how to go on:\n%s", out.String())
		}
		if killed > 6 {
			most *= 2 // so that it comes to an end
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
