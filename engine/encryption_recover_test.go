// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestRecoverEncrypted rescues what is left of a damaged encrypted database: every row of the new file was there, and
// the new file is encrypted as well.
func TestRecoverEncrypted(t *testing.T) {
	ctx := context.Background()
	for _, compression := range []string{"", "lz4"} {
		o := engine.Options{PageSize: 512, BlockSize: 64 << 10, Compression: compression}
		file, content, _ := sealedSpecimen(t, o, 400)
		rows := strings.Split(content, "\n")
		was := make(map[string]bool)
		for _, r := range rows {
			was[r] = true
		}
		for name, damage := range map[string]func(f []byte){
			"none":                 func([]byte) {},
			"a page":               func(f []byte) { f[20000] ^= 1 },
			"a kilobyte":           func(f []byte) { clear(f[30000:31024]) },
			"a bit of meta page 1": func(f []byte) { f[17] ^= 4 },
			"meta page 2":          func(f []byte) { clear(f[format.MetaPageSize : 2*format.MetaPageSize]) },
			"the area of page 1":   func(f []byte) { f[2100] ^= 4 },
			"one sector of each":   func(f []byte) { f[17] ^= 4; clear(f[format.MetaPageSize+2048:][:512]) },
		} {
			fs := memfs.New()
			changed := bytes.Clone(file)
			damage(changed)
			ok(t, fs.WriteFile("/x", changed))
			for _, key := range []keys.Source{nil, key2} {
				if _, err := engine.Recover(ctx, "/x", "/y", engine.RecoverOptions{FS: fs, Key: key}); !errors.Is(err, engine.ErrKey) && name != "one sector of each" {
					t.Errorf("%s, with %v: %v", name, key, err)
				}
			}
			report, err := engine.Recover(ctx, "/x", "/y", engine.RecoverOptions{FS: fs, Key: key1})
			if name == "one sector of each" && err != nil { // no slot is whole
				if !typed(err) {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			db := mustOpen(t, "/y", engine.Options{FS: fs, Key: key1, ReadOnly: true})
			got := rowsOf(t, db)
			ok(t, db.Close())
			whole := !strings.Contains(name, "page") && name != "a kilobyte" || strings.Contains(name, "meta") || strings.Contains(name, "area")
			if len(got) < len(rows)/2 || whole && len(got) != len(rows) || int64(len(got)) != report.Rows {
				t.Errorf("%s: %d rows of %d, %d reported", name, len(got), len(rows), report.Rows)
			}
			if name == "none" && report.PagesLost != 0 {
				t.Errorf("%d pages are lost of a file that is sound", report.PagesLost)
			}
			for _, r := range got {
				if whole && !was[r] {
					t.Errorf("%s: row %q was not there", name, r)
				}
			}
			recovered, err := fs.ReadFile("/y")
			ok(t, err)
			for _, w := range words {
				if bytes.Contains(recovered, []byte(w)) {
					t.Errorf("%s: %q is in the new file", name, w)
				}
			}
			if _, err := engine.Recover(ctx, "/x", "/z", engine.RecoverOptions{FS: fs, Key: key1, Scan: true}); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("%s: a scan: %v", name, err)
			}
		}
	}
}

// TestSkipDamagedEncrypted reads around a page that was changed.
func TestSkipDamagedEncrypted(t *testing.T) {
	file, content, _ := sealedSpecimen(t, engine.Options{PageSize: 512, BlockSize: 64 << 10}, 400)
	was := make(map[string]bool)
	for _, r := range strings.Split(content, "\n") {
		was[r[:strings.IndexByte(r, '=')]] = true
	}
	file[20000] ^= 1
	fs := memfs.New()
	ok(t, fs.WriteFile("/x", file))
	db := mustOpen(t, "/x", engine.Options{FS: fs, Key: key1, ReadOnly: true, SkipDamaged: true})
	defer db.Close()
	got := rowsOf(t, db)
	if len(got) < len(was)/2 || len(db.Skipped()) == 0 {
		t.Errorf("%d rows of %d, %d ranges skipped", len(got), len(was), len(db.Skipped()))
	}
	for _, r := range got {
		if !was[r[:strings.IndexByte(r, '=')]] {
			t.Errorf("row %q was not there", r)
		}
	}
}

// TestRecoverEncryptedWithOtherSlots: what a meta page says that was changed is not believed, or the new file might
// open with no key.
func TestRecoverEncryptedWithOtherSlots(t *testing.T) {
	ctx := context.Background()
	file, rows, _ := sealedSpecimen(t, engine.Options{PageSize: 512, BlockSize: 64 << 10}, 40)
	for page := range 2 {
		changed := bytes.Clone(file)
		meta := changed[page*format.MetaPageSize:]
		checkpoint := meta[:format.CheckpointSize(meta)]
		area := meta[crypt.AreaOffset:]
		segments, slots := int(binary.BigEndian.Uint16(area[72:])), int(binary.BigEndian.Uint16(area[74:]))
		end := 76 + 16*segments + slots
		area[end-1] ^= 1 // of the box of the only slot
		crc := crc32.MakeTable(crc32.Castagnoli)
		sum := crc32.Update(crc32.Checksum(checkpoint, crc), crc, area[:end+crypt.MACSize])
		binary.BigEndian.PutUint32(area[end+crypt.MACSize:], sum)
		fs := memfs.New()
		ok(t, fs.WriteFile("/x", changed))
		if _, err := engine.Open(ctx, "/x", engine.Options{FS: fs, Key: key1}); !errors.Is(err, engine.ErrTampered) {
			t.Errorf("page %d: %v", page+1, err)
		}
		report, err := engine.Recover(ctx, "/x", "/y", engine.RecoverOptions{FS: fs, Key: key1})
		if err != nil {
			t.Fatalf("page %d: %v", page+1, err)
		}
		db := mustOpen(t, "/y", engine.Options{FS: fs, Key: key1})
		if contentOf(t, db) != rows || report.PagesLost != 0 {
			t.Errorf("page %d: other rows, %d pages are lost", page+1, report.PagesLost)
		}
		ok(t, db.Close())
	}
}
