// SPDX-License-Identifier: Apache-2.0

package compress

import (
	"sync"

	"github.com/pierrec/lz4/v4"
)

// LZ4 returns the codec of raw LZ4 blocks: no frame, no length, no checksum. It is the
// fastest to decompress.
func LZ4() Codec { return lz4Codec{} }

type lz4Codec struct{}

var lz4Compressors = sync.Pool{New: func() any { return new(lz4.Compressor) }}

func (lz4Codec) ID() uint32      { return IDLZ4 }
func (lz4Codec) Name() string    { return "lz4" }
func (lz4Codec) Bound(n int) int { return lz4.CompressBlockBound(n) }

func (c lz4Codec) Compress(dst, src []byte) ([]byte, error) {
	room := c.Bound(len(src))
	dst = grow(dst, room)
	z := lz4Compressors.Get().(*lz4.Compressor)
	n, err := z.CompressBlock(src, dst[len(dst):len(dst)+room])
	lz4Compressors.Put(z)
	if err != nil {
		return dst, err
	}
	return dst[:len(dst)+n], nil
}

func (lz4Codec) Decompress(dst, src []byte) error {
	if len(src) == 0 {
		return wrongLength(0, len(dst))
	}
	n, err := lz4.UncompressBlock(src, dst)
	if err != nil {
		return err
	}
	if n != len(dst) {
		return wrongLength(n, len(dst))
	}
	return nil
}
