// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// hostileKey is the key with which hostile files are used, and hostilePass the passphrase.
var (
	hostileKey  = keys.Raw(bytes.Repeat([]byte{7}, 32))
	hostilePass = keys.Passphrase([]byte("a passphrase"), keys.Params{Time: 1, MemoryKiB: 8, Lanes: 1})
)

// Where the fields of the crypto area are: docs/encryption.md.
const (
	areaVersionAt, areaSuiteAt, areaCodecAt = 8, 10, 12
	areaCommitsAt, areaSaltsAt, areaSlotsAt = 64, 72, 74
	areaLists                               = 76
	areaSalt                                = 16
	slotParamsAt                            = 28
)

// encryptedFile makes an encrypted database with two slots.
func encryptedFile(t *testing.T) fuzzFile {
	t.Helper()
	ctx, mem := context.Background(), memfs.New()
	db := mustOpen(t, "/x.db", engine.Options{FS: mem, Key: hostilePass, PageSize: 1024, BlockSize: 64 << 10, NoAutoWork: true})
	_, err := db.AddKey(ctx, hostileKey)
	ok(t, err)
	for round := range 3 {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error {
			for i := range 40 {
				if err := tx.Put(fmt.Appendf(nil, "key%03d", i*3+round), make([]byte, i*7)); err != nil {
					return err
				}
			}
			return nil
		}))
		if round < 2 {
			ok(t, flushAndCheckpoint(ctx, db))
		}
	}
	files := mem.Clone()
	ok(t, db.Close())
	data, err := files.ReadFile("/x.db")
	ok(t, err)
	log, err := files.ReadFile("/x.db-log")
	ok(t, err)
	return fuzzFile{data, log}
}

// hostileEncrypted are encrypted files of which somebody without the key has changed what is in clear, and has computed
// the CRC again.
func hostileEncrypted(t *testing.T) map[string]fuzzFile {
	t.Helper()
	good := encryptedFile(t)
	files := map[string]fuzzFile{
		"encrypted":                    good,
		"encrypted, no log":            {db: good.db},
		"encrypted, a log of noise":    {db: good.db, log: noise(1 << 20)},
		"encrypted, a log of ones":     {db: good.db, log: bytes.Repeat([]byte{0xFF}, 1<<20)},
		"encrypted, pages of noise":    {db: append(bytes.Clone(good.db[:8192]), noise(1<<20)...), log: good.log},
		"encrypted, nothing but metas": {db: good.db[:8192], log: good.log},
	}
	change := func(name string, how func(area []byte)) {
		db := bytes.Clone(good.db)
		for i := range 2 {
			meta := db[i*format.MetaPageSize:][:format.MetaSize]
			c, err := format.DecodeCheckpoint(meta)
			ok(t, err)
			blob, err := c.Encode()
			ok(t, err)
			if !bytes.HasPrefix(meta, blob) {
				t.Fatal("the checkpoint is another one when it is encoded again")
			}
			area := meta[crypt.AreaOffset:]
			_, size, err := crypt.DecodeArea(blob, area)
			ok(t, err)
			how(area)
			// The CRC stands where the counts say.
			end := areaLists + areaSalt*int(binary.BigEndian.Uint16(area[areaSaltsAt:])) + int(binary.BigEndian.Uint16(area[areaSlotsAt:])) +
				crypt.MACSize
			if end+4 > len(area) {
				end = size - 4
			}
			castagnoli := crc32.MakeTable(crc32.Castagnoli)
			binary.BigEndian.PutUint32(area[end:], crc32.Update(crc32.Checksum(blob, castagnoli), castagnoli, area[:end]))
		}
		files["encrypted, "+name] = fuzzFile{db, good.log}
	}
	slots := func(area []byte) []byte {
		from := areaLists + areaSalt*int(binary.BigEndian.Uint16(area[areaSaltsAt:]))
		return area[from:][:binary.BigEndian.Uint16(area[areaSlotsAt:])]
	}
	for _, n := range []uint16{0, 1, 2, 39, 40, 41, 1000, math.MaxUint16} {
		change(fmt.Sprintf("version %d", n), func(a []byte) { binary.BigEndian.PutUint16(a[areaVersionAt:], n) })
		change(fmt.Sprintf("suite %d", n), func(a []byte) { binary.BigEndian.PutUint16(a[areaSuiteAt:], n) })
		change(fmt.Sprintf("%d salts", n), func(a []byte) { binary.BigEndian.PutUint16(a[areaSaltsAt:], n) })
		change(fmt.Sprintf("%d bytes of slots", n), func(a []byte) { binary.BigEndian.PutUint16(a[areaSlotsAt:], n) })
		change(fmt.Sprintf("a slot of %d bytes", n), func(a []byte) { binary.BigEndian.PutUint16(slots(a)[2:], n) })
		change(fmt.Sprintf("a slot of type %d", n), func(a []byte) { slots(a)[0] = byte(n) })
	}
	for _, n := range []uint32{0, 1, 10001, 10003, 12345, math.MaxUint32} {
		change(fmt.Sprintf("codec %d", n), func(a []byte) { binary.BigEndian.PutUint32(a[areaCodecAt:], n) })
	}
	change("2^64-1 commits", func(a []byte) { binary.BigEndian.PutUint64(a[areaCommitsAt:], math.MaxUint64) })
	for _, n := range []uint32{0, 65, 1 << 21, 1 << 30, math.MaxUint32} {
		for i, field := range []string{"passes", "KiB", "lanes"} {
			change(fmt.Sprintf("argon2id with %d %s", n, field), func(a []byte) { binary.BigEndian.PutUint32(slots(a)[slotParamsAt+4*i:], n) })
		}
		change(fmt.Sprintf("argon2id with %d of all", n), func(a []byte) {
			for i := range 3 {
				binary.BigEndian.PutUint32(slots(a)[slotParamsAt+4*i:], n)
			}
		})
	}
	change("slots of nothing but ones", func(a []byte) {
		for i := range slots(a) {
			slots(a)[i] = 0xFF
		}
	})
	return files
}
