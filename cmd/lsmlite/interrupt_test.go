// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// TestInterrupt holds that Ctrl-C ends a subcommand with its exit code.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process can be interrupted there")
	}
	self, err := os.Executable()
	check(t, err)
	dir := t.TempDir()
	link := filepath.Join(dir, "lsmlite")
	check(t, os.Symlink(self, link))
	for _, suffix := range []string{"", "-log"} {
		content, err := os.ReadFile(filepath.Join(goldenDir, "ranges.db"+suffix))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, "my.lsm"+suffix), content, 0o600))
	}
	cmd := exec.CommandContext(t.Context(), link, "log", "--follow", "my.lsm")
	var problems strings.Builder
	cmd.Dir, cmd.Stderr = dir, &problems
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	lines := bufio.NewScanner(out)
	const last = "     62209        9    25  commit, checksum good"
	for lines.Scan() && lines.Text() != last {
	}
	check(t, cmd.Process.Signal(os.Interrupt))
	for lines.Scan() {
		t.Errorf("after the last transaction: %s", lines.Text())
	}
	err = cmd.Wait()
	failed, ok := errors.AsType[*exec.ExitError](err)
	if !ok || failed.ExitCode() != int(env.Interrupted) {
		t.Errorf("%v, want exit code %d", err, env.Interrupted)
	}
	if problems.String() != "lsmlite: stopped\n" {
		t.Errorf("%q", problems.String())
	}
}
