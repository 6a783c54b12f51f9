// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// scene is an open database, with the ways in which clients use it.
type scene struct {
	name     string
	writing  access   // by begin
	upgrades access   // by snapshots that become transactions
	reading  []access // by snapshots and single reads
	near     int      // how many of these are in the process that writes
	house    func(ctx context.Context, rng *rand.Rand) error
	close    func() error
}

// scenes are all kinds of them. A database is so small that it is flushed, merged and checkpointed all the time.
var scenes = []struct {
	name string
	open func(rng *rand.Rand) (*scene, error)
}{
	{"engine, commits that share syncs", func(rng *rand.Rand) (*scene, error) {
		return engineScene(small(rng, engine.SafetyFull), false)
	}},
	{"engine, work in the background", func(rng *rand.Rand) (*scene, error) {
		o := small(rng, engine.SafetyNormal)
		o.Background = engine.BackgroundBoth
		return engineScene(o, false)
	}},
	{"database/sql", func(rng *rand.Rand) (*scene, error) { return sqlScene(rng, engine.SafetyFull) }},
	{"engine, and readers as of other processes", func(rng *rand.Rand) (*scene, error) {
		return engineScene(small(rng, engine.SafetyFull), true)
	}},
	{"engine, encrypted and compressed", func(rng *rand.Rand) (*scene, error) {
		o := small(rng, engine.SafetyFull)
		o.Key, o.Compression, o.PageSize = keys.Raw(bytes.Repeat([]byte("key "), 8)), "lz4", 1024
		return engineScene(o, rng.IntN(2) == 0)
	}},
	{"database/sql, work in the background", func(rng *rand.Rand) (*scene, error) { return sqlScene(rng, engine.SafetyNormal) }},
}

// small returns the options of a database that works all the time.
func small(rng *rand.Rand, safety engine.Safety) engine.Options {
	return engine.Options{FS: memfs.New(), PageSize: 256 << rng.IntN(4), BlockSize: 64 << 10, Safety: safety,
		AutoFlush: 4096 << rng.IntN(3), AutoCheckpoint: 8192 << rng.IntN(3), AutoMerge: 2 + rng.IntN(3), CacheSize: 32 << 10}
}

// process is a file system that is another one than any else, as in another process.
type process struct{ vfs.FS }

func engineScene(o engine.Options, attached bool) (*scene, error) {
	ctx := context.Background()
	o.Readers = attached
	db, err := engine.Open(ctx, "/x.lsm", o)
	if err != nil {
		return nil, err
	}
	way := byEngine{db}
	s := &scene{writing: way, upgrades: way, reading: []access{way, way, way}, near: 3, house: house(db), close: db.Close}
	if !attached {
		return s, nil
	}
	s.reading, s.near = s.reading[:1], 1
	for range 2 {
		r, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: &process{o.FS}, ReadOnly: true, Key: o.Key, CacheSize: 32 << 10})
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		if _, ok := r.Attached(); !ok {
			return nil, errors.Join(errors.New("the reader is not attached"), r.Close(), s.close())
		}
		s.reading = append(s.reading, byEngine{r})
		before := s.close
		s.close = func() error { return errors.Join(r.Close(), before()) }
	}
	return s, nil
}

// house keeps house: it flushes, merges and makes checkpoints.
func house(db *engine.DB) func(ctx context.Context, rng *rand.Rand) error {
	return func(ctx context.Context, rng *rand.Rand) (err error) {
		switch rng.IntN(6) {
		case 0:
			err = db.Flush(ctx)
		case 1:
			_, err = db.Checkpoint(ctx)
		case 2:
			err = db.Optimize(ctx)
		default:
			_, err = db.Work(ctx, engine.WorkOptions{Merge: 2, Pages: 1 + rng.IntN(50)})
		}
		return err
	}
}

// sqlScene is in real files, because a name of one is all that database/sql takes.
func sqlScene(rng *rand.Rand, safety engine.Safety) (*scene, error) {
	dir, err := os.MkdirTemp("", "histories")
	if err != nil {
		return nil, err
	}
	o := small(rng, safety)
	q := url.Values{"safety": {o.Safety.String()}, "page_size": {fmt.Sprint(o.PageSize)}, "block_size": {fmt.Sprint(o.BlockSize)},
		"autoflush": {fmt.Sprint(o.AutoFlush)}, "autocheckpoint": {fmt.Sprint(o.AutoCheckpoint)}, "automerge": {fmt.Sprint(o.AutoMerge)}}
	if safety == engine.SafetyNormal {
		q.Set("background", "both")
	}
	db, err := openSQL("file:" + filepath.ToSlash(filepath.Join(dir, "x.lsm")) + "?" + q.Encode())
	if err != nil {
		return nil, err
	}
	readOnly := bySQLReadOnly{db}
	return &scene{writing: db, upgrades: db, reading: []access{readOnly, db, readOnly}, near: 3,
		house: func(ctx context.Context, rng *rand.Rand) error {
			_, err := db.db.ExecContext(ctx, []string{"PRAGMA flush", "PRAGMA checkpoint", "PRAGMA optimize"}[rng.IntN(3)])
			return err
		},
		close: func() error { return errors.Join(db.close(), os.RemoveAll(dir)) }}, nil
}

// stage opens the scene of a unit, keeps house in it while play goes on, and closes it.
func stage(unit uint64, play func(s *scene, rng *rand.Rand) error) (err error) {
	rng := rand.New(rand.NewPCG(unit, 13))
	kind := scenes[unit%uint64(len(scenes))]
	s, err := kind.open(rng)
	if err != nil {
		return fmt.Errorf("%s: %w", kind.name, err)
	}
	s.name = kind.name
	ctx, stop := context.WithCancel(context.Background())
	var keeper sync.WaitGroup
	var kept error
	own := rand.New(rand.NewPCG(unit, 14))
	keeper.Go(func() {
		for ctx.Err() == nil && kept == nil {
			if err := s.house(ctx, own); !errors.Is(err, context.Canceled) {
				kept = err
			}
			time.Sleep(time.Duration(own.IntN(1000)) * time.Microsecond)
		}
	})
	err = play(s, rng)
	stop()
	keeper.Wait()
	if err = errors.Join(err, kept, s.close()); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// clients returns one client each for the ways of a scene.
func (s *scene) clients(r *recorder, rng *rand.Rand, writers int, write, upgrade, look, get func(*client) error) (all []func() error) {
	add := func(way access, far bool, do func(*client) error) {
		c := &client{recorder: r, number: len(all), far: far, way: way, rng: rand.New(rand.NewPCG(rng.Uint64(), 0))}
		all = append(all, func() error { return do(c) })
	}
	for range writers {
		add(s.writing, false, write)
	}
	add(s.upgrades, false, upgrade)
	for i, way := range s.reading {
		if get != nil && i != 1 {
			add(way, i >= s.near, get)
		}
		add(way, i >= s.near, look)
	}
	return all
}
