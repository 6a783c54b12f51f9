// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestHolderIsKilled runs this test again as a process that has the database open, to
// write or to read, and looks at what else can be opened beside it, and after it was
// killed.
func TestHolderIsKilled(t *testing.T) {
	const env = "LSMLITE_TEST_HOLDER"
	ctx := context.Background()
	if mode, path, found := strings.Cut(os.Getenv(env), "="); found {
		db, err := engine.Open(ctx, path, engine.Options{ReadOnly: mode == "read"})
		ok(t, err)
		if mode == "write" {
			ok(t, putRange(ctx, db, 0, 100, 1))
		}
		fmt.Println("ready")
		_, _ = bufio.NewReader(os.Stdin).ReadByte() // until killed
		t.Fatal("the holder was not killed")
	}
	self, err := os.Executable()
	if err != nil {
		t.Skipf("this platform starts no processes: %v", err)
	}
	for _, mode := range []string{"write", "read"} {
		path := filepath.Join(t.TempDir(), "x.lsm")
		ok(t, os.WriteFile(path, closedDB(t), 0o600))
		cmd := exec.Command(self, "-test.run=^TestHolderIsKilled$")
		cmd.Env = append(os.Environ(), env+"="+mode+"="+path)
		in, err := cmd.StdinPipe()
		ok(t, err)
		out, err := cmd.StdoutPipe()
		ok(t, err)
		ok(t, cmd.Start())
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
			t.Fatalf("the holder says %q: %v", line, err)
		}
		for _, readOnly := range []bool{false, true} {
			db, err := engine.Open(ctx, path, engine.Options{ReadOnly: readOnly})
			switch {
			case mode == "read":
				ok(t, err)
				ok(t, db.Close())
			case !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "close it there"):
				t.Errorf("beside a process that writes, read-only=%v: %v", readOnly, err)
			case !readOnly && (runtime.GOOS == "linux" || runtime.GOOS == "darwin") &&
				!strings.Contains(err.Error(), fmt.Sprintf("process %d has the database open", cmd.Process.Pid)):
				t.Errorf("a second writer is not told who writes: %v", err)
			}
		}
		ok(t, cmd.Process.Kill())
		_ = cmd.Wait() // says that it was killed
		_ = in.Close()
		for _, readOnly := range []bool{true, false} {
			db, err := engine.Open(ctx, path, engine.Options{ReadOnly: readOnly})
			ok(t, err)
			if mode == "write" {
				if v, found, err := db.Get(nil, []byte("k000099")); !found || err != nil || len(v) != 62 {
					t.Errorf("a row of the killed process: %q, %v", v, err)
				}
			}
			expectSound(t, db)
			ok(t, db.Close())
		}
	}
}
