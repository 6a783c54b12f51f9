// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"encoding/binary"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// PageTail is how much longer the plaintext of a page's record is than the page's image, as it was
// packed.
const PageTail = 9

// PageOverhead is how much longer the body of a page's record is than the packed image.
const PageOverhead = Overhead + PageTail

// AppendPageTail appends what a record says of its neighbours: the number of the segment's previous
// page, 0 for the first one, and whether it is the last one.
func AppendPageTail(image []byte, previous uint64, last bool) []byte {
	image = binary.BigEndian.AppendUint64(image, previous)
	if last {
		return append(image, 1)
	}
	return append(image, 0)
}

// CutPageTail takes the tail from the plaintext of a page's record.
func CutPageTail(plain []byte) (image []byte, previous uint64, last bool, err error) {
	at := len(plain) - PageTail
	if at < 0 || plain[len(plain)-1] > 1 {
		return nil, 0, false, errs.Tamperedf("a page's record does not end as one does")
	}
	return plain[:at], binary.BigEndian.Uint64(plain[at:]), plain[len(plain)-1] == 1, nil
}

// adPool has the bytes that a box is bound to: through an interface they cannot be on the stack.
var adPool = sync.Pool{New: func() any { return new([len(Chain{}) + 1 + saltSize]byte) }}

// SealPage appends the body of a page's record to dst: plain is its image with its tail, which the
// body binds to the page's number.
func (b *Box) SealPage(dst, plain []byte, page uint64) ([]byte, error) {
	ad := adPool.Get().(*[len(Chain{}) + 1 + saltSize]byte)
	defer adPool.Put(ad)
	binary.BigEndian.PutUint64(ad[:], page)
	return b.Seal(dst, plain, ad[:8])
}

// OpenPage appends the image with its tail to dst, from the body of a page's record.
func (b *Box) OpenPage(dst, body []byte, page uint64) ([]byte, error) {
	ad := adPool.Get().(*[len(Chain{}) + 1 + saltSize]byte)
	defer adPool.Put(ad)
	binary.BigEndian.PutUint64(ad[:], page)
	return b.Open(dst, body, ad[:8])
}

// The kinds of the log's frames.
const (
	KeyFrame  = 0x4b
	DataFrame = 0x44
)

// LastFrame is the flag of a transaction's last data frame.
const LastFrame = 1

// SealKeyFrame appends the box of a key frame, the first one of a session with that salt, to dst.
// It returns the chain after it.
func (b *Box) SealKeyFrame(dst []byte, chain Chain, salt Salt) ([]byte, Chain, error) {
	return b.sealFrame(dst, nil, chain, KeyFrame, salt[:])
}

// OpenKeyFrame checks the box of a key frame.
func (b *Box) OpenKeyFrame(box []byte, chain Chain, salt Salt) (Chain, error) {
	plain, next, err := b.openFrame(nil, box, chain, KeyFrame, salt[:])
	if err == nil && len(plain) != 0 {
		err = errs.Tamperedf("a key frame of the log has %d bytes in it", len(plain))
	}
	return next, err
}

// SealDataFrame appends the box of a data frame to dst, and returns the chain after it.
func (b *Box) SealDataFrame(dst, plain []byte, chain Chain, flags byte) ([]byte, Chain, error) {
	return b.sealFrame(dst, plain, chain, DataFrame, []byte{flags})
}

// OpenDataFrame appends what a data frame holds to dst, and returns the chain after it.
func (b *Box) OpenDataFrame(dst, box []byte, chain Chain, flags byte) ([]byte, Chain, error) {
	return b.openFrame(dst, box, chain, DataFrame, []byte{flags})
}

func (b *Box) sealFrame(dst, plain []byte, chain Chain, kind byte, more []byte) ([]byte, Chain, error) {
	ad := adPool.Get().(*[len(Chain{}) + 1 + saltSize]byte)
	defer adPool.Put(ad)
	dst, err := b.Seal(dst, plain, frameAD(ad[:0], chain, kind, more))
	if err != nil {
		return nil, chain, err
	}
	return dst, Chain(dst[len(dst)-tagSize:]), nil
}

func (b *Box) openFrame(dst, box []byte, chain Chain, kind byte, more []byte) ([]byte, Chain, error) {
	ad := adPool.Get().(*[len(Chain{}) + 1 + saltSize]byte)
	defer adPool.Put(ad)
	dst, err := b.Open(dst, box, frameAD(ad[:0], chain, kind, more))
	if err != nil {
		return nil, chain, err
	}
	return dst, Chain(box[len(box)-tagSize:]), nil
}

func frameAD(ad []byte, chain Chain, kind byte, more []byte) []byte {
	ad = append(ad, chain[:]...)
	ad = append(ad, kind)
	return append(ad, more...)
}
