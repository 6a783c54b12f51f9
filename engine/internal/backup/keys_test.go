// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/backup"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestOwnKeysAreOverwritten ends copies in every way: their own keys make no box after it, those of a
// database go on to.
func TestOwnKeysAreOverwritten(t *testing.T) {
	ctx := context.Background()
	key := keys.Raw(bytes.Repeat([]byte{7}, crypt.KeySize))
	geo, err := format.NewCompressedGeometry(4096, blockSize, blockfile.Bound(4096, nil))
	if err != nil {
		t.Fatal(err)
	}
	build := func(t *testing.T, path string, o backup.Options) *backup.Build {
		b, err := backup.NewBuild(backup.Target{FS: memfs.New(), Path: path, LogSuffix: "-log", Perm: 0o600}, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Add([]byte("k"), []byte("v")); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, end := range map[string]func(*testing.T, backup.Options){
		"close": func(_ *testing.T, o backup.Options) { backup.New(ctx, o).Close() },
		"finish": func(t *testing.T, o backup.Options) {
			if err := build(t, "/a.lsm", o).Finish(ctx); err != nil {
				t.Fatal(err)
			}
		},
		"finish fails": func(t *testing.T, o backup.Options) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			if err := build(t, "/a.lsm", o).Finish(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("Finish with an ended context: %v", err)
			}
		},
		"discard": func(t *testing.T, o backup.Options) { build(t, "/a.lsm", o).Discard() },
		"the name is taken": func(t *testing.T, o backup.Options) {
			fs := memfs.New()
			if _, err := fs.Open("/a.lsm", vfs.ReadWrite|vfs.Create, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := backup.NewBuild(backup.Target{FS: fs, Path: "/a.lsm", LogSuffix: "-log"}, o); err == nil {
				t.Fatal("a copy was begun over a file")
			}
		},
	} {
		for _, own := range []bool{true, false} {
			secret, err := checkpoint.NewSecret(ctx, key, crypt.AESGCM, 0)
			if err != nil {
				t.Fatal(err)
			}
			end(t, backup.Options{Source: "/a.lsm", Geometry: geo, Secret: secret, Own: own})
			switch _, err := secret.Keys().Segment(crypt.NewSalt()); {
			case own && !errors.Is(err, errs.ErrMisuse):
				t.Errorf("%s: keys of its own: %v; they are to be overwritten", name, err)
			case !own && err != nil:
				t.Errorf("%s: keys of a database: %v", name, err)
			}
		}
	}
}
