// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// postgres starts a PostgreSQL in a folder of its own, for one test, and returns the name of a store in it. Without the
// programs of PostgreSQL, or without a user to run it as, it skips the test.
func postgres(t *testing.T) string {
	t.Helper()
	initdb, server := program("initdb"), program("postgres")
	if initdb == "" || server == "" {
		t.Skip("no PostgreSQL: neither on the path nor in /usr/lib/postgresql")
	}
	dir, err := os.MkdirTemp("", "lsmlite-cp") // short: the path of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 { // as root PostgreSQL refuses to run
		u, err := user.Lookup("postgres")
		if err != nil {
			if u, err = user.Lookup("nobody"); err != nil {
				t.Skip("the test runs as root, and there is no other user to run PostgreSQL as")
			}
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	made := exec.Command(initdb, "-D", data, "-U", "tester", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
	made.Dir, made.SysProcAttr = dir, as
	if out, err := made.CombinedOutput(); err != nil {
		t.Skipf("initdb: %v: %s", err, out)
	}
	// At the end of its input, which is also when the test is killed, the shell ends the server.
	const script = `"$@" & p=$!; cat >/dev/null; kill -INT $p; wait $p`
	cmd := exec.Command("sh", "-c", script, "sh", server, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "autovacuum=off", "-c", "logging_collector=off")
	var log bytes.Buffer
	cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = dir, as, &log, &log
	life, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { life.Close(); _ = cmd.Wait() })
	name := "postgres://tester@/postgres?host=" + dir
	c, err := lsmlite.ParseDSN(name + "&table=waits&mode=rwc")
	if err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		s, err := lsmlite.OpenStore(t.Context(), c)
		if err == nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return name
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("PostgreSQL does not start: %v", err)
		}
	}
}

// program finds a program of PostgreSQL: on the path, or where it is installed, the newest one.
func program(name string) (path string) {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/usr/pgsql-*/bin/", "/opt/homebrew/opt/postgresql*/bin/"} {
		found, _ := filepath.Glob(pattern + name)
		for _, p := range found {
			if exec.Command(p, "--version").Run() == nil {
				path = p
			}
		}
	}
	return path
}
