// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// envMain makes the test's program the command.
const envMain = "LSMLITE_REPLICATE_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(envMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process starts the command as a process of its own.
func process(t *testing.T, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), envMain+"=1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")
	cmd.Stdout, cmd.Stderr = stdout, stderr
	check(t, cmd.Start())
	return cmd, stdout, stderr
}

// ends waits for the end of a process that was sent a signal, and returns its exit code.
func ends(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	if !late.Stop() {
		t.Error("it does not end")
	}
	return cmd.ProcessState.ExitCode()
}

var signals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// TestSignalEndsFollow: the replica is whole after Ctrl-C, and following goes on from there.
func TestSignalEndsFollow(t *testing.T) {
	for _, sig := range signals {
		dir := t.TempDir()
		target, my, replica := "dir:"+filepath.Join(dir, "target"), filepath.Join(dir, "my.lsm"), filepath.Join(dir, "replica.lsm")
		write(t, my, "a", "1")
		command(t, 0, "upload", my, target)
		command(t, 0, "follow", "--once", target, replica)
		write(t, my, "a", "2")
		command(t, 0, "upload", my, target)
		cmd, stdout, stderr := process(t, "follow", "--poll", "1ms", target, replica)
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // until it has opened the replica
			if _, err := os.Stat(replica + "-log"); err == nil || time.Now().After(deadline) {
				break
			}
		}
		check(t, cmd.Process.Signal(sig))
		code := ends(t, cmd)
		if code != 0 && code != interrupted || strings.Contains(stderr.String(), "lsmlite-replicate:") {
			t.Errorf("%v: exit code %d\n%s%s", sig, code, stdout, stderr)
		}
		first, second := strings.Contains(stdout.String(), "of generation 1,"), strings.Contains(stdout.String(), "of generation 2,")
		if code == 0 && first == second {
			t.Errorf("%v: it does not say how far it has come: %s", sig, stdout)
		}
		if v := read(t, replica, "a"); v != "2" && (v != "1" || second) {
			t.Errorf("%v: the replica has %q, and it has said: %s", sig, v, stdout)
		}
		command(t, 0, "follow", "--once", target, replica)
		if v := read(t, replica, "a"); v != "2" {
			t.Errorf("%v: the replica has %q in the end", sig, v)
		}
	}
}

// TestSignalEndsUpload: an upload that waits for a target that does not answer ends at once, and says what is missing.
func TestSignalEndsUpload(t *testing.T) {
	for _, sig := range signals {
		dir := t.TempDir()
		my := filepath.Join(dir, "my.lsm")
		write(t, my, "a", "1")
		asked, over := make(chan struct{}), make(chan struct{})
		var once sync.Once
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			once.Do(func() { close(asked) })
			select {
			case <-over:
			case <-r.Context().Done():
			}
		}))
		cmd, stdout, stderr := process(t, "upload", my, "s3://bucket/my?path_style=1&region=us-east-1&endpoint="+server.URL)
		select {
		case <-asked:
		case <-time.After(time.Minute):
			t.Errorf("it asks for nothing")
		}
		check(t, cmd.Process.Signal(sig))
		if code := ends(t, cmd); code != interrupted || stdout.Len() > 0 ||
			!strings.Contains(stderr.String(), "interrupted") || !strings.Contains(stderr.String(), "nothing of the database can be restored") {
			t.Errorf("%v: exit code %d\n%s%s", sig, code, stdout, stderr)
		}
		close(over)
		server.Close()
		target := "dir:" + filepath.Join(dir, "target")
		command(t, 0, "upload", my, target) // the database was closed
		command(t, 0, "restore", target, filepath.Join(dir, "new.lsm"))
	}
}
