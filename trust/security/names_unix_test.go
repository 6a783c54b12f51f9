// SPDX-License-Identifier: Apache-2.0

//go:build unix

package security_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// precious is a file that must stay as it is.
const precious = "precious, and longer than one would expect of a file that is to be written over"

// obstacles puts things in a folder that are no files to write to, and returns their names.
func obstacles(t *testing.T, dir string) []string {
	t.Helper()
	in := func(name string) string { return filepath.Join(dir, name) }
	listener, err := net.Listen("unix", in("socket"))
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	must(t, errors.Join(
		os.WriteFile(in("victim"), []byte(precious), 0o600), os.Mkdir(in("folder"), 0o700),
		os.Symlink(in("victim"), in("link")), os.Symlink(in("missing"), in("dangling link")), os.Symlink(in("folder"), in("link to a folder")),
		os.Symlink(in("loop"), in("loop")), os.Symlink("/dev/null", in("link to a device")), syscall.Mkfifo(in("pipe"), 0o600)))
	names := []string{"/dev/null"}
	for _, name := range []string{"folder", "link", "dangling link", "link to a folder", "loop", "link to a device", "pipe", "socket"} {
		names = append(names, in(name))
	}
	return names
}

// picture describes all that is in a folder.
func picture(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprint(&b, strings.TrimPrefix(path, dir), " ", d.Type())
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			fmt.Fprint(&b, " -> ", to, err)
		case d.Type().IsRegular():
			content, err := os.ReadFile(path)
			fmt.Fprintf(&b, " %d bytes, %.60q, %v", len(content), content, err)
		}
		b.WriteByte('\n')
		return nil
	}))
	return b.String()
}

// typed reports whether an error is one of lsmlite's that a program can act on: it says that something cannot be
// opened, or cannot be done, and which file that is, if the path is given.
func typed(err error, path string) bool {
	e, ok := errors.AsType[*errs.Error](err)
	return ok && (errors.Is(e, errs.ErrCantOpen) || errors.Is(e, errs.ErrIO) || errors.Is(e, errs.ErrMisuse)) &&
		(path == "" || strings.Contains(err.Error(), filepath.Base(path)))
}

// TestCopiesAreNotPutOverOtherThings: a copy of any kind that is to have the name of a link, a folder, a pipe, a socket
// or a device is refused, whether it may replace a file or not, and changes nothing, also where a link leads.
func TestCopiesAreNotPutOverOtherThings(t *testing.T) {
	ctx := context.Background()
	home := t.TempDir()
	db, err := engine.Open(ctx, filepath.Join(home, "x"), engine.Options{})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	must(t, errors.Join(someRows(db), db.Flush(ctx), checkpoint(ctx, db), db.Backup(ctx, filepath.Join(home, "whole"), engine.BackupOptions{})))
	pool, err := sql.Open("lsmlite", "file:"+filepath.Join(home, "of-sql"))
	must(t, err)
	defer func() { must(t, pool.Close()) }()
	dir := t.TempDir()
	for _, path := range obstacles(t, dir) {
		before := picture(t, dir)
		for _, replace := range []bool{false, true} {
			o := engine.BackupOptions{Replace: replace}
			for what, err := range map[string]error{
				"backup":               db.Backup(ctx, path, o),
				"copy of a checkpoint": db.CopyCheckpoint(ctx, path, o),
				"recovery": func() error {
					_, err := engine.Recover(ctx, filepath.Join(home, "whole"), path, engine.RecoverOptions{Replace: replace})
					return err
				}(),
				"load": func() error {
					b, err := engine.NewBuilder(path, engine.Options{})
					if err != nil {
						return err
					}
					return errors.Join(b.Add([]byte("k"), []byte("v")), b.Finish(ctx))
				}(),
				"PRAGMA backup": func() error {
					_, err := pool.ExecContext(ctx, "PRAGMA backup = '"+path+"'")
					return err
				}(),
			} {
				if !typed(err, path) {
					t.Errorf("%s at %s (replace: %v): %v", what, filepath.Base(path), replace, err)
				}
			}
		}
		if after := picture(t, dir); after != before {
			t.Errorf("%s: the folder was\n%sand is\n%s", filepath.Base(path), before, after)
		}
	}
}

// TestOtherThingsAreNotOpened: nor is a folder, a pipe, a socket or a device opened as a database, or waited for. A
// link is followed, to a file alone; one that leads nowhere makes a database where it leads, as with any program.
func TestOtherThingsAreNotOpened(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	for _, path := range obstacles(t, dir) {
		if filepath.Base(path) == "dangling link" {
			continue
		}
		before := picture(t, dir)
		for _, readOnly := range []bool{false, true} {
			if db, err := engine.Open(ctx, path, engine.Options{ReadOnly: readOnly}); err == nil {
				t.Errorf("%s is opened", path)
				must(t, db.Close())
			} else if filepath.Base(path) != "link" && !typed(err, "") {
				t.Errorf("%s, read-only %v: %v", path, readOnly, err)
			} else if filepath.Base(path) == "link" && !errors.Is(err, errs.ErrCantOpen) && !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("a link to a text: %v", err)
			}
		}
		if after := picture(t, dir); after != before {
			t.Errorf("%s: the folder was\n%sand is\n%s", filepath.Base(path), before, after)
		}
	}
}

// TestLinksShareLocksAndLog: a database that is open by its own name is busy by that of a link in another folder for
// another process, and its log is next to the file.
func TestLinksShareLocksAndLog(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real", "x"), filepath.Join(dir, "links", "x")
	must(t, errors.Join(os.Mkdir(filepath.Dir(real), 0o700), os.Mkdir(filepath.Dir(link), 0o700), os.Symlink(filepath.Join("..", "real", "x"), link)))
	db, err := engine.Open(ctx, link, engine.Options{})
	must(t, err)
	must(t, someRows(db))
	if _, err := engine.Open(ctx, real, engine.Options{FS: watch()}); !errors.Is(err, errs.ErrBusy) {
		t.Errorf("another process opens the file itself: %v", err)
	}
	if _, err := engine.Open(ctx, link, engine.Options{FS: watch()}); !errors.Is(err, errs.ErrBusy) {
		t.Errorf("another process opens the link: %v", err)
	}
	for name, there := range map[string]bool{real + "-log": true, link + "-log": false} {
		if _, err := os.Lstat(name); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, db.Close())
}

// TestNamesAreTakenAsTheyAre: nothing in a name is run, expanded or decoded twice, and none reaches a file that it does
// not name.
func TestNamesAreTakenAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	must(t, os.Mkdir("sub", 0o700))
	for dsn, want := range map[string]string{
		"file:$(touch hacked)":     "$(touch hacked)",
		"file:`touch hacked`":      "`touch hacked`",
		"file:a;touch hacked":      "a;touch hacked",
		"file:|touch hacked":       "|touch hacked",
		"file:-rf":                 "-rf",
		"file:~":                   "~",
		"file:$HOME":               "$HOME",
		"file:*":                   "*",
		"file:%2e%2e%2fescaped":    filepath.Join("..", "escaped"), // as in any URI; the path is the caller's
		"file:sub/%252e%252e":      filepath.Join("sub", "%2e%2e"),
		"file:sub/..%2fbeside":     "beside",
		"file:a%3fmode=ro":         "a?mode=ro",
		"file:new%0aline":          "new\nline",
		"plain %2e%2e":             "plain %2e%2e",
		"sub/../beside too":        "beside too",
		"file:x?mode=rwc#fragment": "x",
	} {
		t.Run(dsn, func(t *testing.T) {
			path := filepath.Join(dir, want)
			db, err := sql.Open("lsmlite", dsn)
			if err == nil {
				_, err = db.Exec("INSERT INTO kv VALUES ('a', 'b')")
				err = errors.Join(err, db.Close())
			}
			_, missing := os.Lstat(path)
			if err != nil && !errors.Is(err, errs.ErrMisuse) && !errors.Is(err, errs.ErrCantOpen) {
				t.Errorf("%v", err)
			}
			if (err == nil) != (missing == nil) {
				t.Errorf("opening says %v, and looking for %q: %v", err, want, missing)
			}
			_ = os.Remove(path)
		})
	}
	for _, dsn := range []string{"file:a\x00b", "a\x00b", "file:a%00b", "file:a?key_file=b%00c", "file:a?key_file=%00"} {
		db, err := sql.Open("lsmlite", dsn)
		if err == nil {
			err = errors.Join(db.Ping(), db.Close())
		}
		if err == nil || !errors.Is(err, errs.ErrMisuse) && !errors.Is(err, errs.ErrCantOpen) && !errors.Is(err, errs.ErrKey) {
			t.Errorf("%q: %v", dsn, err)
		}
	}
	for _, text := range []string{"PRAGMA backup = 'a\x00b'", "PRAGMA backup = ''", "PRAGMA backup = '$(touch hacked)/x'", "ATTACH 'other' AS o"} {
		db, err := sql.Open("lsmlite", ":memory:")
		must(t, err)
		if _, err = db.Exec(text); err == nil {
			t.Errorf("%q runs", text)
		}
		must(t, db.Close())
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		if e.Name() != "sub" {
			t.Errorf("%q was made", e.Name())
		}
	}
	if _, err := lsmlite.ParseDSN("file:a?load_extension=x.so"); err == nil {
		t.Error("a DSN loads a program")
	}
}
