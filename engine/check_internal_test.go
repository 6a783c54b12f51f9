package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// sample is a small database that has a bit of everything: several levels over several
// blocks, some shared, long keys and values, range deletes, free blocks, and a log.
type sample struct {
	seals map[base.PageNo]format.Seal // of all pages of segments
	t     *testing.T
	fs    *memfs.FS
	db    *DB
	file  vfs.File // a handle to damage the file through
	// byChance counts the pages that replace found to fit.
	byChance int
}

const samplePath = "/sample.lsm"

func sampleOptions(fs vfs.FS) Options {
	return Options{FS: fs, PageSize: 1024, BlockSize: 64 << 10, NoAutoWork: true, AutoCheckpoint: -1, MaxFreelist: 2}
}

func newSample(t *testing.T) *sample {
	t.Helper()
	s := &sample{t: t, fs: memfs.New()}
	s.open(sampleOptions(s.fs))
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(7, 7))
	key := func(i int) []byte {
		k := fmt.Appendf(nil, "key-%06d", i)
		if i%40 == 0 {
			k = append(k, bytes.Repeat([]byte{'l'}, 300+i%900)...)
		}
		return k
	}
	flush := func(change func(tx *Tx) error) {
		t.Helper()
		if err := s.db.Update(ctx, change); err != nil {
			t.Fatal(err)
		}
		if err := s.db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	put := func(from, n, step, size int) func(tx *Tx) error {
		return func(tx *Tx) error {
			for i := range n {
				v := make([]byte, rng.IntN(size))
				for j := range v {
					v[j] = byte(rng.Uint32())
				}
				if err := tx.Put(key(from+i*step), v); err != nil {
					return err
				}
			}
			return nil
		}
	}
	// Churn first, so that blocks become free.
	for i := range 4 {
		flush(put(i*60, 220, 3, 300))
	}
	if _, err := s.db.Work(ctx, WorkOptions{Merge: 1}); err != nil {
		t.Fatal(err)
	}
	flush(put(0, 40, 20, 4000))
	flush(func(tx *Tx) error {
		for i := range 16 {
			if err := tx.DeleteRange(key(i*40), key(i*40+17)); err != nil {
				return err
			}
			if err := tx.Delete(key(i*40 + 20)); err != nil {
				return err
			}
		}
		return put(5, 60, 13, 100)(tx)
	})
	flush(put(3000, 20, 1, 50))
	if _, err := s.db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Update(ctx, put(1, 50, 7, 100)); err != nil {
		t.Fatal(err)
	}
	s.expectSound()
	return s
}

func (s *sample) open(o Options) {
	s.t.Helper()
	db, err := Open(context.Background(), samplePath, o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.db = db
	if s.file, err = s.fs.Open(samplePath, vfs.ReadWrite, 0); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sample) check() []Problem { return slices.Collect(s.db.Check(context.Background())) }

func (s *sample) expectSound() {
	s.t.Helper()
	for _, p := range s.check() {
		s.t.Errorf("sound database: %v", p)
	}
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// page reads a page, and write writes it back, without or with a new page sum.
func (s *sample) page(p base.PageNo) []byte {
	s.t.Helper()
	raw, err := s.db.bf.RawPage(p)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func (s *sample) write(p base.PageNo, raw []byte) {
	s.t.Helper()
	if _, err := s.file.WriteAt(raw, s.db.bf.Geometry().Offset(p)); err != nil {
		s.t.Fatal(err)
	}
}

// sealOf returns the seal of the segment that page p belongs to, as segments has found it.
func (s *sample) sealOf(p base.PageNo) format.Seal {
	s.t.Helper()
	if s.seals == nil {
		s.segments()
	}
	seal, ok := s.seals[p]
	if !ok {
		s.t.Fatalf("page %d belongs to no segment", p)
	}
	return seal
}

func (s *sample) seal(p base.PageNo, raw []byte) {
	s.t.Helper()
	s.db.bf.Geometry().SealPage(p, raw, s.sealOf(p))
	s.write(p, raw)
}

// segments returns the segments with all of their pages.
func (s *sample) segments() (out []struct {
	*snapshot.Level
	pages []base.PageNo
}) {
	s.t.Helper()
	s.seals = make(map[base.PageNo]format.Seal)
	for _, l := range s.db.reg.Newest().Disk.Levels {
		var pages []base.PageNo
		for p := l.Seg.First; ; {
			pages = append(pages, p)
			s.seals[p] = l.Seg.Space.Seal
			if p == l.Seg.Last {
				break
			}
			var err error
			if p, err = l.Seg.Space.NextPage(p); err != nil {
				s.t.Fatal(err)
			}
		}
		out = append(out, struct {
			*snapshot.Level
			pages []base.PageNo
		}{l, pages})
	}
	return out
}

// expect fails unless a problem names the page and one contains the text.
func (s *sample) expect(what string, page base.PageNo, text string) {
	s.t.Helper()
	problems := s.check()
	named, said := page == 0, text == ""
	for _, p := range problems {
		named = named || p.Page == int64(page) || strings.Contains(p.Detail, fmt.Sprintf("page %d", page))
		said = said || strings.Contains(p.Detail, text)
	}
	if len(problems) == 0 || !named || !said {
		s.t.Errorf("%s (page %d, %q): check found %v", what, page, text, problems)
	}
}

// TestCheckFindsFlippedBits flips one bit in every kind of place of every page.
func TestCheckFindsFlippedBits(t *testing.T) {
	s := newSample(t)
	rng := rand.New(rand.NewPCG(1, 1))
	pages, flips := 0, 0
	for _, seg := range s.segments() {
		for _, p := range seg.pages {
			pages++
			raw := s.page(p)
			content := s.db.bf.Geometry().Content(p, raw)
			start := 0
			if s.db.bf.Geometry().IsFirst(p) {
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

// TestCheckFindsDamagedPages damages pages in ways that leave the page sum of the
// page itself alone.
func TestCheckFindsDamagedPages(t *testing.T) {
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
	if s.db.bf.Geometry().SumGood(p, p, raw, s.sealOf(p)) {
		s.byChance++
		return
	}
	s.expect(what, p, text)
}

// TestCheckGoesOn damages many pages at once and expects each to be named.
func TestCheckGoesOn(t *testing.T) {
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
		if !slices.ContainsFunc(problems, func(q Problem) bool { return q.Page == int64(p) && q.Segment != "" && q.Offset == (int64(p)-1)*1024 }) {
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
	for range s.db.Check(context.Background()) {
		if n++; n == 2 {
			break
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n = 0
	for range s.db.Check(ctx) {
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d problems after the context had ended", n-1)
	}
}

// edit changes the content of a page, seals it again, checks, and takes it back.
func (s *sample) edit(what string, p base.PageNo, text string, change func(page format.Page)) {
	s.t.Helper()
	old := s.page(p)
	raw := bytes.Clone(old)
	change(s.db.bf.Geometry().Content(p, raw))
	s.seal(p, raw)
	s.expect(what, p, text)
	s.write(p, old)
}

// TestCheckFindsWrongContent changes what pages say and seals them again, as a bug of
// the engine would.
func TestCheckFindsWrongContent(t *testing.T) {
	s := newSample(t)
	geo := s.db.bf.Geometry()
	set := func(page format.Page, at int, v uint16) { binary.BigEndian.PutUint16(page[at:], v) }
	did := make(map[string]int)
	for _, seg := range s.segments() {
		last := seg.pages[len(seg.pages)-1]
		for j, p := range seg.pages {
			page := geo.Content(p, s.page(p))
			n := page.NumCells()
			if j%4 > 0 && j+3 < len(seg.pages) && !page.IsBTree() {
				continue // enough of the same
			}
			edit := func(what, text string, change func(page format.Page)) {
				did[what]++
				s.edit(what, p, text, change)
			}
			if n > 1 {
				edit("cells swapped", "", func(page format.Page) {
					a, b := page.CellOffset(0), page.CellOffset(1)
					set(page, len(page)-14, uint16(b))
					set(page, len(page)-16, uint16(a))
				})
				edit("cell points at itself twice", "", func(page format.Page) {
					set(page, len(page)-16, uint16(page.CellOffset(0)))
				})
			}
			if page.IsBTree() {
				edit("last b-tree key lost", "", func(page format.Page) { set(page, len(page)-2, uint16(n-1)) })
				edit("right-most child wrong", "", func(page format.Page) {
					binary.BigEndian.PutUint64(page[len(page)-12:], uint64(page.Ptr()-1))
				})
				for i := range n {
					c := page.BTreeCell(i)
					if c.Ref != 0 {
						edit("long b-tree key taken from elsewhere", "key from", func(page format.Page) {
							at := page.CellOffset(i) + 1
							at += format.VarintLen(uint64(c.Child))
							page[at+format.VarintLen(uint64(c.Ref))-1] ^= 1
						})
					} else if i == 0 || i == n-1 {
						edit("b-tree key changed", "has the key", func(page format.Page) {
							k := page.BTreeCell(i).Key
							k[len(k)-1] ^= 1
						})
					}
				}
				continue
			}
			if p != last && n > 0 {
				edit("leaf page became a b-tree page", "", func(page format.Page) {
					set(page, len(page)-4, uint16(page.Flags()|format.FlagBTree))
					set(page, len(page)-2, 0)
				})
			}
			if n == 0 {
				continue
			}
			if j > 0 {
				edit("leaf page left out of the b-tree", "does not lead on", func(page format.Page) {
					set(page, len(page)-4, page.Flags()|format.FlagSkipThis)
				})
			}
			edit("all records of a page lost", "", func(page format.Page) { set(page, len(page)-2, 0) })
			first := page.LeafCell(0)
			kindAt := page.CellOffset(0)
			edit("impossible kind", "impossible kind", func(page format.Page) { page[kindAt] |= byte(base.Insert | base.PointDelete | 0x80) })
			if first.Kind&base.EndDelete == 0 {
				edit("range end without start", "ends a deleted range", func(page format.Page) { page[kindAt] |= byte(base.EndDelete) })
			}
			if i := n - 1; page.LeafCell(i).Kind&base.StartDelete == 0 {
				what := "range start without end"
				did[what]++
				old := s.page(p)
				raw := bytes.Clone(old)
				c := geo.Content(p, raw)
				c[c.CellOffset(i)] |= byte(base.StartDelete)
				s.seal(p, raw)
				s.expect(what, 0, "deleted range")
				s.write(p, old)
			}
			if first.Kind&base.System == 0 && first.KeyLen > 2 && first.Body+first.KeyLen < page.EOF() && n > 1 {
				edit("first key too great", "", func(page format.Page) { page[first.Body] = 0xFF })
			}
			if c := page.LeafCell(n - 1); c.Kind&base.Insert != 0 && c.ValLen > 2287 {
				// The longest lengths take three bytes, of which the last one is the low byte.
				what := "value longer than its room"
				did[what]++
				old := s.page(p)
				raw := bytes.Clone(old)
				page := geo.Content(p, raw)
				page[c.Body-2] += 8
				s.seal(p, raw)
				s.expect(what, 0, "")
				s.write(p, old)
			}
			if c := page.LeafCell(n - 1); c.Kind&base.System != 0 && c.Kind&base.Insert != 0 {
				edit("free-list entry of 7 bytes", "free-list entry", func(page format.Page) { page[c.Body-1]-- })
				edit("free-list entry for no block", "free-list entry", func(page format.Page) { page[c.Body] = 0 })
			}
		}
	}
	s.expectSound()
	t.Logf("changes: %v", did)
	for _, what := range []string{"long b-tree key taken from elsewhere", "b-tree key changed", "value longer than its room", "free-list entry of 7 bytes"} {
		if did[what] == 0 {
			t.Errorf("the sample has no place for %q", what)
		}
	}
}

// TestCheckFindsWrongLinks changes block links.
func TestCheckFindsWrongLinks(t *testing.T) {
	s := newSample(t)
	geo := s.db.bf.Geometry()
	n := 0
	for _, seg := range s.segments() {
		for j, p := range seg.pages {
			next := geo.IsLast(p) && j+1 < len(seg.pages)
			prev := geo.IsFirst(p) && j > 0
			if !next && !prev {
				continue
			}
			old := s.page(p)
			for _, wrong := range []base.BlockNo{0, geo.Block(p), 1, base.BlockNo(s.db.free.Blocks()), base.BlockNo(s.db.free.Blocks()) + 1, 1 << 31} {
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

// TestCheckFindsATruncatedFile cuts the file before each block and within the last page
// in use.
func TestCheckFindsATruncatedFile(t *testing.T) {
	s := newSample(t)
	whole, err := s.fs.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	geo := s.db.bf.Geometry()
	var end base.PageNo
	for _, seg := range s.segments() {
		end = max(end, slices.Max(seg.pages))
	}
	for cut := geo.Offset(end+1) - 1; cut > 2*format.MetaPageSize; cut -= 30_000 {
		if err := s.file.Truncate(cut); err != nil {
			t.Fatal(err)
		}
		s.expect(fmt.Sprintf("file cut to %d bytes", cut), end, "behind the end of the file")
		if _, err := s.file.WriteAt(whole, 0); err != nil {
			t.Fatal(err)
		}
	}
	s.expectSound()
}

// restore stops the engine as a crash would and opens what change makes of the newest
// checkpoint.
func (s *sample) restore(change func(c *format.Checkpoint)) (*sample, error) {
	s.t.Helper()
	other := &sample{t: s.t, fs: s.fs.Clone()}
	meta, err := s.db.bf.ReadMeta(s.db.meta)
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := format.DecodeCheckpoint(meta)
	if err != nil {
		s.t.Fatal(err)
	}
	change(c)
	blob, err := c.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	if other.file, err = other.fs.Open(samplePath, vfs.ReadWrite, 0); err != nil {
		s.t.Fatal(err)
	}
	if _, err := other.file.WriteAt(blob, int64(s.db.meta-1)*format.MetaPageSize); err != nil {
		s.t.Fatal(err)
	}
	o := sampleOptions(other.fs)
	o.ReadOnly = true
	other.db, err = Open(context.Background(), samplePath, o)
	return other, err
}

// TestCheckFindsWrongCheckpoints opens the sample with checkpoints that are well-formed
// but do not describe the file. It is refused, or Check names the fault.
func TestCheckFindsWrongCheckpoints(t *testing.T) {
	s := newSample(t)
	geo := s.db.bf.Geometry()
	segs := s.segments()
	oldest := segs[len(segs)-1]
	isFree := make(map[base.BlockNo]bool)
	for _, e := range s.db.free.Entries() {
		isFree[e.Block] = true
	}
	used := geo.Block(oldest.pages[0])
	if len(isFree) < 2 || len(segs) < 3 || isFree[used] {
		t.Fatalf("the sample has %d free blocks and %d segments", len(isFree), len(segs))
	}
	setFree := func(c *format.Checkpoint, e format.FreeEntry) {
		c.Free = slices.DeleteFunc(c.Free, func(o format.FreeEntry) bool { return o.Block == e.Block })
		c.Free = append(c.Free, e)
		slices.SortFunc(c.Free, func(a, b format.FreeEntry) int { return int(a.Block) - int(b.Block) })
	}
	var free base.BlockNo
	for free = range isFree {
		break
	}
	for _, test := range []struct {
		name, text string
		change     func(c *format.Checkpoint)
	}{
		{"unchanged", "", func(*format.Checkpoint) {}},
		{"used block in the free list", "and it is free", func(c *format.Checkpoint) { setFree(c, format.FreeEntry{Block: used, ID: 11}) }},
		{"free block not in the free list", "neither used nor free", func(c *format.Checkpoint) { setFree(c, format.FreeEntry{Block: free, ID: format.NotFree}) }},
		{"more blocks than there are", "neither used nor free", func(c *format.Checkpoint) { c.Blocks += 1000_000 }},
		{"free block from the future", "the newest is", func(c *format.Checkpoint) { setFree(c, format.FreeEntry{Block: free, ID: c.ID + 1}) }},
		{"level lost", "neither used nor free", func(c *format.Checkpoint) { c.Levels = c.Levels[:len(c.Levels)-1] }},
		{"level twice", "to another one", func(c *format.Checkpoint) { c.Levels = append(c.Levels, c.Levels[len(c.Levels)-1]) }},
		{"ages decrease", "ages never decrease", func(c *format.Checkpoint) { c.Levels[0].Age = 50 }},
		{"user keys in a free-list level", "user key", func(c *format.Checkpoint) { c.Levels[1].Flags = format.LevelFreelistOnly }},
		{"root lost", "no b-tree", func(c *format.Checkpoint) {
			l := &c.Levels[len(c.Levels)-1]
			l.LHS.Root, l.LHS.Last = 0, l.LHS.First+4
		}},
		{"root of another segment", "root", func(c *format.Checkpoint) { c.Levels[len(c.Levels)-1].LHS.Root = c.Levels[1].LHS.Root }},
		{"leaf page as root", "is a leaf page", func(c *format.Checkpoint) { l := &c.Levels[len(c.Levels)-1].LHS; l.Root = l.First }},
		{"segment begins late", "not one of the segment's", func(c *format.Checkpoint) { c.Levels[len(c.Levels)-1].LHS.First += 2 }},
		{"segment ends late", "", func(c *format.Checkpoint) { c.Levels[0].LHS.Last++ }},
		{"segment ends before it begins", "", func(c *format.Checkpoint) { l := &c.Levels[1].LHS; l.First, l.Last = l.Last, l.First }},
		{"redirect that is none", "", func(c *format.Checkpoint) { c.Redirects = []format.Redirect{{From: used, To: used - 1}} }},
		{"redirects in a chain", "another redirect", func(c *format.Checkpoint) {
			c.Redirects = []format.Redirect{{From: 3, To: 2}, {From: 4, To: 3}}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.t = t
			other, err := s.restore(test.change)
			if err != nil {
				t.Logf("refused: %v", err)
				return
			}
			defer other.db.Close()
			if test.name == "unchanged" {
				other.expectSound()
				return
			}
			other.expect(test.name, 0, test.text)
		})
	}
}

// TestCheckFindsWrongState changes what the engine holds in memory.
func TestCheckFindsWrongState(t *testing.T) {
	s := newSample(t)
	publish := func(change func(st *snapshot.State, disk *snapshot.Snapshot)) {
		next := s.db.reg.Newest().Next()
		disk := *next.Disk
		disk.Levels = slices.Clone(disk.Levels)
		next.Disk = &disk
		change(next, &disk)
		s.db.reg.Publish(next)
	}
	old := *s.db.reg.Newest().Disk
	try := func(what, text string, change func(disk *snapshot.Snapshot)) {
		t.Helper()
		publish(func(_ *snapshot.State, disk *snapshot.Snapshot) { change(disk) })
		s.expect(what, 0, text)
		publish(func(_ *snapshot.State, disk *snapshot.Snapshot) { *disk = old })
	}
	seg := old.Levels[len(old.Levels)-1].Seg
	geo := s.db.bf.Geometry()
	try("append point within a segment", "within the segment", func(d *snapshot.Snapshot) { d.Append[0] = seg.First + 1 })
	try("append point outside the file", "outside", func(d *snapshot.Snapshot) { d.Append[3] = geo.MaxPage(s.db.free.Blocks()) + 1 })
	try("append point in a free block", "which no segment uses", func(d *snapshot.Snapshot) {
		d.Append[1] = geo.FirstPage(s.db.free.Entries()[0].Block) + 5
	})
	try("append point twice", "twice", func(d *snapshot.Snapshot) { d.Append[1], d.Append[2] = seg.Last+1, seg.Last+1 })
	try("other levels than stored", "in memory", func(d *snapshot.Snapshot) { d.Levels = d.Levels[1:] })
	try("level changed since it was stored", "in memory", func(d *snapshot.Snapshot) {
		l := *d.Levels[0]
		l.Age = 9
		d.Levels[0] = &l
	})
	try("checkpoint from the future", "the newest checkpoint has id", func(d *snapshot.Snapshot) { d.ID-- })
	s.expectSound()

	s.db.free.Reserve(geo.Block(seg.First))
	s.expect("write to a used block", 0, "being written to")
	s.db.free.Release([]base.BlockNo{geo.Block(seg.First)})
	e := s.db.free.Entries()[0].Block
	s.db.free.Recorded([]format.FreeEntry{{Block: e, ID: 1}})
	s.db.free.Publish(nil, []base.BlockNo{e}, 1)
	s.expect("record of a free-list entry that is none", 0, "free list")
}

// TestCheckFindsDamagedMetaPages damages the meta pages of an open database.
func TestCheckFindsDamagedMetaPages(t *testing.T) {
	s := newSample(t)
	if err := s.db.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.expectSound()
	newest := s.db.meta
	other := 3 - newest
	var meta [3][]byte
	for i := 1; i <= 2; i++ {
		var err error
		if meta[i], err = s.db.bf.ReadMeta(i); err != nil {
			t.Fatal(err)
		}
	}
	put := func(i int, b []byte) {
		if _, err := s.file.WriteAt(b, int64(i-1)*format.MetaPageSize); err != nil {
			t.Fatal(err)
		}
	}
	damaged := bytes.Clone(meta[newest])
	damaged[20] ^= 4
	put(newest, damaged)
	s.expect("newest meta page damaged", 0, fmt.Sprintf("meta page %d", newest))
	put(newest, make([]byte, len(damaged)))
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
		put(newest, meta[newest])
		put(other, meta[other])
		put(i, older)
		s.expect("older checkpoint", 0, fmt.Sprintf("meta page %d", i))
		put(i, damaged)
		s.expect("damaged page", 0, fmt.Sprintf("meta page %d", i))
	}
	put(newest, meta[newest])
	put(other, meta[other])
	s.expectSound()
	// While a checkpoint could be stored on one page only, the other one may hold anything.
	s.db.restore = true
	put(other, damaged)
	s.expectSound()
}

// TestCheckFindsADamagedLog damages a log that is still needed.
func TestCheckFindsADamagedLog(t *testing.T) {
	s := newSample(t)
	log, err := s.fs.Open(samplePath+logSuffix, vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	at, end := s.db.LogStructure()[2].Start, s.db.LogStructure()[2].End
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
	// While a transaction is under way the log is left out, and nothing waits for it.
	tx, err := s.db.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s.expectSound()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := log.Truncate(at + 1); err != nil {
		t.Fatal(err)
	}
	s.expect("log cut off", 0, "does not lie within")
}

// TestCheckOfAClosedDatabase says that there is nothing to check.
func TestCheckOfAClosedDatabase(t *testing.T) {
	s := newSample(t)
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	s.expect("closed", 0, "is closed")
	s.open(sampleOptions(s.fs))
	s.expectSound()
}

// TestCheckWhileWriting checks again and again while transactions are committed, flushed,
// merged and checkpointed: each check sees one state, and that is sound.
func TestCheckWhileWriting(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, samplePath, Options{FS: memfs.New(), PageSize: 1024, BlockSize: 64 << 10,
		AutoFlush: 64 << 10, AutoCheckpoint: 128 << 10, AutoMerge: 2, MaxFreelist: 2})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		rng := rand.New(rand.NewPCG(1, 1))
		var err error
		for i := 0; i < 300 && err == nil; i++ {
			err = db.Update(ctx, func(tx *Tx) error {
				for range 40 {
					if err := tx.Put(fmt.Appendf(nil, "key-%04d", rng.IntN(5000)), make([]byte, rng.IntN(300))); err != nil {
						return err
					}
				}
				n := rng.IntN(5000)
				return tx.DeleteRange(fmt.Appendf(nil, "key-%04d", n), fmt.Appendf(nil, "key-%04d", n+30))
			})
			if err == nil && i%20 == 19 {
				_, err = db.Checkpoint(ctx)
			}
		}
		done <- err
	}()
	for checks := 0; ; checks++ {
		for p := range db.Check(ctx) {
			t.Errorf("check %d: %v", checks, p)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			t.Logf("%d checks, %d blocks", checks, db.Stats().Blocks)
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			return
		default:
		}
		if t.Failed() {
			<-done
			return
		}
	}
}
