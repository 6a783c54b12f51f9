// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// TestMain makes the test the command if it is called by that name.
func TestMain(m *testing.M) {
	if strings.HasPrefix(filepath.Base(os.Args[0]), "lsmlite-import") && !strings.Contains(os.Args[0], ".test") {
		main()
	}
	os.Exit(m.Run())
}

// makeBolt makes a file with n rows in a bucket.
func makeBolt(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "my.bolt")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	check(t, err)
	check(t, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("users"))
		for i := 0; i < n && err == nil; i++ {
			err = b.Put(fmt.Appendf(nil, "%06d", i), []byte(strings.Repeat("x", 100)))
		}
		return err
	}))
	check(t, db.Close())
	return path
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestImport has lsmlite import a file of bbolt by this command, from next to it and from the path.
func TestImport(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles lsmlite")
	}
	dir, elsewhere := t.TempDir(), t.TempDir()
	lsmlite := filepath.Join(dir, "lsmlite"+suffix)
	build := exec.Command("go", "build", "-o", lsmlite, ".")
	build.Dir = "../lsmlite"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := makeBolt(t, 50_000)
	run := func(path string, args ...string) (string, int) {
		cmd := exec.Command(lsmlite, args...)
		cmd.Env = append(os.Environ(), "PATH="+path)
		out, err := cmd.CombinedOutput()
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			return string(out), failed.ExitCode()
		}
		check(t, err)
		return string(out), 0
	}
	my := filepath.Join(dir, "my.lsm")
	if out, code := run(elsewhere, "import", "bbolt", my, file); code != 3 || !strings.Contains(out, "go install github.com/lsmlite/lsmlite-go/cmd/lsmlite-import@") {
		t.Errorf("without this command: exit code %d\n%s", code, out)
	}
	self, err := os.Executable()
	check(t, err)
	for _, at := range []string{elsewhere, dir} {
		link := filepath.Join(at, "lsmlite-import"+suffix)
		if err := os.Symlink(self, link); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		my := filepath.Join(t.TempDir(), "my.lsm")
		if out, code := run(elsewhere, "import", "bbolt", my, file, "--separator", ":", "--from", "users:000010"); code != 0 || !strings.HasPrefix(out, "49990 rows imported") {
			t.Errorf("exit code %d\n%s", code, out)
		}
		if out, _ := run(elsewhere, "keys", my, "--limit", "1"); out != "users:000010\n" {
			t.Errorf("the first key is %s", out)
		}
		check(t, os.Remove(link))
	}
	check(t, os.Symlink(self, filepath.Join(dir, "lsmlite-import"+suffix)))
	if out, code := run(elsewhere, "import", "bbolt", my, file+"x"); code != 3 || !strings.Contains(out, "my.boltx: no such file") {
		t.Errorf("no such file: exit code %d\n%s", code, out)
	}
	if out, code := run(elsewhere, "import", "bbolt", my, file, "--bucket", "none"); code != 7 || !strings.Contains(out, "has no bucket") {
		t.Errorf("no such bucket: exit code %d\n%s", code, out)
	}
	if _, err := os.Stat(my); err == nil {
		t.Error("an import that failed left a database")
	}
}

var suffix = map[bool]string{true: ".exe"}[runtime.GOOS == "windows"]

// TestExitCodes: errors have the exit codes of lsmlite.
func TestExitCodes(t *testing.T) {
	damaged := filepath.Join(t.TempDir(), "damaged.bolt")
	raw, err := os.ReadFile(makeBolt(t, 1000))
	check(t, err)
	for i := 2 * os.Getpagesize(); i < len(raw); i += os.Getpagesize() {
		copy(raw[i:], bytes.Repeat([]byte{0xff}, 64)) // the front of each page other than the meta pages
	}
	check(t, os.WriteFile(damaged, raw, 0o600))
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{0, "Usage: lsmlite-import bbolt", []string{"bbolt", "--help"}},
		{usage, "unexpected argument badger", []string{"badger", "x"}},
		{cannotOpen, "no such file", []string{"pebble", filepath.Join(t.TempDir(), "none")}},
		{cannotOpen, "no such file", []string{"leveldb", filepath.Join(t.TempDir(), "none")}},
		{cannotOpen, "no such file", []string{"sqlite", filepath.Join(t.TempDir(), "none")}},
		{cannotOpen, "open ", []string{"sqlite", damaged}},
		{refused, "damaged", []string{"bbolt", damaged}},
	} {
		var out, errs bytes.Buffer
		code := run(c.args, &out, &errs)
		if code != c.code || !strings.Contains(errs.String()+out.String(), c.want) {
			t.Errorf("%q: exit code %d, want %d\n%s", c.args, code, c.code, errs.String())
		}
	}
}
