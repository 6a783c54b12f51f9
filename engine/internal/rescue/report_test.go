// SPDX-License-Identifier: Apache-2.0

package rescue_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestReportIsBounded: a report does not grow with the number of stretches of keys, and still names all of them.
func TestReportIsBounded(t *testing.T) {
	s := makeSpecimen(t, "bounded", shape{levels: 2, rows: 25_000}, engine.Options{PageSize: 256, BlockSize: 64 << 10})
	data := bytes.Clone(s.data)
	for at := 2 * 4096; at+512 <= len(data); at += 1024 { // every fourth page
		clear(data[at : at+256])
	}
	r := open(t, data, nil, rescue.Options{})
	odd := 0
	for r.Next() {
		if o := s.rows[string(r.Key())]; o == nil || o.value != value(t, r) {
			odd++
			if n := len(r.Report.Stale.List); n == 0 || string(r.Report.Stale.List[n-1].To) != string(r.Key()) {
				t.Fatalf("row %q of %v is not the newest, of %v, and not named", r.Key(), r.Spans(), o)
			}
		}
	}
	rep := r.Finish()
	if odd < 100 || rep.Lost.N < 2*rescue.MaxRanges || len(rep.Lost.List) != rescue.MaxRanges {
		t.Errorf("%d old rows; %d gaps, of which %d are listed", odd, rep.Lost.N, len(rep.Lost.List))
	}
	if len(rep.Stale.List) > rescue.MaxRanges || !rep.Stale.Joined || rep.Stale.Rows < int64(odd) {
		t.Errorf("%d stretches of %d rows, joined: %v", len(rep.Stale.List), rep.Stale.Rows, rep.Stale.Joined)
	}
}

// TestDamagedLogOfRandomPlaces damages a log in which each transaction has a key of its own: all transactions but those
// with damage, or next to it, come back.
func TestDamagedLogOfRandomPlaces(t *testing.T) {
	s := makeSpecimen(t, "logged", shape{levels: 1, rows: 20, killed: 500}, engine.Options{PageSize: 1024, BlockSize: 64 << 10})
	for i := range 40 {
		rng := rand.New(rand.NewPCG(3, uint64(i)))
		v := &victim{specimen: s, rng: rng, data: s.data, log: bytes.Clone(s.log)}
		end := bytes.LastIndexFunc(v.log, func(r rune) bool { return r != 0 })
		at := 100 + rng.IntN(end-400)
		v.fill(v.log[at : at+1+rng.IntN(100)])
		c, text := rescueVictim(t, v, false)
		if c.rows-c.back > 15 || c.invented+c.unnamed > 0 {
			t.Errorf("damage %d: %d of %d rows came back, %+v; %s", i, c.back, c.rows, c, text)
		}
	}
}

// TestTwoTransactionsDamaged damages the beginning of a transaction and the end of the one after it, which is long
// enough to have checksums before its end: those after them come back.
func TestTwoTransactionsDamaged(t *testing.T) {
	fs, ctx := memfs.New(), context.Background()
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, NoAutoWork: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := db.Update(ctx, func(tx *engine.Tx) error {
			for j := range 10 + i%3*13 {
				if err := tx.Put(fmt.Appendf(nil, "%d/%02d", i, j), bytes.Repeat([]byte{byte('a' + i)}, 1200)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	data, err := fs.ReadFile("/x.db")
	if err != nil {
		t.Fatal(err)
	}
	log, err := fs.ReadFile("/x.db-log")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	log[bytes.Index(log, []byte("1/00"))] ^= 1
	log[bytes.Index(log, []byte("2/35"))] ^= 1
	r := open(t, data, log, rescue.Options{})
	var keys []string
	for r.Next() {
		keys = append(keys, string(r.Key()))
	}
	if len(keys) != 10+10+23 || keys[0] != "0/00" || keys[10] != "3/00" || r.Report.Log.DamagedAt < 0 {
		t.Errorf("%q came back; log %+v", keys, r.Report.Log)
	}
}

// TestLongTransactionSpills: a transaction of the log that is larger than the memory goes to files part by part.
func TestLongTransactionSpills(t *testing.T) {
	fs, ctx := memfs.New(), context.Background()
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, NoAutoWork: true})
	if err != nil {
		t.Fatal(err)
	}
	const rows = 5000
	if err := db.Update(ctx, func(tx *engine.Tx) error {
		for i := range rows {
			if err := tx.Put(fmt.Appendf(nil, "key/%06d", i), bytes.Repeat([]byte{byte(i)}, 1000)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile("/x.db")
	if err != nil {
		t.Fatal(err)
	}
	log, err := fs.ReadFile("/x.db-log")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, data, log, rescue.Options{Memory: rescue.MinMemory})
	n := 0
	for ; r.Next(); n++ {
		if string(r.Key()) != fmt.Sprintf("key/%06d", n) || value(t, r) != string(bytes.Repeat([]byte{byte(n)}, 1000)) {
			t.Fatalf("row %d is %q", n, r.Key())
		}
	}
	if n != rows || len(r.Report.Sources) < 8 {
		t.Errorf("%d rows, from %d parts", n, len(r.Report.Sources))
	}
}
