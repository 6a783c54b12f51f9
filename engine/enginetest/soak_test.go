// SPDX-License-Identifier: Apache-2.0

package enginetest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var (
	soakTime = flag.Duration("soak.time", 3*time.Second, "how long TestSoak goes on")
	soakDir  = flag.String("soak.dir", "", "where TestSoak keeps its databases; in memory if empty")
)

// soak is a database that is reopened in one mode after the other.
type soak struct {
	rng         *rand.Rand
	fs          vfs.FS
	path        string
	page        int
	compression string
	key         keys.Source // of every other database
	size        int         // of blocks
	db          *engine.DB
	run         *enginetest.Runner
	opts        engine.Options // of the last opening

	stop    chan struct{}
	beside  sync.WaitGroup
	failed  chan error
	reopens map[string]int
}

// TestSoak does random operations on databases that are reopened again and again, each
// time in another mode: background work of each kind, each safety level, other sizes of
// trees and caches. Beside the operations, one goroutine scans snapshots, and another
// flushes, merges, optimises and checkpoints, and gives up half way. After each reopening
// the database is checked, and compared with the model.
//
//	go test ./engine/enginetest -run TestSoak -soak.time=30m -timeout 1h -v
func TestSoak(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	end := time.Now().Add(*soakTime)
	reopens := map[string]int{}
	steps, databases := 0, 0
	for s := first; databases == 0 || time.Now().Before(end); s++ {
		k := newSoak(s, t.TempDir(), reopens)
		for range 12 {
			n := 200 + k.rng.IntN(600)
			if err := k.session(n); err != nil {
				t.Fatalf("%v\nreproduce, with luck, because goroutines take part: go test ./engine/enginetest -run '^TestSoak$' -seed=%d\noptions %+v\nlast operations:\n%s",
					err, s, k.opts, strings.Join(k.run.Trace(), "\n"))
			}
			steps += n
			if time.Now().After(end) {
				break
			}
		}
		databases++
	}
	t.Logf("%d databases, %d steps; reopened as %v", databases, steps, reopens)
	// A goroutine that has told of its end may still be on its way out.
	stacks, left := make([]byte, 1<<20), ""
	for range 1000 {
		if left = string(stacks[:runtime.Stack(stacks, true)]); !strings.Contains(left, "engine.(*DB)") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("goroutines are left:\n%s", left)
}

func newSoak(seed uint64, dir string, reopens map[string]int) *soak {
	rng := rand.New(rand.NewPCG(seed, 77))
	o := enginetest.RandomOptions(rng)
	k := &soak{rng: rng, fs: memfs.New(), path: "/soak", page: o.PageSize, size: o.BlockSize, compression: o.Compression, failed: make(chan error, 2), reopens: reopens}
	if seed%2 == 0 || *key {
		k.key = secret
	}
	if *soakDir != "" {
		k.fs, k.path = vfs.OS, filepath.Join(dir, "soak")
	}
	gen := enginetest.NewGen(rng, o.PageSize, o.BlockSize)
	if rng.IntN(2) == 0 {
		gen.Keys = 2000 << rng.IntN(4)
	}
	k.run = enginetest.NewRunner(rng, gen, enginetest.NewHistory(enginetest.Map{}), k.open)
	k.run.NoReopen = true
	return k
}

// open opens the database in a mode of which nothing but the page and block size and the compression is given.
func (k *soak) open() (enginetest.Store, error) {
	o := enginetest.RandomOptions(k.rng)
	o.FS, o.PageSize, o.BlockSize, o.Compression = k.fs, k.page, k.size, k.compression
	o.Key = k.key
	o.Background = engine.Background(k.rng.IntN(4))
	o.AutoFlush <<= k.rng.IntN(6)
	k.opts = o
	db, err := engine.Open(context.Background(), k.path, o)
	if err != nil {
		return nil, err
	}
	k.db = db
	k.reopens[fmt.Sprintf("%v/%v", o.Background, o.Safety)]++
	return enginetest.Engine(db), nil
}

// session opens the database, works in it, and closes it.
func (k *soak) session(steps int) error {
	k.run.TxSteps = 2 + k.rng.IntN(60)
	if err := k.run.Run(1); err != nil { // opens
		return err
	}
	k.stop = make(chan struct{})
	seed := k.rng.Uint64()
	k.beside.Go(func() { k.scan() })
	k.beside.Go(func() { k.disturb(rand.New(rand.NewPCG(seed, 1))) })
	err := k.run.Run(steps)
	close(k.stop)
	k.beside.Wait()
	select {
	case e := <-k.failed:
		err = errors.Join(err, e)
	default:
	}
	if err != nil {
		return err
	}
	if problems := enginetest.Engine(k.db).(enginetest.Maintained).Check(context.Background()); len(problems) > 0 {
		return fmt.Errorf("check: %v", problems)
	}
	return k.run.Close()
}

func (k *soak) stopped() bool {
	select {
	case <-k.stop:
		return true
	default:
		return false
	}
}

// scan reads snapshots: keys ascend, and both directions show the same number of them.
func (k *soak) scan() {
	for !k.stopped() {
		err := k.db.View(context.Background(), func(s *engine.Snapshot) error {
			c, err := s.Cursor()
			if err != nil {
				return err
			}
			defer c.Close()
			n, last := 0, ""
			for ok := c.First(); ok; ok = c.Next() {
				if n > 0 && string(c.Key()) <= last {
					return fmt.Errorf("key %q follows %q", c.Key(), last)
				}
				last = string(c.Key())
				n++
			}
			if c.Err() != nil {
				return c.Err()
			}
			for ok := c.Last(); ok; ok = c.Prev() {
				n--
			}
			if c.Err() == nil && n != 0 {
				return fmt.Errorf("%d keys more forwards than backwards", n)
			}
			return c.Err()
		})
		if err != nil {
			k.failed <- fmt.Errorf("scan: %w", err)
			return
		}
		time.Sleep(time.Millisecond) // the others want the machine, too
	}
}

// disturb does maintenance that often ends before it is done.
func (k *soak) disturb(rng *rand.Rand) {
	for !k.stopped() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rng.IntN(5000))*time.Microsecond)
		var err error
		switch rng.IntN(6) {
		case 0:
			err = k.db.Flush(ctx)
		case 1:
			err = k.db.Optimize(ctx)
		case 2, 3:
			_, err = k.db.Work(ctx, engine.WorkOptions{Merge: rng.IntN(4), Pages: rng.IntN(50)})
		case 4:
			_, err = k.db.Checkpoint(ctx)
		}
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			k.failed <- fmt.Errorf("maintenance: %w", err)
			return
		}
		time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
	}
}
