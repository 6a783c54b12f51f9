// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// benchFiles are the two files on the operating system.
func benchFiles(b *testing.B) (vfs.RangeLocker, vfs.File) {
	b.Helper()
	dir := b.TempDir()
	var all []vfs.File
	for _, name := range []string{"db", "db" + live.Suffix} {
		f, err := vfs.OS.Open(filepath.Join(dir, name), write, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = f.Close() })
		all = append(all, f)
	}
	able, ok := all[0].(vfs.RangeLocker)
	if !ok {
		b.Skip("no locks of ranges here")
	}
	return able, all[1]
}

// BenchmarkCommitted is what a commit costs more with readers=on.
func BenchmarkCommitted(b *testing.B) {
	for _, mapped := range []bool{true, false} {
		b.Run(fmt.Sprintf("mapped=%t", mapped), func(b *testing.B) {
			data, page := benchFiles(b)
			w := live.NewWriter(live.WriterConfig{Locks: data, Page: page})
			if err := w.Begin(0, at(0), checkpoint(20, 0)); err != nil {
				b.Fatal(err)
			}
			if able, ok := page.(vfs.WriteMapper); ok && mapped {
				m, err := able.MapWrite(live.PageBytes)
				if err != nil {
					b.Fatal(err)
				}
				defer m.Close()
				w.Page = m
			}
			b.ReportAllocs()
			n := int64(0)
			end := at(0)
			for b.Loop() {
				n++
				end.Stream = n
				if err := w.Committed(uint64(n), &end); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPins is what a block that is used again costs more.
func BenchmarkPins(b *testing.B) {
	data, page := benchFiles(b)
	w := live.NewWriter(live.WriterConfig{Locks: data, Page: page})
	if err := w.Begin(0, at(0), checkpoint(20, 0)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if p, err := w.Pins(nil, 1000); len(p.IDs) > 0 || err != nil {
			b.Fatal(p, err)
		}
	}
}
