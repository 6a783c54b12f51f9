// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestRecoverUndamaged: of a database that is not damaged, every row comes back, and nothing is reported.
func TestRecoverUndamaged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		before := fileHashes(t, path)
		to := path + "-new"
		report, err := engine.Recover(ctx, path, to, engine.RecoverOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if after := fileHashes(t, path); before != after {
			t.Fatal("the damaged files were changed")
		}
		if _, err := os.Stat(to); err != nil {
			t.Fatal(err)
		}
		db := mustOpen(t, to, engine.Options{ReadOnly: true})
		defer db.Close()
		expectDB(t, db, rows)
		expectDB(t, db, rows)
		expectSound(t, db)
		if report.Rows != int64(len(rows)) || !report.Complete() && !unclear[filepath.Base(t.Name())] {
			t.Errorf("%d rows, want %d; %s", report.Rows, len(rows), brief(&report))
		}
	})
}

// TestRecoverLink: the log of a database to which a symbolic link leads is next to the database, not to the link.
func TestRecoverLink(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	path, link := filepath.Join(dir, "x.db"), filepath.Join(t.TempDir(), "link.db")
	db := mustOpen(t, path, engine.Options{NoAutoWork: true})
	ok(t, putRange(ctx, db, 0, 10, 1))
	for _, name := range []string{path, path + "-log"} {
		data, err := os.ReadFile(name)
		ok(t, err)
		ok(t, os.WriteFile(name+".copy", data, 0o600))
	}
	ok(t, db.Close())
	ok(t, os.Rename(path+".copy", path))
	ok(t, os.Rename(path+"-log.copy", path+"-log"))
	if err := os.Symlink(path, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	report, err := engine.Recover(ctx, link, link+"-new", engine.RecoverOptions{})
	if ok(t, err); report.Rows != 10 || !report.Log.Found || !report.Complete() {
		t.Errorf("%d rows; log %+v", report.Rows, report.Log)
	}
}

// unclear are files that have a damaged meta page, or that a rescue cannot distinguish from such a file.
var unclear = map[string]bool{"demo": true, "demo-zlib": true, "demo-nolink": true}

// brief says in one line what a report says.
func brief(r *engine.RecoverReport) string {
	text := fmt.Sprintf("checkpoint %d scanned %v mended %v older %v; %d pages, %d lost; %d gaps, %d stale, %d doubtful; log at %d; %q",
		r.Checkpoint, r.Scanned, r.Mended, r.Older, r.Pages, r.PagesLost, r.NumLost, r.Stale.Rows, r.Doubtful.Rows, r.Log.DamagedAt, r.Problems)
	for _, s := range r.Sources {
		text += fmt.Sprintf("\n\t%s from page %d: %d of %d pages lost, %d rows", s.Name, s.First, s.PagesLost, s.Pages, s.Rows)
	}
	return text
}
