// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// history reads what a target holds.
type history struct {
	t   target.Target
	key keys.Source
}

// generations returns the numbers of all generations, ascending. It takes a request for each.
func (h history) generations(ctx context.Context) ([]uint64, error) {
	return h.generationsFrom(ctx, object.Generations)
}

// generationsAfter returns the numbers of the generations that are greater than one, ascending.
func (h history) generationsAfter(ctx context.Context, num uint64) ([]uint64, error) {
	return h.generationsFrom(ctx, object.AfterGeneration(num))
}

func (h history) generationsFrom(ctx context.Context, after string) (list []uint64, err error) {
	for {
		found := false
		for info, err := range h.t.List(ctx, object.Generations, after) {
			if err != nil {
				return nil, err
			}
			after = info.Name
			if n, ok := object.ParseName(info.Name); ok {
				list, after, found = append(list, n.Gen), object.AfterGeneration(n.Gen), true
				break
			}
		}
		if !found {
			return list, nil
		}
	}
}

// generation is an unbroken history.
type generation struct {
	h      history
	num    uint64
	base   *object.Base
	digest object.Digest // of the base
	sealer *object.Sealer
	begun  begun // see chain
}

// open reads the base of a generation.
func (h history) open(ctx context.Context, num uint64) (*generation, error) {
	name := object.BaseName(num)
	data, err := h.t.Get(ctx, name)
	if err != nil {
		return nil, h.broken(name, err)
	}
	base, err := object.DecodeBase(num, data)
	if err != nil {
		return nil, h.broken(name, err)
	}
	s, err := unseal(ctx, num, base, h.key)
	if err != nil {
		return nil, h.broken(name, err)
	}
	return &generation{h: h, num: num, base: base, digest: sha256.Sum256(data), sealer: s}, nil
}

// broken names the object of an error. One that is missing is damage.
func (h history) broken(name string, err error) error {
	if errors.Is(err, target.ErrNotFound) {
		return fmt.Errorf("%s in %s is missing: %w", name, h.t, ErrDamaged)
	}
	return fmt.Errorf("%s in %s: %w", name, h.t, err)
}

// log reads a log object.
func (g *generation) log(ctx context.Context, first uint64, part int) (*object.Log, object.Digest, error) {
	name := object.LogName(g.num, first, part)
	data, err := g.h.t.Get(ctx, name)
	if err != nil {
		return nil, object.Digest{}, g.h.broken(name, err)
	}
	l, err := object.DecodeLog(g.num, first, part, data, g.sealer)
	if err != nil {
		return nil, object.Digest{}, g.h.broken(name, err)
	}
	return l, sha256.Sum256(data), nil
}

// logs lists the log objects that begin after a transaction.
func (g *generation) logs(ctx context.Context, after uint64) iter.Seq2[logInfo, error] {
	return g.logsFrom(ctx, object.AfterLog(g.num, after))
}

// logsFrom lists the log objects after a name.
func (g *generation) logsFrom(ctx context.Context, after string) iter.Seq2[logInfo, error] {
	return func(yield func(logInfo, error) bool) {
		for info, err := range g.h.t.List(ctx, object.LogPrefix(g.num), after) {
			n, ok := object.ParseName(info.Name)
			if err == nil && !ok {
				continue
			}
			if !yield(logInfo{name: info.Name, first: n.Seq, part: n.Part, size: info.Size}, err) || err != nil {
				return
			}
		}
	}
}

type logInfo struct {
	name  string
	first uint64
	part  int
	size  int64
}

// newestLog finds the newest log object, of which low is no later transaction, with a number of requests that is the
// logarithm of how many transactions there are after low.
func (g *generation) newestLog(ctx context.Context, low uint64) (last logInfo, found bool, err error) {
	first := func(after uint64) (l logInfo, ok bool, err error) {
		for l, err := range g.logs(ctx, after) {
			return l, err == nil, err
		}
		return l, false, nil
	}
	high := uint64(1<<64 - 1) // nothing is after it
	for step := uint64(1); low < high; {
		middle := low + min(step, (high-low)/2)
		l, ok, err := first(middle)
		if err != nil {
			return last, false, err
		}
		if !ok {
			high, step = middle, 1<<62
			if high-low <= 1 {
				break
			}
			continue
		}
		last, found, low = l, true, l.first
		if step < 1<<62 {
			step *= 2
		}
	}
	if low > 0 {
		low-- // parts of one transaction, and an object that begins with low itself
	}
	for l, err := range g.logs(ctx, low) {
		if err != nil {
			return last, false, err
		}
		last, found = l, true
	}
	return last, found, nil
}

// snapshotInfo is a snapshot, or an attempt to make one.
type snapshotInfo struct {
	id      object.SnapshotID
	indexed bool
	parts   int
	stored  int64    // bytes of the parts
	names   []string // of all its objects, the index first
}

// snapshots lists the snapshots of a generation, by their states, oldest first.
func (g *generation) snapshots(ctx context.Context) (list []snapshotInfo, err error) {
	for info, err := range g.h.t.List(ctx, object.SnapshotsPrefix(g.num), "") {
		if err != nil {
			return nil, err
		}
		n, ok := object.ParseName(info.Name)
		if !ok {
			continue
		}
		if len(list) == 0 || list[len(list)-1].id != n.Snapshot {
			list = append(list, snapshotInfo{id: n.Snapshot})
		}
		s := &list[len(list)-1]
		if n.Kind == object.KindIndex {
			s.indexed = true
			s.names = slices.Insert(s.names, 0, info.Name)
			continue
		}
		s.parts++
		s.stored += info.Size
		s.names = append(s.names, info.Name)
	}
	slices.SortStableFunc(list, func(a, b snapshotInfo) int { return cmp.Compare(a.id.Seq, b.id.Seq) })
	return list, nil
}

// index reads the index of a snapshot.
func (g *generation) index(ctx context.Context, id object.SnapshotID) (*object.Index, error) {
	name := id.Index()
	data, err := g.h.t.Get(ctx, name)
	if err != nil {
		return nil, g.h.broken(name, err)
	}
	x, err := object.DecodeIndex(id, data, g.sealer)
	if err != nil {
		return nil, g.h.broken(name, err)
	}
	return x, nil
}

// complete is a snapshot whose parts are all there, with the lengths of its index.
type complete struct {
	g    *generation
	info snapshotInfo
	*object.Index
}

// newestSnapshot returns the newest complete snapshot that is wanted, or nil. What is wrong with others that have an
// index is given to damage.
func (g *generation) newestSnapshot(ctx context.Context, wanted func(complete) bool, damage func(error)) (*complete, error) {
	all, err := g.snapshots(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range slices.Backward(all) {
		if !s.indexed {
			continue
		}
		x, err := g.index(ctx, s.id)
		if err == nil && (s.parts != len(x.Parts) || s.stored != x.StoredBytes()) {
			err = g.h.broken(s.id.Prefix(), fmt.Errorf("the index lists %d parts of %d bytes, and there are %d of %d: %w",
				len(x.Parts), x.StoredBytes(), s.parts, s.stored, ErrDamaged))
		}
		if errors.Is(err, ErrDamaged) {
			damage(err)
			continue
		}
		if err != nil {
			return nil, err
		}
		if c := (complete{g: g, info: s, Index: x}); wanted(c) {
			return &c, nil
		}
	}
	return nil, nil
}

// newestSnapshot returns the newest complete snapshot that is wanted, of the greatest generation that has one, or nil.
func (h history) newestSnapshot(ctx context.Context, list []uint64, wanted func(complete) bool, damage func(error)) (*complete, error) {
	for _, num := range slices.Backward(list) {
		g, err := h.open(ctx, num)
		if errors.Is(err, ErrDamaged) {
			damage(err)
			continue
		}
		if err != nil {
			return nil, err
		}
		if c, err := g.newestSnapshot(ctx, wanted, damage); c != nil || err != nil {
			return c, err
		}
	}
	return nil, nil
}
