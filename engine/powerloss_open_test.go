// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var powerLossFates = flag.Int("fates", 1, "random fates of what is not synced, for each moment of opening golden files")

// TestPowerLossWhileGoldenFilesAreOpened loses the power before each operation of Open and
// Close on files that C lsm1 has written, whose meta pages say nothing about each other: what is
// left opens, with all rows. With -fates more random fates are tried at each moment, and files of
// any size.
func TestPowerLossWhileGoldenFilesAreOpened(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	fates, most := *powerLossFates, int64(1<<20)
	if fates == 1 {
		most = 128 << 10
	}
	losses := 0
	forEachGolden(t, func(t *testing.T, path string, rows []goldenRow) {
		if info, err := os.Stat(path); err != nil || info.Size() > most {
			return // they are there for other reasons, and each loss copies the file
		}
		mem := memfs.New()
		for _, suffix := range []string{"", "-log"} {
			data, err := os.ReadFile(path + suffix)
			if os.IsNotExist(err) {
				continue
			}
			ok(t, err)
			ok(t, mem.WriteFile("/x.lsm"+suffix, data))
		}
		ffs := faultfs.Wrap(mem)
		rng := rand.New(rand.NewPCG(1, uint64(len(rows))))
		type loss struct {
			fs   *memfs.FS
			when string
		}
		var lost []loss
		ffs.OnOp(func(op faultfs.Op) {
			for range fates {
				lost = append(lost, loss{mem.Crash(rng, memfs.CrashRandom), fmt.Sprint(op)})
			}
		})
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: ffs})
		ok(t, err)
		ok(t, db.Close())
		ffs.OnOp(nil)
		for _, l := range lost {
			db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: l.fs})
			if err != nil {
				t.Fatalf("power lost before %s: %v", l.when, err)
			}
			expectDB(t, db, rows)
			if t.Failed() {
				t.Fatalf("after %s", l.when)
			}
			ok(t, db.Close())
		}
		losses += len(lost)
	})
	if losses < 100*fates {
		t.Errorf("only %d losses of power", losses)
	}
	t.Logf("%d losses of power", losses)
}
