// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// TestHangup: a terminal that is closed while a database is decrypted leaves nothing in clear. With SIGHUP ignored, as
// nohup has it, the work goes on.
func TestHangup(t *testing.T) {
	// A program begins with the signal ignored if this one has it ignored, and with its default if it is caught here.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	dir := t.TempDir()
	key := strings.Repeat("k", 32)
	check(t, os.WriteFile(filepath.Join(dir, "key"), []byte(key), 0o600))
	db, err := engine.Open(t.Context(), filepath.Join(dir, "my.lsm"), engine.Options{Key: keys.Raw([]byte(key)), Safety: engine.SafetyOff})
	check(t, err)
	value := []byte(strings.Repeat("value", 200))
	for i := range 20 {
		check(t, db.Update(t.Context(), func(tx *engine.Tx) error {
			for j := range 2000 {
				if err := tx.Put([]byte(strconv.Itoa(1e6+i*2000+j)), value); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	check(t, db.Close())
	for _, ignored := range []bool{false, true} {
		args := []string{self(t), "rewrite", "--decrypt", "--key-file", "key", "my.lsm", "clear.lsm"}
		if ignored {
			args = []string{"sh", "-c", "trap '' HUP; exec " + strings.Join(args, " ")}
		}
		left, err := hangUp(t, dir, args)
		// On a busy machine the signal may come after the work was done.
		for try := 0; !ignored && err == nil && len(left) == 1 && try < 5; try++ {
			check(t, os.Remove(left[0]))
			left, err = hangUp(t, dir, args)
		}
		if ignored {
			if err != nil || len(left) != 1 {
				t.Errorf("with the signal ignored: %v, %v", err, left)
			}
			continue
		}
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok || failed.ExitCode() != int(env.Interrupted) {
			t.Errorf("%v, want exit code %d", err, env.Interrupted)
		}
		if len(left) != 0 {
			t.Errorf("it leaves %v", left)
		}
	}
}

// hangUp runs a command that makes clear.lsm, sends it SIGHUP as soon as there is a beginning of that file, and returns
// what it left, and how it ended.
func hangUp(t *testing.T, dir string, args []string) (left []string, ended error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	check(t, cmd.Start())
	files := func(pattern string) []string {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		check(t, err)
		return found
	}
	deadline := time.Now().Add(time.Minute)
	for len(files("clear.lsm*")) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("it makes no file")
		}
		time.Sleep(time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGHUP) // it may have ended
	time.Sleep(2 * time.Millisecond)
	_ = cmd.Process.Signal(syscall.SIGHUP)
	ended = cmd.Wait()
	return files("clear.lsm*"), ended
}
