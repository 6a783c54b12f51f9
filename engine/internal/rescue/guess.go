// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// guessStretches is in how many stretches of the file pages are looked for, and guessBytes how much of a compressed
// file is looked at. Where there are fewer good pages than fewPages, the file may be compressed.
const (
	fewPages       = 16
	guessStretches = 64
	guessBytes     = 1 << 20
)

// guess finds out the sizes of pages and blocks, and the codec, from the pages themselves. It reports false if there
// are no pages.
func (r *Rescue) guess() bool {
	best, pages := 0, 0
	var geo format.Geometry
	var codec compress.Codec
	good := r.goodPages()
	for i, n := range good {
		if size := format.MinPageSize << i; n*size > best {
			best, pages = n*size, n
		}
	}
	if best > 0 {
		geo = r.blockSize(best / pages)
	}
	if pages < fewPages { // they may look like that by chance
		if g, c, n := r.guessPacked(); n > pages {
			best, geo, codec = n, g, c
		}
	}
	if best == 0 {
		return false
	}
	r.data.geo, r.data.codec = geo, codec
	r.Report.PageSize, r.Report.BlockSize, r.Report.Codec = geo.PageSize, geo.BlockSize, format.CompressionNone
	if codec != nil {
		r.Report.Codec, r.data.bound = codec.ID(), codec.Bound(geo.PageSize)
	}
	return true
}

// looksGood reports whether bytes look like the content of a page on which cells start.
func looksGood(page format.Page) bool {
	return page.NumCells() > 0 && format.ValidatePage(page) == nil && (page.IsBTree() || ascending(page))
}

// pageSizes is how many page sizes there are.
const pageSizes = 9

// goodPages counts the pages of each size in some stretches of the file, the same ones for all sizes: so the right size
// has most bytes of good pages. Of a larger size, some look good by chance, because they end as the right ones do.
func (r *Rescue) goodPages() (n [pageSizes]int) {
	stretches := r.data.size / format.MaxPageSize
	step := max(1, stretches/guessStretches)
	buf := make(format.Page, format.MaxPageSize)
	for at := int64(0); at <= stretches; at += step {
		part := buf[:r.data.readAt(buf, at*format.MaxPageSize)]
		for i := range n {
			size := format.MinPageSize << i
			for off := 0; off+size <= len(part); off += size {
				if at == 0 && off < 2*format.MetaPageSize {
					continue
				}
				page := part[off : off+size]
				front := off == 0 || at == 0 && off < 2*format.MetaPageSize+size // maybe of a block: it begins with a link
				if looksGood(page) || front && looksGood(page[format.LinkSize:]) {
					n[i]++
				}
			}
		}
	}
	return n
}

// blockSize returns where pages lie, with the block size for which most pages at the borders of blocks are good. Where
// that shows nothing, it is the usual one.
func (r *Rescue) blockSize(size int) format.Geometry {
	var best format.Geometry
	most := -1
	buf := make([]byte, size)
	for block := format.MinBlockSize; block <= format.MaxBlockSize; block *= 2 {
		g, err := format.NewGeometry(size, block)
		if err != nil {
			continue
		}
		good := 0
		for end := int64(format.MinBlockSize); end <= r.data.size; end += format.MinBlockSize {
			for _, p := range []base.PageNo{base.PageNo(end / int64(size)), base.PageNo(end/int64(size) + 1)} {
				if r.data.readAt(buf, g.Offset(p)) == size && !format.AllZero(buf) && looksGood(g.Content(p, buf)) {
					good++
				}
			}
			if end > guessBytes<<6 {
				break
			}
		}
		if good > most || good == most && block == emptyBlockSize {
			most, best = good, g
		}
	}
	return best
}

// guessImages is how many records of a compressed file the codecs are tried on.
const guessImages = 32

// guessPacked is guess for a compressed file.
func (r *Rescue) guessPacked() (best format.Geometry, codec compress.Codec, most int) {
	images := r.images()
	size := 0
	for _, c := range append(append([]compress.Codec(nil), r.o.Codecs...), compress.Builtin()...) {
		for n := format.MinPageSize; n <= format.MaxPageSize; n *= 2 {
			if good := goodImages(c, n, images); good > most {
				most, codec, size = good, c, n
			}
		}
	}
	if codec == nil {
		return best, nil, 0
	}
	most = 0
	for block := format.MinBlockSize; block <= format.MaxBlockSize; block *= 2 {
		g, err := format.NewCompressedGeometry(size, block, codec.Bound(size))
		if err != nil {
			continue
		}
		if n := r.packedPages(g, codec); n > most {
			most, best = n, g
		}
		if int64(block) >= r.data.size {
			break
		}
	}
	return best, codec, most
}

// images returns some of what looks like records of a compressed file, without their size fields.
func (r *Rescue) images() (list [][]byte) {
	data := make([]byte, min(guessBytes, max(r.data.size-2*format.MetaPageSize, 0)))
	data = data[:r.data.readAt(data, 2*format.MetaPageSize)]
	for at := 0; at+format.RecordSizeLen <= len(data) && len(list) < guessImages; at++ {
		h, ok := format.DecodeRecordHead(data[at:])
		if !ok || h.Pad || h.Body < minImage || at+h.Len > len(data) {
			continue
		}
		if tail, ok := format.DecodeRecordTail(data[at : at+h.Len]); ok && tail == h {
			list = append(list, data[at+format.RecordSizeLen:at+h.Len-format.RecordSizeLen])
			at += h.Len - 1
		}
	}
	return list
}

// minImage is the length of the shortest image that a codec is tried on.
const minImage = 8

// goodImages counts the images that a codec makes good pages of a size of.
func goodImages(c compress.Codec, size int, images [][]byte) (n int) {
	page := make([]byte, size)
	in := &input{codec: c}
	for _, image := range images {
		if decompress(in, page, image) && looksGood(page) {
			n++
		}
	}
	return n
}

// packedPages counts the pages that can be read of the beginning of a compressed file.
func (r *Rescue) packedPages(g format.Geometry, c compress.Codec) (n int) {
	in := *r.data
	in.geo, in.codec, in.bound = g, c, c.Bound(g.PageSize)
	s := sheet{in: &in}
	for b := base.BlockNo(1); b <= in.blocks() && g.FirstPage(b) < guessBytes; b++ {
		s.pieces = append(s.pieces, piece{first: g.FirstPage(b), last: min(g.LastPage(b), guessBytes)})
	}
	w := walker{s: &s, lost: true, at: s.pieces[0].first}
	buf := make([]byte, g.PageSize)
	for {
		at, ok := w.next(buf)
		if !ok {
			return n
		}
		if at.page != nil && looksGood(at.page) {
			n++
		}
	}
}
