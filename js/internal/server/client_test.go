// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/js/internal/server"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

// The requests, by the numbers in index.js.
const (
	opOpen        = 1
	opClose       = 2
	opCancel      = 3
	opGet         = 4
	opPut         = 5
	opDelete      = 6
	opDeleteRange = 7
	opScan        = 8
	opNext        = 9
	opEnd         = 10
	opBegin       = 11
	opCommit      = 12
	opRollback    = 13
	opQuery       = 14
	opExec        = 15
	opBackup      = 16
	opCheckpoint  = 17
	opSavepoint   = 18
	opRelease     = 19
	opRollbackTo  = 20
	opSlots       = 21
	opAddKey      = 22
	opRemoveKey   = 23
)

// client sends messages to a server and waits for answers, as index.js does.
type client struct {
	t      *testing.T
	server *server.Server

	mu      sync.Mutex
	last    uint32
	answers map[uint32]chan []byte
}

// failure is an error that was answered.
type failure struct {
	code       uint32
	kind, text string
}

func (f *failure) Error() string { return fmt.Sprintf("%s (%d): %s", f.kind, f.code, f.text) }

// connect returns a client of a server that has not opened anything.
func connect(t *testing.T, fsys vfs.FS) *client {
	c := &client{t: t, answers: map[uint32]chan []byte{}}
	c.server = server.New(fsys, func(answer []byte) {
		c.mu.Lock()
		defer c.mu.Unlock()
		id := binary.LittleEndian.Uint32(answer)
		to := c.answers[id]
		if to == nil {
			t.Errorf("message %d is answered, which was not sent or has an answer", id)
			return
		}
		delete(c.answers, id)
		to <- answer[4:]
	})
	return c
}

// start returns a client of an open database.
func start(t *testing.T, settings ...string) *client {
	t.Helper()
	c := connect(t, memfs.New())
	if _, err := c.call(opOpen, text("/my.lsm"), noKey, pairs(settings...)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.call(opClose); err != nil {
			t.Error(err)
		}
	})
	return c
}

// part writes a part of a message.
type part func(w *wire.Writer)

func u32(n uint32) part     { return func(w *wire.Writer) { w.U32(n) } }
func u64(n uint64) part     { return func(w *wire.Writer) { w.U64(n) } }
func one(b byte) part       { return func(w *wire.Writer) { w.Byte(b) } }
func text(s string) part    { return func(w *wire.Writer) { w.Text(s) } }
func absent(w *wire.Writer) { w.Absent() }

// noKey is the key of a database in clear.
func noKey(w *wire.Writer) {
	w.Byte(0)
	w.Absent()
}

func pairs(settings ...string) part {
	return func(w *wire.Writer) {
		w.U32(uint32(len(settings) / 2))
		for _, s := range settings {
			w.Text(s)
		}
	}
}

func args(values ...any) part {
	return func(w *wire.Writer) {
		w.U32(uint32(len(values)))
		for _, v := range values {
			w.Text("")
			w.Value(v)
		}
	}
}

// send sends a message, and returns its number and where its answer arrives.
func (c *client) send(op byte, parts ...part) (uint32, <-chan []byte) {
	c.mu.Lock()
	c.last++
	id, answer := c.last, make(chan []byte, 1)
	c.answers[id] = answer
	c.mu.Unlock()
	var w wire.Writer
	w.U32(id)
	w.Byte(op)
	for _, p := range parts {
		p(&w)
	}
	c.server.Handle(w)
	return id, answer
}

// wait returns what was answered.
func (c *client) wait(answer <-chan []byte) (*wire.Reader, error) {
	c.t.Helper()
	select {
	case a := <-answer:
		r := wire.Read(a)
		if r.Byte() == 0 {
			return r, nil
		}
		f := &failure{code: r.U32(), kind: r.Text(), text: r.Text()}
		if !r.Done() || f.kind == "" || f.text == "" {
			c.t.Errorf("a failure in a form that is not known: %q", a)
		}
		return nil, f
	case <-time.After(time.Minute):
		c.t.Fatal("there is no answer")
		return nil, nil
	}
}

func (c *client) call(op byte, parts ...part) (*wire.Reader, error) {
	c.t.Helper()
	_, answer := c.send(op, parts...)
	return c.wait(answer)
}

// must is call of what succeeds.
func (c *client) must(op byte, parts ...part) *wire.Reader {
	c.t.Helper()
	r, err := c.call(op, parts...)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// fails is call of what fails with an error of a kind.
func (c *client) fails(kind string, op byte, parts ...part) {
	c.t.Helper()
	_, err := c.call(op, parts...)
	if f, ok := err.(*failure); !ok || f.kind != kind {
		c.t.Errorf("request %d: %v, want %s", op, err, kind)
	}
}

// get returns a value, "-" if there is none.
func (c *client) get(tx uint32, key string) string {
	c.t.Helper()
	if value := c.must(opGet, u32(tx), text(key)).Bytes(); value != nil {
		return string(value)
	}
	return "-"
}

func (c *client) put(tx uint32, key, value string) {
	c.t.Helper()
	c.must(opPut, u32(tx), text(key), text(value))
}

// scan returns keys and values, "a=1 b=2", with the sizes of batches.
func (c *client) scan(tx uint32, parts ...part) (rows []string, batches []int) {
	c.t.Helper()
	r := c.must(opScan, append([]part{u32(tx)}, parts...)...)
	source := r.U32()
	for {
		done := r.Byte() == 1
		n := int(r.U32())
		batches = append(batches, n)
		for range n {
			rows = append(rows, r.Text()+"="+r.Text())
		}
		if !r.Done() {
			c.t.Fatal("a batch of another form")
		}
		if done {
			return rows, batches
		}
		r = c.must(opNext, u32(tx), u32(source))
	}
}

// everything is a scan of all rows.
func everything(w *wire.Writer) { bounds(0, 0, nil, nil, nil, nil, nil)(w) }

func bounds(bits byte, limit uint64, gt, gte, lt, lte, prefix []byte) part {
	return func(w *wire.Writer) {
		w.Byte(bits)
		w.U64(limit)
		for _, key := range [][]byte{gt, gte, lt, lte, prefix} {
			if key == nil {
				w.Absent()
			} else {
				w.Bytes(key)
			}
		}
	}
}
