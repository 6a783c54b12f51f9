// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

var (
	memoryRows = flag.Uint64("memory.rows", 100_000, "rows of 16+208 bytes that TestSixtyFourMiB works with; 320000 are more than 64 MiB")
	memoryAll  = flag.Bool("memory.all", false, "TestSixtyFourMiB works in all ways, and not only in one")
)

// memoryMost is what a process may have, in bytes, that works with the preset low-memory. Docs/tuning.md says so.
const memoryMost = 64 << 20

// memoryWork is set, in the process that is measured, to the way in which it works, and the path of a database.
const memoryWork = "LSMLITE_TEST_MEMORY"

// memoryWays are the ways to work with a database in 64 MiB.
var memoryWays = map[string]func(o *engine.Options){
	"plain":               func(*engine.Options) {},
	"background, readers": func(o *engine.Options) { o.Background, o.Readers = engine.BackgroundBoth, true },
	"encrypted, lz4":      func(o *engine.Options) { o.Key, o.Compression = keys.Env("LSMLITE_TEST_MEMORY_KEY"), "lz4" },
	"kept for Watch":      func(o *engine.Options) { o.Changes = 4 << 20 },
	"synced":              func(o *engine.Options) { o.Safety = engine.SafetyFull },
}

// TestSixtyFourMiB does all that can be done with a database in a process that never has as much as 64 MiB of memory:
// it loads, reads, changes, merges, checkpoints, copies and checks it, is killed, opens it again and rescues it. With a
// database that is larger, in all ways, and with a limit that the kernel holds:
//
//	go run -C trust . platforms memory-64MiB
func TestSixtyFourMiB(t *testing.T) {
	notUnderRace(t)
	if way, path, found := strings.Cut(os.Getenv(memoryWork), "|"); found {
		workInSixtyFourMiB(t, way, path)
		return
	}
	for way := range memoryWays {
		if way != "plain" && !*memoryAll {
			continue
		}
		t.Run(way, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a")
			for _, how := range []string{"killed", "ended"} {
				cmd := exec.Command(os.Args[0], "-test.run=^TestSixtyFourMiB$", "-test.v", "-memory.rows="+strconv.FormatUint(*memoryRows, 10))
				cmd.Env = append(os.Environ(), memoryWork+"="+way+"|"+path, "LSMLITE_TEST_MEMORY_KEY="+strings.Repeat("6b", 32))
				out, err := cmd.CombinedOutput()
				var ended *exec.ExitError
				if killed := errors.As(err, &ended) && ended.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL; killed != (how == "killed") || !killed && err != nil {
					t.Fatalf("the process that should have %s: %v\n%s", how, err, out)
				}
				phases := checkPeaks(t, out)
				if want := map[string]int{"killed": 8, "ended": 5}[how]; phases != want {
					t.Fatalf("%d phases instead of %d in\n%s", phases, want, out)
				}
			}
		})
	}
}

// checkPeaks reads what a process has printed of its memory, and returns how many phases that were.
func checkPeaks(t *testing.T, out []byte) int {
	phases := 0
	var line strings.Builder
	for _, said := range strings.Split(string(out), "\n") {
		name, text, found := strings.Cut(said, " peak ")
		if !found {
			continue
		}
		peak, err := strconv.Atoi(text)
		ok(t, err)
		phases++
		fmt.Fprintf(&line, "%s %d MiB, ", name, peak>>20)
		if peak > memoryMost {
			t.Errorf("%s: the process had %d bytes in memory, more than %d", name, peak, memoryMost)
		}
	}
	t.Logf("%s", strings.TrimSuffix(line.String(), ", "))
	return phases
}

// A memoryMeter prints how much memory each phase took at most.
type memoryMeter struct {
	t     *testing.T
	begun string
}

// next ends the phase before, and begins another one.
func (m *memoryMeter) next(phase string) {
	m.t.Helper()
	if m.begun != "" {
		fmt.Println(m.begun, "peak", peakMemory(m.t))
	}
	m.begun = phase
	ok(m.t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)) // the highest figure from now on
}

// peakMemory returns how much of the memory of this process was resident at most, without its program, which the kernel
// takes away at any time.
func peakMemory(t *testing.T) int {
	t.Helper()
	f, err := os.Open("/proc/self/status")
	ok(t, err)
	defer f.Close()
	kib := make(map[string]int)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		if fields := strings.Fields(rest); len(fields) > 0 {
			kib[name], _ = strconv.Atoi(fields[0])
		}
	}
	return (kib["VmHWM"] - kib["RssFile"]) << 10
}

// memoryRow returns the key and the value of a row after so many changes. Keys are in an order that looks random.
func memoryRow(key, value []byte, i uint64, changes byte) ([]byte, []byte) {
	key = loadKey(key, i)
	for n := range value {
		value[n] = key[n%16] ^ byte(n/16)*changes
	}
	return key, value
}

// workInSixtyFourMiB is the process that is measured. The first of a path kills itself.
func workInSixtyFourMiB(t *testing.T, way, path string) {
	ctx := context.Background()
	rows := *memoryRows
	o := engine.PresetLowMemory()
	memoryWays[way](&o)
	key, value, want := make([]byte, 16), make([]byte, 208), make([]byte, 208)
	m := memoryMeter{t: t}
	put := func(db *engine.DB, from, to, step uint64, changes byte) {
		t.Helper()
		for i := from; i < to; {
			ok(t, db.Update(ctx, func(tx *engine.Tx) error {
				for end := min(i+1000*step, to); i < end; i += step {
					k, v := memoryRow(key, value, i, changes)
					if err := tx.Put(k, v); err != nil {
						return err
					}
				}
				return nil
			}))
		}
	}
	expectRows := func(db *engine.DB) { // rows/2 and more were put again
		t.Helper()
		c, err := db.Cursor(ctx)
		ok(t, err)
		seen := uint64(0)
		for more := c.First(); more; more = c.Next() {
			i := binary.BigEndian.Uint64(c.Key()[8:])
			_, w := memoryRow(key, want, i, changesOf(i, rows))
			if v, err := c.Value(); err != nil || !bytes.Equal(v, w) {
				t.Fatalf("row %d is wrong, %v", i, err)
			}
			seen++
		}
		ok(t, c.Err())
		ok(t, c.Close())
		if seen != rows {
			t.Fatalf("%d rows, want %d", seen, rows)
		}
	}
	if _, err := os.Stat(path); err == nil {
		m.next("recovery")
		db := mustOpen(t, path, o)
		m.next("reading it")
		expectRows(db)
		m.next("closing")
		ok(t, db.Close())
		m.next("rescue")
		_, err = engine.Recover(ctx, path, path+"-rescued", engine.RecoverOptions{Key: o.Key, Memory: 8 << 20, Scan: o.Key == nil})
		ok(t, err)
		m.next("reading what was rescued")
		db = mustOpen(t, path+"-rescued", o)
		expectRows(db)
		ok(t, db.Close())
		m.next("")
		return
	}
	m.next("loading")
	db := mustOpen(t, path, o)
	put(db, 0, rows, 1, 1)
	m.next("reading at random")
	for i := uint64(0); i < rows; i += 29 {
		k, w := memoryRow(key, want, i, 1)
		if v, found, err := db.Get(value[:0], k); !found || err != nil || !bytes.Equal(v, w) {
			t.Fatalf("row %d: %v, %v", i, found, err)
		}
	}
	m.next("changing")
	put(db, 0, rows/2, 1, 2)
	m.next("merging")
	_, err := db.Work(ctx, engine.WorkOptions{Merge: 1})
	ok(t, err)
	_, err = db.Checkpoint(ctx)
	ok(t, err)
	m.next("copying")
	ok(t, db.Backup(ctx, path+"-copy", engine.BackupOptions{}))
	ok(t, db.CopyCheckpoint(ctx, path+"-blocks", engine.BackupOptions{}))
	if info, err := os.Stat(path + "-blocks"); err != nil || o.Compression == "" && info.Size() < int64(rows)*224 {
		t.Fatalf("the copy has %d bytes, %v", info.Size(), err)
	}
	ok(t, os.Remove(path+"-copy"))
	ok(t, os.Remove(path+"-blocks"))
	m.next("optimizing")
	ok(t, db.Optimize(ctx))
	m.next("checking")
	for p := range db.Check(ctx) {
		t.Fatal(p)
	}
	m.next("commits before the kill")
	put(db, 0, rows, 3, 3)
	m.next("")
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// changesOf returns what was put to a row last.
func changesOf(i, rows uint64) byte {
	switch {
	case i%3 == 0:
		return 3
	case i < rows/2:
		return 2
	}
	return 1
}
