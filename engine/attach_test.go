// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// asProcess returns the files of fsys as another process sees them: the engine does not find the handles
// of this one that have them open.
func asProcess(fsys vfs.FS) vfs.FS { return faultfs.Wrap(fsys) }

// attachRows is how many rows the commits of an attach test write, and see.
const attachRows = 200

// commitGeneration writes a generation to some of the rows, its number to row 0, and for each row which
// generation wrote it last, so that each commit can be told from all others by all of its rows.
func commitGeneration(ctx context.Context, db *engine.DB, rng *rand.Rand, gen uint64) error {
	return db.Update(ctx, func(tx *engine.Tx) error {
		if err := tx.Put([]byte("gen"), binary.BigEndian.AppendUint64(nil, gen)); err != nil {
			return err
		}
		if gen%17 == 0 {
			if err := tx.DeleteRange([]byte("row"), []byte("rox")); err != nil {
				return err
			}
		}
		for i := range attachRows {
			if gen%17 != 0 && (uint64(i)+gen)%4 != 0 {
				continue
			}
			if err := tx.Put(fmt.Appendf(nil, "row%05d", i), attachValue(rng, i, gen)); err != nil {
				return err
			}
		}
		return nil
	})
}

// attachValue is what generation gen writes to row i.
func attachValue(rng *rand.Rand, i int, gen uint64) []byte {
	return append(binary.BigEndian.AppendUint64(nil, gen), bytes.Repeat([]byte{byte(i) ^ byte(gen)}, 20+i%200)...)
}

// wroteLast returns which generation up to gen wrote row i last.
func wroteLast(i int, gen uint64) uint64 {
	for g := gen; g > 0; g-- {
		if g%17 == 0 || (uint64(i)+g)%4 == 0 {
			return g
		}
	}
	return 0
}

// readGeneration reads a snapshot, and returns its generation. Each row must be of it.
func readGeneration(s *engine.Snapshot) (uint64, error) {
	c, err := s.Cursor()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	v, found, err := s.Get(nil, []byte("gen"))
	if err != nil || !found {
		return 0, err
	}
	gen := binary.BigEndian.Uint64(v)
	i := 0
	for ok := c.Seek([]byte("row"), engine.SeekGE); ok; ok = c.Next() {
		for wroteLast(i, gen) == 0 {
			i++
		}
		v, err := c.Value()
		if err != nil {
			return 0, err
		}
		if want := attachValue(nil, i, wroteLast(i, gen)); string(c.Key()) != fmt.Sprintf("row%05d", i) || !bytes.Equal(v, want) {
			return 0, fmt.Errorf("generation %d: %q is of %d, want row %d of %d", gen, c.Key(), binary.BigEndian.Uint64(v), i, wroteLast(i, gen))
		}
		i++
	}
	if err := c.Err(); err != nil {
		return 0, err
	}
	if gen >= 4 && i != attachRows {
		return 0, fmt.Errorf("generation %d: %d rows", gen, i)
	}
	return gen, nil
}

var attachOptions = map[string]engine.Options{
	"plain":      {},
	"compressed": {Compression: "lz4"},
	"encrypted":  {Key: key1},
}

// TestAttachStress: readers see each commit whole that returned before they looked, never an older one, and snapshots
// stay as they are, whatever the writer flushes, merges and reuses meanwhile.
func TestAttachStress(t *testing.T) {
	for name, o := range attachOptions {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			mem := memfs.New()
			o.FS, o.PageSize, o.BlockSize, o.AutoFlush, o.AutoCheckpoint = mem, 512, 64<<10, 32<<10, 48<<10
			if o.Compression != "" || o.Key != nil {
				o.PageSize = 0
			}
			w := mustOpen(t, "/x.lsm", sharing(o))
			var committed atomic.Uint64
			ok(t, commitGeneration(ctx, w, nil, 1))
			committed.Store(1)
			done := make(chan struct{})
			var wg sync.WaitGroup
			for n := range 3 {
				wg.Go(func() {
					o := engine.Options{FS: asProcess(mem), ReadOnly: true, Key: o.Key, CacheSize: 256 << 10}
					r, err := engine.Open(ctx, "/x.lsm", o)
					if err != nil {
						t.Error(err)
						return
					}
					last := uint64(0)
					var held *engine.Snapshot
					var heldGen uint64
					reads := 0
					for {
						select {
						case <-done:
							if held != nil {
								held.Close()
							}
							if reads == 0 {
								t.Error("nothing was read")
							}
							if err := r.Close(); err != nil {
								t.Error(err)
							}
							return
						default:
						}
						before := committed.Load()
						s, err := r.Snapshot(ctx)
						if err != nil {
							t.Error(err)
							return
						}
						gen, err := readGeneration(s)
						if err != nil {
							t.Error(n, err)
							return
						}
						if gen < before || gen < last {
							t.Errorf("generation %d after %d had been committed and %d seen", gen, before, last)
							return
						}
						last = gen
						if held != nil {
							if g, err := readGeneration(held); err != nil || g != heldGen {
								t.Errorf("a snapshot of %d became %d, %v", heldGen, g, err)
								return
							}
						}
						if reads%20 == 0 {
							if held != nil {
								held.Close()
							}
							held, heldGen = s, gen
						} else {
							s.Close()
						}
						if reads++; n == 0 && reads%5 == 0 {
							engine.RenewAttached(r)
						}
						if n == 1 && reads%50 == 0 {
							for p := range r.Check(ctx) {
								t.Error(p)
							}
						}
					}
				})
			}
			for gen := uint64(2); gen < 800; gen++ {
				if err := commitGeneration(ctx, w, nil, gen); err != nil {
					t.Fatal(err)
				}
				committed.Store(gen)
			}
			close(done)
			wg.Wait()
			expectSound(t, w)
			size, _ := mem.Stat("/x.lsm")
			t.Log(size.Size(), w.Stats().Checkpoints)
			if err := w.Close(); err != nil && !errors.Is(err, engine.ErrBusy) {
				t.Fatal(err)
			}
		})
	}
}

// sharing returns the options of a handle that writes and lets other processes read.
func sharing(o engine.Options) engine.Options {
	o.Readers = true
	return o
}

// holding is sharing for a writer that waits for its readers no longer than that.
func holding(o engine.Options, most time.Duration) engine.Options {
	o.Readers, o.ReadersHold = true, most
	return o
}

func generationOf(v []byte) uint64 { return binary.BigEndian.Uint64(v) }
