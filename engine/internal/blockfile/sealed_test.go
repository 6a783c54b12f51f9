// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// sealedFixture is a fixture with an encrypted file.
func sealedFixture(t testing.TB, codec compress.Codec, suite crypt.Suite, pageSize int, cacheBytes int64) (*fixture, *crypt.Keys) {
	t.Helper()
	geo, err := format.NewCompressedGeometry(pageSize, 64<<10, blockfile.Bound(pageSize, codec))
	if err != nil {
		t.Fatal(err)
	}
	x := &fixture{t: t, fs: memfs.New(), geo: geo}
	if x.f, err = x.fs.Open(name, vfs.ReadWrite|vfs.Create, 0); err != nil {
		t.Fatal(err)
	}
	keys, err := crypt.NewKeys(suite, bytes.Repeat([]byte{5}, crypt.KeySize), crypt.NewFileID())
	if err != nil {
		t.Fatal(err)
	}
	x.reopen(codec, keys, cacheBytes)
	return x, keys
}

// reopen makes another file of the same, with nothing in its cache.
func (x *fixture) reopen(codec compress.Codec, keys *crypt.Keys, cacheBytes int64) {
	x.file = blockfile.NewEncrypted(x.f, name, x.geo, codec, keys, cacheBytes)
	x.file.SetBlocks(20)
}

// space returns the space of a segment with that salt.
func (x *fixture) space(salt crypt.Salt) *blockfile.Space {
	x.t.Helper()
	s, err := x.file.Space(salt)
	if err != nil {
		x.t.Fatal(err)
	}
	return s.SealedAs(true, 0)
}

func TestSealedPages(t *testing.T) {
	for i, codec := range []compress.Codec{nil, compress.LZ4(), compress.Zstd()} {
		for _, pageSize := range []int{256, 4096, 32768} {
			for _, cacheBytes := range []int64{1, 1 << 30} {
				suite := crypt.Suite(1 + i%2)
				t.Run(fmt.Sprintf("%d/%s/%d/%d", i, suite, pageSize, cacheBytes), func(t *testing.T) {
					x, keys := sealedFixture(t, codec, suite, pageSize, cacheBytes)
					rng := rand.New(rand.NewPCG(uint64(i), uint64(pageSize)))
					n := 160 << 10 / pageSize
					pages, a := x.pack(rng, n, 0, 1, 7, 3, 12, 4, 9, 2)
					s := x.space(a.Salt())
					x.all(s, pages, a.End())
					start := a.AppendPoint()
					if start == 0 {
						return // the last block is full
					}
					more, b := x.pack(rng, 3, start, x.blocks...)
					if a.Salt() == b.Salt() || a.Salt() == (crypt.Salt{}) {
						t.Errorf("two segments have the salts %x and %x", a.Salt(), b.Salt())
					}
					x.all(x.space(b.Salt()), more, b.End())
					x.reopen(codec, keys, cacheBytes)
					if _, err := x.space(a.Salt()).Page(more[2]); !errors.Is(err, errs.ErrTampered) {
						t.Errorf("a page of another segment: %v", err)
					}
				})
			}
		}
	}
}

// TestSealedRunOpensEachPageOnce walks over a segment as a merge does whose records go on over the ends of pages: from
// each page on which it stands it looks at the next one twice. Each page is read and opened once.
func TestSealedRunOpensEachPageOnce(t *testing.T) {
	for _, codec := range []compress.Codec{nil, compress.LZ4()} {
		x, keys := sealedFixture(t, codec, crypt.AESGCM, 1024, 1)
		pages, a := x.pack(rand.New(rand.NewPCG(1, 2)), 400, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10)
		x.reopen(codec, keys, 1)
		q := blockfile.NewSequential(x.space(a.Salt()), a.End())
		look := func(p base.PageNo, read func(base.PageNo) (format.Page, error)) {
			page, err := read(p)
			x.expect(page, err, p)
		}
		for i, p := range pages {
			look(p, q.Stand)
			if i+1 == len(pages) {
				break
			}
			for range 2 { // of a record that goes on, and of the page that follows
				if next, err := q.NextPage(p); err != nil || next != pages[i+1] {
					t.Fatalf("the page after %d: %d, %v; want %d", p, next, err, pages[i+1])
				}
				look(pages[i+1], q.Page)
			}
		}
		st := x.file.Stats()
		if n := int64(len(pages)); st.RunPages > n+n/10 {
			t.Errorf("%d pages are opened of %d", st.RunPages, n)
		}
		if st.BytesRead > a.Size()+a.Size()/10 {
			t.Errorf("%d bytes are read of %d", st.BytesRead, a.Size())
		}
	}
}

// ways are the ways to read all pages of a segment, each with fresh caches.
var ways = map[string]func(s *blockfile.Space, first, last, end base.PageNo) ([]base.PageNo, error){
	"pages": func(s *blockfile.Space, first, last, _ base.PageNo) (seen []base.PageNo, err error) {
		for p := first; ; {
			if _, err := s.Page(p); err != nil {
				return seen, err
			}
			if seen = append(seen, p); p == last {
				return seen, nil
			}
			if p, err = s.NextPage(p); err != nil {
				return seen, err
			}
		}
	},
	"ahead": func(s *blockfile.Space, first, last, end base.PageNo) (seen []base.PageNo, err error) {
		for p := first; ; {
			if _, err := pageAhead(s, p, end); err != nil {
				return seen, err
			}
			if seen = append(seen, p); p == last {
				return seen, nil
			}
			if p, err = s.NextAhead(p, end); err != nil {
				return seen, err
			}
		}
	},
	"run": func(s *blockfile.Space, first, last, end base.PageNo) ([]base.PageNo, error) {
		return readRun(blockfile.NewSequential(s, end), first, last)
	},
	"fresh": func(s *blockfile.Space, first, last, end base.PageNo) ([]base.PageNo, error) {
		return readRun(blockfile.NewFresh(s, end), first, last)
	},
	"stand": func(s *blockfile.Space, first, last, end base.PageNo) (seen []base.PageNo, err error) {
		q := blockfile.NewSequential(s, end)
		for p := first; ; {
			if _, err := q.Stand(p); err != nil {
				return seen, err
			}
			if seen = append(seen, p); p == last {
				return seen, nil
			}
			if p, err = q.NextPage(p); err != nil {
				return seen, err
			}
		}
	},
	"tail": func(s *blockfile.Space, first, last, end base.PageNo) (seen []base.PageNo, err error) {
		q := s.NewTail(end)
		defer q.Close()
		for p := first; ; {
			if _, err := q.Page(p, 1<<20, nil); err != nil {
				return seen, err
			}
			if seen = append(seen, p); p == last {
				return seen, nil
			}
			if p, err = q.NextPage(p); err != nil {
				return seen, err
			}
		}
	},
	"back": func(s *blockfile.Space, first, last, end base.PageNo) (seen []base.PageNo, err error) {
		p, err := s.LastPage(end)
		for err == nil {
			if _, err = s.Page(p); err != nil {
				break
			}
			if seen = append([]base.PageNo{p}, seen...); p == first {
				return seen, nil
			}
			p, err = s.PrevPage(p)
		}
		return seen, err
	},
}

// readRun reads pages as check does: it asks for the next one first.
func readRun(q blockfile.Sequential, first, last base.PageNo) (seen []base.PageNo, err error) {
	for p := first; ; {
		next, lost := base.PageNo(0), error(nil)
		if p != last {
			next, lost = q.NextPage(p)
		}
		if _, err := q.Page(p); err != nil {
			return seen, err
		}
		if seen = append(seen, p); p == last || lost != nil {
			return seen, lost
		}
		p = next
	}
}

// TestSealedPagesCannotBeMoved changes the hints of an encrypted file, and moves whole records, in many ways. Each way
// of reading either fails with ErrTampered or reads what was written.
func TestSealedPagesCannotBeMoved(t *testing.T) {
	const pageSize = 1024
	x, keys := sealedFixture(t, nil, crypt.AESGCM, pageSize, 1<<20)
	rng := rand.New(rand.NewPCG(7, 7))
	old, before := x.pack(rng, 220, 0, 2, 3, 4, 5) // what stood in the same places before
	stale := x.bytes()
	pages, a := x.pack(rng, 220, 0, 2, 3, 4, 5)
	other, _ := x.pack(rng, 220, 0, 6, 7, 8, 9)
	if old[219] != pages[219] || before.Salt() == a.Salt() {
		t.Fatal("the two segments do not lie in the same places")
	}
	sound := x.bytes()
	size := int(pages[1] - pages[0])
	record := func(file []byte, p base.PageNo) []byte { return file[p:][:size] }
	link := func(file []byte, b base.BlockNo, next bool) []byte { return file[x.geo.LinkOffset(b, next):][:4] }
	pad := func(b []byte) { copy(b, format.AppendPad(nil, len(b))) }
	p, end := pages[10], a.End()
	for name, change := range map[string]func(f []byte){
		"swapped": func(f []byte) {
			copy(record(f, p), record(sound, p+base.PageNo(size)))
			copy(record(f, pages[11]), record(sound, p))
		},
		"repeated":              func(f []byte) { copy(record(f, pages[11]), record(sound, p)) },
		"an older one":          func(f []byte) { copy(record(f, p), record(stale, p)) },
		"an older last one":     func(f []byte) { copy(record(f, pages[219]), record(stale, pages[219])) },
		"an older block":        func(f []byte) { copy(f[3*64<<10:4*64<<10], stale[3*64<<10:]) },
		"older blocks":          func(f []byte) { copy(f[:6*64<<10], stale) },
		"of another segment":    func(f []byte) { copy(record(f, p), record(sound, other[10])) },
		"dropped":               func(f []byte) { pad(record(f, p)) },
		"two dropped":           func(f []byte) { pad(f[p:][:2*size]) },
		"two dropped, one each": func(f []byte) { pad(record(f, p)); pad(record(f, pages[11])) },
		"the first dropped":     func(f []byte) { pad(record(f, pages[0])) },
		"the last dropped":      func(f []byte) { pad(record(f, pages[219])) },
		"the end dropped":       func(f []byte) { pad(f[pages[218] : end+1]) },
		"a block left out": func(f []byte) {
			copy(link(f, 3, true), link(sound, 4, true))
			copy(link(f, 5, false), link(sound, 4, false))
		},
		"a block of another": func(f []byte) { link(f, 3, true)[3], link(f, 8, false)[3] = 8, 3 },
		"a circle":           func(f []byte) { link(f, 4, true)[3], link(f, 3, false)[3] = 3, 4 },
		"no blocks":          func(f []byte) { clear(link(f, 3, true)) },
		"a shorter one": func(f []byte) {
			format.PutRecordSize(f[p:], size-6-10, false)
			format.PutRecordSize(f[int(p)+size-13:], size-6-10, false)
			pad(f[int(p)+size-10:][:10])
		},
		"a longer one":   func(f []byte) { format.PutRecordSize(f[p:], size-6+37, false) },
		"padding before": func(f []byte) { copy(f[p+6:pages[12]], sound[p:]); pad(f[p:][:6]) },
	} {
		file := bytes.Clone(sound)
		change(file)
		if bytes.Equal(file, sound) {
			t.Fatalf("%s: nothing was changed", name)
		}
		x.put(file)
		refused := 0
		for how, read := range ways {
			x.reopen(nil, keys, 1<<20)
			s := x.space(a.Salt())
			last, err := s.LastPage(end)
			if err == nil && last != pages[219] {
				t.Errorf("%s: the last page is %d; want %d", name, last, pages[219])
			}
			seen, err := read(s, pages[0], pages[219], end)
			if err == nil && len(seen) != len(pages) {
				t.Errorf("%s, %s: %d pages of %d without an error", name, how, len(seen), len(pages))
			}
			if err != nil && !errors.Is(err, errs.ErrTampered) {
				t.Errorf("%s, %s: %v", name, how, err)
			}
			if err != nil {
				refused++
			}
		}
		if refused == 0 {
			t.Errorf("%s: every way of reading finds nothing wrong", name)
		}
		if _, err := blockfile.NewFresh(x.space(a.Salt()), end).Layout(pages[0], end); err != nil && !errors.Is(err, errs.ErrTampered) {
			t.Errorf("%s: layout: %v", name, err)
		}
	}
}

// TestSealedBytesFlipped flips every byte of an encrypted segment in turn.
func TestSealedBytesFlipped(t *testing.T) {
	for i, codec := range []compress.Codec{nil, compress.LZ4()} {
		x, keys := sealedFixture(t, codec, crypt.AESGCM, 256, 4<<10)
		pages, a := x.pack(rand.New(rand.NewPCG(8, uint64(i))), 12, 0, 2)
		sound := x.bytes()
		for at := int(pages[0]); at <= int(a.End()); at++ {
			sound[at] ^= 1 << (at % 8)
			x.put(sound)
			sound[at] ^= 1 << (at % 8)
			for how, read := range ways {
				x.reopen(codec, keys, 4<<10)
				seen, err := read(x.space(a.Salt()), pages[0], pages[11], a.End())
				if err == nil && len(seen) != len(pages) || err != nil && !errors.Is(err, errs.ErrTampered) {
					t.Fatalf("byte %d, %s: %d pages, %v", at, how, len(seen), err)
				}
				inside := at < int(pages[11]) // after the last page's beginning padding comes some time, which may be anything
				if inside && how == "fresh" && err == nil {
					t.Fatalf("byte %d: nobody notices", at)
				}
			}
		}
	}
}

// TestSealedNothingInClear: no eight bytes of what pages hold are in an encrypted file.
func TestSealedNothingInClear(t *testing.T) {
	x, _ := sealedFixture(t, nil, crypt.ChaCha20Poly1305, 512, 1<<20)
	x.blocks = []base.BlockNo{2}
	a := x.file.NewAppender(x, 0)
	for range 20 {
		_, content, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		fill(content, 1)
		copy(content[64:], bytes.Repeat([]byte("plaintext"), 40))
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	if file := x.bytes(); bytes.Contains(file, []byte("plaintex")) || bytes.Contains(file[64<<10:][:10<<10], make([]byte, 8)) {
		t.Error("bytes of a page are in the file as they are")
	}
}

// bytes returns the file, and put makes it what b is.
func (x *fixture) bytes() []byte {
	x.t.Helper()
	b := make([]byte, 10*64<<10)
	n, _ := x.f.ReadAt(b, 0)
	return b[:n]
}

func (x *fixture) put(b []byte) {
	x.t.Helper()
	if _, err := x.f.WriteAt(b, 0); err != nil {
		x.t.Fatal(err)
	}
}
