// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

func TestRows(t *testing.T) {
	c := start(t)
	c.put(0, "a", "1")
	c.put(0, "b", "")
	if got := c.get(0, "a") + c.get(0, "b") + c.get(0, "c"); got != "1-" {
		t.Errorf("the values are %q", got)
	}
	c.must(opDelete, u32(0), text("a"))
	c.must(opDelete, u32(0), text("missing"))
	if rows, _ := c.scan(0, everything); strings.Join(rows, " ") != "b=" {
		t.Errorf("the rows are %q", rows)
	}
}

// TestBounds compares scans with what a list of keys says, for every combination of bounds.
func TestBounds(t *testing.T) {
	c := start(t)
	keys := []string{"", "a", "ab", "abc", "b", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}
	for _, k := range keys {
		c.put(0, k, k)
	}
	ends := []string{"", "a", "ab", "bb", "b\xff", "\xff"}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func() []byte {
		if random.IntN(2) == 0 {
			return nil
		}
		return []byte(ends[random.IntN(len(ends))])
	}
	for range 2000 {
		gt, gte, lt, lte, prefix := pick(), pick(), pick(), pick(), pick()
		reverse, limit := random.IntN(2) == 0, random.IntN(4)
		var want []string
		for _, k := range keys {
			b := []byte(k)
			if (gt == nil || bytes.Compare(b, gt) > 0) && (gte == nil || bytes.Compare(b, gte) >= 0) &&
				(lt == nil || bytes.Compare(b, lt) < 0) && (lte == nil || bytes.Compare(b, lte) <= 0) && bytes.HasPrefix(b, prefix) {
				want = append(want, k+"="+k)
			}
		}
		slices.Sort(want)
		bits := byte(0)
		if reverse {
			bits = 1
			slices.Reverse(want)
		}
		if limit > 0 {
			want = want[:min(limit, len(want))]
		}
		got, _ := c.scan(0, bounds(bits, uint64(limit), gt, gte, lt, lte, prefix))
		if !slices.Equal(got, want) {
			t.Fatalf("gt %q gte %q lt %q lte %q prefix %q reverse %v limit %d: %q, want %q", gt, gte, lt, lte, prefix, reverse, limit, got, want)
		}
	}
}

// A batch ends with 256 rows, or the row that reaches 64 KiB.
func TestBatches(t *testing.T) {
	c := start(t)
	tx := c.must(opBegin).U32()
	for i := range 600 {
		c.put(tx, fmt.Sprintf("a%03d", i), "v")
	}
	for i := range 5 {
		c.put(tx, fmt.Sprintf("b%d", i), strings.Repeat("x", 40<<10))
	}
	c.must(opCommit, u32(tx))
	for _, tx := range []uint32{0, c.must(opBegin).U32()} {
		if rows, batches := c.scan(tx, bounds(0, 0, nil, nil, nil, nil, []byte("a"))); len(rows) != 600 || !slices.Equal(batches, []int{256, 256, 88}) {
			t.Errorf("%d rows come in batches of %v", len(rows), batches)
		}
		if rows, batches := c.scan(tx, bounds(0, 0, nil, nil, nil, nil, []byte("b"))); len(rows) != 5 || !slices.Equal(batches, []int{2, 2, 1}) {
			t.Errorf("%d rows come in batches of %v", len(rows), batches)
		}
	}
}

func TestDeleteRange(t *testing.T) {
	for _, c := range []struct {
		after, before part
		want          string
	}{
		{text("a"), text("d"), "= a= d= e="}, {text("d"), text("a"), "= a= b= c= d= e="}, {absent, text("c"), "c= d= e="},
		{text("c"), absent, "= a= b= c="}, {absent, absent, ""}, {text(""), text("b"), "= b= c= d= e="},
		{absent, text(""), "= a= b= c= d= e="},
	} {
		for _, inTx := range []bool{false, true} {
			s := start(t)
			for _, k := range []string{"", "a", "b", "c", "d", "e"} {
				s.put(0, k, "")
			}
			tx := uint32(0)
			if inTx {
				tx = s.must(opBegin).U32()
			}
			s.must(opDeleteRange, u32(tx), c.after, c.before)
			if inTx {
				s.must(opCommit, u32(tx))
			}
			if rows, _ := s.scan(0, everything); strings.Join(rows, " ") != c.want {
				t.Errorf("left are %q, want %q", rows, c.want)
			}
		}
	}
}

// A transaction sees its own writes, others do not; statements and rows are one transaction.
func TestTransactions(t *testing.T) {
	for _, keyType := range []string{"blob", "int64"} {
		c := start(t, "key_type", keyType)
		for _, end := range []byte{opCommit, opRollback} {
			tx := c.must(opBegin).U32()
			key := "key" + fmt.Sprint(end)
			c.put(tx, key, "1")
			if keyType == "blob" {
				c.must(opExec, u32(tx), text("UPDATE kv SET value = '2' WHERE key = ?"), args([]byte(key)))
			} else {
				c.must(opExec, u32(tx), text("INSERT INTO kv VALUES (?, 'seven')"), args(int64(7)))
				if got := c.get(tx, "\x80\x00\x00\x00\x00\x00\x00\x07"); got != "seven" {
					t.Errorf("the key of a statement reads %s", got)
				}
				c.must(opDelete, u32(tx), text("\x80\x00\x00\x00\x00\x00\x00\x07"))
				c.put(tx, key, "2")
			}
			if got := c.get(tx, key) + c.get(0, key); got != "2-" {
				t.Errorf("in the transaction and outside it reads %s", got)
			}
			if rows, _ := c.scan(tx, everything); !slices.Contains(rows, key+"=2") {
				t.Errorf("a scan in the transaction finds %q", rows)
			}
			c.must(end, u32(tx))
			want := map[byte]string{opCommit: "2", opRollback: "-"}[end]
			if got := c.get(0, key); got != want {
				t.Errorf("afterwards it reads %s, want %s", got, want)
			}
			c.fails("misuse", opPut, u32(tx), text("a"), text("1"))
			c.fails("misuse", end, u32(tx))
		}
	}
}

func TestSavepoints(t *testing.T) {
	c := start(t)
	tx := c.must(opBegin).U32()
	c.put(tx, "a", "1")
	c.must(opSavepoint, u32(tx), u32(1))
	c.put(tx, "b", "1")
	c.must(opSavepoint, u32(tx), u32(2))
	c.put(tx, "c", "1")
	c.must(opRollbackTo, u32(tx), u32(2))
	c.must(opRelease, u32(tx), u32(2))
	c.must(opRelease, u32(tx), u32(1))
	c.must(opSavepoint, u32(tx), u32(3))
	c.put(tx, "d", "1")
	c.must(opRollbackTo, u32(tx), u32(3))
	c.must(opCommit, u32(tx))
	if rows, _ := c.scan(0, everything); strings.Join(rows, " ") != "a=1 b=1" {
		t.Errorf("the rows are %q", rows)
	}
}

// What writes outside of transactions keeps its order, although nothing waits for an answer.
func TestOrderOfWrites(t *testing.T) {
	c := start(t)
	var answers []<-chan []byte
	for i := range 300 {
		_, answer := c.send(opPut, u32(0), text("key"), text(fmt.Sprint(i)))
		answers = append(answers, answer)
	}
	for _, a := range answers {
		if _, err := c.wait(a); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.get(0, "key"); got != "299" {
		t.Errorf("the last write is %s", got)
	}
	tx := c.must(opBegin).U32()
	for i := range 300 {
		c.send(opPut, u32(tx), text("key"), text(fmt.Sprint(i)))
	}
	_, committed := c.send(opCommit, u32(tx))
	if _, err := c.wait(committed); err != nil {
		t.Fatal(err)
	}
	if got := c.get(0, "key"); got != "299" {
		t.Errorf("the last write of the transaction is %s", got)
	}
}

// What waits for the writer's turn can be cancelled, and has a limit of its own.
func TestWaiting(t *testing.T) {
	c := start(t)
	tx := c.must(opBegin).U32()
	id, waiting := c.send(opBegin)
	_, put := c.send(opPut, u32(0), text("a"), text("1"))
	if got := c.get(0, "a"); got != "-" {
		t.Errorf("a read waits for a writer, or sees %s", got)
	}
	c.server.Handle(append([]byte{0, 0, 0, 0, opCancel}, byte(id), byte(id>>8), byte(id>>16), byte(id>>24)))
	if _, err := c.wait(waiting); err == nil || err.(*failure).kind != "aborted" || strings.Contains(err.(*failure).text, "context") {
		t.Errorf("a transaction that was cancelled: %v", err)
	}
	id, waiting = c.send(opBegin) // after the put, which goes on waiting
	c.server.Handle(append([]byte{0, 0, 0, 0, opCancel}, byte(id), byte(id>>8), byte(id>>16), byte(id>>24)))
	if _, err := c.wait(waiting); err == nil || err.(*failure).kind != "aborted" {
		t.Errorf("a transaction that was cancelled before its turn to wait: %v", err)
	}
	c.must(opRollback, u32(tx))
	if _, err := c.wait(put); err != nil {
		t.Errorf("what waited after it: %v", err)
	}
	limited := start(t, "busy_timeout", "1")
	tx = limited.must(opBegin).U32()
	limited.fails("busy", opBegin)
	limited.fails("busy", opPut, u32(0), text("a"), text("1"))
	limited.must(opRollback, u32(tx))
}

func TestStatements(t *testing.T) {
	c := start(t, "value_type", "text")
	n := c.must(opExec, u32(0), text("INSERT INTO kv VALUES (?, ?), ('b', ''), ('c', 'x')"), args("a", "1")).Value()
	if n != int64(3) {
		t.Errorf("%v rows are written", n)
	}
	r := c.must(opQuery, u32(0), text("SELECT key, length(value) FROM kv WHERE key >= ? LIMIT 2"), args([]byte("a")))
	if n, a, b := r.U32(), r.Text(), r.Text(); n != 2 || a != "key" || b != "length(value)" {
		t.Errorf("%d columns: %s, %s", n, a, b)
	}
	if source, done, rows := r.U32(), r.Byte(), r.U32(); source != 0 || done != 1 || rows != 2 {
		t.Errorf("source %d, done %d, %d rows", source, done, rows)
	}
	if k, v := r.Value(), r.Value(); string(k.([]byte)) != "a" || v != int64(1) {
		t.Errorf("the first row is %v, %v", k, v)
	}
	if _, v := r.Value(), r.Value(); v != int64(0) || !r.Done() {
		t.Errorf("the second value is %v", v)
	}
	c.fails("syntax", opExec, u32(0), text("SELEC 1"), args())
	c.fails("syntax", opQuery, u32(0), text("SELECT nosuch FROM kv"), args())
	c.fails("misuse", opExec, u32(0), text("INSERT INTO kv VALUES (?, ?)"), args("a"))
	c.fails("constraint", opExec, u32(0), text("INSERT OR ABORT INTO kv VALUES ('a', '1')"), args())
	for _, control := range []string{"BEGIN", "SELECT 1; COMMIT", "savepoint x", "RELEASE x", "ROLLBACK"} {
		c.fails("misuse", opExec, u32(0), text(control), args())
		c.fails("misuse", opQuery, u32(0), text(control), args())
	}
	c.must(opQuery, u32(0), text("SELECT 'COMMIT'"), args())
	r = c.must(opQuery, u32(0), text("SELECT min(key), max(key) FROM kv WHERE key > 'x'"), args())
	r.U32()
	r.Text()
	r.Text()
	if source, done, rows := r.U32(), r.Byte(), r.U32(); source != 0 || done != 1 || rows != 1 || r.Value() != nil || r.Value() != nil {
		t.Errorf("the least key of none: source %d, done %d, %d rows", source, done, rows)
	}
}

// A query in a transaction shows the state when it began, also while rows are written.
func TestQueryWhileWriting(t *testing.T) {
	c := start(t)
	tx := c.must(opBegin).U32()
	for i := range 400 {
		c.put(tx, fmt.Sprintf("%04d", i), "old")
	}
	r := c.must(opQuery, u32(tx), text("SELECT value FROM kv"), args())
	r.U32()
	r.Text()
	source := r.U32()
	c.must(opExec, u32(tx), text("UPDATE kv SET value = 'new'"), args())
	r = c.must(opNext, u32(tx), u32(source))
	if done, rows := r.Byte(), r.U32(); done != 1 || rows != 144 {
		t.Errorf("the second batch has %d rows, and is the last: %d", rows, done)
	}
	if v := r.Value(); string(v.([]byte)) != "old" {
		t.Errorf("it shows %q", v)
	}
	c.must(opCommit, u32(tx))
	if got := c.get(0, "0001"); got != "new" {
		t.Errorf("the row is %s", got)
	}
}

// What is left open ends with its transaction, and with the database.
func TestEnds(t *testing.T) {
	c := start(t)
	tx := c.must(opBegin).U32()
	for i := range 600 {
		c.put(tx, fmt.Sprintf("%04d", i), "v")
	}
	scan := c.must(opScan, u32(tx), everything).U32()
	r := c.must(opQuery, u32(tx), text("SELECT key FROM kv"), args())
	r.U32()
	r.Text()
	query := r.U32()
	c.must(opCommit, u32(tx))
	c.fails("misuse", opNext, u32(0), u32(scan))
	c.fails("misuse", opNext, u32(0), u32(query))
	c.must(opEnd, u32(0), u32(query))

	open := c.must(opScan, u32(0), everything).U32()
	c.must(opNext, u32(0), u32(open))
	c.must(opEnd, u32(0), u32(open))
	c.fails("misuse", opNext, u32(0), u32(open))
	c.must(opEnd, u32(0), u32(open))

	c.must(opScan, u32(0), everything) // left open until the database is closed
	c.must(opBackup, noKey, text(""))
	c.must(opBegin)
	c.send(opBegin) // waits
}

// What was written before the database is closed is done, although nothing waited for it.
func TestCloseAfterWrites(t *testing.T) {
	fsys := memfs.New()
	c := connect(t, fsys)
	c.must(opOpen, text("/my.lsm"), noKey, pairs())
	tx := c.must(opBegin).U32() // has the turn, and is given up
	c.put(tx, "lost", "1")
	var answers []<-chan []byte
	for i := range 10 {
		_, answer := c.send(opPut, u32(0), text(fmt.Sprint(i)), text("v"))
		answers = append(answers, answer)
	}
	_, begin := c.send(opBegin)
	_, checkpoint := c.send(opCheckpoint)
	_, late := c.send(opPut, u32(tx), text("lost too"), text("1"))
	c.must(opClose)
	for _, a := range answers {
		if _, err := c.wait(a); err != nil {
			t.Errorf("a write before the end: %v", err)
		}
	}
	for what, answer := range map[string]<-chan []byte{"a transaction that waits": begin, "a checkpoint that waits": checkpoint} {
		if _, err := c.wait(answer); err == nil || err.(*failure).kind != "closed" || err.(*failure).text != "lsmlite: the database was closed" {
			t.Errorf("%s, at the end: %v", what, err)
		}
	}
	_, _ = c.wait(late)

	c = connect(t, fsys)
	c.must(opOpen, text("/my.lsm"), noKey, pairs())
	if rows, _ := c.scan(0, everything); len(rows) != 10 {
		t.Errorf("the rows are %q", rows)
	}
	c.must(opClose)
}

func TestClosed(t *testing.T) {
	c := connect(t, memfs.New())
	c.fails("closed", opGet, u32(0), text("a"))
	c.fails("misuse", opOpen, text("/my.lsm"), noKey, pairs("nosuch", "1"))
	c.fails("misuse", opOpen, text("/my.lsm"), noKey, pairs("_txlock", "deferred"))
	c.must(opOpen, text("/my.lsm"), noKey, pairs())
	c.fails("misuse", opOpen, text("/my.lsm"), noKey, pairs())
	c.put(0, "a", "1")
	c.must(opClose)
	c.fails("closed", opGet, u32(0), text("a"))
	c.fails("closed", opBegin)
	c.fails("closed", opClose)
}

// An encrypted database opens with its key only, and its error says so.
func TestKeys(t *testing.T) {
	fsys := memfs.New()
	key := func(kind byte, secret string) part {
		return func(w *wire.Writer) {
			w.Byte(kind)
			w.Text(secret)
		}
	}
	raw := key(1, strings.Repeat("k", 32))
	c := connect(t, fsys)
	c.fails("key", opOpen, text("/my.lsm"), key(1, "short"), pairs())
	c.fails("misuse", opOpen, text("/my.lsm"), key(4, "of another kind"), pairs())
	c.fails("misuse", opOpen, text("/my.lsm"), noKey, pairs("key_file", "/key"))
	c.must(opOpen, text("/my.lsm"), raw, pairs())
	c.put(0, "a", "1")
	c.must(opExec, u32(0), text("INSERT INTO kv VALUES ('b', '2')"), args())
	c.must(opClose)

	c = connect(t, fsys)
	c.fails("key", opOpen, text("/my.lsm"), noKey, pairs())
	c.fails("key", opOpen, text("/my.lsm"), key(1, strings.Repeat("x", 32)), pairs())
	c.fails("key", opOpen, text("/my.lsm"), key(2, "passphrase"), pairs())
	c.must(opOpen, text("/my.lsm"), raw, pairs())
	if rows, _ := c.scan(0, everything); strings.Join(rows, " ") != "a=1 b=2" {
		t.Errorf("the rows are %q", rows)
	}
	slots := func() (ids []string) {
		in := c.must(opSlots)
		for n := in.U32(); n > 0; n-- {
			ids = append(ids, in.Text())
			if kind, name := in.Text(), in.Text(); kind != "raw" || name != "" {
				t.Errorf("a slot of type %q, name %q", kind, name)
			}
		}
		return ids
	}
	first := slots()
	if len(first) != 1 {
		t.Fatalf("the keys are %q", first)
	}
	c.fails("misuse", opRemoveKey, text(first[0])) // the last one
	c.fails("misuse", opAddKey, raw)               // is there
	c.fails("misuse", opAddKey, noKey)
	c.fails("misuse", opAddKey, key(3, ""))
	c.fails("misuse", opRemoveKey, text("no id"))
	added := c.must(opAddKey, key(1, strings.Repeat("n", 32))).Text()
	if both := slots(); len(both) != 2 || both[1] != added {
		t.Errorf("the keys are %q; want %q and %q", both, first, added)
	}
	c.must(opRemoveKey, text(first[0]))
	c.must(opClose)

	c = connect(t, fsys)
	c.fails("key", opOpen, text("/my.lsm"), raw, pairs())
	c.must(opOpen, text("/my.lsm"), key(1, strings.Repeat("n", 32)), pairs())
	c.must(opClose)
}

// A copy is a database with the same rows.
func TestBackup(t *testing.T) {
	c := start(t)
	tx := c.must(opBegin).U32()
	for i := range 20000 {
		c.put(tx, fmt.Sprintf("%06d", i), fmt.Sprintf("value %d, which takes some room in the file", i))
	}
	c.must(opCommit, u32(tx))
	var file []byte
	r := c.must(opBackup, noKey, text(""))
	source := r.U32()
	parts := 0
	for {
		done, n := r.Byte(), r.U32()
		for range n {
			file = append(file, r.Bytes()...)
			parts++
		}
		if !r.Done() {
			t.Fatal("a part of another form")
		}
		if done == 1 {
			break
		}
		r = c.must(opNext, u32(0), u32(source))
	}
	if parts < 3 {
		t.Errorf("%d bytes come in %d parts", len(file), parts)
	}
	fsys := memfs.New()
	f, err := fsys.Open("/copy.lsm", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(file, 0); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(context.Background(), "/copy.lsm", engine.Options{FS: fsys, MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for p := range db.Check(context.Background()) {
		t.Errorf("the copy has a problem: %v", p)
	}
	if value, found, err := db.Get(nil, []byte("019999")); !found || err != nil || !strings.HasPrefix(string(value), "value 19999") {
		t.Errorf("the copy reads %q, %v, %v", value, found, err)
	}
}

func TestReadOnly(t *testing.T) {
	fsys := memfs.New()
	c := connect(t, fsys)
	c.fails("cantopen", opOpen, text("/my.lsm"), noKey, pairs("mode", "ro"))
	c.must(opOpen, text("/my.lsm"), noKey, pairs())
	c.put(0, "a", "1")
	c.must(opCheckpoint)
	c.must(opClose)

	c = connect(t, fsys)
	c.must(opOpen, text("/my.lsm"), noKey, pairs("mode", "ro"))
	if got := c.get(0, "a"); got != "1" {
		t.Errorf("it reads %s", got)
	}
	c.fails("readonly", opPut, u32(0), text("a"), text("2"))
	tx := c.must(opBegin).U32()
	c.fails("readonly", opDelete, u32(tx), text("a"))
	if got := c.get(tx, "a"); got != "1" {
		t.Errorf("the transaction reads %s", got)
	}
	c.must(opCommit, u32(tx))
	c.must(opClose)
}

// Messages of any form are answered, and the server goes on.
func TestBadMessages(t *testing.T) {
	c := start(t)
	c.put(0, "a", "1")
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 20000 {
		body := make([]byte, random.IntN(40))
		for j := range body {
			body[j] = byte(random.IntN(6)) * byte(random.IntN(2)) // small numbers, which make sense more often
		}
		op := byte(random.IntN(24))
		if op == opClose || op == opCancel || op == opBegin {
			continue
		}
		_, answer := c.send(op, func(w *wire.Writer) { *w = append(*w, body...) })
		if _, err := c.wait(answer); err != nil && err.(*failure).kind == "internal" {
			t.Fatalf("message %d, request %d with %v: %v", i, op, body, err)
		}
	}
	c.put(0, "z", "still there")
	if got := c.get(0, "z"); got != "still there" {
		t.Errorf("it reads %s", got)
	}
}
