// SPDX-License-Identifier: Apache-2.0

package live

import (
	"io"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// wrongOrders are the plays with two steps exchanged, or one left out, each in the play that shows it.
var wrongOrders = map[string]struct {
	play   string
	change func(*cast)
}{
	"W1: pins are listed, then the limit is read": {"a reader", func(c *cast) {
		c.allocate = func(s *stage, a *actor, w *Writer) {
			p := pins(a, w, MaxID)
			use(s, a, readLimit(s, a), p)
		}
	}},
	"W1: a block is used, then pins are listed": {"a reader", func(c *cast) {
		c.allocate = func(s *stage, a *actor, w *Writer) {
			limit := readLimit(s, a)
			use(s, a, limit, Pinned{})
			pins(a, w, limit)
		}
	}},
	"W2: Commit returns, then the page says so": {"a reader of the log", func(c *cast) {
		c.commit = func(s *stage, a *actor, w *Writer) {
			k := writeLog(s, a)
			returns(s, a, k)
			says(w, k)
		}
	}},
	"W2: a checkpoint counts as synced, then the page says so": {"a reader that knows all checkpoints", func(c *cast) {
		c.store = func(s *stage, a *actor, w *Writer) {
			e := storeHalf(s, a)
			storeRest(s, a, e)
			done(s, a, e)
			w.Stored(e.checkpoint())
			free(s, a, e)
		}
	}},
	"W2: the log is free, then the page says so": {"a reader of the log", func(c *cast) {
		c.store = func(s *stage, a *actor, w *Writer) {
			e := storeHalf(s, a)
			free(s, a, e)
			w.Stored(e.checkpoint())
			storeRest(s, a, e)
			done(s, a, e)
		}
	}},
	"W2: the page says so, then the checkpoint is stored": {"another writer", func(c *cast) {
		c.store = func(s *stage, a *actor, w *Writer) {
			var e metaPage
			a.until("newest", func() bool { return s.newest.id > s.synced }, func() any { e = s.newest; return e })
			w.Stored(e.checkpoint())
			a.expect(s.meta[0].id == e.id, "the page says checkpoint %d, which no meta page holds", e.id)
			done(s, a, e)
		}
	}},
	"W3: LIFE is locked, then recovery is done": {"another writer", func(c *cast) {
		c.open = func(s *stage, a *actor, w *Writer) {
			var old metaPage
			a.do("newest", func() any {
				if old = s.meta[0]; s.meta[1].id > old.id {
					old = s.meta[1]
				}
				return old
			})
			begin(a, w, old)
			recovery(s, a)
		}
	}},
	"W4: pins are listed, then LIFE is released": {"a reader", func(c *cast) {
		c.close = func(s *stage, a *actor, w *Writer) {
			pinned, _ := w.anyPin()
			_, _ = w.End()
			cut(s, a, pinned)
		}
	}},
	"W4: the file is cut, then pins are listed": {"a reader", func(c *cast) {
		c.close = func(s *stage, a *actor, w *Writer) {
			cut(s, a, false)
			_, _ = w.End()
		}
	}},
	"W5: pins are ignored, then LIFE is released": {"pins let go", func(c *cast) {
		c.allocate = func(s *stage, a *actor, w *Writer) {
			limit := readLimit(s, a)
			p, _ := w.list(nil, limit)
			use(s, a, limit, Pinned{})
			if len(p.IDs) > 0 {
				_, _ = w.dropBelow(p, limit, p.IDs[len(p.IDs)-1]+1)
			}
		}
	}},
	"W6: LIFE is not released": {"the page cannot be written", func(c *cast) {
		c.tail = false
		c.writerKind = func(w *Writer) { w.Locks = holdsOn{w.Locks.(handle)} }
	}},
	"R1: LIFE is tested, then PIN is locked": {"a reader", func(c *cast) {
		c.attach = attachIn(test, lock, find, again)
	}},
	"R1: the page is read again, then PIN is locked": {"a reader that knows all checkpoints", func(c *cast) {
		c.attach = attachIn(again, lock, find, test)
	}},
	"R1: the page is not read again": {"a reader that knows all checkpoints", func(c *cast) {
		c.attach = attachIn(lock, find, test)
	}},
	"R1: the other slot counts at once if one is not whole": {"the page in parts", func(c *cast) {
		c.attach = func(r *Reader) (*Hold, error) {
			r.Page = &hasty{ReaderAt: r.Page}
			return r.Attach()
		}
	}},
	"R2: LIFE is tested, then a block is read": {"another writer", func(c *cast) {
		c.readBlock = func(s *stage, a *actor, h *Hold, m metaPage) {
			ok, _ := h.Alive()
			content := loadBlock(s, a, m)
			a.expect(!ok || content == m.content, "block %d holds %d", m.block, content)
		}
	}},
	"R3: the page is read again, then the log is read": {"a reader of the log", func(c *cast) {
		c.readLog = func(s *stage, a *actor, h *Hold) {
			if from, to := h.Page.Checkpoint.At.Stream, h.Page.End.Stream; from < to {
				ok, err := h.Intact(from)
				checkLog(a, ok, err, loadLog(s, a), to)
			}
		}
	}},
	"R3: only LIFE is tested after the log is read": {"a reader of the log", func(c *cast) {
		c.readLog = func(s *stage, a *actor, h *Hold) {
			if h.Page.Checkpoint.At.Stream < h.Page.End.Stream {
				content := loadLog(s, a)
				ok, err := h.Alive()
				checkLog(a, ok, err, content, h.Page.End.Stream)
			}
		}
	}},
	"R3: LIFE is not tested after the log is read": {"another writer and the log", func(c *cast) {
		c.readLog = func(s *stage, a *actor, h *Hold) {
			if from, to := h.Page.Checkpoint.At.Stream, h.Page.End.Stream; from < to {
				content := loadLog(s, a)
				page, err := h.r.Read()
				checkLog(a, err == nil && page.Run == h.Page.Run && page.Checkpoint.At.Stream <= from, nil, content, to)
			}
		}
	}},
}

// rightOrders are exchanges that change nothing. What is here is not promised by the rules, and shows that a
// play does not call everything wrong.
var rightOrders = map[string]struct {
	play   string
	change func(*cast)
}{
	"the meta page is read, then PIN is locked": {"another writer", func(c *cast) { c.attach = attachIn(find, lock, again, test) }},
	"LIFE is tested, then the page is read again": {"another writer", func(c *cast) {
		c.attach = attachIn(lock, find, test, again)
	}},
	"LIFE of a run is locked, then the page says its salt": {"another writer", func(c *cast) {
		c.open = func(s *stage, a *actor, w *Writer) {
			n := recovery(s, a)
			w.run, w.salt, w.newest = [16]byte{2}, w.Salt, n.checkpoint()
			end := place(n.stream)
			w.show(0, &end)
			a.expect(w.beLive() == nil && w.showCheckpoint(w.newest) == nil, "cannot begin")
		}
	}},
}

// hasty is a page of which what was read once is not read again if a slot of it was not whole.
type hasty struct {
	io.ReaderAt
	torn []byte
}

func (h *hasty) ReadAt(p []byte, off int64) (int, error) {
	if h.torn != nil {
		n := copy(p, h.torn)
		h.torn = nil
		return n, nil
	}
	n, err := h.ReaderAt.ReadAt(p, off)
	if _, whole, _ := decode(p[:n]); !whole {
		h.torn = append([]byte(nil), p[:n]...)
	}
	return n, err
}

// holdsOn are locks that are not released.
type holdsOn struct{ handle }

func (h holdsOn) LockRange(off, n int64, kind vfs.LockKind) error {
	if kind == vfs.Unlock {
		return nil
	}
	return h.handle.LockRange(off, n, kind)
}

// attachStep is a step of attaching. It reports whether to go on.
type attachStep func(r *Reader, h *Hold) bool

func lock(r *Reader, h *Hold) bool  { return r.pin(h.Page.Checkpoint.ID) == nil }
func find(r *Reader, h *Hold) bool  { ok, err := r.Find(h.Page.Checkpoint.ID); return ok && err == nil }
func again(r *Reader, h *Hold) bool { ok, err := h.refresh(); return ok && err == nil }
func test(r *Reader, h *Hold) bool  { ok, err := h.Alive(); return ok && err == nil }

// attachIn is Reader.Attach with its steps in that order.
func attachIn(steps ...attachStep) func(r *Reader) (*Hold, error) {
	return func(r *Reader) (*Hold, error) {
		page, err := r.Read()
		if err != nil {
			return nil, err
		}
		h := &Hold{Page: page, r: r}
		for _, step := range steps {
			if !step(r, h) {
				if r.pins[base.SnapshotID(page.Checkpoint.ID)] > 0 {
					_ = h.Release()
				}
				return nil, ErrAgain
			}
		}
		return h, nil
	}
}

// TestWrongOrdersAreFound exchanges steps, and expects that something goes wrong in one of the orders.
func TestWrongOrdersAreFound(t *testing.T) {
	for name, c := range wrongOrders {
		t.Run(name, func(t *testing.T) {
			play := casts()[c.play]
			c.change(&play)
			wrong, states := explore(play.play)
			if wrong == "" {
				t.Errorf("nothing goes wrong in %d states", states)
			}
			t.Log(wrong)
		})
	}
}

// TestFreeOrders exchanges steps whose order does not matter.
func TestFreeOrders(t *testing.T) {
	for name, c := range rightOrders {
		t.Run(name, func(t *testing.T) {
			play := casts()[c.play]
			c.change(&play)
			if wrong, _ := explore(play.play); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}
