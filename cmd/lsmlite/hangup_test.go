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
	decrypt := "trap '' HUP; exec " + self(t) + " rewrite --decrypt --key-file key my.lsm clear.lsm"
	for _, ignored := range []bool{false, true} {
		cmd := exec.CommandContext(t.Context(), self(t), "rewrite", "--decrypt", "--key-file", "key", "my.lsm", "clear.lsm")
		if ignored {
			cmd = exec.CommandContext(t.Context(), "sh", "-c", decrypt)
		}
		cmd.Dir = dir
		check(t, cmd.Start())
		var left []string
		for deadline := time.Now().Add(time.Minute); len(left) == 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			left, err = filepath.Glob(filepath.Join(dir, "clear.lsm-new-*"))
			check(t, err)
		}
		if len(left) == 0 {
			t.Fatal("it makes no file")
		}
		check(t, cmd.Process.Signal(syscall.SIGHUP))
		time.Sleep(2 * time.Millisecond)
		_ = cmd.Process.Signal(syscall.SIGHUP) // it may have ended
		err := cmd.Wait()
		if left, _ = filepath.Glob(filepath.Join(dir, "clear.lsm*")); ignored {
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
