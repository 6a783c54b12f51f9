// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestSeekLEFast compares LEFAST with LE on random data with many deleted keys, in trees
// and levels: it may stop later, on a key that is not there, and nowhere else.
func TestSeekLEFast(t *testing.T) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(4, 4))
	key := func(i int) []byte { return fmt.Appendf(nil, "k%04d", i) }
	o := smallSizes
	o.FS = memfs.New()
	db, err := engine.Open(ctx, "/x.lsm", o)
	ok(t, err)
	const keys = 400
	early, exact := 0, 0
	for round := range 12 {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error {
			for range 60 {
				i := rng.IntN(keys)
				var err error
				switch rng.IntN(4) {
				case 0:
					err = tx.Put(key(i), key(i))
				case 1:
					err = tx.DeleteRange(key(i), key(min(i+rng.IntN(60), keys-1)))
				default:
					err = tx.Delete(key(i))
				}
				if err != nil {
					return err
				}
			}
			return nil
		}))
		if round%3 == 2 {
			ok(t, db.Flush(ctx))
		}
		ok(t, db.View(ctx, func(s *engine.Snapshot) error {
			le, err := s.Cursor()
			ok(t, err)
			defer le.Close()
			fast, err := s.Cursor()
			ok(t, err)
			defer fast.Close()
			for i := range keys + 1 {
				probe := key(i)
				if rng.IntN(2) == 0 {
					probe = append(probe, 'x')
				}
				some, found := le.Seek(probe, engine.SeekLE), fast.Seek(probe, engine.SeekLEFast)
				ok(t, errors.Join(le.Err(), fast.Err()))
				if !found {
					if some {
						t.Fatalf("%s: LE finds %s, LEFAST nothing", probe, le.Key())
					}
					continue
				}
				at := bytes.Clone(fast.Key())
				if bytes.Compare(at, probe) > 0 || some && bytes.Compare(at, le.Key()) < 0 {
					t.Fatalf("%s: LE finds %s, LEFAST %s", probe, le.Key(), at)
				}
				_, alive, err := s.Get(nil, at)
				ok(t, err)
				v, err := fast.Value()
				switch {
				case alive && bytes.Equal(at, probe):
					exact++
					if err != nil || !bytes.Equal(v, at) {
						t.Fatalf("%s is there, its value is %q: %v", at, v, err)
					}
				case !errors.Is(err, engine.ErrMisuse) || fast.ValueLen() != 0:
					t.Fatalf("%s: LEFAST on %s gives the value %q: %v", probe, at, v, err)
				}
				if !alive {
					early++
				}
				// On from there, both ways.
				if fast.Prev() != (some && (!alive || le.Prev())) || fast.Valid() && !bytes.Equal(fast.Key(), le.Key()) {
					t.Fatalf("%s: before %s comes %s, want %s", probe, at, fast.Key(), le.Key())
				}
				fast.Seek(probe, engine.SeekLEFast)
				after := le.Seek(append(at, 0), engine.SeekGE)
				if fast.Next() != after || after && !bytes.Equal(fast.Key(), le.Key()) {
					t.Fatalf("%s: behind %s comes %s, want %s", probe, at, fast.Key(), le.Key())
				}
			}
			return nil
		}))
	}
	if early == 0 || exact == 0 {
		t.Errorf("%d seeks ended on deleted keys, %d on the key itself", early, exact)
	}
	ok(t, db.Close())
}
