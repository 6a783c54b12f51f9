// SPDX-License-Identifier: Apache-2.0

package compress

import (
	"errors"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Zstd returns the codec of Zstandard frames at the default level, about level 3 of the C
// library. A frame carries the size and a checksum of the page, so that a flipped bit in it
// is noticed. Files are about as small as with zlib, and read faster.
func Zstd() Codec { return zstdDefault }

// ZstdLevel is Zstd at about the given level of the C library, from 1 (fast) to 22
// (small). Whatever the level, the file is the same to readers.
func ZstdLevel(level int) (Codec, error) {
	if level < 1 || level > 22 {
		return nil, errors.New("the level of zstd is not from 1 to 22")
	}
	return newZstd(zstd.EncoderLevelFromZstd(level)), nil
}

var zstdDefault = newZstd(zstd.SpeedDefault)

// maxPage is the largest page that any file has.
const maxPage = 64 << 10

type zstdCodec struct {
	encoder func() (*zstd.Encoder, error)
}

func newZstd(level zstd.EncoderLevel) *zstdCodec {
	return &zstdCodec{sync.OnceValues(func() (*zstd.Encoder, error) {
		// Content size and checksum are in every frame; a window that is as small as the
		// largest page keeps the tables small.
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderCRC(true),
			zstd.WithSingleSegment(true), zstd.WithWindowSize(maxPage), zstd.WithLowerEncoderMem(true))
	})}
}

// zstdDecoder decodes single frames, for any number of goroutines. It writes only into the
// room it is given: more is an error. The window that a frame claims is bounded, too.
var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(8<<20),
		zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true))
})

func (*zstdCodec) ID() uint32   { return IDZstd }
func (*zstdCodec) Name() string { return "zstd" }

// Bound is what the C library itself promises: C readers allocate no more.
func (*zstdCodec) Bound(n int) int {
	bound := n + n>>8
	if n < 128<<10 {
		bound += (128<<10 - n) >> 11
	}
	return bound
}

func (c *zstdCodec) Compress(dst, src []byte) ([]byte, error) {
	e, err := c.encoder()
	if err != nil {
		return dst, err
	}
	return e.EncodeAll(src, dst), nil
}

func (*zstdCodec) Decompress(dst, src []byte) error {
	d, err := zstdDecoder()
	if err != nil {
		return err
	}
	out, err := d.DecodeAll(src, dst[:0:len(dst)])
	if err != nil {
		return err
	}
	if len(out) != len(dst) {
		return wrongLength(len(out), len(dst))
	}
	if len(out) > 0 && &out[0] != &dst[0] {
		copy(dst, out)
	}
	return nil
}
