// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/internal/attach"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// view is what is known of the newest state of an attached handle, besides what it shows.
type view struct {
	pages   *blockfile.File
	rest    *DB         // the files at rest; else nil
	run     attach.View // of the process that writes, unless rest is set
	account *account
}

// account is the free list of a checkpoint that another process has stored. It is read when it is wanted first.
type account struct {
	disk       *snapshot.Snapshot
	checkpoint *format.Checkpoint
	mu         sched.Mutex // held while it is read
	list       *freelist.List
}

// read returns the free list. The caller has the state pinned, and keeps the handle from being closed unless that has
// been done.
func (a *account) read(closed bool) (*freelist.List, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.list == nil {
		if closed {
			return nil, fs.ErrClosed
		}
		list, err := freeListOf(a.disk, a.checkpoint)
		if err != nil {
			return nil, err
		}
		a.list = list
	}
	return a.list, nil
}

// show makes a state the newest one.
func (a *attached) show(s *snapshot.State, v view) {
	a.showing.Lock()
	defer a.showing.Unlock()
	if old := a.view.Load(); v.rest == nil {
		if v.account = old.account; v.account == nil || v.account.disk != s.Disk {
			v.account = &account{disk: s.Disk, checkpoint: v.run.Checkpoint}
		}
	}
	a.db.ledger.Follow(s)
	a.view.Store(&v)
}

// pin pins the newest state, and returns what is known of it.
func (a *attached) pin() (*snapshot.State, *view) {
	a.showing.Lock()
	defer a.showing.Unlock()
	return a.db.ledger.Acquire(), a.view.Load()
}

func (a *attached) pinPages() (*snapshot.State, *blockfile.File) {
	st, v := a.pin()
	return st, v.pages
}

func (a *attached) books() books {
	a.closing.RLock() // what is read here belongs to nobody who keeps the handle open
	defer a.closing.RUnlock()
	st, v := a.pin()
	defer a.db.ledger.Release(st)
	b := books{disk: st.Disk, pages: v.pages, known: true}
	if v.rest != nil {
		v.rest.ledger.Read(func(of ledger.Books) { b.is = of }) // nothing changes there
		b.logSize = v.rest.writer.Log().Stats().FileBytes
		return b
	}
	b.is = ledger.Books{Synced: v.run.Checkpoint.ID, Log: v.run.Log}
	if last := &b.is.Log[2]; *last == (wal.Region{}) { // which is where a writer has the newest one
		newest := &b.is.Log[0]
		if b.is.Log[1] != (wal.Region{}) {
			newest = &b.is.Log[1]
		}
		*last, *newest = *newest, *last
	}
	var err error
	if b.is.Free, err = v.account.read(a.closed); err != nil { // the checkpoint is not kept any more, or damaged
		b.known = false
		b.is.Free, _ = freelist.New(v.run.Checkpoint.Blocks, nil, nil)
	}
	b.logSize = notKnown
	if !a.closed {
		if n, err := v.run.LogFile.Size(); err == nil {
			b.logSize = n
		}
	}
	return b
}

func (a *attached) checkpointSize() int64 {
	if rest := a.view.Load().rest; rest != nil {
		return rest.ledger.Unstored() * int64(rest.opts.PageSize)
	}
	return notKnown
}
