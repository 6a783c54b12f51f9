// SPDX-License-Identifier: Apache-2.0

package rescue_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// read returns all rows that a database has for a reader.
func read(t testing.TB, data, log []byte) map[string]string {
	t.Helper()
	fs, ctx := memfs.New(), context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(fs.WriteFile("/x.db", data))
	if log != nil {
		must(fs.WriteFile("/x.db-log", log))
	}
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs})
	must(err)
	rows, err := enginetest.Rows(db)
	must(err)
	must(db.Close())
	return rows
}

// expectAll rescues a database and compares the rows with those that are expected.
func expectAll(t *testing.T, name string, want map[string]string, data, log []byte) *rescue.Report {
	t.Helper()
	r := open(t, data, log, rescue.Options{})
	if r == nil {
		t.Fatalf("%s: nothing is left", name)
	}
	n, wrong := 0, 0
	for ; r.Next(); n++ {
		if v, ok := want[string(r.Key())]; !ok || v != value(t, r) {
			wrong++
		}
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	if n != len(want) || wrong > 0 {
		t.Errorf("%s: %d rows, %d of them wrong; want %d", name, n, wrong, len(want))
		show(t, r)
	}
	return r.Finish()
}

// expectQuiet checks that a report has nothing to say, except that the log ends with something else than its
// transactions, as one that was used before does.
func expectQuiet(t *testing.T, name string, rep *rescue.Report) {
	t.Helper()
	if rep.Scanned || rep.Mended || rep.Older || rep.PagesLost > 0 || rep.Lost.N > 0 || rep.Stale.Rows > 0 || rep.Doubtful.Rows > 0 ||
		rep.Log.Missing || rep.Log.DamagedAt >= 0 || len(rep.Problems) > 0 {
		t.Errorf("%s: %+v", name, rep)
	}
}

// TestUndamaged: of a database that is not damaged a rescue returns what a reader does, and reports nothing.
func TestUndamaged(t *testing.T) {
	for _, s := range ours(t) {
		expectQuiet(t, s.name, expectAll(t, s.name, read(t, s.data, s.log), s.data, s.log))
	}
}

// filled makes a database of rows whose values have n random bytes.
func filled(t testing.TB, rows, n int, o engine.Options) *specimen {
	o.BlockSize = 1 << 20
	return makeSpecimen(t, fmt.Sprintf("%d bytes", n), shape{levels: 1, rows: rows, exact: n}, o)
}

// TestRecordsAtPageEnds makes records begin at all distances from the ends of their pages, so that of some only a part
// of the key is there: none is lost.
func TestRecordsAtPageEnds(t *testing.T) {
	for n := 200; n < 560; n++ {
		s := filled(t, 40, n, engine.Options{PageSize: 512})
		name := fmt.Sprintf("values of %d bytes", n)
		expectQuiet(t, name, expectAll(t, name, read(t, s.data, s.log), s.data, s.log))
	}
}

// TestBothMetaPagesGone: the sizes of pages are found out from the pages, and all rows come back.
func TestBothMetaPagesGone(t *testing.T) {
	for _, c := range []struct {
		page, value, rows int
		codec             string
	}{
		{256, 100, 3000, ""}, {512, 100, 4000, ""}, {512, 300, 4000, ""}, {1024, 100, 4000, ""}, {1024, 700, 2000, ""},
		{4096, 100, 5000, ""}, {4096, 1500, 1500, ""}, {4096, 3000, 1500, ""}, {4096, 5000, 1000, ""}, {4096, 20000, 300, ""},
		{16384, 12000, 300, ""}, {65536, 300, 4000, ""}, {512, 300, 2000, "lz4"}, {4096, 100, 3000, "zstd"}, {4096, 5000, 300, "zlib"},
	} {
		name := fmt.Sprintf("pages of %d bytes, values of %d, %q", c.page, c.value, c.codec)
		s := filled(t, c.rows, c.value, engine.Options{PageSize: c.page, Compression: c.codec})
		v := &victim{specimen: s, data: bytes.Clone(s.data)}
		clear(v.meta(0))
		clear(v.meta(1))
		rep := expectAll(t, name, read(t, s.data, nil), v.data, nil)
		if rep.PageSize != c.page || !rep.Scanned {
			t.Errorf("%s: pages of %d bytes", name, rep.PageSize)
		}
	}
}

// TestPagesOfZeros: of long values of zeros some pages have a page sum that is zero, so that the whole page is. Their
// rows come back, and are named, because such a page may have been written over.
func TestPagesOfZeros(t *testing.T) {
	fs, ctx := memfs.New(), context.Background()
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, PageSize: 256, BlockSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for i := range 40 {
		k, v := fmt.Sprintf("key/%d", i), string(make([]byte, 200_000))
		want[k] = v
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(k), []byte(v)) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile("/x.db")
	if err != nil {
		t.Fatal(err)
	}
	zeros := 0
	for at := 2 * 4096; at+256 <= len(data); at += 256 {
		if !bytes.ContainsFunc(data[at:at+256], func(r rune) bool { return r != 0 }) {
			zeros++
		}
	}
	rep := expectAll(t, "zeros", want, data, nil)
	if zeros == 0 || rep.Doubtful.Rows == 0 || rep.Doubtful.Rows > int64(zeros) || rep.PagesLost > 0 {
		t.Errorf("%d pages of zeros; doubtful %+v, %d lost", zeros, rep.Doubtful, rep.PagesLost)
	}
}
