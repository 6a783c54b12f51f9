// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// stage is the files of a database that is written and read, as far as the protocol matters. Blocks and log hold
// numbers that say what was written there, so that it is seen when something else was.
type stage struct {
	*world
	cast    cast
	running **actor

	page   []byte
	broken bool // the page cannot be written
	locks  vfs.LockTable
	held   map[heldLock]vfs.LockKind // the same, for the key
	meta   [2]metaPage
	blocks []int
	log    int // one place for one commit

	// Of the process that writes.
	newest   metaPage // state that is not stored yet
	made     map[base.SnapshotID]metaPage
	freed    map[int]base.SnapshotID
	synced   base.SnapshotID
	reclaim  int64 // commits that need no log
	commits  int64
	returned int64 // commits that have returned
	by       *actor
	first    *process
	ended    bool

	attached [2]bool // readers that rely on what they have pinned
}

type heldLock struct {
	owner  any
	off, n int64
}

// metaPage is a checkpoint.
type metaPage struct {
	id      base.SnapshotID
	block   int
	content int
	stream  int64
}

// cast says who plays, and in which order they do things.
type cast struct {
	readers    int
	segments   int  // that the writer makes
	foreign    bool // another writer comes after the first one has died or ended
	tail       bool // readers read the log
	hold       bool // pins are let go
	brief      bool // nothing is committed, and the second reader only attaches
	known      bool // readers know checkpoints without the meta pages, which then prove nothing
	breaks     bool // the page cannot be written any more at some moment
	parts      bool // the page is read slot by slot, and each slot is written in two halves
	allocate   func(s *stage, a *actor, w *Writer)
	commit     func(s *stage, a *actor, w *Writer)
	store      func(s *stage, a *actor, w *Writer)
	close      func(s *stage, a *actor, w *Writer)
	open       func(s *stage, a *actor, w *Writer)
	attach     func(r *Reader) (*Hold, error)
	readBlock  func(s *stage, a *actor, h *Hold, m metaPage)
	readLog    func(s *stage, a *actor, h *Hold)
	writerKind func(*Writer)
}

func theCast() cast {
	return cast{
		segments: 2, allocate: allocate, commit: commit, store: store, close: closing, open: openAfter,
		attach: (*Reader).Attach, readBlock: readBlock, readLog: readLog, writerKind: func(*Writer) {},
	}
}

// The files, as an actor uses them.

func (s *stage) ReadAt(p []byte, _ int64) (n int, err error) {
	if s.cast.parts {
		for n < PageBytes {
			(*s.running).do("read slot", func() any { n += copy(p[n:], s.page[n:n+SlotBytes]); return string(p[:n]) })
		}
		return n, nil
	}
	(*s.running).do("read page", func() any { n = copy(p, s.page); return string(s.page) })
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (s *stage) WriteAt(p []byte, off int64) (n int, err error) {
	if s.cast.parts {
		first := p[:len(p)/2]
		(*s.running).do("write half", func() any { s.page = slices.Clone(s.page); copy(s.page[off:], first); return nil })
		p, off, n = p[len(first):], off+int64(len(first)), len(first)
	}
	(*s.running).do("write page", func() any {
		if s.broken {
			err = errors.New("broken")
			return err
		}
		s.page = slices.Clone(s.page)
		copy(s.page[off:], p)
		return nil
	})
	return n + len(p), err
}

// handle is a handle of a process.
type handle struct {
	s      *stage
	owner  any
	reader int // from 1; 0: none
}

func (h handle) LockRange(off, n int64, kind vfs.LockKind) (err error) {
	(*h.s.running).do(fmt.Sprint("lock", off, n, kind), func() any {
		err = h.s.locks.LockRange(h.owner, off, n, kind)
		if err == nil {
			h.note(off, n, kind)
		}
		return err
	})
	return err
}

func (h handle) note(off, n int64, kind vfs.LockKind) {
	h.s.held[heldLock{h.owner, off, n}] = kind
	if h.reader > 0 && kind == vfs.Unlock {
		h.s.attached[h.reader-1] = false
	}
}

func (h handle) RangeLocked(off, n int64, kind vfs.LockKind) (found vfs.ByteLock, held bool, err error) {
	(*h.s.running).do(fmt.Sprint("test", off, n, kind), func() any {
		found, held, err = h.s.locks.RangeLocked(h.owner, off, n, kind)
		if h.reader > 0 && held {
			h.s.attached[h.reader-1] = true
		}
		return fmt.Sprint(found, held, err)
	})
	return found, held, err
}

func (m mutex) Lock() { (*m.running).locks = &m }

func (m mutex) Unlock() {
	if a := *m.running; a.locks != nil { // there was no step
		a.locks = nil
		return
	}
	*m.by = nil
}

// fixed are random numbers that are always the same.
type fixed byte

func (f fixed) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(f)
	}
	return len(p), nil
}

// The writer.

func place(stream int64) wal.Place {
	var p wal.Place
	p.Off, p.Stream = stream, stream
	return p
}

func (m metaPage) checkpoint() Checkpoint { return Checkpoint{ID: m.id, At: place(m.stream)} }

func (s *stage) newWriter(owner any, run byte) *Writer {
	w := NewWriter(WriterConfig{Locks: handle{s: s, owner: owner}, Page: s, Salt: uint32(run)})
	w.random = fixed(run)
	if s.cast.hold {
		w.Hold = time.Minute
		now := time.Unix(0, 0)
		w.now = func() time.Time { now = now.Add(time.Hour); return now }
	}
	return w
}

// commit writes to the log, says so, and returns.
func commit(s *stage, a *actor, w *Writer) {
	k := writeLog(s, a)
	says(w, k)
	returns(s, a, k)
}

// says has the page say so.
func says(w *Writer, k int64) {
	end := place(k)
	w.Mutex.Lock()
	defer w.Mutex.Unlock()
	_ = w.Committed(uint64(k), &end) // the run ends with an error, and the model goes on
}

func writeLog(s *stage, a *actor) int64 {
	k := s.commits + 1
	a.until("write log", func() bool { return s.reclaim >= k-1 }, func() any {
		s.log, s.commits = int(k), k
		return nil
	})
	return k
}

func returns(s *stage, a *actor, k int64) { a.do("return", func() any { s.returned = k; return nil }) }

// allocate makes a segment, and a state that shows it.
func allocate(s *stage, a *actor, w *Writer) {
	limit := readLimit(s, a)
	use(s, a, limit, pins(a, w, limit))
}

func readLimit(s *stage, a *actor) (limit base.SnapshotID) {
	a.do("limit", func() any { limit = s.synced; return limit })
	return limit
}

func pins(a *actor, w *Writer, below base.SnapshotID) Pinned {
	p, err := w.Pins(nil, below)
	a.expect(err == nil, "%v", err)
	return p
}

// use writes a segment to the first free block.
func use(s *stage, a *actor, limit base.SnapshotID, pinned Pinned) {
	a.do("use block", func() any {
		next := metaPage{id: s.newest.id + 1, content: int(s.newest.id) + 1, block: len(s.blocks), stream: s.commits}
		for b := range s.blocks {
			if id, free := s.freed[b]; free && id < limit && !slices.Contains(pinned.IDs, id) {
				next.block = b
				break
			}
		}
		if next.block == len(s.blocks) {
			s.blocks = append(s.blocks, 0)
		}
		s.blocks[next.block] = next.content
		delete(s.freed, next.block)
		s.freed[s.newest.block] = s.newest.id
		s.newest = next
		s.made[next.id] = next
		return next
	})
}

// store is what the checkpointer does: the newest state goes to one meta page, is shown, goes to the other
// page, and counts as synced.
func store(s *stage, a *actor, w *Writer) {
	e := storeHalf(s, a)
	w.Stored(e.checkpoint())
	storeRest(s, a, e)
	done(s, a, e)
	free(s, a, e)
}

func storeHalf(s *stage, a *actor) (e metaPage) {
	a.until("first meta page", func() bool { return s.newest.id > s.synced }, func() any {
		e = s.newest
		s.meta[0] = e
		return e
	})
	return e
}

func storeRest(s *stage, a *actor, e metaPage) {
	a.do("second meta page", func() any { s.meta[1] = e; return nil })
}
func done(s *stage, a *actor, e metaPage) { a.do("synced", func() any { s.synced = e.id; return nil }) }
func free(s *stage, a *actor, e metaPage) {
	a.do("reclaim", func() any { s.reclaim = e.stream; return nil })
}

// closing ends the run, and cuts the file.
func closing(s *stage, a *actor, w *Writer) {
	pinned, err := w.End()
	a.expect(err == nil, "%v", err)
	cut(s, a, pinned)
}

func cut(s *stage, a *actor, pinned bool) {
	a.do("cut", func() any {
		s.ended = true
		if pinned {
			return nil
		}
		for i, on := range s.attached {
			a.expect(!on, "the file is cut while reader %d relies on it", i+1)
		}
		for b := range s.blocks {
			if b != s.newest.block {
				s.blocks[b] = -1
			}
		}
		return nil
	})
}

// openAfter opens the database after another writer has died or ended.
func openAfter(s *stage, a *actor, w *Writer) {
	newest := recovery(s, a)
	begin(a, w, newest)
}

func begin(a *actor, w *Writer, newest metaPage) {
	a.expect(w.Begin(0, place(newest.stream), newest.checkpoint()) == nil, "cannot begin")
}

// recovery makes a checkpoint of its own, and uses everything again.
func recovery(s *stage, a *actor) metaPage {
	var n metaPage
	a.do("recover", func() any {
		old := s.meta[0]
		if s.meta[1].id > old.id {
			old = s.meta[1]
		}
		n = metaPage{id: old.id + 1, content: int(old.id) + 101, block: (old.block + 1) % len(s.blocks), stream: old.stream}
		s.blocks[n.block], s.log = n.content, -1
		s.meta[0] = n
		return n
	})
	a.do("recover", func() any {
		s.meta[1] = n
		for b := range s.blocks {
			if b != n.block {
				s.blocks[b] = -1
			}
		}
		return nil
	})
	return n
}

// A reader.

func (s *stage) reads(a *actor, number int) {
	var before int64
	if !s.cast.brief {
		a.do("look", func() any { before = s.returned; return before })
	}
	var found metaPage
	r := NewReader(ReaderConfig{Locks: handle{s, number, number}, Page: s, Find: func(n base.SnapshotID) (bool, error) {
		ok := false
		if s.cast.known {
			found, ok = s.made[n]
			return ok, nil
		}
		for i := range s.meta {
			a.do("read meta", func() any {
				if s.meta[i].id == n && !ok {
					found, ok = s.meta[i], true
				}
				return s.meta[i]
			})
		}
		return ok, nil
	}})
	r.tries = 1
	h, err := s.cast.attach(r)
	if err != nil {
		a.expect(errors.Is(err, ErrAgain) || errors.Is(err, ErrNoWriter), "%v", err)
		return
	}
	a.expect(s.foreignRan() || h.Page.End.Stream >= before, "commit %d has returned and is not seen", before)
	if !s.cast.brief || number == 1 {
		s.cast.readBlock(s, a, h, found)
	}
	if s.cast.tail {
		s.cast.readLog(s, a, h)
	}
	a.expect(h.Release() == nil, "cannot let go")
}

// foreignRan reports whether another writer has taken over, whose commits are counted otherwise.
func (s *stage) foreignRan() bool { return s.first.dead || s.ended }

func readBlock(s *stage, a *actor, h *Hold, m metaPage) {
	content := loadBlock(s, a, m)
	alive(a, h, content, m)
}

func loadBlock(s *stage, a *actor, m metaPage) (content int) {
	a.do("read block", func() any { content = s.blocks[m.block]; return content })
	return content
}

func alive(a *actor, h *Hold, content int, m metaPage) {
	ok, err := h.Alive()
	a.expect(err == nil && (!ok || content == m.content), "block %d of checkpoint %d holds %d, %v", m.block, m.id, content, err)
}

func readLog(s *stage, a *actor, h *Hold) {
	from, to := h.Page.Checkpoint.At.Stream, h.Page.End.Stream
	if from == to {
		return
	}
	content := loadLog(s, a)
	ok, err := h.Intact(from)
	checkLog(a, ok, err, content, to)
}

func loadLog(s *stage, a *actor) (content int) {
	a.do("read log", func() any { content = s.log; return content })
	return content
}

func checkLog(a *actor, ok bool, err error, content int, want int64) {
	a.expect(err == nil && (!ok || int64(content) == want), "the log holds %d, want %d, %v", content, want, err)
}

// play makes the world of a cast.
func (c cast) play(running **actor) *world {
	s := &stage{world: &world{}, cast: c, running: running, held: make(map[heldLock]vfs.LockKind),
		freed: make(map[int]base.SnapshotID), first: &process{}}
	start := metaPage{id: 10, content: 10}
	s.meta, s.blocks, s.newest, s.synced = [2]metaPage{start, start}, []int{10}, start, 10
	s.shared, s.made = s.text, map[base.SnapshotID]metaPage{10: start}

	w := s.newWriter("writer", 1)
	w.Mutex = mutex{&s.by, running}
	c.writerKind(w)
	// The writer has begun, with nobody to see it.
	w.run, w.salt, w.newest, w.first = [16]byte{1}, 1, start.checkpoint(), start.id
	page := Page{Run: w.run, Salt: w.salt, End: place(0), Checkpoint: w.newest}
	w.rest = page.encodeRest(&w.buf)
	page.Encode(&w.buf)
	s.page = slices.Concat(w.buf[:], w.buf[:])
	life := handle{s: s, owner: "writer"}
	_ = s.locks.LockRange("writer", lifeOf(1, 10), int64(MaxID-10)+1, vfs.Exclusive)
	life.note(lifeOf(1, 10), 1, vfs.Exclusive)

	s.add("writer", s.first, running, func(a *actor) {
		if !c.brief {
			c.commit(s, a, w)
		}
		for range c.segments {
			c.allocate(s, a, w)
		}
		if c.tail {
			c.commit(s, a, w)
		}
		a.until("last checkpoint", func() bool { return s.synced == s.newest.id }, func() any { return nil })
		c.close(s, a, w)
	})
	s.add("checkpointer", s.first, running, func(a *actor) {
		for s.newest.id < 10+base.SnapshotID(c.segments) || s.synced < s.newest.id {
			c.store(s, a, w)
		}
	})
	for i := range c.readers {
		s.add(fmt.Sprint("reader", i+1), &process{}, running, func(a *actor) { s.reads(a, i+1) })
	}
	if c.breaks {
		s.add("disk", &process{optional: true}, running, func(a *actor) {
			a.until("break", func() bool { return !s.ended }, func() any { s.broken = true; return nil })
		})
	}
	if c.foreign {
		s.add("killer", &process{optional: true}, running, func(a *actor) {
			a.until("kill", func() bool { return !s.ended }, func() any {
				s.first.dead = true
				s.locks.Release("writer")
				return nil
			})
		})
		s.add("foreign", &process{}, running, func(a *actor) {
			a.until("lock", func() bool { return s.first.dead || s.ended }, func() any { return nil })
			other := s.newWriter("foreign", 2)
			c.open(s, a, other)
		})
	}
	return s.world
}

// text is what is shared.
func (s *stage) text() string {
	return fmt.Sprint(string(s.page), s.broken, s.held, s.meta, s.blocks, s.log, s.newest, s.freed, s.synced, s.reclaim,
		s.commits, s.returned, s.by == nil, s.first.dead, s.ended, s.attached)
}

// longPlay is the one with everything at once, for a change of the protocol: it takes half an hour.
var longPlay = flag.Bool("live.long", false, "run all orders of a play with two readers who do everything")

// casts are the plays, each for other steps.
func casts() map[string]cast {
	all := make(map[string]cast)
	with := func(name string, change func(*cast)) {
		c := theCast()
		change(&c)
		all[name] = c
	}
	with("a reader", func(c *cast) { c.readers = 1 })
	with("two readers", func(c *cast) { c.readers, c.brief, c.known = 2, true, true })
	with("a reader that knows all checkpoints", func(c *cast) { c.readers, c.known = 1, true })
	with("a reader of the log", func(c *cast) { c.readers, c.tail = 1, true })
	with("another writer", func(c *cast) { c.readers, c.segments, c.foreign = 1, 1, true })
	with("another writer and the log", func(c *cast) { c.readers, c.segments, c.foreign, c.tail = 1, 1, true, true })
	with("pins let go", func(c *cast) { c.readers, c.segments, c.hold, c.brief = 1, 3, true, true })
	with("the page in parts", func(c *cast) { c.readers, c.segments, c.tail, c.parts = 1, 1, true, true })
	with("the page cannot be written", func(c *cast) { c.readers, c.segments, c.breaks = 1, 2, true })
	if *longPlay {
		with("everything", func(c *cast) { c.readers, c.foreign = 2, true })
	}
	return all
}

// TestAllOrders runs all orders of the steps of all plays. It takes 20 seconds on two cores.
func TestAllOrders(t *testing.T) {
	for name, c := range casts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			wrong, states := explore(c.play)
			if wrong != "" {
				t.Error(wrong)
			}
			t.Logf("%d states in %v", states, time.Since(began))
		})
	}
}
