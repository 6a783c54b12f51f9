// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// allocates returns how many bytes a function allocates in all.
func allocates(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestSnapshotOfALongRow: a row of many parts is copied once, and each of its bytes comes back.
func TestSnapshotOfALongRow(t *testing.T) {
	f, tg := newFakeSource(), &target.Memory{}
	value := make([]byte, 40<<20) // it cannot be compressed
	rand.NewChaCha8([32]byte{}).Read(value)
	f.commit(object.Op{Kind: object.OpPut, Key: []byte("long"), Value: value}, object.Op{Kind: object.OpPut, Key: []byte("z"), Value: []byte("short")})
	o := quick()
	o.raw = 100 << 10 // as many parts as 6.4 GB have
	used := allocates(func() {
		r, err := start(f, tg, o)
		ok(t, err)
		ok(t, r.Stop(t.Context()))
	})
	// Parts, their compressed forms, and what the target keeps: a copy for each part would be 8 GB.
	if most := int64(20 * len(value)); used > most {
		t.Errorf("%d MiB for a row of %d", used>>20, len(value)>>20)
	}
	restored(t, tg, f, RestoreOptions{})
}

// refusing is a target with something in it that is no object.
type refusing struct {
	target.Memory
	asked int
}

func (r *refusing) refuse() error {
	r.asked++
	return fmt.Errorf("gen is a link: %w", target.ErrNotPlain)
}

func (r *refusing) Create(context.Context, string, []byte) error         { return r.refuse() }
func (r *refusing) Get(context.Context, string) (data []byte, err error) { return nil, r.refuse() }
func (r *refusing) List(context.Context, string, string) iter.Seq2[target.Info, error] {
	return func(yield func(target.Info, error) bool) { yield(target.Info{}, r.refuse()) }
}

// TestLinksAreAnAnswer: what stays as it is until somebody looks at it is not asked for again.
func TestLinksAreAnAnswer(t *testing.T) {
	tg := &refusing{}
	_, err := Restore(soon(t), tg, "/x.lsm", RestoreOptions{Engine: engine.Options{FS: memfs.New()}})
	if !errors.Is(err, target.ErrNotPlain) || tg.asked != 1 {
		t.Errorf("restore: %v after %d requests", err, tg.asked)
	}
	p := newPatient(tg, 0, 0)
	tg.asked = 0
	if _, err := p.Get(soon(t), "x"); !errors.Is(err, target.ErrNotPlain) {
		t.Error(err)
	}
	if err := p.Create(soon(t), "x", nil); !errors.Is(err, target.ErrNotPlain) || tg.asked != 2 {
		t.Errorf("%v after %d requests", err, tg.asked)
	}
}
