package segment

import (
	"bytes"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Iter walks the records of a segment in both directions, delete marks and system keys
// included, bare separators left out. Key is read-only and valid until the iterator
// moves. After an error the iterator is not valid and Err returns it.
//
// An Iter is meant to be embedded: Init makes it usable, no method allocates but those
// that must assemble a record spanning pages, and those reuse their buffers.
type Iter struct {
	seg *Segment
	seq blockfile.Sequential // nil: read single pages through the cache

	page  format.Page
	no    base.PageNo
	cell  int
	cells int
	steps int64 // pages walked since the last seek
	jumps int64 // those of them that led to another block, to notice circles
	// scanning: several pages in a row were walked forward, so more will be.
	scanning bool

	valid bool
	kind  base.Kind
	key   []byte
	// bodyOff is the offset of the key's bytes on page.
	bodyOff int
	keyLen  int
	valLen  int
	// end is the page on which the value ends, if that is known, it is another one than
	// page, and no other record begins before it; else 0.
	end     base.PageNo
	endRoom int64 // what is left over there if no record begins

	keyBuf, cmpBuf []byte
	err            error

	lookups int64 // pages asked for and not told to the file yet
}

// maxDepth bounds the height of a b-tree. C lsm1 cannot search a higher one than 31.
const maxDepth = 32

// Init makes it an iterator over seg that stands nowhere.
func (it *Iter) Init(seg *Segment) {
	*it = Iter{seg: seg, keyBuf: it.keyBuf[:0], cmpBuf: it.cmpBuf[:0], lookups: it.lookups}
}

// flushLookups is after how many pages an iterator tells the file of them.
const flushLookups = 256

// FlushLookups tells the file how many pages were asked for since the last time. Whoever
// is done with an iterator calls it; one that goes on for long does so by itself. The
// count is the iterator's own until then, so that readers do not get in each other's way.
func (it *Iter) FlushLookups() {
	if it.lookups > 0 {
		it.seg.Space.CountLookups(uintptr(unsafe.Pointer(it)), it.lookups)
		it.lookups = 0
	}
}

// ReadAhead makes the iterator read the file in long runs, for one pass from front to
// back.
func (it *Iter) ReadAhead() { it.seq = blockfile.NewSequential(it.seg.Space, it.seg.Last) }

// Err returns the error that made the iterator invalid, if any.
func (it *Iter) Err() error { return it.err }

// Kind, Key and ValueLen describe the current record.
func (it *Iter) Kind() base.Kind { return it.kind }

// Key returns the current key.
func (it *Iter) Key() []byte { return it.key }

// ValueLen returns the length of the current value without loading it.
func (it *Iter) ValueLen() int { return it.valLen }

// Inline returns the current value if all of it lies on the record's first page. It is
// read-only and valid until the iterator moves.
func (it *Iter) Inline() (value []byte, ok bool) {
	start := it.bodyOff + it.keyLen
	end := start + it.valLen
	if end > it.page.EOF() {
		return nil, false
	}
	return it.page[start:end:end], true
}

// AppendValue appends the current value to dst, which grows once.
func (it *Iter) AppendValue(dst []byte) ([]byte, error) {
	if v, ok := it.Inline(); ok {
		return append(dst, v...), nil
	}
	b := it.Body()
	value, err := b.appendTo(dst)
	it.Passed(&b)
	b.Close()
	return value, err
}

// Body begins to read the current value piece by piece.
func (it *Iter) Body() Body {
	return it.bodyAt(it.no, it.page, it.bodyOff+it.keyLen, it.valLen, 0)
}

// Passed is called with what Body has returned when it was read. If that was to
// the end, the iterator goes on where it ends.
func (it *Iter) Passed(b *Body) {
	it.lookups += b.lookups
	b.lookups = 0
	if b.left == 0 && b.no != 0 && b.no != it.no && it.cell == it.cells-1 {
		it.end, it.endRoom = b.no, b.rem.room
	}
}

// fail makes the iterator invalid for good.
func (it *Iter) fail(err error) bool {
	it.valid = false
	it.err = err
	return false
}

func (it *Iter) corrupt(p base.PageNo, format string, args ...any) error {
	return it.seg.corrupt(p, format, args...)
}

func (it *Iter) getPage(p base.PageNo) (format.Page, error) {
	if it.seq != nil {
		return it.seq.Page(p)
	}
	if it.lookups++; it.lookups >= flushLookups {
		it.FlushLookups()
	}
	if it.scanning {
		return it.seg.Space.PageAhead(p, it.seg.Last)
	}
	return it.seg.Space.Page(p)
}

// scanSteps is how many pages an iterator walks forward before it reads ahead.
const scanSteps = 2

// setPage makes p the current page.
func (it *Iter) setPage(p base.PageNo) bool {
	page, err := it.getPage(p)
	if err != nil {
		return it.fail(err)
	}
	it.page, it.no, it.cells, it.end = page, p, page.NumCells(), 0
	return true
}

// nextPage returns the number of the page behind p.
func (it *Iter) nextPage(p base.PageNo) (base.PageNo, error) {
	if it.seq != nil {
		return it.seq.NextPage(p)
	}
	return it.seg.Space.NextPage(p)
}

// counted counts the step from the current page to page p, forward or backward, and reports
// whether the walk can still be a straight one. Within a block pages follow each other in
// the order of their numbers, so a circle leads through block links again and again.
func (it *Iter) counted(p base.PageNo, forward bool) bool {
	it.steps++
	geo := it.seg.Space.Geometry()
	if geo.Block(p) == geo.Block(it.no) && (p > it.no) == forward {
		return true
	}
	if it.jumps++; it.jumps > int64(it.seg.Space.Blocks()) {
		return it.fail(it.corrupt(it.no, "the segment's pages run in a circle"))
	}
	return true
}

// forward moves to the next leaf page on which a cell starts. It returns false at the
// end of the segment, leaving the current page as it is, and on error.
func (it *Iter) forward() bool {
	page, no, cells := it.page, it.no, it.cells
	p, t, err := it.afterTail()
	switch {
	case err != nil:
		return it.fail(err)
	case p == noPage:
		return false
	case p != 0:
		if !it.counted(p, true) || !it.setPage(p) {
			return false
		}
		if it.cells > 0 && !it.page.IsBTree() {
			return true
		}
	}
	for it.no != it.seg.LastPage {
		p, err := it.nextPage(it.no)
		if err != nil {
			return it.fail(err)
		}
		it.scanning = it.steps > scanSteps
		if !it.counted(p, true) || !it.setPage(p) {
			return false
		}
		if it.page.IsBTree() {
			continue
		}
		if err := t.over(it.page); err != "" {
			return it.fail(it.corrupt(p, "%s", err))
		}
		if it.cells > 0 {
			return it.known(t.room, it.no, it.page)
		}
	}
	if t.left > 0 {
		return it.fail(it.corrupt(it.no, "a record runs beyond the end of its segment"))
	}
	if !it.known(t.room, it.no, it.page) {
		return false
	}
	it.page, it.no, it.cells = page, no, cells
	return false
}

// backward is forward in the other direction.
func (it *Iter) backward() bool {
	page, no, cells := it.page, it.no, it.cells
	it.scanning = false
	rest := it.tailBefore()
	for n := 0; it.no != it.seg.First; n++ {
		if n == skipPages {
			p, ok, err := it.beside(page, no, cells, false)
			switch {
			case err != nil:
				return it.fail(err)
			case ok && p == noPage:
				it.page, it.no, it.cells = page, no, cells
				return false
			case ok:
				return it.counted(p, false) && it.setPage(p)
			}
		}
		p, err := it.seg.Space.PrevPage(it.no)
		if err != nil {
			return it.fail(err)
		}
		if !it.counted(p, false) || !it.setPage(p) {
			return false
		}
		if it.page.IsBTree() {
			continue
		}
		if it.cells > 0 {
			t := it.tail()
			if err := rest.from(t); err != "" {
				return it.fail(it.corrupt(p, "%s", err))
			}
			return it.known(rest.room(t), no, page)
		}
		rest.before(it.page)
	}
	it.page, it.no, it.cells = page, no, cells
	return false
}

// load reads the current cell. It reports false if the cell is a bare separator, which
// the caller steps over, or on error.
func (it *Iter) load() bool {
	c := it.page.LeafCell(it.cell)
	it.kind, it.bodyOff, it.keyLen, it.valLen, it.end = c.Kind, c.Body, c.KeyLen, c.ValLen, 0
	if c.Kind&(base.RangeBits|base.Insert|base.PointDelete) == 0 {
		return false
	}
	if end := c.Body + c.KeyLen; end <= it.page.EOF() {
		it.key = it.page[c.Body:end:end]
	} else {
		var err error
		if it.keyBuf, err = it.assemble(it.keyBuf[:0], it.no, it.page, c.Body, c.KeyLen, c.ValLen); err != nil {
			return it.fail(err)
		}
		it.key = it.keyBuf
	}
	it.valid = true
	return true
}

// settleForward loads the cell at it.cell or the first one behind it that is a record.
func (it *Iter) settleForward() bool {
	for {
		for it.cell < it.cells {
			if it.load() {
				return true
			}
			if it.err != nil {
				return false
			}
			it.cell++
		}
		if !it.forward() {
			it.valid = false
			return false
		}
		it.cell = 0
	}
}

// settleBackward loads the cell at it.cell or the first one before it that is a record.
func (it *Iter) settleBackward() bool {
	for {
		for it.cell >= 0 {
			if it.load() {
				return true
			}
			if it.err != nil {
				return false
			}
			it.cell--
		}
		if !it.backward() {
			it.valid = false
			return false
		}
		it.cell = it.cells - 1
	}
}

// First moves to the first record.
func (it *Iter) First() bool {
	it.steps, it.jumps, it.scanning = 0, 0, false
	if !it.setPage(it.seg.First) {
		return false
	}
	if it.page.IsBTree() {
		it.cells = 0
	}
	it.cell = 0
	return it.settleForward()
}

// Last moves to the last record.
func (it *Iter) Last() bool {
	it.steps, it.jumps, it.scanning = 0, 0, false
	p := it.seg.LastPage
	if last, ok, err := it.lastLeaf(); err != nil {
		return it.fail(err)
	} else if ok {
		p = last
	}
	if !it.setPage(p) {
		return false
	}
	if it.page.IsBTree() {
		it.cells = 0
	}
	it.cell = it.cells - 1
	return it.settleBackward()
}

// Next moves to the next record. The iterator must be valid.
func (it *Iter) Next() bool {
	it.cell++
	if it.cell < it.cells && it.load() {
		return true
	}
	if it.err != nil {
		return false
	}
	return it.settleForward()
}

// Prev moves to the previous record. The iterator must be valid.
func (it *Iter) Prev() bool {
	it.cell--
	return it.settleBackward()
}

// assemble appends to buf the n bytes that start at offset off of a leaf page's data,
// continuing on the following leaf pages; see bodyAt.
func (it *Iter) assemble(buf []byte, no base.PageNo, page format.Page, off, n, behind int) ([]byte, error) {
	b := it.bodyAt(no, page, off, n, behind)
	buf, err := b.appendTo(buf)
	b.Close()
	it.lookups += b.lookups
	return buf, err
}

// compareCell compares the key of cell i of a leaf page with a target key.
func (it *Iter) compareCell(no base.PageNo, page format.Page, i int, topic base.Kind, key []byte) int {
	c := page.LeafCell(i)
	if d := int(c.Kind&base.System) - int(topic); d != 0 {
		return d
	}
	eof := page.EOF()
	if c.Body+c.KeyLen <= eof {
		return bytes.Compare(page[c.Body:c.Body+c.KeyLen], key)
	}
	// The key continues on the next page: look there only if what is here is no answer.
	here := page[min(c.Body, eof):eof]
	n := min(len(here), len(key))
	if d := bytes.Compare(here[:n], key[:n]); d != 0 {
		return d
	}
	if len(key) < len(here) {
		return 1
	}
	var err error
	if it.cmpBuf, err = it.assemble(it.cmpBuf[:0], no, page, c.Body, c.KeyLen, c.ValLen); err != nil {
		it.fail(err)
		return 0
	}
	return bytes.Compare(it.cmpBuf, key)
}

// compareBTreeCell compares the key of cell i of a b-tree page with a target key.
func (it *Iter) compareBTreeCell(no base.PageNo, page format.Page, i int, topic base.Kind, key []byte) int {
	c := page.BTreeCell(i)
	if c.Ref == 0 {
		if d := int(c.Kind&base.System) - int(topic); d != 0 {
			return d
		}
		return bytes.Compare(c.Key, key)
	}
	ref := it.seg.Space.Map(c.Ref)
	if left, err := it.seg.left(ref); err != nil || !left {
		if err != nil {
			it.fail(err)
		}
		return -1 // merged and gone, so it is smaller than whatever is looked for
	}
	leaf, err := it.getPage(ref)
	if err == nil && (leaf.IsBTree() || leaf.NumCells() == 0) {
		err = it.corrupt(no, "b-tree cell %d takes its key from page %d, which has none", i, ref)
	}
	if err != nil {
		it.fail(err)
		return 0
	}
	return it.compareCell(ref, leaf, 0, topic, key)
}

// descend walks the b-tree and makes the leaf page that can hold the key current.
func (it *Iter) descend(topic base.Kind, key []byte) bool {
	return it.descendTo(pageOf, topic, key)
}

// descendTo walks the b-tree to a leaf page and makes it current.
func (it *Iter) descendTo(to target, topic base.Kind, key []byte) bool {
	p := it.seg.Root
	if p == 0 {
		p = it.seg.First
	}
	for range maxDepth {
		if !it.setPage(p) {
			return false
		}
		if !it.page.IsBTree() {
			if it.cells == 0 && it.seg.rest == nil {
				return it.fail(it.corrupt(p, "the b-tree leads to the page, but no record starts there"))
			}
			return it.seg.Root != 0 || it.onlyFirst()
		}
		if p == it.seg.First && it.seg.Root == 0 {
			it.cells = 0 // a first page left over from a merge; not the root
			return true
		}
		i := it.childOf(to, it.no, it.page, topic, key)
		if it.err != nil {
			return false
		}
		p = it.seg.child(it.page, i)
	}
	return it.fail(it.corrupt(p, "the b-tree is deeper than %d", maxDepth))
}

// place is where a search for a key has ended.
type place uint8

const (
	nowhere place = iota // it has failed
	atKey                // at the key itself
	pastKey              // at the first key of the page that is greater, or after the last one
)

// locate makes the page current on which the search for a key ends, and it.cell the
// first cell there whose key is not less. The page may have no cells.
func (it *Iter) locate(topic base.Kind, key []byte) place {
	it.steps, it.jumps, it.scanning = 0, 0, false
	it.err = nil
	if !it.descend(topic, key) {
		return nowhere
	}
	if it.cells == 0 && !it.forward() && it.err != nil {
		return nowhere
	}
	for it.cells > 0 && it.page.Flags()&format.FlagSkipNext != 0 &&
		it.compareCell(it.no, it.page, it.cells-1, topic, key) < 0 {
		if it.err != nil || !it.forward() {
			break
		}
	}
	found := pastKey
	lo, hi := 0, it.cells
	for lo < hi && it.err == nil {
		mid := int(uint(lo+hi) >> 1)
		switch d := it.compareCell(it.no, it.page, mid, topic, key); {
		case d < 0:
			lo = mid + 1
		default:
			if d == 0 {
				found = atKey
			}
			hi = mid
		}
	}
	it.cell = lo
	if it.err != nil {
		return nowhere
	}
	return found
}

// SeekGE moves to the first record whose key is not less than key. topic is 0 for user
// keys and base.System for system keys.
func (it *Iter) SeekGE(topic base.Kind, key []byte) bool {
	if it.locate(topic, key) == nowhere {
		return false
	}
	if !it.settleForward() {
		return false
	}
	if base.CompareTopic(it.kind, it.key, topic, key) < 0 {
		return it.fail(it.disorder())
	}
	return true
}

// disorder is the error of a seek that ends on the wrong side of its target. Whoever
// seeks in order to get on, as a cursor does to pass a deleted range, would otherwise
// come back to the same place for ever.
func (it *Iter) disorder() error {
	return it.corrupt(it.no, "the keys of the segment are out of order")
}

// SeekLE moves to the last record whose key is not greater than key.
func (it *Iter) SeekLE(topic base.Kind, key []byte) bool {
	switch it.locate(topic, key) {
	case nowhere:
		return false
	case pastKey:
		it.cell--
	}
	if !it.settleBackward() {
		return false
	}
	if base.CompareTopic(it.kind, it.key, topic, key) > 0 {
		return it.fail(it.disorder())
	}
	return true
}

// Outcome is what a segment, or any source, knows of a key.
type Outcome uint8

// The outcomes of a lookup.
const (
	Unknown Outcome = iota // look in older data
	Found
	Deleted // by a point delete or a range delete
)

// Lookup searches for a user key. After Found, Value returns the key's value.
func (it *Iter) Lookup(key []byte) (Outcome, error) {
	switch it.locate(0, key) {
	case nowhere:
		return Unknown, it.err
	case atKey:
		c := it.page.LeafCell(it.cell)
		it.kind, it.bodyOff, it.keyLen, it.valLen = c.Kind, c.Body, c.KeyLen, c.ValLen
		switch {
		case c.Kind&base.Insert != 0:
			it.valid = true
			return Found, nil
		case c.Kind&base.PointDelete != 0:
			return Deleted, nil
		}
		return Unknown, nil
	}
	// Within a deleted range the neighbours carry its marks; one on this page is enough.
	if it.cell > 0 {
		if it.page.LeafCell(it.cell-1).Kind&base.StartDelete != 0 {
			return Deleted, nil
		}
	} else if it.cell < it.cells && it.page.LeafCell(it.cell).Kind&base.EndDelete != 0 {
		return Deleted, nil
	}
	return Unknown, nil
}
