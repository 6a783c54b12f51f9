// SPDX-License-Identifier: Apache-2.0

//go:build linux

package engine_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

var (
	attachKills = flag.Int("attach.kills", 40, "how often TestAttachKills kills a process that writes, and one that reads")
	attachTimes = flag.Int("attach.times", 100, "how often TestAttachDetach attaches to a database that is being written")

	attachStopped = flag.Duration("attach.stopped", 0, "how long TestAttachStopped stops a process that reads, three times")
)

// mortal is a file system whose process is killed at one of the calls of it, whatever that is for.
type mortal struct {
	vfs.FS
	n  atomic.Int64
	at int64 // 0: never
}

// mortalFile is one of its files.
type mortalFile struct {
	vfs.File
	fs *mortal
}

func (k *mortal) step() {
	if k.n.Add(1) == k.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (k *mortal) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	k.step()
	f, err := k.FS.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &mortalFile{f, k}, nil
}

func (k *mortal) Remove(name string) error {
	k.step()
	return k.FS.Remove(name)
}

func (f *mortalFile) ReadAt(b []byte, off int64) (int, error) {
	f.fs.step()
	return f.File.ReadAt(b, off)
}

func (f *mortalFile) WriteAt(b []byte, off int64) (int, error) {
	f.fs.step()
	return f.File.WriteAt(b, off)
}

func (f *mortalFile) Truncate(n int64) error {
	f.fs.step()
	return f.File.Truncate(n)
}

func (f *mortalFile) Close() error {
	f.fs.step()
	return f.File.Close()
}

func (f *mortalFile) LockRange(off, n int64, kind vfs.LockKind) error {
	f.fs.step()
	return f.File.(vfs.RangeLocker).LockRange(off, n, kind)
}

func (f *mortalFile) RangeLocked(off, n int64, kind vfs.LockKind) (vfs.ByteLock, bool, error) {
	f.fs.step()
	return f.File.(vfs.RangeLocker).RangeLocked(off, n, kind)
}

// The roles of TestAttachProcess, which other tests start.
const (
	attachRole = "LSMLITE_TEST_ATTACH" // "write" or "read", path, first generation, commits or reads, call at which it is killed
	roleWrites = "write"
	roleReads  = "read"
)

// TestAttachProcess is another process of the tests below.
func TestAttachProcess(t *testing.T) {
	role := strings.Split(os.Getenv(attachRole), "|")
	if len(role) != 5 {
		t.Skip("is for other tests")
	}
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		ok(t, err)
		return n
	}
	ctx := context.Background()
	path, gen, times := role[1], uint64(number(role[2])), int(number(role[3]))
	fsys := &mortal{FS: vfs.OS, at: number(role[4])}
	if role[0] == roleReads {
		db := mustOpen(t, path, engine.Options{FS: fsys, ReadOnly: true, CacheSize: 256 << 10})
		last := gen
		for range times {
			s, err := db.Snapshot(ctx)
			ok(t, err)
			got, err := readGeneration(s)
			ok(t, s.Close())
			if errors.Is(err, engine.ErrSnapshotGone) { // after it was stopped for longer than the writer waits
				fmt.Println("gone")
				continue
			}
			ok(t, err)
			if got < last {
				t.Fatalf("generation %d after %d", got, last)
			}
			last = got
		}
		fmt.Println("seen", last)
		ok(t, db.Close())
		return
	}
	db := mustOpen(t, path, sharing(processOptions(fsys)))
	v, found, err := db.Get(nil, []byte("gen"))
	ok(t, err)
	if found {
		gen = generationOf(v)
	}
	fmt.Println("open", gen)
	for range times {
		gen++
		ok(t, commitGeneration(ctx, db, nil, gen))
		fmt.Println("committed", gen)
	}
	ok(t, db.Close())
	fmt.Println("closed")
}

// processOptions are those of a process that writes: it uses blocks and log again all the time.
func processOptions(fsys vfs.FS) engine.Options {
	return engine.Options{FS: fsys, PageSize: 512, BlockSize: 64 << 10, AutoFlush: 32 << 10, AutoCheckpoint: 48 << 10, Safety: engine.SafetyOff}
}

// process starts another process, and returns what it prints.
func process(t *testing.T, role ...any) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	ok(t, err)
	cmd := exec.Command(self, "-test.run=^TestAttachProcess$")
	cmd.Env = append(os.Environ(), attachRole+"="+strings.Trim(strings.Join(strings.Fields(fmt.Sprintln(role...)), "|"), "|"))
	out, err := cmd.StdoutPipe()
	ok(t, err)
	cmd.Stderr = cmd.Stdout
	ok(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// wasKilled reports whether a process has ended by SIGKILL, and fails if it has failed.
func wasKilled(t *testing.T, cmd *exec.Cmd, output string) bool {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return true
	}
	if err != nil {
		t.Errorf("the other process: %v\n%s", err, output)
	}
	return false
}

// TestAttachKills kills the process that writes at any of its calls of the file system, one process after another,
// while this one reads, and then one that reads, while this one writes. Nobody ever sees anything but a commit, nor one
// older than one that has returned, and what a process held that was killed can be used again.
func TestAttachKills(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.lsm")
	progress := longtest.Start(t, time.Duration(*attachKills)*100*time.Millisecond, 2**attachKills)
	rng := rand.New(rand.NewPCG(1, uint64(*attachKills)))
	ctx := context.Background()
	w := mustOpen(t, path, sharing(processOptions(vfs.OS)))
	ok(t, commitGeneration(ctx, w, nil, 1))
	r := mustOpen(t, path, engine.Options{FS: &mortal{FS: vfs.OS}, ReadOnly: true, CacheSize: 1})
	ok(t, w.Close())
	var committed uint64 = 1
	killedTimes := 0
	var held heldSnapshot
	for i := range *attachKills {
		at := 1 + rng.Int64N(400)
		if i%3 == 0 {
			at = rng.Int64N(20_000)
		}
		cmd, lines := process(t, roleWrites, path, 1, 300, at)
		stop := make(chan struct{})
		var newest atomic.Uint64
		newest.Store(committed)
		var wg sync.WaitGroup
		wg.Go(func() { held.readUntil(t, r, &newest, stop) })
		var output strings.Builder
		for lines.Scan() {
			fmt.Fprintln(&output, lines.Text())
			if n, ok := strings.CutPrefix(lines.Text(), "committed "); ok {
				gen, _ := strconv.ParseUint(n, 10, 64)
				newest.Store(gen)
			}
		}
		if wasKilled(t, cmd, output.String()) {
			killedTimes++
		}
		close(stop)
		wg.Wait()
		if committed = newest.Load(); t.Failed() {
			t.Fatalf("after %d processes, at call %d", i+1, at)
		}
		progress.Step()
	}
	if killedTimes < *attachKills/2 {
		t.Errorf("only %d of %d processes were killed", killedTimes, *attachKills)
	}
	if held.close(); held.kept == 0 && *attachKills >= 40 {
		t.Error("no snapshot was read on after the process that wrote it had ended")
	}
	t.Logf("%d times a snapshot was read on, %d times it was gone", held.kept, held.gone)
	s, err := r.Snapshot(ctx)
	ok(t, err)
	gen, err := readGeneration(s)
	ok(t, err)
	if gen < committed {
		t.Errorf("generation %d is left of %d", gen, committed)
	}
	ok(t, s.Close())
	expectSound(t, r)
	ok(t, r.Close())
	w = mustOpen(t, path, processOptions(vfs.OS))
	// What is read on after the end of a process keeps all space from being used again, so the file has grown.
	if s := w.Stats(); int64(s.Blocks-s.FreeBlocks)*int64(w.Options().BlockSize) > 4<<20 {
		t.Errorf("%d of %d blocks are free", s.FreeBlocks, s.Blocks)
	}
	ok(t, w.Close())

	path, gen = filepath.Join(t.TempDir(), "x.lsm"), 1
	w = mustOpen(t, path, sharing(processOptions(vfs.OS)))
	ok(t, commitGeneration(ctx, w, nil, gen))
	killedTimes = 0
	for i := range *attachKills {
		at := 1 + rng.Int64N(400)
		cmd, lines := process(t, roleReads, path, gen, 100, at)
		ended := make(chan string)
		go func() {
			var output strings.Builder
			for lines.Scan() {
				fmt.Fprintln(&output, lines.Text())
			}
			ended <- output.String()
		}()
		output, going := "", true
		for going {
			select {
			case output = <-ended:
				going = false
			default:
				gen++
				ok(t, commitGeneration(ctx, w, nil, gen))
			}
		}
		if wasKilled(t, cmd, output) {
			killedTimes++
		}
		if t.Failed() {
			t.Fatalf("after %d processes, at call %d", i+1, at)
		}
		progress.Step()
	}
	if killedTimes < *attachKills/2 {
		t.Errorf("only %d of %d processes were killed", killedTimes, *attachKills)
	}
	for range 200 { // nobody holds anything any more
		gen++
		ok(t, commitGeneration(ctx, w, nil, gen))
	}
	expectSound(t, w)
	if size := w.Stats().FileBytes; size > 4<<20 {
		t.Errorf("the file has grown to %d bytes", size)
	}
	ok(t, w.Close())
	if _, err := os.Stat(path + "-log"); err == nil {
		t.Error("the log is still there")
	}
}

// heldSnapshot is a snapshot that stays open for a while, also over the end of the process that wrote what it shows.
type heldSnapshot struct {
	s          *engine.Snapshot
	gen        uint64
	reads      int
	kept, gone int // how often it was read on while the next process wrote, and how often it was gone
}

func (h *heldSnapshot) close() {
	if h.s != nil {
		h.s.Close()
	}
	h.s, h.reads = nil, 0
}

// read reads it again.
func (h *heldSnapshot) read() (gone bool, err error) {
	gen, err := readGeneration(h.s)
	switch h.reads++; {
	case errors.Is(err, engine.ErrSnapshotGone):
		h.gone++
		return true, nil
	case err == nil && gen != h.gen:
		err = fmt.Errorf("a snapshot of generation %d has become %d", h.gen, gen)
	}
	return false, err
}

// readUntil reads a handle again and again. It must not see anything older than what was committed before.
func (h *heldSnapshot) readUntil(t *testing.T, r *engine.DB, newest *atomic.Uint64, stop chan struct{}) {
	last := uint64(0)
	if h.s != nil {
		gone, err := h.read()
		if err != nil {
			t.Error(err)
		}
		if !gone {
			h.kept++
		}
	}
	for {
		select {
		case <-stop:
			return
		default:
		}
		before := newest.Load()
		s, err := r.Snapshot(context.Background())
		if errors.Is(err, engine.ErrBusy) { // the other process opens the database, or recovers it
			continue
		}
		if err != nil {
			t.Errorf("snapshot: %v", err)
			return
		}
		gen, err := readGeneration(s)
		switch {
		case errors.Is(err, engine.ErrSnapshotGone):
		case err != nil:
			s.Close()
			t.Errorf("read: %v", err)
			return
		case gen < before || gen < last:
			s.Close()
			t.Errorf("generation %d after %d was committed and %d seen", gen, before, last)
			return
		default:
			last = gen
			if h.s == nil {
				h.s, h.gen, h.reads = s, gen, 0
				continue
			}
		}
		s.Close()
		if h.s == nil {
			continue
		}
		gone, err := h.read()
		if err != nil {
			t.Error(err)
			return
		}
		if gone || h.reads > 20 {
			h.close()
		}
	}
}

// TestAttachStopped stops a process that reads for longer than the writer waits for it, at many moments. The writer
// goes on and uses the space of what the other one reads; that one never reads a wrong row when it goes on. With
// -attach.stopped it is stopped that long, and the writer waits for it as long as it does by default.
func TestAttachStopped(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x.lsm")
	o, stops := holding(processOptions(vfs.OS), time.Millisecond), 30
	if *attachStopped > 0 {
		o, stops = sharing(processOptions(vfs.OS)), 3
	}
	progress := longtest.Start(t, time.Duration(stops)*(*attachStopped), stops)
	w := mustOpen(t, path, o)
	gen := uint64(1)
	ok(t, commitGeneration(ctx, w, nil, gen))
	cmd, lines := process(t, roleReads, path, gen, math.MaxInt32, 0)
	ended := make(chan string)
	go func() {
		var output strings.Builder
		for lines.Scan() {
			fmt.Fprintln(&output, lines.Text())
		}
		ended <- output.String()
	}()
	rng := rand.New(rand.NewPCG(7, 7))
	var most int64
	for range stops {
		time.Sleep(time.Duration(rng.IntN(5_000)) * time.Microsecond)
		ok(t, cmd.Process.Signal(syscall.SIGSTOP))
		begun, commits := time.Now(), 0
		for ; commits < 60 || time.Since(begun) < *attachStopped; commits++ {
			gen++
			ok(t, commitGeneration(ctx, w, nil, gen))
		}
		t.Logf("%d commits in %v while the process that reads is stopped", commits, time.Since(begun).Round(time.Millisecond))
		most = max(most, w.Stats().FileBytes)
		ok(t, cmd.Process.Signal(syscall.SIGCONT))
		progress.Step()
	}
	time.Sleep(20 * time.Millisecond)
	ok(t, cmd.Process.Kill())
	output := <-ended
	if !wasKilled(t, cmd, output) {
		t.Errorf("the process that reads has ended by itself:\n%s", output)
	}
	if most > 4<<20 {
		t.Errorf("the file has grown to %d bytes", most)
	}
	expectSound(t, w)
	ok(t, w.Close())
}

// TestAttachDetach attaches to a database that is being written as fast as that goes, reads it, and lets it go again.
func TestAttachDetach(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "x.lsm")
	progress := longtest.Start(t, time.Duration(*attachTimes)*20*time.Millisecond, *attachTimes)
	w := mustOpen(t, path, sharing(processOptions(vfs.OS)))
	var newest atomic.Uint64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for gen := uint64(1); ; gen++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := commitGeneration(ctx, w, nil, gen); err != nil {
				t.Error(err)
				return
			}
			newest.Store(gen)
		}
	})
	for i := range *attachTimes {
		before := newest.Load()
		r := mustOpen(t, path, engine.Options{FS: &mortal{FS: vfs.OS}, ReadOnly: true, CacheSize: 64 << 10})
		ok(t, r.View(ctx, func(s *engine.Snapshot) error {
			gen, err := readGeneration(s)
			if err == nil && gen < before {
				err = fmt.Errorf("generation %d after %d was committed", gen, before)
			}
			return err
		}))
		if i%10 == 0 {
			expectSound(t, r)
		}
		ok(t, r.Close())
		progress.Step()
	}
	close(stop)
	wg.Wait()
	expectSound(t, w)
	if size := w.Stats().FileBytes; size > 4<<20 {
		t.Errorf("the file has grown to %d bytes", size)
	}
	ok(t, w.Close())
	if _, err := os.Stat(path + "-log"); err == nil {
		t.Error("the log is still there")
	}
}
