// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestChild is the command in a process of its own, for the test below.
func TestChild(t *testing.T) {
	args := os.Getenv("LSMLITE_COPY_CHILD")
	if args == "" {
		t.Skip("it is the other process of TestPostgres, and runs in that only")
	}
	os.Exit(run(context.Background(), strings.Split(args, "\n"), os.Stdout, stopping{}))
}

// stopping is where a process reports that is to be killed. With its first report of copied rows it stands still.
type stopping struct{}

func (stopping) Write(p []byte) (int, error) {
	n, err := os.Stderr.Write(p)
	if strings.HasPrefix(string(p), "copied ") && err == nil {
		_, err = os.Stderr.WriteString("\n") // the line comes in parts
		time.Sleep(time.Minute)              // it is killed at once, or its test was
	}
	return n, err
}

// killed runs the command in a process and kills it when some rows have been copied. It reports whether that happened.
func killed(t *testing.T, args ...string) bool {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run", "^TestChild$")
	cmd.Env = append(os.Environ(), "LSMLITE_COPY_CHILD="+strings.Join(args, "\n"))
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "copied ") {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	return !cmd.ProcessState.Exited()
}

// Rows go into PostgreSQL and back. Each way the process is killed in the middle, and another one goes on. What comes
// back is what went there, byte by byte, and says so with its digest.
func TestPostgres(t *testing.T) {
	ctx := context.Background()
	there := postgres(t)
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.lsm"), filepath.Join(dir, "b.lsm")
	const n = 6000
	db, err := sql.Open("lsmlite", a)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		key := append(fmt.Appendf(nil, "%05d", i*7919%n), byte(i), 0, 255)
		if _, err := tx.Exec("INSERT INTO kv VALUES (?, ?)", key, []byte(strings.Repeat(string(rune(i%300)), i%400))); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var sums []string
	for _, way := range [][2]string{{a, there + "&table=kv"}, {there + "&table=kv", b}} {
		// Transactions of a row or two, so that there is a middle.
		if !killed(t, "-chunk", "1", way[0], way[1]) {
			t.Errorf("the copy into %s was over before it was killed", way[1])
		}
		code, _, stderr := command(ctx, "-quiet", way[0], way[1])
		if code != usageCode || !strings.Contains(stderr, "the destination has rows") {
			t.Errorf("nothing had been copied into %s: %d, %s", way[1], code, stderr)
		}
		code, out, stderr := command(ctx, "-quiet", "-resume", way[0], way[1])
		if code != 0 || !strings.Contains(out, fmt.Sprintf("rows      %d\n", n)) || strings.Contains(out, fmt.Sprintf("copied    %d\n", n)) {
			t.Fatalf("%d\n%s\n%s", code, out, stderr)
		}
		_, sum, _ := strings.Cut(out, "sha256")
		sum, _, _ = strings.Cut(sum, "\n")
		sums = append(sums, sum)
	}
	if sums[0] != sums[1] {
		t.Errorf("the digests are %s and %s", sums[0], sums[1])
	}
	// The two files have the same rows.
	code, out, stderr := command(ctx, "-quiet", "-resume", a, b)
	if code != 0 || !strings.Contains(out, sums[0]+"\ncopied    0\nrepaired  0\n") {
		t.Errorf("%d\n%s\n%s", code, out, stderr)
	}
}
