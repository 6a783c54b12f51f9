// SPDX-License-Identifier: Apache-2.0

package secondreader

import "fmt"

// boundAge is what follows the image inside a box: number of the previous page, and 1 for the last.
const afterImage = 9

// stream reads the bytes of a segment over its blocks.
type stream struct {
	file      []byte
	blockSize int64
	at        int64
	steps     int64 // bytes read, to end circles
}

func (s *stream) blockOf(o int64) int64 { return o/s.blockSize + 1 }

func (s *stream) firstOf(b int64) int64 {
	if b == 1 {
		return 2*metaSize + 4
	}
	return (b-1)*s.blockSize + 4
}

func (s *stream) lastOf(b int64) int64 { return b*s.blockSize - 5 }

// valid reports whether o is a data byte of the file.
func (s *stream) valid(o int64) bool {
	if o < 0 || o >= int64(len(s.file)) {
		return false
	}
	b := s.blockOf(o)
	return o >= s.firstOf(b) && o <= s.lastOf(b)
}

// next returns n bytes and goes after them; end is the offset of the last of them.
func (s *stream) next(n int64) (b []byte, end int64, err error) {
	end = s.at - 1
	for n > 0 {
		if !s.valid(s.at) {
			return nil, 0, impossible("offset %d is no data byte", s.at)
		}
		if s.steps++; s.steps > int64(len(s.file)) {
			return nil, 0, impossible("a segment that runs in a circle")
		}
		room := min(n, s.lastOf(s.blockOf(s.at))-s.at+1)
		if s.at+room > int64(len(s.file)) {
			return nil, 0, impossible("a segment after the end of the file")
		}
		b = append(b, s.file[s.at:s.at+room]...)
		end = s.at + room - 1
		n -= room
		s.at += room
		if n > 0 {
			if err := s.cross(); err != nil {
				return nil, 0, err
			}
		}
	}
	return b, end, nil
}

// cross follows the link if the next byte is that after the last data byte of a block.
func (s *stream) cross() error {
	b := s.blockOf(s.at - 1)
	if s.at != s.lastOf(b)+1 {
		return nil
	}
	if s.at+4 > int64(len(s.file)) {
		return impossible("a link after the end of the file")
	}
	next := int64(be.Uint32(s.file[s.at:]))
	if next == 0 {
		return impossible("block %d has no next one", b)
	}
	s.at = s.firstOf(next)
	return nil
}

// segment returns the records and the verified pages of segment i.
func (d *Database) segment(file []byte, m *meta, i int) ([]record, []Page, error) {
	seg := m.segments[i]
	key := derive(d.DEK, d.Salts[i][:], "lsmlite/1 segment", 32)
	s := &stream{file: file, blockSize: m.blockSize, at: seg.first}
	if m.blockSize < 1<<16 || !s.valid(seg.first) || !s.valid(seg.last) {
		return nil, nil, impossible("first page %d, last byte %d", seg.first, seg.last)
	}
	var pages []Page
	var previous int64
	var last bool
	for end := int64(-1); end != seg.last; {
		if end >= 0 {
			if err := s.cross(); err != nil {
				return nil, nil, err
			}
		}
		number := s.at
		body, isPage, to, err := s.record()
		if err != nil {
			return nil, nil, fmt.Errorf("record %d: %w", number, err)
		}
		if end = to; !isPage {
			continue
		}
		if last {
			return nil, nil, tampered("page %d comes after the last one", number)
		}
		clear, err := d.open(key, body, be.AppendUint64(nil, uint64(number)), fmt.Sprintf("page %d", number))
		if err != nil {
			return nil, nil, err
		}
		if len(clear) < afterImage {
			return nil, nil, tampered("page %d holds %d bytes", number, len(clear))
		}
		image, bound := clear[:len(clear)-afterImage], clear[len(clear)-afterImage:]
		if p := int64(be.Uint64(bound)); p != previous {
			return nil, nil, tampered("page %d comes after %d, not %d", number, p, previous)
		}
		if bound[8] > 1 {
			return nil, nil, tampered("page %d has the flag %d", number, bound[8])
		}
		previous, last = number, bound[8] == 1
		page, err := decompress(d.Codec, image, int(m.pageSize))
		if err != nil {
			return nil, nil, fmt.Errorf("page %d: %w", number, err)
		}
		if m.seals[i] != 0 && pageSum(number, page) != m.seals[i] {
			return nil, nil, impossible("page %d: the page sum is wrong", number)
		}
		pages = append(pages, Page{number, len(body), page})
	}
	if !last {
		return nil, nil, tampered("the last page is missing")
	}
	records, err := cells(pages)
	return records, pages, err
}

// record reads a page's record, or padding (isPage is false), up to end.
func (s *stream) record() (body []byte, isPage bool, end int64, err error) {
	head, end, err := s.next(1)
	if err != nil {
		return nil, false, 0, err
	}
	if n := int64(head[0]); n < 0x80 { // short padding
		if n < 1 || n > 5 {
			return nil, false, 0, impossible("padding of %d", n)
		}
		if n > 1 {
			var rest []byte
			if rest, end, err = s.next(n - 1); err == nil && int64(rest[n-2]) != n {
				err = impossible("padding whose ends differ")
			}
		}
		return nil, false, end, err
	}
	if err := s.cross(); err != nil {
		return nil, false, 0, err
	}
	more, _, err := s.next(2)
	if err != nil {
		return nil, false, 0, err
	}
	field := [3]byte{head[0], more[0], more[1]}
	n := int64(field[0]&0x7f)<<14 | int64(field[1]&0x7f)<<7 | int64(field[2]&0x7f)
	if err := s.cross(); err != nil {
		return nil, false, 0, err
	}
	if body, _, err = s.next(n); err != nil {
		return nil, false, 0, err
	}
	if err := s.cross(); err != nil {
		return nil, false, 0, err
	}
	again, end, err := s.next(3)
	if err != nil {
		return nil, false, 0, err
	}
	if [3]byte(again) != field {
		return nil, false, 0, impossible("size fields that differ")
	}
	return body, field[1]&0x80 != 0, end, nil
}

// sums are the CRCs of 13 bits of each byte.
var sums = func() (t [256]uint16) {
	for i := range t {
		r := uint16(i)
		for range 8 {
			out := r & 1
			if r >>= 1; out != 0 {
				r ^= 0x18b8
			}
		}
		t[i] = r
	}
	return t
}()

// pageSum is the CRC of 13 bits of the page's number and the page.
func pageSum(number int64, page []byte) (r uint16) {
	for _, part := range [][]byte{be.AppendUint64(nil, uint64(number)), page} {
		for _, c := range part {
			r = r>>8 ^ sums[byte(r)^c]
		}
	}
	return r
}
