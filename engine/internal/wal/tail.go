// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
)

// ErrNotThere says that a log does not hold what a Tail was to read: not yet, or no longer, because the space was
// used again.
var ErrNotThere = errors.New("the log does not hold these transactions, or no longer")

// Tail reads the transactions of a log that is being written meanwhile, by this process or by another one. It
// keeps its place from one call to the next.
//
// The caller knows up to where the log is committed, and that what a Tail is to read of it is not overwritten. If
// that cannot be known before, as of a log that another process writes, it has to be made sure of afterwards: until
// then what Records hands over may be of a transaction that was half overwritten while it was read a second time.
// What Next has found is a transaction that follows the Tail's place, and ends no later than the place that Next
// got; all of it was in the file at some moment.
//
// Its methods belong to one goroutine at a time. It uses a few megabytes of memory at most, and the largest key if
// that is larger.
type Tail struct {
	s       scanner
	at      place // after the last transaction that Next found
	stream  int64 // the numbers of that place
	seq     uint64
	from    place     // before it
	lies    [3]Region // where that is
	to      Place
	current bool // what the scanner has in its buffer is of the log up to to
}

// NewTail returns a Tail at a place of f. An encrypted log needs its keys. The file stays the caller's.
func NewTail(f File, from Place, keys *crypt.Keys) *Tail {
	return newTail(f, from, keys, keepBytes)
}

func newTail(f File, from Place, keys *crypt.Keys, keep int) *Tail {
	at := startPlace(from.LogPos)
	return &Tail{s: scanner{f: f, keep: keep, opener: opener{keys: keys}}, at: at, from: at, stream: from.Stream, seq: from.Seq}
}

// Place returns where the Tail is.
func (t *Tail) Place() Place { return Place{LogPos: t.at.pos(), Stream: t.stream, Seq: t.seq} }

// Next goes on to the next transaction, whose records Records hands over, and reports false if there is none
// before to. It has to meet that place exactly, else the error matches ErrNotThere. After an error the Tail
// is where it was.
func (t *Tail) Next(to Place) (bool, error) {
	if t.stream == to.Stream {
		if !samePlace(t.at.pos(), to.LogPos) {
			return false, t.missed(to, "another transaction ends there")
		}
		return false, nil
	}
	if t.stream > to.Stream {
		return false, t.missed(to, "it was read up to a place after that")
	}
	if err := t.refresh(to); err != nil {
		return false, err
	}
	before := t.at
	if t.at.off() > t.s.size {
		return false, t.missed(to, "the file is shorter")
	}
	ok, err := t.s.transaction()
	if err != nil {
		t.current = false
		return false, err
	}
	after := t.stream + bytesOf(&t.s.at)
	switch {
	case !ok:
		return false, t.missed(to, "no transaction follows")
	case after > to.Stream:
		return false, t.missed(to, "the next transaction ends later")
	case after == to.Stream && !samePlace(t.s.at.pos(), to.LogPos):
		return false, t.missed(to, "another transaction ends there")
	}
	t.from, t.at, t.stream = before, t.s.at, after
	t.seq++
	t.forgetExtents()
	return true, nil
}

// refresh makes the scanner ready to read on from where the Tail is.
func (t *Tail) refresh(to Place) error {
	if t.current && to == t.to {
		t.s.at = t.at
		t.s.findLimit()
		return nil
	}
	// What was read ahead may have been written since.
	size, err := t.s.f.Size()
	if err != nil {
		return ioerr.New("size of log", "", "", err)
	}
	t.s.size, t.s.near = size, to.Off
	t.s.moveTo(t.at)
	t.to, t.current = to, true
	return nil
}

// Extents returns where the transaction lies that Next has found, in reading order. Those that are not used are empty.
func (t *Tail) Extents() [3]Region { return t.lies }

// forgetExtents makes the place one that nothing was read before: in a log that goes on for long, any other
// place of the file is written again some time.
func (t *Tail) forgetExtents() {
	off := t.at.off()
	t.lies = [3]Region{}
	copy(t.lies[:], t.at.extents[:t.at.numExtents])
	t.at.extents = [3]Region{{off, off}}
	t.at.numExtents = 1
}

// Records calls apply for each record of the transaction that Next has found, in order; a long value comes as
// Load, as in Recover. The bytes of a record are valid during the call. An error of apply ends it, and is
// returned. It may be called again, until the next call of Next.
func (t *Tail) Records(apply func(format.LogRecord) error) error {
	if !t.s.spilled {
		return t.s.applyPending(apply)
	}
	err := t.s.applyAgain(apply, t.from, t.at)
	if errors.Is(err, errChanged) {
		return t.missed(t.Place(), "it was overwritten while it was read")
	}
	return err
}

// Held returns how many records the transaction has that Next has found, if all of them are in memory: Record has them
// then without a function to call. Else only Records has them.
func (t *Tail) Held() (n int, ok bool) { return len(t.s.pending), !t.s.spilled }

// Record returns a record of those that are held. Its bytes are valid until the next call of Next.
func (t *Tail) Record(i int) format.LogRecord {
	p := &t.s.pending[i]
	return record(p.op, t.s.data[p.at:p.at+p.n:p.at+p.n], p.n1)
}

// missed says that the Tail cannot get from its place to another one.
func (t *Tail) missed(to Place, why string) error {
	t.current = false
	return fmt.Errorf("read log from byte %d up to byte %d: %s: %w", t.at.off(), to.Off, why, ErrNotThere)
}

// bytesOf returns how many bytes were read to get to a place.
func bytesOf(p *place) (n int64) {
	for _, e := range p.extents[:p.numExtents] {
		n += e.End - e.Start
	}
	return n
}
