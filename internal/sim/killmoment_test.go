// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// killsPerLevel is how often a process is killed at each safety level.
const killsPerLevel = 70

// The environment of a child process.
const (
	childFile = "LSMLITE_SIM_FILE" // database; set: this process is a child
	childSeed = "LSMLITE_SIM_SEED"
	childMode = "LSMLITE_SIM_SAFETY"
	childKey  = "LSMLITE_SIM_KEY" // set: the database is encrypted
)

func TestMain(m *testing.M) {
	if os.Getenv(childFile) != "" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	// The tests make many short-lived databases: with more memory the collector has less to do.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(512 << 20)
	goleak.VerifyTestMain(m)
}

// counter is the key that holds the number of the last transaction.
const counter = "~counter"

// killOptions makes a database that is flushed, merged and checkpointed all the time.
func killOptions(seed uint64, safety engine.Safety, encrypted bool) engine.Options {
	rng := rand.New(rand.NewPCG(seed, 1))
	o := engine.Options{
		PageSize: 512 << rng.IntN(4), BlockSize: 64 << 10, Safety: safety,
		AutoFlush: 8192 << rng.IntN(4), AutoCheckpoint: 16384 << rng.IntN(4), AutoMerge: 2 + rng.IntN(4),
		MaxFreelist: 2 + rng.IntN(23), Background: engine.Background(rng.IntN(4)),
		Compression: []string{"none", "lz4", "zlib", "zstd", "snappy"}[seed%5],
	}
	if encrypted {
		o.Key = keys.Raw(secret)
	}
	return o
}

// transaction says what transaction number n of a seed does, whoever does it.
func transaction(seed, n uint64) []operation {
	rng := rand.New(rand.NewPCG(seed, n))
	g := enginetest.Gen{Shape: enginetest.Mixed, Keys: 300, Page: 1024, Block: 16 << 10}
	ops := []operation{{kind: put, key: counter, value: strconv.FormatUint(n, 10)}}
	for range 1 + rng.IntN(12) {
		switch r := rng.IntN(20); {
		case r < 14:
			ops = append(ops, operation{kind: put, key: g.Key(rng), value: g.Value(rng)})
		case r < 17:
			ops = append(ops, operation{kind: remove, key: g.Key(rng)})
		default:
			ops = append(ops, operation{kind: removeRange, key: g.Key(rng), value: g.Key(rng)})
		}
	}
	// A range delete may have taken the counter with it.
	return append(ops, ops[0])
}

type operation struct {
	kind       uint8
	key, value string
}

const (
	put uint8 = iota
	remove
	removeRange // between key and value
)

func (o operation) do(tx *engine.Tx) error {
	switch o.kind {
	case put:
		return tx.Put([]byte(o.key), []byte(o.value))
	case remove:
		return tx.Delete([]byte(o.key))
	}
	return tx.DeleteRange([]byte(o.key), []byte(o.value))
}

func (o operation) apply(m enginetest.Map) enginetest.Map {
	switch o.kind {
	case put:
		return m.Put(o.key, o.value)
	case remove:
		return m.Delete(o.key)
	}
	return m.DeleteRange(o.key, o.value)
}

// child commits one transaction after the other until it is killed, and reports each one
// that has returned on its standard output.
func child() error {
	ctx := context.Background()
	seed, err := strconv.ParseUint(os.Getenv(childSeed), 10, 64)
	if err != nil {
		return err
	}
	safety, err := strconv.Atoi(os.Getenv(childMode))
	if err != nil {
		return err
	}
	db, err := engine.Open(ctx, os.Getenv(childFile), killOptions(seed, engine.Safety(safety), os.Getenv(childKey) != ""))
	if err != nil {
		return err
	}
	n, err := readCounter(db)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- keepHouse(ctx, db) }()
	go func() { failed <- commitAll(ctx, db, seed, n) }()
	return <-failed
}

func commitAll(ctx context.Context, db *engine.DB, seed, n uint64) error {
	for {
		n++
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for i, o := range transaction(seed, n) {
				if err := o.do(tx); err != nil {
					return err
				}
				if i == 2 { // something that is rolled back must never be seen
					level, err := tx.Begin()
					if err != nil {
						return err
					}
					if err := tx.Put([]byte("rolled back"), make([]byte, 500)); err != nil {
						return err
					}
					if err := tx.RollbackTo(level); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if _, err := os.Stdout.Write(binary.BigEndian.AppendUint64(nil, n)); err != nil {
			return err
		}
	}
}

// keepHouse flushes, merges and checkpoints without a pause.
func keepHouse(ctx context.Context, db *engine.DB) error {
	rng := rand.New(rand.NewPCG(rand.Uint64(), 0))
	for {
		var err error
		switch rng.IntN(8) {
		case 0:
			err = db.Flush(ctx)
		case 1:
			_, err = db.Checkpoint(ctx)
		case 2:
			err = db.Optimize(ctx)
		default:
			_, err = db.Work(ctx, engine.WorkOptions{Merge: 2, Pages: 1 + rng.IntN(40)})
		}
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
	}
}

func readCounter(db *engine.DB) (uint64, error) {
	v, found, err := db.Get(nil, []byte(counter))
	if err != nil || !found {
		return 0, err
	}
	return strconv.ParseUint(string(v), 10, 64)
}

// TestKill kills processes that commit, and looks whether everything is there that they
// have reported, and no half of a transaction.
func TestKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Skip("no way to start this program once more: ", err)
	}
	kills := int(killsPerLevel * *cases)
	progress := longtest.Start(t, 6*time.Second, len(safeties)*(kills+kills/4))
	for i := range 2 * len(safeties) {
		safety, encrypted := safeties[i/2], i%2 == 1 || *withKey
		t.Run(fmt.Sprintf("%v/encrypted=%v", safety, i%2 == 1), func(t *testing.T) {
			t.Parallel()
			k := &killer{self: self, safety: safety, encrypted: encrypted, seed: 4*max(*seed, 1) + uint64(safety), file: filepath.Join(t.TempDir(), "db")}
			k.states = []enginetest.Map{{}}
			kills := kills
			if i%2 == 1 {
				kills /= 4
			}
			for i := range kills {
				if err := k.round(i); err != nil {
					t.Fatalf("kill %d: %v\nreproduce, with luck, because moments differ: go test ./internal/sim -run '^TestKill$' -seed=%d", i, err, max(*seed, 1))
				}
				progress.Step()
			}
			t.Logf("%d kills, %d commits, %d of them under way when the process was killed", kills, len(k.states)-1, k.inFlight)
		})
	}
}

// killer is the parent's side.
type killer struct {
	self      string
	safety    engine.Safety
	encrypted bool
	seed      uint64
	file      string
	// states[n] is what transactions 1 to n lead to.
	states   []enginetest.Map
	acked    int
	inFlight int
}

// noPlaintext looks for what transactions have written in the files that a kill has left.
func (k *killer) noPlaintext() error {
	var w sim.Windows
	for key, value := range k.states[len(k.states)-1].All() {
		w.Add(key)
		w.Add(value)
	}
	w.Add("rolled back")
	for _, file := range []string{k.file, k.file + "-log"} {
		data, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		if at := w.Find(data); at >= 0 {
			return fmt.Errorf("%s shows %q", file, data[at:][:8])
		}
	}
	return nil
}

// round starts a process, kills it and looks at the database.
func (k *killer) round(i int) error {
	rng := rand.New(rand.NewPCG(k.seed, uint64(i)))
	cmd := exec.Command(k.self)
	cmd.Env = append(os.Environ(), childFile+"="+k.file, childSeed+"="+strconv.FormatUint(k.seed, 10), fmt.Sprintf("%s=%d", childMode, k.safety))
	if k.encrypted {
		cmd.Env = append(cmd.Env, childKey+"=1")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	complaints, err := os.CreateTemp(filepath.Dir(k.file), "stderr")
	if err != nil {
		return err
	}
	defer os.Remove(complaints.Name())
	defer complaints.Close()
	cmd.Stderr = complaints
	if err := cmd.Start(); err != nil {
		return err
	}
	var killed atomic.Bool
	kill := func() { killed.Store(true); _ = cmd.Process.Kill() }
	var timer *time.Timer
	if rng.IntN(4) == 0 { // at any moment, while it opens the database for instance
		timer = time.AfterFunc(time.Duration(rng.IntN(40))*time.Millisecond, kill)
	}
	in := bufio.NewReader(out)
	var number [8]byte
	for {
		if _, err = io.ReadFull(in, number[:]); err != nil {
			break
		}
		k.acked = int(binary.BigEndian.Uint64(number[:]))
		if timer == nil { // while it commits
			timer = time.AfterFunc(time.Duration(rng.IntN(80))*time.Millisecond, kill)
		}
	}
	_ = cmd.Wait()
	if timer != nil {
		timer.Stop()
	}
	if !killed.Load() {
		said, _ := os.ReadFile(complaints.Name())
		return fmt.Errorf("the process ended by itself: %s", said)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return k.look(rng)
}

// look opens the database, most of the time without changing anything about it.
func (k *killer) look(rng *rand.Rand) (err error) {
	ctx := context.Background()
	o := killOptions(k.seed, k.safety, k.encrypted)
	o.ReadOnly = rng.IntN(3) > 0
	if k.encrypted {
		if err := k.noPlaintext(); err != nil {
			return err
		}
	}
	if _, err := os.Stat(k.file); os.IsNotExist(err) {
		if k.acked > 0 {
			return errors.New("the file is gone")
		}
		return nil
	}
	db, err := engine.Open(ctx, k.file, o)
	if err != nil {
		return fmt.Errorf("open after %d commits: %w", k.acked, err)
	}
	defer func() {
		if closed := db.Close(); err == nil && closed != nil {
			err = fmt.Errorf("close: %w", closed)
		}
	}()
	n, err := readCounter(db)
	if err != nil {
		return err
	}
	if int(n) != k.acked && int(n) != k.acked+1 {
		return fmt.Errorf("the last transaction found is %d; the last one reported was %d", n, k.acked)
	}
	if int(n) > k.acked {
		k.inFlight++
	}
	k.acked = int(n)
	for len(k.states) <= k.acked {
		m := k.states[len(k.states)-1]
		for _, o := range transaction(k.seed, uint64(len(k.states))) {
			m = o.apply(m)
		}
		k.states = append(k.states, m)
	}
	snap, err := enginetest.Engine(db).Snapshot(ctx)
	if err != nil {
		return err
	}
	_, err = enginetest.Find(snap, k.states[k.acked:k.acked+1])
	if err = errors.Join(err, snap.Close()); err != nil {
		return fmt.Errorf("after transaction %d: %w", n, err)
	}
	return enginetest.Sound(ctx, enginetest.Engine(db))
}
