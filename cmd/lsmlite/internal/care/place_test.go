// SPDX-License-Identifier: Apache-2.0

package care

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestRestoreKeepsTheMode holds that a database which is replaced keeps its permissions, and that a new one is
// only for its owner.
func TestRestoreKeepsTheMode(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("files have no such permissions there")
	}
	ctx := t.Context()
	source, rows := made(t, 10, "backup")
	backup, err := engine.Open(ctx, "/db.lsm", engine.Options{FS: source, ReadOnly: true})
	ok(t, err)
	defer backup.Close()
	path := filepath.Join(t.TempDir(), "my.lsm")
	for _, mode := range []os.FileMode{0o600, 0o640} {
		_, err := restore(ctx, quiet(), backup, restoring{fs: vfs.OS, backup: "backup", file: path, force: true})
		ok(t, err)
		info, err := os.Stat(path)
		ok(t, err)
		if info.Mode() != mode {
			t.Errorf("mode %v, want %v", info.Mode(), mode)
		}
		ok(t, os.Chmod(path, 0o640))
	}
	if got, err := content(ctx, vfs.OS, path); err != nil || got != rows {
		t.Errorf("%v, or other rows", err)
	}
}
