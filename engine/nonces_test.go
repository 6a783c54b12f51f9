// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

var (
	nonceHistories = flag.Int("nonces", 1500, "how many histories of a file's copies are looked through for nonces that come twice")
	nonceSeed      = flag.Uint64("nonces.seed", 0, "the number of the first history")
)

// box is what must not come twice: a key, and a nonce under it.
type box struct {
	key   crypt.KeyID
	nonce [12]byte
}

// boxes are those of one history: the life of a file, of the copies of it, and of what was put back.
type boxes struct {
	mu      sync.Mutex
	seen    map[box]bool
	owner   map[crypt.KeyID]int // the opening in which a key was used
	opening int                 // the one that is at work
	wrong   string
}

func (b *boxes) add(key crypt.KeyID, nonce [12]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := box{key, nonce}
	if b.seen[one] {
		b.wrong = fmt.Sprintf("nonce %x comes twice under one key", nonce)
	}
	b.seen[one] = true
	if o, ok := b.owner[key]; ok && o != b.opening {
		b.wrong = fmt.Sprintf("openings %d and %d encrypt under the same key", o, b.opening)
	}
	b.owner[key] = b.opening
}

// life is a file, or a copy of it, and the handle that is open on it.
type life struct {
	fs      *memfs.FS
	name    string
	db      *engine.DB
	opening int
}

// history is what happens to one file and its copies.
type history struct {
	rng      *rand.Rand
	key      keys.Source
	boxes    *boxes
	lives    []*life
	old      []*life // copies that may be put back
	openings int
	crashes  int
	copies   int
	restores int
}

// TestNoncesNeverComeTwice follows files and their copies through commits, rollbacks, flushes, merges, backups, crashes
// and older files put back. Under one key no nonce comes twice, and no two openings of a file, or of its copies, use
// the same working key, so that they could not meet even if they drew the same nonces. With -nonces=1000000 it takes
// an hour.
func TestNoncesNeverComeTwice(t *testing.T) { // not next to other tests: it watches all of the process
	progress := longtest.Start(t, 4*time.Second, *nonceHistories)
	var sum history
	var numBoxes, numKeys int
	defer crypt.Watch(nil)
	for i := range uint64(*nonceHistories) {
		seed := *nonceSeed + i
		h := &history{
			rng: rand.New(rand.NewPCG(seed, 28)), key: keys.Raw(fmt.Appendf(nil, "%032d", seed)),
			boxes: &boxes{seen: make(map[box]bool), owner: make(map[crypt.KeyID]int)},
		}
		crypt.Watch(h.boxes.add)
		err := h.run()
		crypt.Watch(nil)
		if err == nil && h.boxes.wrong != "" {
			err = fmt.Errorf("%s", h.boxes.wrong)
		}
		if err != nil {
			t.Fatalf("history %d: %v\nreproduce: go test ./engine -run '^%s$' -nonces=1 -nonces.seed=%d", seed, err, t.Name(), seed)
		}
		numBoxes += len(h.boxes.seen)
		numKeys += len(h.boxes.owner)
		sum.openings += h.openings
		sum.crashes += h.crashes
		sum.copies += h.copies
		sum.restores += h.restores
		progress.Step()
	}
	t.Logf("%d histories: %d openings, %d crashes, %d copies, %d put back; %d boxes under %d keys", *nonceHistories,
		sum.openings, sum.crashes, sum.copies, sum.restores, numBoxes, numKeys)
	if *nonceHistories >= 100 && (numBoxes < 10**nonceHistories || sum.crashes == 0 || sum.copies == 0 || sum.restores == 0) {
		t.Error("too little has happened")
	}
}

func (h *history) run() error {
	h.lives = []*life{{fs: memfs.New(), name: "/db"}}
	for range 6 + h.rng.IntN(14) {
		l := h.lives[h.rng.IntN(len(h.lives))]
		h.boxes.opening = l.opening
		if err := h.step(l); err != nil {
			return err
		}
	}
	for _, l := range h.lives {
		h.boxes.opening = l.opening
		if err := h.shut(l); err != nil {
			return err
		}
	}
	return nil
}

// step does something with a file.
func (h *history) step(l *life) (err error) {
	ctx := context.Background()
	if l.db == nil {
		return h.open(l)
	}
	switch n := h.rng.IntN(20); {
	case n < 9:
		return h.commit(l.db)
	case n < 10:
		return l.db.Flush(ctx)
	case n < 11:
		_, err = l.db.Checkpoint(ctx)
	case n < 12:
		_, err = l.db.Work(ctx, engine.WorkOptions{Merge: 2})
	case n < 13 && h.rng.IntN(2) == 0:
		return h.slots(l.db)
	case n < 13:
		return h.shut(l)
	case n < 16: // the process is killed, or the power is lost
		h.crashes++
		l.fs, l.db = l.fs.Crash(h.rng, memfs.CrashMode(h.rng.IntN(3))), nil
	case n < 17: // a copy of the files as they are, which is used from then on, too
		h.copies++
		h.lives = append(h.lives, &life{fs: l.fs.Clone(), name: l.name})
	case n < 18: // one that may be put back
		h.old = append(h.old, &life{fs: l.fs.Clone(), name: l.name})
	case n < 19 && len(h.old) > 0:
		h.restores++
		was := h.old[h.rng.IntN(len(h.old))]
		h.lives = append(h.lives, &life{fs: was.fs.Clone(), name: was.name})
	default:
		return h.backup(l)
	}
	return err
}

// slots adds a key, or removes one that was added.
func (h *history) slots(db *engine.DB) error {
	ctx := context.Background()
	if all := db.Keys(); len(all) > 1 {
		return db.RemoveKey(ctx, all[len(all)-1].ID)
	}
	_, err := db.AddKey(ctx, keys.Raw(fmt.Appendf(nil, "%032d", h.rng.Uint32())))
	return err
}

// backup makes a copy by the means of the engine.
func (h *history) backup(l *life) error {
	ctx := context.Background()
	h.copies++
	name := fmt.Sprintf("/copy%d", h.copies)
	o := engine.BackupOptions{}
	var err error
	switch h.rng.IntN(3) {
	case 0:
		err = l.db.Backup(ctx, name, o)
	case 1:
		o.Key = h.key // and so a new data key
		err = l.db.Backup(ctx, name, o)
	default:
		err = l.db.CopyCheckpoint(ctx, name, o)
	}
	if err != nil {
		return err
	}
	h.lives = append(h.lives, &life{fs: l.fs.Clone(), name: name})
	return nil
}

func (h *history) open(l *life) error {
	h.openings++
	l.opening, h.boxes.opening = h.openings, h.openings
	db, err := engine.Open(context.Background(), l.name, engine.Options{
		FS: l.fs, Key: h.key, PageSize: 512, BlockSize: 64 << 10, AutoFlush: 2048, AutoMerge: 2, AutoCheckpoint: 4096,
		Safety: engine.SafetyNormal + engine.Safety(h.rng.IntN(2)),
	})
	l.db = db
	return err
}

func (h *history) shut(l *life) (err error) {
	if l.db != nil {
		err = l.db.Close()
		l.db = nil
	}
	return err
}

// commit makes a transaction, or one that is rolled back, in part or as a whole.
func (h *history) commit(db *engine.DB) error {
	ctx := context.Background()
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	put := func() error {
		size := h.rng.IntN(300)
		if h.rng.IntN(50) == 0 {
			size = 70 << 10 // more than a frame
		}
		return tx.Put(fmt.Appendf(nil, "key%d", h.rng.IntN(50)), make([]byte, size))
	}
	err = put()
	if err == nil && h.rng.IntN(3) == 0 {
		var level int
		if level, err = tx.Begin(); err == nil {
			if err = put(); err == nil {
				err = tx.RollbackTo(level)
			}
		}
	}
	if err == nil {
		err = put()
	}
	if err != nil || h.rng.IntN(8) == 0 {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit(ctx)
}
