// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// A file of another kind is refused by its name, and not touched.
func TestForeignFilesAreNamed(t *testing.T) {
	bbolt := make([]byte, 32<<10)
	binary.LittleEndian.PutUint32(bbolt[16:], 0xED0CDAED)
	lmdb := make([]byte, 8192)
	binary.LittleEndian.PutUint32(lmdb[16:], 0xBEEFC0DE)
	table := binary.LittleEndian.AppendUint64(bytes.Repeat([]byte{0, 1, 2, 3}, 4000), 0xdb4775248b80fb57)
	for what, content := range map[string][]byte{
		"a SQLite database":                 append([]byte("SQLite format 3\x00\x10\x00\x01\x01"), bytes.Repeat([]byte{1, 2, 3}, 4000)...),
		"a bbolt database":                  bbolt,
		"an LMDB database":                  lmdb,
		"a table of a LevelDB database":     table,
		"the manifest of a Badger database": []byte("Bdgr\x00\x00\x00\x08\x00\x01"),
		"a gzip file":                       append([]byte("\x1f\x8b\x08\x00"), bytes.Repeat([]byte{7, 8}, 9000)...),
		"a zstd file":                       append([]byte("\x28\xb5\x2f\xfd"), bytes.Repeat([]byte{7, 8}, 9000)...),
		"a zip file":                        []byte("PK\x03\x04\x14\x00\x00\x00"),
		"a program (ELF)":                   append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 20000)...),
		"a text, maybe JSON":                []byte(`{"key": "value"}`),
		"a text":                            []byte(strings.Repeat("key = value\n", 3000)),
	} {
		for _, o := range []engine.Options{{}, {MustExist: true}, {ReadOnly: true}} {
			mem := memfs.New()
			mem.WriteFile("/x.lsm", content)
			o.FS = mem
			_, err := engine.Open(context.Background(), "/x.lsm", o)
			if !errors.Is(err, engine.ErrCorrupt) || !strings.Contains(err.Error(), "this is "+what+", and not an lsm1 database") {
				t.Errorf("%s, options %+v: %v", what, o, err)
			}
			expectFile(t, mem, "/x.lsm", content)
			expectFile(t, mem, "/x.lsm-log", nil)
		}
	}
}

// The log of a database that is opened in the place of the database is told from one.
func TestLogOpenedAsADatabaseIsNamed(t *testing.T) {
	mem := memfs.New()
	db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, rows := range []int{1, 2000} {
		tx, err := db.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if err := tx.Put(binary.BigEndian.AppendUint32(nil, uint32(i)), []byte("a value of some bytes")); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(context.Background()); err != nil {
			t.Fatal(err)
		}
		log, err := mem.ReadFile("/x.lsm-log")
		if err != nil {
			t.Fatal(err)
		}
		other := memfs.New()
		other.WriteFile("/y.lsm-log", log)
		_, err = engine.Open(context.Background(), "/y.lsm-log", engine.Options{FS: other})
		if !errors.Is(err, engine.ErrCorrupt) || !strings.Contains(err.Error(), "this is the log of a database, and not an lsm1 database; open /y.lsm") {
			t.Errorf("a log of %d bytes: %v", len(log), err)
		}
		expectFile(t, other, "/y.lsm-log", log)
	}
}
