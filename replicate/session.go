// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// place is where a session begins to upload: nothing of it is kept anywhere but in the target.
type place struct {
	g    *generation
	pos  object.Position // of the newest complete transaction in the target
	prev object.Digest   // of the object that ends with it
	time time.Time       // no later object is older

	snapshot sourceSnapshot // of a new generation, of the state pos; else nil
	newest   *complete      // the newest complete snapshot, nil if there is none
	logBytes int64          // of the log objects after it
}

// session finds out where to go on, or begins a generation, and uploads until an error.
func (r *Replicator) session(ctx context.Context) error {
	if !r.probed {
		if err := target.Probe(ctx, r.t); err != nil {
			return err
		}
		r.probed = true
	}
	p, err := r.plan(ctx)
	if err != nil {
		return err
	}
	start := p.pos
	err = r.upload(ctx, p)
	gap, join, at := errors.Is(err, errGap), errors.Is(err, errJoin), joinPoint{p.g.num, start.Seq}
	// Objects that another run has made and that do not lead on: the database has not got what they have.
	foreign := r.joined != nil && p.pos == start && (gap || join && *r.joined == at)
	r.joined = nil
	switch {
	case join && !foreign:
		r.joined = &at
		return err
	case !gap && !foreign:
		return err
	case foreign && r.owned == p.g.num:
		// Not those of a run before this one: it made its own since, and objects are made one after another.
		return fmt.Errorf("%s has log objects of generation %d that are not of this database's history: %w", r.t, p.g.num, ErrFenced)
	}
	// The log does not reach back to the newest object, or the newest object has what the database has lost, as to a
	// power failure: the history is broken, so another one begins, unless another writer has begun it.
	if err := r.fenced(ctx, p.g); err != nil {
		return err
	}
	if gap {
		r.board.set(func(s *Status) { s.Gaps++ })
	}
	r.o.Logger.Info("replication: a new generation begins", "target", r.t.String(), "after", p.g.num, "reason", err)
	if p, err = r.begin(ctx, p.g.num, p.pos.Seq, p.time); err != nil {
		return err
	}
	return r.upload(ctx, p)
}

// plan finds the newest object of the greatest generation. If that cannot be read, a new one begins.
func (r *Replicator) plan(ctx context.Context) (*place, error) {
	list, err := r.h.generations(ctx)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return r.begin(ctx, 0, 0, time.Time{})
	}
	num := list[len(list)-1]
	p, err := r.resume(ctx, num)
	if errors.Is(err, ErrDamaged) {
		r.failed(err)
		r.o.Logger.Info("replication: a new generation begins", "target", r.t.String(), "after", num, "reason", err)
		return r.begin(ctx, num, 0, time.Time{})
	}
	return p, err
}

// resume reads where a generation ends.
func (r *Replicator) resume(ctx context.Context, num uint64) (*place, error) {
	g, err := r.h.open(ctx, num)
	if err != nil {
		return nil, err
	}
	p := &place{g: g, pos: g.base.Start, prev: g.digest, time: g.base.Time}
	if p.newest, err = g.newestSnapshot(ctx, func(complete) bool { return true }, r.failed); err != nil {
		return nil, err
	}
	low := g.base.Start.Seq
	if p.newest != nil {
		low = p.newest.Pos.Seq
		p.time = later(p.time, p.newest.Time)
	}
	last, found, err := g.newestLog(ctx, low)
	if err != nil {
		return nil, err
	}
	if !found {
		if p.newest != nil { // the object that ends with it began earlier: the snapshot has its digest
			p.pos, p.prev = p.newest.Pos, p.newest.Log
		}
		return p, nil
	}
	l, digest, err := g.log(ctx, last.first, last.part)
	if err != nil {
		return nil, err
	}
	p.pos, p.prev, p.time = l.Pos, digest, later(p.time, l.Time)
	if !l.Whole { // the transaction is uploaded again from its beginning, into the same objects
		begun, _, err := g.log(ctx, last.first, 0)
		if err != nil {
			return nil, err
		}
		p.prev = begun.Prev
	}
	for info, err := range g.logs(ctx, low) {
		if err != nil {
			return nil, err
		}
		p.logBytes += info.size
	}
	return p, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// begin claims the generation after parent, which ends with transaction seq and a time, as far as that is known, with
// the state that the database has now.
func (r *Replicator) begin(ctx context.Context, parent, seq uint64, ended time.Time) (*place, error) {
	num := parent + 1
	if num > object.MaxGeneration {
		return nil, fmt.Errorf("there are %d generations, and no name for another; use another prefix: %w", parent, ErrMisuse)
	}
	s, err := r.src.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	claimed := false
	defer func() {
		if !claimed {
			s.close()
		}
	}()
	g := &generation{h: r.h, num: num, base: &object.Base{Time: later(time.Now(), ended), Start: s.position()}}
	g.base.Parent.Gen, g.base.Parent.Seq = parent, seq
	if _, err := rand.Read(g.base.ID[:]); err != nil {
		return nil, err
	}
	if g.sealer, err = seal(ctx, g.base, r.o.Key); err != nil {
		return nil, err
	}
	data, err := g.base.Encode(num)
	if err != nil {
		return nil, err
	}
	r.o.steps("claim")
	name := object.BaseName(num)
	if err := r.create(ctx, name, data); err != nil {
		if errors.Is(err, target.ErrExists) {
			err = fmt.Errorf("%s: %w", name, errJoin)
		}
		return nil, err
	}
	g.digest = sha256.Sum256(data)
	r.board.set(func(b *Status) { b.Generation, b.Uploaded, b.Snapshot, b.SnapshotAt = num, 0, 0, time.Time{} })
	r.o.Logger.Info("replication: a generation has begun", "target", r.t.String(), "generation", num, "parent", parent)
	claimed, r.owned = true, num
	return &place{g: g, pos: s.position(), prev: g.digest, time: g.base.Time, snapshot: s}, nil
}

// create makes an object, or finds that it was made by an earlier attempt. ErrExists is what another run, or
// another writer, has made.
func (r *Replicator) create(ctx context.Context, name string, data []byte) error {
	err := r.t.Create(ctx, name, data)
	if errors.Is(err, target.ErrExists) {
		there, getErr := r.t.Get(ctx, name)
		if getErr != nil {
			return r.h.broken(name, getErr)
		}
		if string(there) == string(data) {
			err = nil
		}
	}
	if err == nil {
		r.board.set(func(s *Status) { s.Objects, s.Bytes = s.Objects+1, s.Bytes+int64(len(data)) })
	}
	return err
}

// fenced reports whether a greater generation exists.
func (r *Replicator) fenced(ctx context.Context, g *generation) error {
	// Not only the next one: retention of its writer may have removed that.
	for info, err := range r.t.List(ctx, object.Generations, object.AfterGeneration(g.num)) {
		if err != nil {
			return err
		}
		if _, ok := object.ParseName(info.Name); ok {
			return fmt.Errorf("%s exists in %s: %w", info.Name, r.t, ErrFenced)
		}
	}
	return nil
}
