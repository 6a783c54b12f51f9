// SPDX-License-Identifier: Apache-2.0

package holder

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// holdEnv makes the test program a second process that holds the database of that name.
const holdEnv = "LSMLITE_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdEnv); path != "" {
		os.Exit(hold(path))
	}
	os.Exit(m.Run())
}

// hold opens a database, says so, and closes it at the end of standard input.
func hold(path string) int {
	db, err := engine.Open(context.Background(), path, engine.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := db.Close(); err != nil {
		return 1
	}
	return 0
}

// start has a second process open a database, and returns its number and what ends it.
func start(t *testing.T, path string) (pid int, end func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), holdEnv+"="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no second process here: %v", err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); strings.TrimSpace(line) != "open" {
		t.Fatalf("the second process: %q, %v", line, err)
	}
	return cmd.Process.Pid, func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the second process: %v", err)
		}
	}
}

// TestFind holds that a second process that really has the file open is found, under any of its
// names, and only as long as it has it open.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.lsm")
	pid, end := start(t, path)
	if runtime.GOOS != "linux" {
		end()
		if _, err := Find(path); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v, want ErrUnknown", err)
		}
		if s := Explain(path); !strings.Contains(s, "not known") {
			t.Error(s)
		}
		return
	}
	link := filepath.Join(dir, "link.lsm")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		found, err := Find(name)
		if err != nil || len(found.Processes) != 1 || found.Processes[0].PID != pid || found.Processes[0].Command == "" {
			t.Errorf("%s: %+v, %v, want process %d", name, found, err, pid)
		}
		if s := Explain(name); !strings.Contains(s, fmt.Sprintf("process %d (", pid)) {
			t.Error(s)
		}
	}
	other := filepath.Join(dir, "other.lsm")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := Find(other); err != nil || len(found.Processes) != 0 {
		t.Errorf("nobody has %s open: %+v, %v", other, found, err)
	}
	end()
	if found, err := Find(path); err != nil || len(found.Processes) != 0 {
		t.Errorf("after it was closed: %+v, %v", found, err)
	}
	if _, err := Find(filepath.Join(dir, "none")); err == nil {
		t.Error("there is no such file, and no error")
	}
}

// TestNameOfAProcess: a program gives itself any name, and it does not steer the terminal.
func TestNameOfAProcess(t *testing.T) {
	if got, want := (Process{PID: 7, Command: "a\x1b[2J b"}).String(), `process 7 (a\x1b[2J b)`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
