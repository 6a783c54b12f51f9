// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/check"
)

// TestFindsFlippedBits flips one bit in every kind of place of every page.
func TestFindsFlippedBits(t *testing.T) {
	s := newSample(t)
	rng := rand.New(rand.NewPCG(1, 1))
	pages, flips := 0, 0
	for _, seg := range s.segments() {
		for _, p := range seg.pages {
			pages++
			raw := s.page(p)
			content := s.geo.Content(p, raw)
			start := 0
			if s.geo.IsFirst(p) {
				start = 4
			}
			end := start + len(content)
			places := []int{0, start, len(raw) - 1, // links, first cell, link or count
				end - 1, end - 2, end - 3, end - 4, end - 5, end - 12, // count, flags and check, pointer
				start + content.EOF() - 1, start + content.EOF(), // last data, last cell's index
				rng.IntN(len(raw)), rng.IntN(len(raw))}
			if pages%8 != 0 { // a few places on each page, all of them on some
				rng.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
				places = places[:2]
			}
			for _, at := range places {
				flips++
				bit := byte(1) << rng.IntN(8)
				raw[at] ^= bit
				s.write(p, raw)
				s.expect(fmt.Sprintf("bit %#02x of byte %d flipped", bit, at), p, "page sum")
				raw[at] ^= bit
				s.write(p, raw)
			}
		}
	}
	s.expectSound()
	t.Logf("%d flips on %d pages", flips, pages)
}

// TestFindsDamagedPages damages pages in ways that leave the page sum of the
// page itself alone.
func TestFindsDamagedPages(t *testing.T) {
	s := newSample(t)
	segs := s.segments()
	for i, seg := range segs {
		for j, p := range seg.pages {
			old := s.page(p)
			// What was never written.
			s.replace("page overwritten with zeros", p, make([]byte, len(old)), "no page sum")
			// Another page of the same segment, of another one, an older version.
			other := seg.pages[(j+1)%len(seg.pages)]
			if other == p {
				other = segs[(i+1)%len(segs)].pages[0]
			}
			s.replace(fmt.Sprintf("page overwritten with page %d", other), p, s.page(other), "page sum")
			s.write(p, old)
		}
		if len(seg.pages) > 2 {
			p, q := seg.pages[0], seg.pages[len(seg.pages)/2]
			a, b := s.page(p), s.page(q)
			s.write(p, b)
			s.write(q, a)
			s.expect("pages swapped", p, "page sum")
			s.expect("pages swapped", q, "page sum")
			s.write(p, a)
			s.write(q, b)
		}
	}
	s.expectSound()
	if s.byChance > 4 { // of about 800
		t.Errorf("%d pages pass for others", s.byChance)
	}
}

// replace writes another page in the place of p, and expects the check to name it, unless
// it fits there by chance: what has more than 13 wrong bits does so once in 8192 times.
func (s *sample) replace(what string, p base.PageNo, raw []byte, text string) {
	s.t.Helper()
	s.write(p, raw)
	if s.geo.SumGood(p, p, raw, s.sealOf(p)) {
		s.byChance++
		return
	}
	s.expect(what, p, text)
}

// TestGoesOn damages many pages at once and expects each to be named.
func TestGoesOn(t *testing.T) {
	s := newSample(t)
	var damaged []base.PageNo
	for _, seg := range s.segments() {
		for j, p := range seg.pages {
			if j%3 == 1 {
				raw := s.page(p)
				raw[len(raw)/2] ^= 0x55
				s.write(p, raw)
				damaged = append(damaged, p)
			}
		}
	}
	problems := s.check()
	for _, p := range damaged {
		if !slices.ContainsFunc(problems, func(q check.Problem) bool {
			return q.Page == int64(p) && q.Segment != "" && q.Offset == (int64(p)-1)*1024
		}) {
			t.Errorf("page %d is damaged and not named", p)
		}
	}
	for _, p := range problems {
		if !slices.Contains(damaged, base.PageNo(p.Page)) {
			t.Errorf("of %d damaged pages: %v", len(damaged), p)
		}
	}
	t.Logf("%d pages damaged, %d problems", len(damaged), len(problems))
	// Stopping early is up to the receiver.
	n := 0
	check.Run(context.Background(), s.input(), func(check.Problem) bool {
		n++
		return n < 2
	})
	if n != 2 {
		t.Errorf("%d problems, though the receiver wanted 2", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n = 0
	check.Run(ctx, s.input(), func(check.Problem) bool {
		n++
		cancel()
		return true
	})
	if n != 1 {
		t.Errorf("%d problems after the context had ended", n-1)
	}
}
