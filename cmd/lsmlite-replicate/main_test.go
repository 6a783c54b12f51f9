// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate"
)

// write commits a row to a database.
func write(t *testing.T, path, key, value string) {
	t.Helper()
	db, err := engine.Open(t.Context(), path, engine.Options{})
	check(t, err)
	check(t, db.Update(t.Context(), func(tx *engine.Tx) error { return tx.Put([]byte(key), []byte(value)) }))
	check(t, db.Close())
}

// read returns the value of a key.
func read(t *testing.T, path, key string) string {
	t.Helper()
	db, err := engine.Open(t.Context(), path, engine.Options{ReadOnly: true})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	v, _, err := db.Get(nil, []byte(key))
	check(t, err)
	return string(v)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// command runs the command in this process.
func command(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, bad bytes.Buffer
	if got := run(t.Context(), args, &out, &bad); got != code {
		t.Fatalf("%q: exit code %d, want %d\n%s%s", args, got, code, out.String(), bad.String())
	}
	return out.String(), bad.String()
}

// TestUploadRestoreFollow goes through the commands.
func TestUploadRestoreFollow(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	target := "dir://" + filepath.ToSlash(file("target"))
	if runtime.GOOS == "windows" {
		target = "dir:///" + filepath.ToSlash(file("target"))
	}
	write(t, file("my.lsm"), "a", "1")
	out, _ := command(t, 0, "upload", file("my.lsm"), target)
	if !strings.Contains(out, "of generation 1") {
		t.Error(out)
	}
	before := time.Now()
	out, _ = command(t, 0, "upload", file("my.lsm"), target) // nothing was committed
	if !strings.Contains(out, "of generation 1, 0 objects") {
		t.Error(out)
	}
	time.Sleep(2 * time.Millisecond)
	command(t, 0, "follow", "--once", target, file("replica.lsm"))
	if v := read(t, file("replica.lsm"), "a"); v != "1" {
		t.Errorf("the replica has %q", v)
	}
	write(t, file("my.lsm"), "a", "2")
	command(t, 0, "upload", file("my.lsm"), target)
	command(t, 0, "follow", "--once", target, file("replica.lsm"))
	command(t, 0, "restore", target, file("new.lsm"))
	command(t, 0, "restore", "--at", before.Format(time.RFC3339Nano), target, file("old.lsm"))
	if a, b, c := read(t, file("replica.lsm"), "a"), read(t, file("new.lsm"), "a"), read(t, file("old.lsm"), "a"); a != "2" || b != "2" || c != "1" {
		t.Errorf("the replica has %q, restored are %q and, of earlier, %q", a, b, c)
	}
	out, _ = command(t, 0, "list", target)
	if !strings.Contains(out, "generation 1: ") || !strings.Contains(out, ", 1 snapshot\n") {
		t.Error(out)
	}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{cannotOpen, "exist", []string{"restore", target, file("new.lsm")}},
		{cannotOpen, "the oldest complete one is of", []string{"restore", "--at", "2001-01-01", target, file("x.lsm")}},
		{cannotOpen, "no generation 9", []string{"restore", "--generation", "9", target, file("x.lsm")}},
		{usage, "want a time", []string{"restore", "--at", "yesterday", target, file("x.lsm")}},
		{usage, "must begin with s3:// or dir:", []string{"restore", "ftp://x", file("x.lsm")}},
		{cannotOpen, "", []string{"restore", "dir:" + file("nowhere"), file("x.lsm")}},
		{cannotOpen, "", []string{"upload", file("nothing.lsm"), target}},
		{usage, "unexpected argument", []string{"list", target, "more"}},
	} {
		if _, bad := command(t, c.code, c.args...); !strings.Contains(bad, c.says) {
			t.Errorf("%q: %s", c.args, bad)
		}
		if _, err := os.Stat(file("x.lsm")); err == nil {
			t.Fatalf("%q leaves a file", c.args)
		}
	}
	if _, err := os.Stat(file("nowhere")); err == nil {
		t.Error("a folder that only was to be read was made")
	}
}

// TestOpenElsewhere: of a database that a program has open, the error says that the program replicates it.
func TestOpenElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my.lsm")
	db, err := engine.Open(t.Context(), path, engine.Options{Readers: runtime.GOOS == "linux"})
	check(t, err)
	if _, bad := command(t, busy, "upload", path, "dir:"+path+"-target"); !strings.Contains(bad, "lsmlite-go/replicate") || !strings.Contains(bad, path) {
		t.Error(bad)
	}
	check(t, db.Close())
	command(t, 0, "upload", path, "dir:"+path+"-target")
}

// TestInterrupted: what was uploaded before an interrupt is reported.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	other := errors.New("the disk is full")
	if err := interruptedBy(ctx, other, "dir:x", replicate.Status{}); err != other {
		t.Error(err)
	}
	cancel()
	for want, s := range map[string]replicate.Status{
		"nothing of the database":       {Generation: 3, Uploaded: 7},
		"transaction 7 of generation 3": {Generation: 3, Uploaded: 7, SnapshotAt: time.Now()},
	} {
		err := interruptedBy(ctx, other, "dir:x", s)
		if codeOf(err) != interrupted || !errors.Is(err, errInterrupted) || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}

// TestKeys: the key of the database and that of the objects each have their flags.
func TestKeys(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	target := "dir:" + file("target")
	for _, name := range []string{"k1", "k2"} {
		check(t, os.WriteFile(file(name), []byte(hex.EncodeToString(bytes.Repeat([]byte(name), 16))), 0o600))
	}
	write(t, file("my.lsm"), "a", "1")
	command(t, 0, "upload", "--target-key-file", file("k2"), file("my.lsm"), target)
	if _, bad := command(t, refused, "restore", target, file("x.lsm")); !strings.Contains(bad, "encrypted") {
		t.Error(bad)
	}
	if _, bad := command(t, refused, "restore", "--target-key-file", file("k2"), target, file("x.lsm")); !strings.Contains(bad, "would not be") {
		t.Error(bad)
	}
	command(t, 0, "restore", "--target-key-file", file("k2"), "--key-file", file("k1"), target, file("sealed.lsm"))
	command(t, 0, "restore", "--target-key-file", file("k2"), "--clear", target, file("clear.lsm"))
	if read(t, file("clear.lsm"), "a") != "1" {
		t.Error("the wrong rows")
	}
	if _, bad := command(t, refused, "upload", "--key-file", file("k1"), file("sealed.lsm"), "dir:"+file("other")); !strings.Contains(bad, "readable") {
		t.Error(bad)
	}
}

// TestNamesDoNotSteerTheTerminal: names are printed without the characters that a terminal obeys.
func TestNamesDoNotSteerTheTerminal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the names of files have no control characters here")
	}
	odd := filepath.Join(t.TempDir(), "\x1b[2J\u009b\x07")
	write(t, odd, "a", "1")
	for _, args := range [][]string{
		{"upload", odd, "dir:" + odd + "target"}, {"list", "dir:" + odd + "target"}, {"restore", "dir:" + odd + "target", odd + "again"},
		{"restore", "dir:" + odd + "target", odd + "again"}, {"follow", "--once", "dir:" + odd + "target", odd + "replica"},
		{"follow", "--once", "dir:" + odd + "none", odd + "x"}, {"upload", odd + "none", "dir:" + odd + "target"}, {"list", odd}, {"list", "--" + odd},
	} {
		var out, bad bytes.Buffer
		run(t.Context(), args, &out, &bad)
		if all := out.String() + bad.String(); strings.ContainsAny(all, "\x1b\x07\u009b") || all == "" {
			t.Errorf("%q: %q", args, all)
		}
	}
}

// TestInterrupt ends following without an error of its own.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	target := "dir:" + filepath.Join(dir, "target")
	write(t, filepath.Join(dir, "my.lsm"), "a", "1")
	command(t, 0, "upload", filepath.Join(dir, "my.lsm"), target)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	replica := filepath.Join(dir, "replica.lsm")
	go func() {
		for {
			if _, err := os.Stat(replica); err == nil || ctx.Err() != nil {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var out, bad bytes.Buffer
	// It may still be opening the replica.
	if code := run(ctx, []string{"follow", target, replica}, &out, &bad); code != 0 && code != interrupted || bad.Len() > 0 {
		t.Errorf("%d: %s%s", code, out.String(), bad.String())
	}
	command(t, 0, "follow", "--once", target, replica)
	if v := read(t, replica, "a"); v != "1" {
		t.Errorf("the replica has %q", v)
	}
}

// TestLsmlite has lsmlite replicate, follow and restore by this command, from next to it.
func TestLsmlite(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles lsmlite")
	}
	dir := t.TempDir()
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	for name, from := range map[string]string{"lsmlite": "../lsmlite", "lsmlite-replicate": "."} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name+suffix), ".")
		build.Dir = from
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	lsmlite := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "lsmlite"+suffix), args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	write(t, filepath.Join(dir, "my.lsm"), "a", "1")
	lsmlite("replicate", "--keep", "168h", "my.lsm", "dir:target")
	at := time.Now().Add(time.Second).UTC().Format(time.RFC3339)
	lsmlite("restore", "--at", at, "dir:target", "new.lsm")
	lsmlite("follow", "--once", "dir:target", "replica.lsm")
	for _, name := range []string{"new.lsm", "replica.lsm"} {
		if got := lsmlite("get", name, "a"); got != "1" && got != "1\n" {
			t.Errorf("%s has %q", name, got)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "lsmlite"+suffix), "restore", "dir:nowhere", "x.lsm")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != cannotOpen {
		t.Errorf("%v: %s", err, out)
	}
	if n := strings.Count(string(out), "nowhere"); n != 1 {
		t.Error(fmt.Sprintf("the error is printed %d times: ", n) + string(out))
	}
}
