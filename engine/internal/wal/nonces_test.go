// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

var historiesFlag = flag.Int("histories", 4000, "how many histories of an encrypted log TestNoNonceTwice runs")

// history is what can happen to an encrypted log, with all its boxes watched: transactions, savepoints,
// rollbacks, writes that fail, commits that are undone, crashes, files that are put back, and copies that
// both go on.
type history struct {
	t    testing.TB
	rng  *rand.Rand
	keys *crypt.Keys
	logs []*forked
	old  []forked // states that were copied
	text map[[8]byte]bool
}

// forked is one of the copies of a file.
type forked struct {
	f    *memFile
	l    *Log
	from format.LogPos
}

func (h *history) open(f *memFile, from format.LogPos) *forked {
	l, _, err := Recover(f, from, h.keys, ignore)
	if err != nil {
		h.t.Fatal(err)
	}
	return &forked{f, l, from}
}

// value is a value in which every eight bytes show that it is one.
func (h *history) value() []byte {
	b := make([]byte, 8+h.rng.IntN(60))
	for i := range b {
		b[i] = byte('a' + h.rng.IntN(26))
	}
	for i := range len(b) - 7 {
		h.text[[8]byte(b[i:])] = true
	}
	return b
}

func (h *history) step(c *forked) {
	rng := h.rng
	switch rng.IntN(12) {
	case 0: // a crash, after which the end of the file is lost
		c.f = c.f.reopened()
		c.f.data = c.f.data[:rng.IntN(len(c.f.data)+1)]
		*c = *h.open(c.f, c.from)
	case 1: // a copy, which goes on as well
		h.old = append(h.old, forked{f: c.f.reopened(), from: c.from})
		if len(h.logs) < 3 {
			h.logs = append(h.logs, h.open(c.f.reopened(), c.from))
		}
	case 2: // a copy is put back
		if len(h.old) > 0 {
			o := h.old[rng.IntN(len(h.old))]
			*c = *h.open(o.f.reopened(), o.from)
		}
	case 3: // a checkpoint, after which the log is used again
		if c.l.WritePending() == nil {
			c.from = c.l.End()
			c.l.BeginAfter(c.from)
		}
	default:
		h.transaction(c)
	}
}

func (h *history) transaction(c *forked) {
	rng := h.rng
	if c.l.Lost() != nil {
		c.l.Undo()
	}
	c.l.Begin()
	c.f.failWrite = 0
	if rng.IntN(8) == 0 {
		c.f.failWrite, c.f.failAfter = c.f.writes+1, rng.IntN(300)
	}
	var marks []Mark
	for range 1 + rng.IntN(5) {
		switch {
		case rng.IntN(3) == 0:
			marks = append(marks, c.l.Mark())
		case rng.IntN(4) == 0 && len(marks) > 0:
			marks = marks[:1+rng.IntN(len(marks))]
			c.l.RollbackTo(marks[len(marks)-1])
		}
		if err := c.l.Append(format.LogRecord{Op: format.LogWrite, Key: h.value(), Value: h.value()}); err != nil {
			h.t.Fatal(err)
		}
	}
	switch rng.IntN(4) {
	case 0:
		c.l.Rollback()
	case 1:
		_ = c.l.CommitLater(rng.IntN(8) == 0)
	default:
		_ = c.l.Commit(rng.IntN(8) == 0)
	}
}

// run runs one history.
func (h *history) run() {
	h.logs = []*forked{h.open(newFile(), format.LogPos{Sum: format.EmptyLogSum, Chain: crypt.NewChain()})}
	for range 4 + h.rng.IntN(12) {
		h.step(h.logs[h.rng.IntN(len(h.logs))])
	}
	for _, c := range h.logs {
		h.old = append(h.old, *c)
	}
	for _, c := range h.old {
		if at := h.shows(c.f.data); at >= 0 {
			h.t.Fatalf("byte %d of the log shows what was written: %q", at, c.f.data[at:at+8])
		}
	}
}

// shows returns where eight bytes of what was written are in b, or -1.
func (h *history) shows(b []byte) int {
	for i := range len(b) - 7 {
		if h.text[[8]byte(b[i:])] {
			return i
		}
	}
	return -1
}

func TestNoNonceTwice(t *testing.T) {
	alone(t)
	type box struct {
		key   crypt.KeyID
		nonce [12]byte
	}
	n := *historiesFlag
	if testing.Short() {
		n = min(n, 400)
	}
	// All keys of all histories, and the nonces of the keys of one.
	allKeys := map[crypt.KeyID]int{}
	var boxes map[box]bool
	number, twice, sealed := 0, "", 0
	crypt.Watch(func(key crypt.KeyID, nonce [12]byte) {
		if was, ok := allKeys[key]; ok && was != number {
			twice = fmt.Sprintf("the key %x of history %d was one of history %d", key, number, was)
		}
		allKeys[key] = number
		if b := (box{key, nonce}); boxes[b] {
			twice = fmt.Sprintf("the nonce %x of key %x", nonce, key)
		} else {
			boxes[b] = true
		}
		sealed++
	})
	defer crypt.Watch(nil)
	keys := newKeys(t)
	for ; number < n; number++ {
		boxes = map[box]bool{}
		h := &history{t: t, rng: rand.New(rand.NewPCG(uint64(number), 7)), keys: keys, text: map[[8]byte]bool{}}
		h.run()
		if twice != "" {
			t.Fatalf("history %d: %s comes twice", number, twice)
		}
	}
	t.Logf("%d histories, %d keys, %d boxes", n, len(allKeys), sealed)
	if sealed < 5*n || len(allKeys) < 2*n {
		t.Errorf("only %d boxes of %d keys in %d histories", sealed, len(allKeys), n)
	}
}

// Nothing of what is written is in the file, nor in anything that was written to it at any time.
func TestNoPlaintextInTheLog(t *testing.T) {
	alone(t)
	keys := newKeys(t)
	f := &recordingFile{memFile: newFile()}
	rng := rand.New(rand.NewPCG(3, 3))
	h := &history{t: t, rng: rng, text: map[[8]byte]bool{}}
	long := bytes.Repeat([]byte("a long value that repeats itself, "), 40000)
	for i := range len(long) - 7 {
		h.text[[8]byte(long[i:])] = true
	}
	from := format.LogPos{Sum: format.EmptyLogSum, Chain: crypt.NewChain()}
	for range 3 {
		l, _, err := Recover(f, from, keys, ignore)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			l.Begin()
			for range rng.IntN(5) {
				r := format.LogRecord{Op: format.LogWrite, Key: h.value(), Value: h.value()}
				if rng.IntN(60) == 0 {
					r.Value = long
				}
				if err := l.Append(r); err != nil {
					t.Fatal(err)
				}
			}
			if rng.IntN(4) == 0 {
				l.Rollback()
			} else if err := l.Commit(i%7 == 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if at := h.shows(f.data); at >= 0 {
		t.Errorf("byte %d of the log shows what was written: %q", at, f.data[at:at+8])
	}
	for _, b := range f.all {
		if at := h.shows(b); at >= 0 {
			t.Fatalf("what was written to the log shows %q", b[at:at+8])
		}
	}
	if !slices.ContainsFunc(f.all, func(b []byte) bool { return len(b) > maxBuffer/2 }) {
		t.Error("no long value was written ahead of its commit")
	}
}

// recordingFile keeps whatever was written.
type recordingFile struct {
	*memFile
	all [][]byte
}

func (f *recordingFile) WriteAt(b []byte, off int64) (int, error) {
	f.all = append(f.all, slices.Clone(b))
	return f.memFile.WriteAt(b, off)
}

// A key that has made as many boxes as it may is followed by another, also in the middle of a transaction,
// and rolling back does not make it count anew.
func TestKeyThatIsUsedUp(t *testing.T) {
	perKey := map[crypt.KeyID]int{}
	crypt.Watch(func(key crypt.KeyID, _ [12]byte) { perKey[key]++ })
	defer crypt.Watch(nil)
	from := format.LogPos{Sum: format.EmptyLogSum, Chain: crypt.NewChain()}
	keys := newKeys(t)
	f := newFile()
	l, _, err := Recover(f, from, keys, ignore)
	if err != nil {
		t.Fatal(err)
	}
	l.mostBoxes = 5
	var want []string
	for i := range 10 {
		l.Begin()
		for j := range i {
			key := fmt.Sprintf("%d.%d", i, j)
			mustAppend(t, l, key, 3)
			want = append(want, key)
			m := l.Mark()
			mustAppend(t, l, "not", 3)
			l.Mark()
			l.RollbackTo(m)
		}
		if err := l.Commit(false); err != nil {
			t.Fatal(err)
		}
	}
	for key, n := range perKey {
		if n > 5 {
			t.Errorf("key %x made %d boxes", key, n)
		}
	}
	if len(perKey) < 20 {
		t.Errorf("only %d keys", len(perKey))
	}
	var got []string
	_, r, err := Recover(f, from, keys, func(r format.LogRecord) error {
		got = append(got, string(r.Key))
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%+v, %v: %v", r, err, got)
	}
}

// A savepoint needs room in the log. If there is none, the transaction is refused whatever comes, unless
// it goes back to before.
func TestMarkWithoutRoom(t *testing.T) {
	from := format.LogPos{Sum: format.EmptyLogSum, Chain: crypt.NewChain()}
	keys := newKeys(t)
	f := newFile()
	l, _, err := Recover(f, from, keys, ignore)
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, "first", 10)
	// Region 2 is caught between the other two.
	end := l.End().Off
	l.regions = [3]Region{{end + 1200, end + 1210}, {0, 1}, {1, end}}
	l.Begin()
	before := l.Mark()
	mustAppend(t, l, "second", 1400)
	full := l.Mark()
	for range 2 {
		if err := l.Append(format.LogRecord{Op: format.LogDelete, Key: []byte("k")}); err == nil {
			t.Fatal("append after a savepoint that had no room")
		}
		l.RollbackTo(full)
	}
	l.RollbackTo(before)
	mustAppend(t, l, "third", 10)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
	l.Begin()
	mustAppend(t, l, "fourth", 1400)
	l.Mark()
	if err := l.Commit(false); err == nil {
		t.Fatal("commit after a savepoint that had no room")
	}
	l.regions = [3]Region{2: {0, l.End().Off}}
	l.Begin()
	put(t, l, "fifth", 10)
	var got []string
	if _, _, err := Recover(f, from, keys, func(r format.LogRecord) error {
		got = append(got, string(r.Key))
		return nil
	}); err != nil || !slices.Equal(got, []string{"first", "third", "fifth"}) {
		t.Fatalf("%v, %v", got, err)
	}
}
