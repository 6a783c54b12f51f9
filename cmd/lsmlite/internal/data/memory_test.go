// SPDX-License-Identifier: Apache-2.0

package data

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/load"
)

var manyRows = flag.Int("load.rows", 300_000, "how many rows TestMemory imports, of 116 bytes each")

const (
	// maxSorted is how much memory an import into a new file takes whose keys come in order: batches,
	// buffers, and the garbage of a cycle.
	maxSorted = 64 << 20
	// maxUnsorted adds trees of up to three times autoflush, which is 32 MiB.
	maxUnsorted = maxSorted + 3*32<<20
	// maxExport is how much an export takes.
	maxExport = 32 << 20
)

// TestMemory imports many rows and exports them, and looks at how much memory that takes. With
// -load.rows=10000000 it takes minutes, and 4 GB in the folder for temporary files.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 150 MB")
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		most uint64
	}{{"sorted", maxSorted}, {"unsorted", maxUnsorted}} {
		path := filepath.Join(dir, c.name+".lsm")
		e, _ := surroundings(generate(*manyRows, c.name == "unsorted"))
		peak := watch(func() {
			if err := (importCSV{loading: loading{File: path, OnConflict: load.Replace}, csvColumns: csvColumns{Delimiter: ","}, Input: "-"}).Run(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%d rows %s: %d MiB", *manyRows, c.name, peak>>20)
		if peak > c.most {
			t.Errorf("importing %d rows %s takes %d MiB, more than %d", *manyRows, c.name, peak>>20, c.most>>20)
		}
	}
	path := filepath.Join(dir, "unsorted.lsm")
	for name, x := range map[string]runner{
		"csv":  exportCSV{saving: saving{File: path}, toFile: toFile{Output: filepath.Join(dir, "o.csv")}, Delimiter: ",", Header: true, Encoding: "text"},
		"dump": Dump{saving: saving{File: path}, toFile: toFile{Output: filepath.Join(dir, "o.dump")}},
		"lsm":  exportLSM{saving: saving{File: path}, Output: filepath.Join(dir, "o.lsm")},
	} {
		peak := watch(func() { must(t, x) })
		t.Logf("%d rows to %s: %d MiB", *manyRows, name, peak>>20)
		if peak > maxExport {
			t.Errorf("exporting %d rows to %s takes %d MiB, more than %d", *manyRows, name, peak>>20, maxExport>>20)
		}
	}
}

// generate returns a CSV file of n rows of keys of 16 bytes and values of 100.
func generate(n int, shuffled bool) io.Reader {
	r, w := io.Pipe()
	go func() {
		buf := []byte("key,value\n")
		for i := range n {
			key := i
			if shuffled {
				key = i * 7368787 % n // a prime number
			}
			buf = fmt.Appendf(buf, "%016d,%0100d\n", key, i)
			if len(buf) > 64<<10 {
				if _, err := w.Write(buf); err != nil {
					return
				}
				buf = buf[:0]
			}
		}
		_, err := w.Write(buf)
		w.CloseWithError(err) // io.EOF without one
	}()
	return r
}

// watch returns how much of the Go heap is used at most while f runs, besides what was used before. The cache
// of pages is not in it.
func watch(f func()) uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	used := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64() + sample[1].Value.Uint64()
	}
	debug.FreeOSMemory() // what was there before is not counted
	before, peak := used(), atomic.Uint64{}
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				peak.Store(max(peak.Load(), used()))
			}
		}
	}()
	f()
	close(stop)
	<-stopped
	return max(peak.Load(), before) - before
}
