// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// bomber is a codec of the library that stores a bomb in the place of most pages.
type bomber struct {
	compress.Codec
	bomb  []byte
	every int
	n     int
}

func (b *bomber) Compress(dst, src []byte) ([]byte, error) {
	if b.n++; b.n%b.every != 0 {
		return b.Codec.Compress(dst, src)
	}
	return append(dst, b.bomb[:min(len(b.bomb), b.Bound(len(src)))]...), nil
}

// Decompress gives the writer of the file zeros where it reads a bomb.
func (b *bomber) Decompress(dst, src []byte) error {
	if bytes.HasPrefix(b.bomb, src) {
		clear(dst)
		return nil
	}
	return b.Codec.Decompress(dst, src)
}

const bombPage = 32 << 10

// bombs are records that no page needs as many bytes for as they make, by the name of the codec: some that really make
// them, and some that only say so.
func bombs(t *testing.T) map[string][][]byte {
	t.Helper()
	huge := make([]byte, 64<<20)
	list := make(map[string][][]byte)
	for _, c := range compress.Builtin() {
		bomb, err := c.Compress(nil, huge)
		ok(t, err)
		list[c.Name()] = [][]byte{bomb}
	}
	// A frame of Zstandard without its size and its checksum, of blocks of one byte, 128 KiB each: 1 GiB of zeros.
	blocks := []byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x68}
	for i := range 8192 {
		head := uint32(128<<10)<<3 | 1<<1
		if i == 8191 {
			head |= 1
		}
		blocks = append(blocks, byte(head), byte(head>>8), byte(head>>16), 0)
	}
	frame := func(size uint64) []byte { // one segment of that size
		return binary.LittleEndian.AppendUint64([]byte{0x28, 0xB5, 0x2F, 0xFD, 0xE0}, size)
	}
	list["zstd"] = append(list["zstd"], blocks, append(frame(1<<62), blocks[6:]...), append(frame(1<<32), blocks[6:]...),
		append(frame(bombPage), blocks[6:]...), append([]byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xFF}, blocks[6:]...))
	for _, size := range []uint64{1 << 31, 1<<32 - 1, bombPage} {
		list["snappy"] = append(list["snappy"], append(binary.AppendUvarint(nil, size), bytes.Repeat([]byte{0xFE, 1, 0}, 10_000)...))
	}
	list["lz4"] = append(list["lz4"], append([]byte{0x1F, 0, 1, 0}, bytes.Repeat([]byte{0xFF}, bombPage-1000)...),
		bytes.Repeat([]byte{0xFF}, bombPage)) // a match, and a literal, of 8 MiB
	return list
}

// bombedFiles are databases whose pages are bombs, in records that are whole.
func bombedFiles(t *testing.T) map[string]fuzzFile {
	t.Helper()
	ctx := context.Background()
	files := make(map[string]fuzzFile)
	all := bombs(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for i, bomb := range all[name] {
			for _, every := range []int{1, 3} {
				codec, _ := compress.ByName(name, nil)
				mem := memfs.New()
				db := mustOpen(t, "/x.db", engine.Options{FS: mem, PageSize: bombPage, BlockSize: 1 << 20, NoAutoWork: true, Compression: name,
					Codecs: []engine.Codec{&bomber{Codec: codec, bomb: bomb, every: every}}})
				ok(t, db.Update(ctx, func(tx *engine.Tx) error {
					for row := range 60 {
						if err := tx.Put(fmt.Appendf(nil, "key%05d", row), noise(4000)); err != nil {
							return err
						}
					}
					return nil
				}))
				ok(t, db.Flush(ctx))
				_, err := db.Checkpoint(ctx)
				ok(t, err)
				data, err := mem.ReadFile("/x.db")
				ok(t, err)
				_ = db.Close() // which may read a bomb
				if !bytes.Contains(data, bomb[:min(len(bomb), 1000)]) {
					t.Fatalf("%s: the file has no bomb", name)
				}
				files[fmt.Sprintf("%s, bomb %d in one of %d pages", name, i, every)] = fuzzFile{db: data}
			}
		}
	}
	return files
}
