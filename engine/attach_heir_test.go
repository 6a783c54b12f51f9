// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// heirRows is how many rows TestAttachLapsesAfterAnother writes; they fill some blocks.
const heirRows = 4000

func putHeirRows(tx *engine.Tx, gen byte) error {
	for i := range heirRows {
		if err := tx.Put(fmt.Appendf(nil, "row%05d", i), bytes.Repeat([]byte{gen}, 200)); err != nil {
			return err
		}
	}
	return nil
}

// expectHeirRows reads all rows, and wants those of a generation, or an error.
func expectHeirRows(s *engine.Snapshot, gen byte) error {
	c, err := s.Cursor()
	if err != nil {
		return err
	}
	defer c.Close()
	want, n := bytes.Repeat([]byte{gen}, 200), 0
	for ok := c.Seek([]byte("row"), engine.SeekGE); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil {
			return err
		}
		if key := fmt.Sprintf("row%05d", n); string(c.Key()) != key || !bytes.Equal(v, want) {
			return fmt.Errorf("%q has %.3q, want %s with %.3q", c.Key(), v, key, want)
		}
		n++
	}
	if err := c.Err(); err != nil {
		return err
	}
	if n != heirRows {
		return fmt.Errorf("%d rows", n)
	}
	return nil
}

// TestAttachLapsesAfterAnother: a snapshot shows a checkpoint with a segment that the next one has, too, and a later
// one has not. When the one in between is read by nobody any more, and when it could not be adopted, the segment is
// still read by the older one alone: once the writer waits no longer for that, the snapshot is gone, and never damaged.
func TestAttachLapsesAfterAnother(t *testing.T) {
	for name, o := range attachOptions {
		for how, fails := range map[string]bool{"adopted": false, "not adopted": true} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel() // it mostly waits
				o := o       // two tests have the same
				ctx := context.Background()
				mem := memfs.New()
				o.FS, o.BlockSize = mem, 64<<10
				w := mustOpen(t, "/x.lsm", holding(o, 300*time.Millisecond))
				write := func(f func(tx *engine.Tx) error) {
					t.Helper()
					ok(t, w.Update(ctx, f))
					ok(t, w.Flush(ctx))
				}
				checkpoint := func() {
					t.Helper()
					_, err := w.Checkpoint(ctx)
					ok(t, err)
				}
				small := func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("b")) }

				write(func(tx *engine.Tx) error { return putHeirRows(tx, 'A') })
				ok(t, w.Optimize(ctx))
				checkpoint()
				disk := faultfs.Wrap(mem)
				r := mustOpen(t, "/x.lsm", engine.Options{FS: disk, ReadOnly: true, Key: o.Key, CacheSize: 1})
				s, err := r.Snapshot(ctx)
				ok(t, err)
				ok(t, expectHeirRows(s, 'A'))

				write(small)
				checkpoint()
				ok(t, w.Update(ctx, small)) // there is a log to read
				if fails {
					disk.Add(faultfs.Rule{On: faultfs.Read, Suffix: "-log", Err: syscall.EIO, Forever: true})
				}
				engine.RenewAttached(r)
				disk.Clear()

				for gen := byte('B'); ; gen++ {
					write(func(tx *engine.Tx) error { return putHeirRows(tx, gen) })
					if gen == 'B' {
						ok(t, w.Optimize(ctx))
					}
					checkpoint()
					engine.RenewAttached(r)
					err := expectHeirRows(s, 'A')
					if errors.Is(err, engine.ErrSnapshotGone) {
						break
					}
					ok(t, err)
					if gen == 'Z' {
						t.Fatal("the snapshot is never gone")
					}
					time.Sleep(100 * time.Millisecond)
				}
				ok(t, s.Close())
				expectSound(t, r)
				ok(t, r.Close())
				expectSound(t, w)
				ok(t, w.Close())
			})
		}
	}
}
