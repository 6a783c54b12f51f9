// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// link makes a symbolic link, or skips the test.
func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
}

// listing returns the names in a folder and what is in them.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	ok(t, err)
	all := make(map[string]string)
	for _, e := range entries {
		switch name := filepath.Join(dir, e.Name()); {
		case e.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			ok(t, err)
			all[e.Name()] = "-> " + target
		case e.IsDir():
			all[e.Name()] = "a folder"
		default:
			b, err := os.ReadFile(name)
			ok(t, err)
			all[e.Name()] = string(b)
		}
	}
	return all
}

func expectListing(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	have := listing(t, dir)
	for name, content := range have {
		if was, there := want[name]; !there {
			t.Errorf("%s was made", name)
		} else if was != content {
			t.Errorf("%s has changed: %d bytes, %.60q", name, len(content), content)
		}
	}
	for name := range want {
		if _, there := have[name]; !there {
			t.Errorf("%s is gone", name)
		}
	}
}

// TestALinkIsNeverTheLog plants a link where the log has its name.
func TestALinkIsNeverTheLog(t *testing.T) {
	for _, target := range []string{"victim", "missing", "."} {
		for what, data := range map[string][]byte{"no": nil, "an empty": {}, "a closed": closedDB(t)} {
			for _, readOnly := range []bool{false, true} {
				dir := t.TempDir()
				path := filepath.Join(dir, "x")
				ok(t, os.WriteFile(filepath.Join(dir, "victim"), []byte(strings.Repeat("precious\n", 100)), 0o600))
				if data != nil {
					ok(t, os.WriteFile(path, data, 0o600))
				}
				link(t, filepath.Join(dir, target), path+"-log")
				before := listing(t, dir)
				_, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: readOnly})
				if !errors.Is(err, engine.ErrCantOpen) || (data != nil || !readOnly) && (!errors.Is(err, vfs.ErrLink) || !strings.Contains(err.Error(), path+"-log")) {
					t.Errorf("%s database, read-only %v, link to %s: %v", what, readOnly, target, err)
				}
				expectListing(t, dir, before)
			}
		}
	}
}

// TestTheDatabaseMayBeALink: its log is beside the file itself.
func TestTheDatabaseMayBeALink(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	ok(t, os.Mkdir(filepath.Join(dir, "real"), 0o700))
	link(t, filepath.Join("real", "x"), filepath.Join(dir, "x"))
	db, err := engine.Open(ctx, filepath.Join(dir, "x"), engine.Options{})
	ok(t, err)
	ok(t, putRange(ctx, db, 0, 10, 1))
	ok(t, db.Moved())
	if _, err := os.Stat(filepath.Join(dir, "real", "x-log")); err != nil {
		t.Error(err)
	}
	ok(t, db.Close())
	expectRowsOf(t, vfs.OS, filepath.Join(dir, "real", "x"), 10)
}

// TestAForeignFileIsNotTheLog puts files that are no logs where the log has its name, beside
// a database that was closed.
func TestAForeignFileIsNotTheLog(t *testing.T) {
	for what, content := range map[string]string{
		"a text": "Dear diary,\ntoday I met a database.\n", "a short text": "keep", "a new line and a text": "\n\n# Notes\n\n- milk\n- bread\n",
		"a text of a tabulator": "\tindented, and quite long: " + strings.Repeat("word ", 1000),
		"a text of other signs": "Öl, Wörter, Übermut — 日本語のテキスト\n", "JSON": `{"level":"info","msg":"started"}`,
		"a SQLite database": "SQLite format 3\x00\x10\x00\x01\x01\x00@  " + string(make([]byte, 4000)), "gzip": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + strings.Repeat("\xaa\x55", 500),
		"a picture": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a program": "\x7fELF\x02\x01\x01" + string(make([]byte, 500)), "an archive": "PK\x03\x04" + string(make([]byte, 100)),
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x")
			ok(t, os.WriteFile(path, closedDB(t), 0o600))
			ok(t, os.WriteFile(path+"-log", []byte(content), 0o600))
			before := listing(t, dir)
			for _, readOnly := range []bool{false, true} {
				_, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: readOnly})
				if !errors.Is(err, engine.ErrCantOpen) || !strings.Contains(err.Error(), path+"-log") || !strings.Contains(err.Error(), "not a log") {
					t.Errorf("read-only %v: %v", readOnly, err)
				}
				expectListing(t, dir, before)
			}
		})
	}
	t.Run("a folder", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "x")
		ok(t, os.WriteFile(path, closedDB(t), 0o600))
		ok(t, os.Mkdir(path+"-log", 0o700))
		before := listing(t, dir)
		for _, readOnly := range []bool{false, true} {
			if _, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: readOnly}); !errors.Is(err, engine.ErrCantOpen) || !strings.Contains(err.Error(), path+"-log") {
				t.Errorf("read-only %v: %v", readOnly, err)
			}
			expectListing(t, dir, before)
		}
	})
}

// TestALogThatCannotBeReadIsKept puts noise where the log has its name. It may be what a loss
// of power left of a log, so the database opens; it may be anybody's, so it is not overwritten.
func TestALogThatCannotBeReadIsKept(t *testing.T) {
	everyPlace(t, func(t *testing.T, p place) {
		ctx := context.Background()
		rng := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			noise := make([]byte, 1+rng.IntN(3000))
			for i := range noise {
				noise[i] = byte(rng.Uint32())
			}
			noise[0] = 0x80 | noise[0] // no record
			p.write(t, "x", closedDB(t))
			p.write(t, "x-log", noise)
			var kept string
			db, err := engine.Open(ctx, p.in("x"), engine.Options{FS: p.FS, Observer: &engine.Observer{
				Opened: func(e engine.OpenEvent) { kept = e.KeptLog }}})
			ok(t, err)
			if n := len(p.read(t, "x-log")); n > 0 {
				t.Errorf("the new log has %d bytes", n)
			}
			ok(t, putRange(ctx, db, 0, 1, 1))
			ok(t, db.Close())
			if !strings.HasPrefix(filepath.ToSlash(kept), filepath.ToSlash(p.in("x-log-kept-"))) {
				t.Fatalf("the log is kept as %q", kept)
			}
			if b := p.read(t, filepath.Base(kept)); !bytes.Equal(b, noise) {
				t.Errorf("%s has %d bytes, want %d", kept, len(b), len(noise))
			}
			expectRowsOf(t, p.FS, p.in("x"), 1)
		}
	})
}

// TestLeftOverLogsAreAccepted puts logs of other databases, and what a crash leaves of one,
// beside a database that was closed.
func TestLeftOverLogsAreAccepted(t *testing.T) {
	ctx := context.Background()
	logs := map[string][]byte{"an empty file": {}, "zeros": make([]byte, 5000), "zeros first": append(make([]byte, 512), "what comes after it"...)}
	golden, err := filepath.Glob("testdata/golden/*-log")
	ok(t, err)
	for _, name := range golden {
		if strings.Contains(name, "demo-nolink") {
			continue // it begins with bytes that are no records, so it is kept
		}
		if logs[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	for i, safety := range []engine.Safety{engine.SafetyNormal, engine.SafetyFull} {
		mem := memfs.New()
		db, err := engine.Open(ctx, "/x", engine.Options{FS: mem, Safety: safety})
		ok(t, err)
		ok(t, putRange(ctx, db, 0, 1+99*i, 1))
		log, err := mem.ReadFile("/x-log")
		ok(t, err)
		logs[fmt.Sprintf("a log of ours, %v", safety)] = log
		ok(t, db.Close())
	}
	for what, log := range logs {
		mem := memfs.New()
		ok(t, mem.WriteFile("/x", closedDB(t)))
		ok(t, mem.WriteFile("/x-log", log))
		db, err := engine.Open(ctx, "/x", engine.Options{FS: mem})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		ok(t, db.Close())
		if names := mem.Names(); !slices.Equal(names, []string{"/x"}) {
			t.Errorf("%s: there are %v", what, names)
		}
	}
	if len(logs) < 6 {
		t.Errorf("only %d logs were tried", len(logs))
	}
}

// TestBackupFollowsNoLink gives a link as the name of the copy, and as that of its log.
func TestBackupFollowsNoLink(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, err := engine.Open(ctx, filepath.Join(dir, "x"), engine.Options{FS: memfs.New()})
	ok(t, err)
	defer db.Close()
	ok(t, putRange(ctx, db, 0, 10, 1))
	ok(t, os.WriteFile(filepath.Join(dir, "victim"), []byte("precious"), 0o600))
	link(t, filepath.Join(dir, "victim"), filepath.Join(dir, "copy"))
	link(t, filepath.Join(dir, "missing"), filepath.Join(dir, "dangling"))
	link(t, filepath.Join(dir, "missing"), filepath.Join(dir, "other-log"))
	before := listing(t, dir)
	for _, name := range []string{"copy", "dangling", "other"} {
		for _, replace := range []bool{false, true} {
			err := db.Backup(ctx, filepath.Join(dir, name), engine.BackupOptions{FS: vfs.OS, Replace: replace})
			if !errors.Is(err, engine.ErrCantOpen) || name != "other" && !errors.Is(err, vfs.ErrLink) {
				t.Errorf("%s, replace %v: %v", name, replace, err)
			}
			expectListing(t, dir, before)
		}
	}
}

// TestBackupLeavesAForeignFile swaps the unfinished copy for another file while it is written.
func TestBackupLeavesAForeignFile(t *testing.T) {
	everyPlace(t, func(t *testing.T, p place) {
		ctx := context.Background()
		db, err := engine.Open(ctx, "/x", engine.Options{FS: memfs.New()})
		ok(t, err)
		defer db.Close()
		ok(t, putRange(ctx, db, 0, 10, 1))
		mine := "a file of somebody else"
		var temp string
		err = db.Backup(ctx, p.in("copy"), engine.BackupOptions{FS: p.FS, Progress: func(engine.BackupProgress) {
			if temp == "" {
				temp = swapUnfinished(t, p, mine)
			}
		}})
		if !errors.Is(err, engine.ErrMoved) || !strings.Contains(err.Error(), "-backup-") {
			t.Errorf("backup: %v", err)
		}
		if temp == "" || string(p.read(t, temp)) != mine || p.read(t, "copy") != nil {
			t.Errorf("%q holds %.40q, the copy %d bytes", temp, p.read(t, temp), len(p.read(t, "copy")))
		}
	})
}

// swapUnfinished replaces the unfinished copy, and returns its name.
func swapUnfinished(t *testing.T, p place, content string) string {
	t.Helper()
	for _, name := range p.names(t) {
		if strings.HasPrefix(name, "copy-backup-") {
			p.write(t, "other", []byte(content))
			ok(t, p.Rename(p.in("other"), p.in(name)))
			return name
		}
	}
	t.Fatal("there is no unfinished copy")
	return ""
}

// TestBackupKeepsTheModeOfTheReplaced: a user who could open the old file can open the copy.
func TestBackupKeepsTheModeOfTheReplaced(t *testing.T) {
	everyPlace(t, func(t *testing.T, p place) {
		ctx := context.Background()
		db, err := engine.Open(ctx, "/x", engine.Options{FS: memfs.New()})
		ok(t, err)
		defer db.Close()
		ok(t, putRange(ctx, db, 0, 10, 1))
		for _, c := range []struct{ old, asked, want fs.FileMode }{
			{0, 0, 0o600}, {0, 0o640, 0o640}, {0o660, 0, 0o660}, {0o660, 0o600, 0o600},
		} {
			_ = p.Remove(p.in("copy"))
			if c.old != 0 {
				f, err := p.Open(p.in("copy"), vfs.ReadWrite|vfs.Create, 0o600)
				ok(t, err)
				info, err := f.(vfs.Stater).Stat()
				ok(t, err)
				ok(t, f.(vfs.Owner).OwnAs(withMode{info, c.old}))
				ok(t, f.Close())
			}
			ok(t, db.Backup(ctx, p.in("copy"), engine.BackupOptions{FS: p.FS, Replace: true, Perm: c.asked}))
			info, err := p.Stat(p.in("copy"))
			ok(t, err)
			if info.Mode().Perm() != c.want {
				t.Errorf("%+v: the copy has mode %v", c, info.Mode())
			}
		}
	})
}

// withMode is the description of a file with another mode.
type withMode struct {
	fs.FileInfo
	mode fs.FileMode
}

func (w withMode) Mode() fs.FileMode { return w.mode }

// TestTheLogHasTheModeOfTheDatabase, whatever the options say of new files.
func TestTheLogHasTheModeOfTheDatabase(t *testing.T) {
	everyPlace(t, func(t *testing.T, p place) {
		ctx := context.Background()
		p.write(t, "x", closedDB(t))
		f, err := p.Open(p.in("x"), vfs.ReadWrite, 0)
		ok(t, err)
		info, err := f.(vfs.Stater).Stat()
		ok(t, err)
		ok(t, f.(vfs.Owner).OwnAs(withMode{info, 0o664}))
		ok(t, f.Close())
		db, err := engine.Open(ctx, p.in("x"), engine.Options{FS: p.FS, Perm: 0o600})
		ok(t, err)
		info, err = p.Stat(p.in("x-log"))
		ok(t, err)
		if info.Mode().Perm() != 0o664 {
			t.Errorf("the log has mode %v, the database 0664", info.Mode())
		}
		ok(t, db.Close())
	})
}
