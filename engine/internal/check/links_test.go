// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// TestFindsWrongLinks changes block links.
func TestFindsWrongLinks(t *testing.T) {
	s := newSample(t)
	geo := s.geo
	n := 0
	for _, seg := range s.segments() {
		for j, p := range seg.pages {
			next := geo.IsLast(p) && j+1 < len(seg.pages)
			prev := geo.IsFirst(p) && j > 0
			if !next && !prev {
				continue
			}
			old := s.page(p)
			last := base.BlockNo(s.free.Blocks())
			for _, wrong := range []base.BlockNo{0, geo.Block(p), 1, last, last + 1, 1 << 31} {
				raw := bytes.Clone(old)
				if geo.Link(p, raw) == wrong {
					continue
				}
				n++
				geo.SetLink(p, raw, wrong)
				s.write(p, raw)
				s.expect(fmt.Sprintf("link to %d", wrong), p, "")
				s.seal(p, raw)
				problems := s.check()
				if len(problems) == 0 {
					t.Errorf("page %d links to block %d, and check finds nothing", p, wrong)
				}
			}
			s.write(p, old)
		}
	}
	if n == 0 {
		t.Error("no segment spans blocks")
	}
	s.expectSound()
}

// TestFindsATruncatedFile cuts the file before each block and within the last page
// in use.
func TestFindsATruncatedFile(t *testing.T) {
	s := newSample(t)
	whole, err := s.fs.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	geo := s.geo
	var end base.PageNo
	for _, seg := range s.segments() {
		end = max(end, slices.Max(seg.pages))
	}
	for cut := geo.Offset(end+1) - 1; cut > 2*format.MetaPageSize; cut -= 30_000 {
		if err := s.file.Truncate(cut); err != nil {
			t.Fatal(err)
		}
		s.expect(fmt.Sprintf("file cut to %d bytes", cut), end, "after the end of the file")
		if _, err := s.file.WriteAt(whole, 0); err != nil {
			t.Fatal(err)
		}
	}
	s.expectSound()
}
