// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// TestFindsDamagedMetaPages damages the meta pages.
func TestFindsDamagedMetaPages(t *testing.T) {
	s := newSample(t)
	newest := s.meta.Newest
	other := checkpoint.Other(newest)
	var meta [3][]byte
	for i := 1; i <= 2; i++ {
		var err error
		if meta[i], err = s.bf.ReadMeta(i); err != nil {
			t.Fatal(err)
		}
	}
	damaged := bytes.Clone(meta[newest])
	damaged[20] ^= 4
	s.writeMeta(newest, damaged)
	s.expect("newest meta page damaged", 0, fmt.Sprintf("meta page %d", newest))
	s.writeMeta(newest, make([]byte, len(damaged)))
	s.expect("newest meta page wiped", 0, fmt.Sprintf("meta page %d", newest))
	old, err := format.DecodeCheckpoint(meta[newest])
	if err != nil {
		t.Fatal(err)
	}
	old.ID--
	older, err := old.Encode()
	if err != nil {
		t.Fatal(err)
	}
	older = append(older, make([]byte, len(damaged)-len(older))...)
	for i := 1; i <= 2; i++ {
		s.writeMeta(newest, meta[newest])
		s.writeMeta(other, meta[other])
		s.writeMeta(i, older)
		s.expect("older checkpoint", 0, fmt.Sprintf("meta page %d", i))
		s.writeMeta(i, damaged)
		s.expect("damaged page", 0, fmt.Sprintf("meta page %d", i))
	}
	s.writeMeta(newest, meta[newest])
	s.writeMeta(other, meta[other])
	s.expectSound()
	// While a checkpoint could be stored on one page only, the other one may hold anything.
	s.meta.Pair = false
	s.writeMeta(other, damaged)
	s.expectSound()
}

// TestFindsADamagedLog damages a log that is still needed.
func TestFindsADamagedLog(t *testing.T) {
	s := newSample(t)
	log, err := s.fs.Open(path+"-log", vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	region := s.log.Regions[2]
	at, end := region.Start, region.End
	if at+100 >= end {
		t.Fatalf("the log reaches from %d to %d", at, end)
	}
	for _, off := range []int64{at, (at + end) / 2, end - 1} {
		var b [1]byte
		if _, err := log.ReadAt(b[:], off); err != nil {
			t.Fatal(err)
		}
		if _, err := log.WriteAt([]byte{b[0] ^ 0x10}, off); err != nil {
			t.Fatal(err)
		}
		s.expect(fmt.Sprintf("byte %d of the log damaged", off), 0, "log")
		if _, err := log.WriteAt(b[:], off); err != nil {
			t.Fatal(err)
		}
	}
	s.expectSound()
	s.log.Regions[1] = region
	s.expect("one region twice", 0, "log regions 1 and 2 overlap")
	s.log.Regions[1] = wal.Region{}
	s.log.End.Sum.S0++
	s.expect("another end of the log", 0, "the log goes on to offset")
	s.log.End.Sum.S0--
	s.expectSound()
	if err := log.Truncate(at + 1); err != nil {
		t.Fatal(err)
	}
	s.expect("log cut off", 0, "does not lie within")
}
