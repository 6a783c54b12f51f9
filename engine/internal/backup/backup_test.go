// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/backup"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

const blockSize = 64 << 10

// checkpointOf describes a file of four blocks and a half, each full of its own number; 2
// and the last one are free.
func checkpointOf(t *testing.T) backup.Checkpoint {
	t.Helper()
	f, err := memfs.New().Open("/source.lsm", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		data := bytes.Repeat([]byte{byte(n + 1)}, blockSize)
		if n == 3 {
			data = data[:blockSize/2]
		}
		if _, err := f.WriteAt(data, int64(n)*blockSize); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(3*blockSize + blockSize/2); err != nil {
		t.Fatal(err)
	}
	return backup.Checkpoint{
		Checkpoint: &format.Checkpoint{
			ID: 20, PageSize: 1024, BlockSize: blockSize, Blocks: 5,
			Levels: []format.Level{{LHS: format.Segment{First: 9, Last: 230, Size: 158}}},
			Free:   []format.FreeEntry{{Block: 5, ID: 19}},
		},
		AllFree: []format.FreeEntry{{Block: 2, ID: 12}, {Block: 5, ID: 19}},
		File:    f,
	}
}

// TestBlocksTo copies a checkpoint into a stream: two meta pages that say the same, used
// blocks as far as the file reaches, zeros for free ones, and nothing for those at the end.
func TestBlocksTo(t *testing.T) {
	var reports []backup.Progress
	c := backup.New(context.Background(), backup.Options{
		Source: "/source.lsm", Progress: func(p backup.Progress) { reports = append(reports, p) },
	})
	var b bytes.Buffer
	if err := c.BlocksTo(checkpointOf(t), &b); err != nil {
		t.Fatal(err)
	}
	got := b.Bytes()
	if len(got) != 3*blockSize+blockSize/2 {
		t.Fatalf("%d bytes", len(got))
	}
	for i := range 2 {
		ck, err := format.DecodeCheckpoint(got[i*format.MetaPageSize:][:format.MetaSize])
		if err != nil || ck.ID != 21 || ck.Blocks != 5 || len(ck.Free) != 1 || ck.Log.Sum == format.EmptyLogSum {
			t.Errorf("meta page %d: %+v, %v", i+1, ck, err)
		}
	}
	for _, at := range []struct{ offset, want int }{
		{2 * format.MetaPageSize, 1}, {blockSize - 1, 1}, {blockSize, 0}, {2*blockSize - 1, 0},
		{2 * blockSize, 3}, {3 * blockSize, 4}, {len(got) - 1, 4},
	} {
		if got[at.offset] != byte(at.want) {
			t.Errorf("byte %d is %d, want %d", at.offset, got[at.offset], at.want)
		}
	}
	n := int64(2*blockSize + blockSize/2)
	if len(reports) != 1 || reports[0] != (backup.Progress{Bytes: n, Total: n}) {
		t.Errorf("progress %+v, want %d bytes at the end", reports, n)
	}
}

// TestBlocksOfAnEmptyDatabase: a checkpoint without levels is copied as a new database is.
func TestBlocksOfAnEmptyDatabase(t *testing.T) {
	k := checkpointOf(t)
	k.Levels = nil
	var b bytes.Buffer
	if err := backup.New(context.Background(), backup.Options{}).BlocksTo(k, &b); err != nil {
		t.Fatal(err)
	}
	blank := make([]byte, format.MetaPageSize)
	if b.Len() != 2*format.MetaPageSize || !bytes.Equal(b.Bytes()[:format.MetaPageSize], blank) {
		t.Fatalf("%d bytes, and meta page 1 is not blank", b.Len())
	}
	ck, err := format.DecodeCheckpoint(b.Bytes()[format.MetaPageSize:][:format.MetaSize])
	if err != nil || ck.ID != base.EmptySnapshotID || len(ck.Levels) != 0 {
		t.Errorf("meta page 2: %+v, %v", ck, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestStreamErrors: a writer that fails, or takes only a part, ends the copy with an error
// of input and output; so does ctx with its own.
func TestStreamErrors(t *testing.T) {
	full := errors.New("full")
	ctx, cancel := context.WithCancel(context.Background())
	for _, test := range []struct {
		name  string
		write writerFunc
		want  []error
	}{
		{"fails", func([]byte) (int, error) { return 0, full }, []error{full, errs.ErrIO}},
		{"takes a part", func(p []byte) (int, error) { return len(p) - 1, nil }, []error{io.ErrShortWrite, errs.ErrIO}},
		{"cancels", func(p []byte) (int, error) { cancel(); return len(p), nil }, []error{context.Canceled}},
	} {
		err := backup.New(ctx, backup.Options{}).BlocksTo(checkpointOf(t), test.write)
		for _, want := range test.want {
			if !errors.Is(err, want) {
				t.Errorf("a writer that %s: %v, want %v", test.name, err, want)
			}
		}
	}
}
