// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// A stream that must not lose its place holds back writers, who give up with their contexts; and it gets everything.
func TestChangesWait(t *testing.T) {
	o := withChanges(memfs.New())
	o.Changes, o.AutoCheckpoint, o.MaxLog = 64<<10, 64<<10, 128<<10
	for _, durable := range []bool{false, true} {
		o.FS = memfs.New()
		db := mustOpen(t, "/db", o)
		from := positionNow(t, db)
		value := string(longValue(3000))
		const n = 200
		var writer sync.WaitGroup
		refused := false
		writer.Go(func() {
			for db.Stats().ChangeStreams == 0 && !t.Failed() { // else it may be further than what is kept
				time.Sleep(time.Millisecond)
			}
			for i := range n {
				for {
					ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
					err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(fmt.Append(nil, "k", i), []byte(value)) })
					cancel()
					if err == nil {
						break
					}
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
						return
					}
					refused = true
				}
			}
		})
		got := 0
		for c, err := range db.Changes(context.Background(), from, engine.ChangeOptions{OnLag: engine.Wait, Durable: durable}) {
			if err != nil {
				t.Fatal(err)
			}
			if got == 0 { // until a writer has been held back, and has given up
				for db.Stats().ChangesStalls == 0 {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(30 * time.Millisecond)
			}
			s, err := render(c)
			if want := fmt.Sprintf("put k%d 3000:%.20s ", got, value); err != nil || s != want {
				t.Fatalf("%q, %v; want %q", s, err, want)
			}
			if got++; got == n {
				break
			}
		}
		writer.Wait()
		s := db.Stats()
		if !refused || s.ChangesStallTime == 0 || s.ChangeCuts != 0 || s.ChangeStreams != 0 {
			t.Errorf("refused %v, %d stalls of %v, %d cuts, %d streams", refused, s.ChangesStalls, s.ChangesStallTime, s.ChangeCuts, s.ChangeStreams)
		}
		mustClose(t, db)
	}
}

// Streams of every kind beside several writers, that share syncs: each one gets the transactions of each writer, in
// order, and what it makes of them is what the database holds.
func TestChangesBesideWriters(t *testing.T) {
	for _, safety := range []engine.Safety{engine.SafetyNormal, engine.SafetyFull} {
		o := withChanges(memfs.New())
		o.Safety, o.Background = safety, engine.BackgroundBoth
		o.Changes, o.AutoCheckpoint, o.MaxLog = 128<<10, 64<<10, 128<<10
		db := mustOpen(t, "/db", o)
		from := positionNow(t, db)
		const writers, each = 4, 150
		var all sync.WaitGroup
		read := func(o engine.ChangeOptions) {
			rows, n, seq := make(map[string]string), 0, from.Seq
			for c, err := range db.Changes(context.Background(), from, o) {
				if err != nil {
					t.Error(err)
					return
				}
				if c.Seq != seq+1 {
					t.Errorf("transaction %d after %d", c.Seq, seq)
				}
				seq = c.Seq
				for op, err := range c.Ops {
					if err != nil {
						t.Error(err)
						return
					}
					if op.Key[0] == 'w' {
						before, seen := rows[string(op.Key)]
						if string(op.Value) != next(before, seen) {
							t.Errorf("%s is %s after %q", op.Key, op.Value, before)
						}
					}
					rows[string(op.Key)] = string(op.Value)
				}
				if n++; n == writers*each {
					break
				}
			}
			for key, value := range readAll(t, db) {
				if rows[key] != value {
					t.Errorf("%s differs", key)
				}
			}
			if n != writers*each {
				t.Errorf("%d transactions", n)
			}
		}
		for _, o := range []engine.ChangeOptions{{OnLag: engine.Wait}, {OnLag: engine.Wait, Durable: true}} {
			all.Go(func() { read(o) })
		}
		for db.Stats().ChangeStreams < 2 && !t.Failed() { // else the writers may be further than what is kept
			time.Sleep(time.Millisecond)
		}
		for w := range writers {
			all.Go(func() {
				for i := range each {
					err := db.Update(context.Background(), func(tx *engine.Tx) error {
						if err := tx.Put(fmt.Append(nil, "w", w), fmt.Append(nil, i)); err != nil {
							return err
						}
						return tx.Put(fmt.Append(nil, "k", i%37), longValue(100+i%5*1000))
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		mustClose(t, db)
	}
}

// next returns the number after one, as text.
func next(before string, seen bool) string {
	n := 0
	if seen {
		_, _ = fmt.Sscan(before, &n)
		n++
	}
	return fmt.Sprint(n)
}

func TestWatch(t *testing.T) {
	o := withChanges(memfs.New())
	db := mustOpen(t, "/db", o)
	ctx := context.Background()
	putOne(t, db, "user/0", "before")
	events := make(chan string)
	watching := db.Watch(ctx, engine.PrefixRange([]byte("user/")), 100)
	var all sync.WaitGroup
	all.Go(func() {
		defer close(events)
		for e := range watching {
			if long := e.ValueLen >= engine.MaxOpValue; e.Load != nil || long && e.Value != nil {
				t.Errorf("%q has %d bytes of %d, and Load %t", e.Key, len(e.Value), e.ValueLen, e.Load != nil)
			}
			switch {
			case e.Resync:
				events <- "resync"
			case e.Kind == engine.OpDeleteRange:
				events <- fmt.Sprintf("delete %s-%s of %s", e.Key, e.End, show(e.Deleted))
			default:
				events <- fmt.Sprintf("%s %s %d", e.Kind, e.Key, e.ValueLen)
			}
		}
	})
	want := func(list ...string) {
		t.Helper()
		for _, w := range list {
			if got := <-events; got != w {
				t.Fatalf("%q, want %q", got, w)
			}
		}
	}
	putOne(t, db, "user/1", "one")
	putOne(t, db, "other", "nothing")
	putOne(t, db, "user0", "after the range")
	putOne(t, db, "user/long", string(longValue(engine.MaxOpValue)))
	want("put user/1 3", fmt.Sprint("put user/long ", engine.MaxOpValue))
	err := db.Update(ctx, func(tx *engine.Tx) error {
		for _, r := range [][2]string{{"a", "b"}, {"a", "user/5"}, {"user/5", "z"}, {"user0", "z"}, {"user/", "user0"}} {
			if err := tx.DeleteRange([]byte(r[0]), []byte(r[1])); err != nil {
				return err
			}
		}
		return tx.Delete([]byte("user/1"))
	})
	if err != nil {
		t.Fatal(err)
	}
	want("delete a-user/5 of [user/,user/5)", "delete user/5-z of (user/5,user0)", "delete user/-user0 of (user/,user0)", "delete user/1 0")
	putOne(t, db, "user/last", "")
	all.Go(func() { mustClose(t, db) })
	want("put user/last 0")
	if e, more := <-events; more {
		t.Errorf("%q after the last event", e)
	}
	all.Wait()
}

// show writes a range with both ends as in mathematics.
func show(r engine.Range) string {
	lo, hi := "[", "]"
	if r.LoOpen {
		lo = "("
	}
	if r.HiOpen {
		hi = ")"
	}
	return fmt.Sprintf("%s%s,%s%s", lo, r.Lo, r.Hi, hi)
}

// A watcher that is too slow for its buffer, or for what is kept of the log, gets one Resync, then what comes later.
func TestWatchResync(t *testing.T) {
	for name, c := range map[string]struct {
		changes int64
		buffer  int
		rows    int
		value   int
		want    string
	}{
		"in time":      {1 << 20, 10, 10, 10, "0 1 2 3 4 5 6 7 8 9 "},
		"full":         {1 << 20, 9, 10, 10, "resync "},
		"too many":     {16 << 20, 100, 12, 1<<20 - 1, "resync "},
		"overtaken":    {8 << 10, 1000, 200, 3000, "resync "},
		"without":      {0, 10, 3, 10, "resync "},
		"buffer of 0":  {1 << 20, 0, 1, 10, "0 "},
		"long but few": {16 << 20, 10, 3, 1 << 20, "0 1 2 "},
	} {
		o := withChanges(memfs.New())
		o.Changes, o.AutoCheckpoint, o.MaxLog = c.changes, 64<<10, 128<<10
		cuts := 0
		o.Observer = &engine.Observer{Cut: func(e engine.CutEvent) {
			if cuts++; !e.Watch || e.DB.Path() != "/db" || e.Position.IsZero() || e.Lag <= 0 || e.Err == nil {
				t.Errorf("%s: %+v", name, e)
			}
		}}
		db := mustOpen(t, "/db", o)
		ctx, cancel := context.WithCancel(context.Background())
		watching := db.Watch(ctx, engine.Range{}, c.buffer)
		for i := range c.rows {
			putOne(t, db, fmt.Sprint(i), string(longValue(c.value)))
		}
		got := ""
		for e := range watching {
			if e.Resync {
				got += "resync "
			} else if string(e.Key) != "last" {
				got += string(e.Key) + " "
			}
			if !e.Position.Same(positionNow(t, db)) && (e.Resync || string(e.Key) == "last") {
				t.Errorf("%s: the event is at %v", name, e.Position)
			}
			if string(e.Key) == "last" || e.Resync && c.changes == 0 {
				break
			}
			if e.Resync || string(e.Key) == fmt.Sprint(c.rows-1) {
				putOne(t, db, "last", "")
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		want := 0
		if c.changes > 0 {
			want = strings.Count(c.want, "resync")
		}
		if n := db.Stats().ChangeCuts; cuts != want || c.changes > 0 && n != int64(want) {
			t.Errorf("%s: %d events of a cut, %d counted, want %d", name, cuts, n, want)
		}
		cancel()
		for range db.Watch(ctx, engine.Range{}, 1) {
			t.Errorf("%s: an event after the context has ended", name)
		}
		mustClose(t, db)
		for range db.Watch(context.Background(), engine.Range{}, 1) {
			t.Errorf("%s: an event of a closed database", name)
		}
	}
}
