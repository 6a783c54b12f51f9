// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// bench is a database with the rows 1 = 10 and 2 = 20, as Hermitage has them, and what clients do with it. Its methods
// fail the test.
type bench struct {
	access
	t   *testing.T
	try func() error // BEGIN without waiting for the writer's turn
}

// benches are the two ways to a database.
func benches(t *testing.T) map[string]*bench {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New()})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	dsn := "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "x.lsm")) + "?mode=rwc"
	viaSQL, err := openSQL(dsn)
	must(t, err)
	impatient, err := openSQL(dsn + "&busy_timeout=0")
	must(t, err)
	t.Cleanup(func() { must(t, errors.Join(impatient.close(), viaSQL.close())) })
	return map[string]*bench{
		"engine": {access: byEngine{db}, t: t, try: func() error {
			tx, err := db.TryBegin(ctx)
			if err != nil {
				return err
			}
			return tx.Rollback()
		}},
		"database/sql": {access: viaSQL, t: t, try: func() error {
			w, err := impatient.begin()
			if err != nil {
				return err
			}
			return w.rollback()
		}},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) on(t *testing.T) *bench {
	b = &bench{access: b.access, t: t, try: b.try}
	w := b.write()
	must(t, w.removeBetween([]byte("0"), []byte("9")))
	must(t, errors.Join(set(w, 1, 10), set(w, 2, 20), w.commit()))
	return b
}

func row(id int) []byte { return strconv.AppendInt(nil, int64(id), 10) }

func set(w writer, id, value int) error { return w.put(row(id), row(value)) }

// write begins a transaction that has the writer's turn.
func (b *bench) write() writer {
	b.t.Helper()
	w, err := b.begin()
	must(b.t, err)
	b.t.Cleanup(func() { _ = w.rollback() }) // so that after a failure the others go on
	return w
}

// waits says that a second transaction that writes would wait for its turn.
func (b *bench) waits() {
	b.t.Helper()
	if err := b.try(); !errors.Is(err, errs.ErrBusy) || errors.Is(err, errs.ErrBusySnapshot) {
		b.t.Errorf("a second transaction that writes begins: %v", err)
	}
}

// look begins a transaction that reads first.
func (b *bench) look() snapshot {
	b.t.Helper()
	s, err := b.snapshot()
	must(b.t, err)
	b.t.Cleanup(func() { _ = s.close() })
	return s
}

// sees says which value a transaction sees.
func (b *bench) sees(r reader, id, want int) {
	b.t.Helper()
	got, err := r.get(row(id))
	must(b.t, err)
	if string(got) != strconv.Itoa(want) {
		b.t.Errorf("it sees %d = %q, want %d", id, got, want)
	}
}

// refused says that a transaction that has read is refused when it wants to write, because what it has read has
// changed, and with that is over. Without the refusal its write would close the circle.
func (b *bench) refused(s snapshot) {
	b.t.Helper()
	w, err := s.upgrade()
	if err == nil {
		err = w.rollback()
	}
	if !errors.Is(err, errs.ErrBusySnapshot) {
		b.t.Errorf("a transaction that has read an older state may write: %v", err)
	}
}

// shows says what is committed.
func (b *bench) shows(want map[int]int) {
	b.t.Helper()
	s := b.look()
	got := b.where(s, always)
	must(b.t, s.close())
	if !maps.Equal(got, want) {
		b.t.Errorf("committed is %v, want %v", got, want)
	}
}

// condition is a predicate, in the dialect and in Go.
type condition struct {
	sql string
	is  func(value int) bool
}

var (
	always   = condition{"key > ''", func(int) bool { return true }}
	isThirty = condition{"value = '30'", func(v int) bool { return v == 30 }}
	isTwenty = condition{"value = '20'", func(v int) bool { return v == 20 }}
	byThree  = condition{"value % 3 = 0", func(v int) bool { return v%3 == 0 }}
	byFive   = condition{"value % 5 = 0", func(v int) bool { return v%5 == 0 }}
)

// where returns the rows that meet a condition: in SQL by a WHERE.
func (b *bench) where(r reader, c condition) map[int]int {
	b.t.Helper()
	rows := make(map[int]int)
	add := func(key, value []byte) error {
		id, err := strconv.Atoi(string(key))
		if err != nil {
			return err
		}
		v, err := strconv.Atoi(string(value))
		if c.is(v) {
			rows[id] = v
		}
		return err
	}
	if s, ok := r.(sqlTx); ok {
		must(b.t, s.rows("SELECT key, value FROM kv WHERE "+c.sql, add))
	} else {
		must(b.t, r.scan(add))
	}
	return rows
}

func (b *bench) finds(r reader, c condition, want ...int) {
	b.t.Helper()
	if got := slices.Sorted(maps.Keys(b.where(r, c))); !slices.Equal(got, want) {
		b.t.Errorf("where %s it finds rows %v, want %v", c.sql, got, want)
	}
}

// change runs an UPDATE, or a DELETE if to is nil, of all rows that meet a condition.
func (b *bench) change(w writer, c condition, expression string, to func(int) int) {
	b.t.Helper()
	if s, ok := w.(sqlTx); ok {
		text := "DELETE FROM kv WHERE " + c.sql
		if to != nil {
			text = fmt.Sprintf("UPDATE kv SET value = %s WHERE %s", expression, c.sql)
		}
		must(b.t, s.exec(text))
		return
	}
	for id, v := range b.where(w, c) {
		if to == nil {
			must(b.t, w.remove(row(id)))
		} else {
			must(b.t, set(w, id, to(v)))
		}
	}
}

// anomalies are the cases of Hermitage. Each has two transactions or three that would show the anomaly, as
// transactions that take the writer's turn at their beginning, and as transactions that read first.
var anomalies = []struct {
	name string
	try  func(b *bench)
}{
	{"G0, write cycles: the second writer waits", func(b *bench) {
		t1 := b.write()
		must(b.t, set(t1, 1, 11))
		b.waits()
		must(b.t, errors.Join(set(t1, 2, 21), t1.commit()))
		b.shows(map[int]int{1: 11, 2: 21})
		t2 := b.write()
		must(b.t, errors.Join(set(t2, 1, 12), set(t2, 2, 22), t2.commit()))
		b.shows(map[int]int{1: 12, 2: 22})
	}},
	{"G0, write cycles: one that has read is refused", func(b *bench) {
		t2, t1 := b.look(), b.write()
		must(b.t, errors.Join(set(t1, 1, 11), set(t1, 2, 21), t1.commit()))
		b.refused(t2)
		b.shows(map[int]int{1: 11, 2: 21})
	}},
	{"G1a, aborted reads: not seen", func(b *bench) {
		before, t1 := b.look(), b.write()
		must(b.t, set(t1, 1, 101))
		t2 := b.look()
		for range 2 {
			b.sees(before, 1, 10)
			b.sees(t2, 1, 10)
			if v, err := b.get(row(1)); err != nil || string(v) != "10" {
				b.t.Errorf("a single read sees %s, %v", v, err)
			}
			if t1 != nil {
				must(b.t, t1.rollback())
				t1 = nil
			}
		}
		must(b.t, errors.Join(before.close(), t2.close()))
		b.shows(map[int]int{1: 10, 2: 20})
	}},
	{"G1b, intermediate reads: not seen", func(b *bench) {
		t1 := b.write()
		must(b.t, set(t1, 1, 101))
		t2 := b.look()
		b.sees(t2, 1, 10)
		must(b.t, errors.Join(set(t1, 1, 11), t1.commit()))
		b.sees(t2, 1, 10)
		must(b.t, t2.close())
		b.shows(map[int]int{1: 11, 2: 20})
	}},
	{"G1c, circular information flow: one waits, the other one is refused", func(b *bench) {
		t1 := b.write()
		must(b.t, set(t1, 1, 11))
		b.waits()
		t2 := b.look()
		b.sees(t1, 2, 20)
		b.sees(t2, 1, 10)
		must(b.t, t1.commit())
		b.refused(t2)
		b.shows(map[int]int{1: 11, 2: 20})
	}},
	{"OTV, observed transaction vanishes: a reader has one state", func(b *bench) {
		before, t1 := b.look(), b.write()
		must(b.t, errors.Join(set(t1, 1, 11), set(t1, 2, 19)))
		b.waits()
		must(b.t, t1.commit())
		t3, t2 := b.look(), b.write()
		must(b.t, set(t2, 1, 12))
		b.sees(t3, 1, 11)
		must(b.t, set(t2, 2, 18))
		b.sees(t3, 2, 19)
		must(b.t, t2.commit())
		b.sees(t3, 2, 19)
		b.sees(t3, 1, 11)
		b.sees(before, 1, 10)
		b.sees(before, 2, 20)
		must(b.t, errors.Join(t3.close(), before.close()))
		b.shows(map[int]int{1: 12, 2: 18})
	}},
	{"PMP, predicate-many-preceders: a reader has one state", func(b *bench) {
		t1 := b.look()
		b.finds(t1, isThirty)
		t2 := b.write()
		must(b.t, errors.Join(set(t2, 3, 30), t2.commit()))
		b.finds(t1, byThree)
		must(b.t, t1.close())
	}},
	{"PMP for what is written: the second writer waits, and its predicate is of the new state", func(b *bench) {
		t1 := b.write()
		b.change(t1, always, "value + 10", func(v int) int { return v + 10 })
		b.waits()
		must(b.t, t1.commit())
		t2 := b.write()
		b.change(t2, isTwenty, "", nil)
		b.finds(t2, isTwenty)
		must(b.t, t2.commit())
		b.shows(map[int]int{2: 30})
	}},
	{"PMP for what is written: one that has read is refused", func(b *bench) {
		t2, t1 := b.look(), b.write()
		b.finds(t2, isTwenty, 2)
		b.change(t1, always, "value + 10", func(v int) int { return v + 10 })
		must(b.t, t1.commit())
		b.refused(t2)
		b.shows(map[int]int{1: 20, 2: 30})
	}},
	{"P4, lost update: one that has read is refused", func(b *bench) {
		t1, t2 := b.look(), b.look()
		b.sees(t1, 1, 10)
		b.sees(t2, 1, 10)
		w, err := t1.upgrade()
		must(b.t, err)
		b.waits()
		must(b.t, set(w, 1, 11))
		b.meanwhile(t2, w)
		b.shows(map[int]int{1: 11, 2: 20})
	}},
	{"P4, lost update: the second writer waits, and reads what the first one wrote", func(b *bench) {
		t1 := b.write()
		b.sees(t1, 1, 10)
		b.waits()
		must(b.t, errors.Join(set(t1, 1, 11), t1.commit()))
		t2 := b.write()
		b.sees(t2, 1, 11)
		must(b.t, errors.Join(set(t2, 1, 12), t2.commit()))
		b.shows(map[int]int{1: 12, 2: 20})
	}},
	{"G-single, read skew: a reader has one state", func(b *bench) {
		t1 := b.look()
		b.sees(t1, 1, 10)
		t2 := b.write()
		b.sees(t2, 1, 10)
		b.sees(t2, 2, 20)
		must(b.t, errors.Join(set(t2, 1, 12), set(t2, 2, 18), t2.commit()))
		b.sees(t1, 2, 20)
		must(b.t, t1.close())
		b.shows(map[int]int{1: 12, 2: 18})
	}},
	{"G-single with predicates: a reader has one state", func(b *bench) {
		t1 := b.look()
		b.finds(t1, byFive, 1, 2)
		t2 := b.write()
		must(b.t, errors.Join(set(t2, 1, 12), t2.commit()))
		b.finds(t1, byThree)
		must(b.t, t1.close())
	}},
	{"G-single for what is written: one that has read is refused", func(b *bench) {
		t1 := b.look()
		b.sees(t1, 1, 10)
		t2 := b.write()
		must(b.t, errors.Join(set(t2, 1, 12), set(t2, 2, 18), t2.commit()))
		b.refused(t1)
	}},
	{"G2-item, write skew: one that has read is refused", func(b *bench) {
		t1, t2 := b.look(), b.look()
		for _, s := range []snapshot{t1, t2} {
			b.sees(s, 1, 10)
			b.sees(s, 2, 20)
		}
		w, err := t1.upgrade()
		must(b.t, err)
		must(b.t, set(w, 1, 11))
		b.meanwhile(t2, w)
		b.shows(map[int]int{1: 11, 2: 20})
	}},
	{"G2, circles of predicates: one that has read is refused", func(b *bench) {
		t1, t2 := b.look(), b.look()
		b.finds(t1, byThree)
		b.finds(t2, byThree)
		w, err := t1.upgrade()
		must(b.t, err)
		must(b.t, set(w, 3, 30))
		b.meanwhile(t2, w)
		b.shows(map[int]int{1: 10, 2: 20, 3: 30})
	}},
	{"G2, two steps back in time: one that has read is refused", func(b *bench) {
		t1 := b.look()
		b.finds(t1, always, 1, 2)
		t2 := b.write()
		b.change(t2, isTwenty, "value + 5", func(v int) int { return v + 5 })
		must(b.t, t2.commit())
		t3 := b.look()
		b.sees(t3, 1, 10)
		b.sees(t3, 2, 25)
		must(b.t, t3.close())
		b.refused(t1)
		b.shows(map[int]int{1: 10, 2: 25})
	}},
}

// meanwhile has a transaction that has read try to write while another one has the writer's turn, which then commits.
func (b *bench) meanwhile(s snapshot, w writer) {
	b.t.Helper()
	ended := make(chan error)
	go func() {
		late, err := s.upgrade()
		if err == nil {
			err = errors.Join(errors.New("it may write"), late.rollback())
		}
		ended <- err
	}()
	must(b.t, w.commit())
	if err := <-ended; !errors.Is(err, errs.ErrBusySnapshot) {
		b.t.Errorf("a transaction that had read what another one then wrote: %v", err)
	}
}

// TestHermitage goes through Hermitage's list of anomalies. Each is prevented in one of three ways, which its name
// says: the second writer waits, because one transaction writes at a time; a transaction that has read is refused with
// ErrBusySnapshot if it wants to write after another one has committed; or a reader has one state.
func TestHermitage(t *testing.T) {
	for name, b := range benches(t) {
		t.Run(name, func(t *testing.T) {
			for _, a := range anomalies {
				t.Run(a.name, func(t *testing.T) { a.try(b.on(t)) })
			}
		})
	}
}
