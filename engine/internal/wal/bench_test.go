// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// discardFile takes every write and keeps nothing.
type discardFile struct{ *memFile }

func (discardFile) WriteAt(b []byte, off int64) (int, error) { return len(b), nil }

func BenchmarkAppend(b *testing.B) {
	benchmarkAppend(b)
}

// BenchmarkAppendEncrypted is BenchmarkAppend with a key.
func BenchmarkAppendEncrypted(b *testing.B) {
	testKeys = newKeys(b)
	defer func() { testKeys = nil }()
	benchmarkAppend(b)
}

func benchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 1000} {
		b.Run(fmt.Sprintf("value=100/batch=%d", batch), func(b *testing.B) {
			l, _, _ := mustRecover(b, discardFile{newFile()}, emptyPos)
			r := format.LogRecord{Op: format.LogWrite, Key: []byte("0123456789abcdef"), Value: randomBytes()[:100]}
			b.ReportAllocs()
			b.SetBytes(int64(format.LogRecordLen(&r)))
			n, commits, before := 0, 0, l.Stats().BytesWritten
			defer func() {
				b.ReportMetric(float64(l.Stats().BytesWritten-before)/float64(max(commits, 1)), "bytes/commit")
			}()
			for b.Loop() {
				if n == 0 {
					l.BeginAfter(l.End())
				}
				if err := l.Append(r); err != nil {
					b.Fatal(err)
				}
				if n++; n == batch {
					n = 0
					commits++
					if err := l.Commit(false); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkRecover(b *testing.B) {
	benchmarkRecover(b)
}

// BenchmarkRecoverEncrypted is BenchmarkRecover with a key.
func BenchmarkRecoverEncrypted(b *testing.B) {
	testKeys = newKeys(b)
	defer func() { testKeys = nil }()
	benchmarkRecover(b)
}

func benchmarkRecover(b *testing.B) {
	for _, batch := range []int{1, 1000, 200000} {
		b.Run(fmt.Sprintf("value=100/batch=%d", batch), func(b *testing.B) {
			f := newFile()
			l, _, _ := mustRecover(b, f, emptyPos)
			r := format.LogRecord{Op: format.LogWrite, Key: []byte("0123456789abcdef"), Value: randomBytes()[:100]}
			const records = 200000
			for i := range records {
				if err := l.Append(r); err != nil {
					b.Fatal(err)
				}
				if (i+1)%batch == 0 {
					if err := l.Commit(false); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(f.data)))
			for b.Loop() {
				if _, r, err := recovering(f, emptyPos, ignore); err != nil || r.Records != records {
					b.Fatal(r, err)
				}
			}
		})
	}
}
