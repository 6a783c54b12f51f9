// SPDX-License-Identifier: Apache-2.0

//go:build unix

package replicate

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

var kill9 = flag.Int("kill9", 15, "how many processes TestKilledProcesses kills; 2000 take about 10 minutes")

// killedChild is the process that is killed: it writes and replicates, prints what was acknowledged, and kills itself
// before a step, unless it is killed before.
func killedChild(dir string, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 6))
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	db, err := engine.Open(ctx, filepath.Join(dir, "my.lsm"), engine.Options{Changes: 1 << 20, AutoFlush: 16 << 10, AutoCheckpoint: 32 << 10})
	fail(err)
	t, err := target.OpenDir(filepath.Join(dir, "target"))
	fail(err)
	o := quick()
	o.minLog = 3000
	o.Keep = time.Duration(rng.IntN(2)) * 100 * time.Millisecond
	var left atomic.Int64
	left.Store(rng.Int64N(60))
	o.steps = func(string) {
		if left.Add(-1) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	r, err := Start(db, t, o)
	fail(err)
	fmt.Println("started")
	for {
		n, err := writeNumbered(ctx, db)
		fail(err)
		if rng.IntN(4) == 0 {
			fail(r.Sync(ctx))
			fmt.Println("acked", n)
		}
	}
}

// TestKilledProcesses kills processes that write and replicate, with kill -9, before a step chosen at random or at a
// random moment. What is restored then is a state that the database had, with all that was acknowledged in it.
func TestKilledProcesses(t *testing.T) {
	if dir := os.Getenv("LSMLITE_KILLED_CHILD"); dir != "" {
		seed, _ := strconv.ParseUint(os.Getenv("LSMLITE_KILLED_SEED"), 10, 64)
		killedChild(dir, seed)
	}
	rng := seeded(t)
	const ofOne = 25
	acknowledged := 0
	for left := *kill9; left > 0; left -= ofOne {
		acknowledged += killProcesses(t, rng, min(left, ofOne))
	}
	if acknowledged == 0 {
		t.Error("nothing was acknowledged: the test shows nothing")
	}
}

func killProcesses(t *testing.T, rng *rand.Rand, times int) (acknowledged int) {
	dir := t.TempDir()
	var acked, restoredTo uint64
	for n := range times {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcesses$")
		cmd.Env = append(os.Environ(), "LSMLITE_KILLED_CHILD="+dir, fmt.Sprintf("LSMLITE_KILLED_SEED=%d", rng.Uint64()))
		out, err := cmd.StdoutPipe()
		ok(t, err)
		ok(t, cmd.Start())
		kill := func() { _ = cmd.Process.Kill() }
		life, limit := time.Duration(20+rng.IntN(300))*time.Millisecond, time.Minute
		if rng.IntN(4) == 0 { // while it opens, too
			limit = life
		}
		if acked == 0 { // on a busy machine a process needs longer to acknowledge something
			life *= time.Duration(1 + n)
		}
		timer := time.AfterFunc(limit, kill)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			word, rest, _ := strings.Cut(lines.Text(), " ")
			switch word {
			case "started":
				if limit > life {
					timer.Reset(life)
				}
			case "acked":
				acked, err = strconv.ParseUint(rest, 10, 64)
				ok(t, err)
				acknowledged++
			case "error":
				t.Errorf("process %d: %s", n, rest)
			}
		}
		timer.Stop()
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("process %d was not killed: %v", n, err)
		}
		if acked == 0 {
			continue
		}
		tg, err := target.OpenDir(filepath.Join(dir, "target"))
		ok(t, err)
		path := filepath.Join(t.TempDir(), "restored.lsm")
		_, err = Restore(t.Context(), tg, path, RestoreOptions{})
		ok(t, err)
		got := rowsOfFile(t, path)
		restoredTo, err = strconv.ParseUint(got["n"], 10, 64)
		ok(t, err)
		if restoredTo < acked {
			t.Fatalf("process %d: transaction %d was restored, and %d was acknowledged", n, restoredTo, acked)
		}
		if want := numberedModel(restoredTo); !maps.Equal(got, want) {
			t.Fatalf("process %d: the restored rows are not those of transaction %d", n, restoredTo)
		}
	}
	return acknowledged
}

func rowsOfFile(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := engine.Open(t.Context(), path, engine.Options{ReadOnly: true})
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	return content(t, db)
}
