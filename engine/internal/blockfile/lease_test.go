// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
)

// errGone is the error of a lease that has ended.
var errGone = errors.New("gone")

// TestLease: after the lease has ended every kind of read of the file fails with its error, whatever
// the file holds by then, and what is in the cache can still be read.
func TestLease(t *testing.T) {
	for name, x := range map[string]*fixture{
		"plain":  newFixture(t, 512, 1<<20),
		"packed": packedFixture(t, compress.LZ4(), 512, 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			x.t = t
			n := 250
			if name == "packed" {
				n = 450
			}
			pages, a := x.pack(rand.New(rand.NewPCG(1, 2)), n, 0, 3, 5, 4)
			testLease(t, x, &blockfile.Space{File: x.file, Sealed: true}, pages, a.End())
		})
	}
	t.Run("encrypted", func(t *testing.T) {
		x, keys := sealedFixture(t, nil, crypt.AESGCM, 512, 1<<20)
		pages, a := x.pack(rand.New(rand.NewPCG(1, 2)), 250, 0, 3, 5, 4)
		x.reopen(nil, keys, 1<<20)
		testLease(t, x, x.space(a.Salt()), pages, a.End())
	})
}

func testLease(t *testing.T, x *fixture, s *blockfile.Space, pages []base.PageNo, end base.PageNo) {
	asked, gone := 0, false
	by := func(checkpoint int) func() error {
		return func() error {
			if asked = checkpoint; gone {
				return errGone
			}
			return nil
		}
	}
	s.Lease = blockfile.NewLease(by(7))
	cached, other := pages[0], pages[len(pages)/2]
	page, err := s.Page(cached)
	x.expect(page, err, cached)
	if asked != 7 {
		t.Errorf("the lease was asked for checkpoint %d", asked)
	}
	s.Lease.Renew(by(8))
	reads := map[string]func() error{
		"Hold":      func() error { _, err := s.Hold(other); return err },
		"HoldAhead": func() error { _, err := s.HoldAhead(other, end); return err },
		"RawPage":   func() error { _, err := s.RawPage(cached); return err },
		"RawLink":   func() error { _, err := s.RawLink(3, true); return err },
		"NextBlock": func() error { _, err := s.NextBlock(5); return err },
		"Forget":    func() error { return s.ForgetPages(pages[0], end) },
		"Run":       func() error { _, err := blockfile.NewSequential(s, end).Page(other); return err },
		"Fresh":     func() error { _, err := blockfile.NewFresh(s, end).Page(cached); return err },
		"Raw":       func() error { _, err := blockfile.NewSequential(s, end).Raw(cached); return err },
		"Tail": func() error {
			tail := s.NewTail(end)
			defer tail.Close()
			_, err := tail.Page(other, 100, nil)
			return err
		},
	}
	// Somebody else has the blocks: without the lease this is a damaged file.
	size, err := x.f.Size()
	if err == nil {
		_, err = x.f.WriteAt(bytes.Repeat([]byte{0xA5}, int(size)-8192), 8192)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range reads {
		gone = false
		if name == "Forget" {
			continue
		}
		if err := read(); errors.Is(err, errGone) {
			t.Errorf("%s: %v while the lease holds", name, err)
		}
	}
	gone = true
	for name, read := range reads {
		if asked = 0; name == "Forget" { // drops what is cached, so it comes last
			continue
		}
		if err := read(); !errors.Is(err, errGone) || asked != 8 {
			t.Errorf("%s: %v, the lease was asked for checkpoint %d", name, err, asked)
		}
	}
	page, err = s.Page(cached)
	x.expect(page, err, cached)
	if err := reads["Forget"](); !errors.Is(err, errGone) {
		t.Errorf("ForgetPages: %v", err)
	}
	if _, err := s.Page(cached); !errors.Is(err, errGone) {
		t.Errorf("a page was not forgotten: %v", err)
	}
}
