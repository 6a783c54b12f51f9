// SPDX-License-Identifier: Apache-2.0

package compress

import "github.com/klauspost/compress/s2"

// Snappy returns the codec of raw Snappy blocks, without a checksum. It compresses and
// decompresses fast; lsmlite-rs does not know it.
func Snappy() Codec { return snappyCodec{} }

type snappyCodec struct{}

func (snappyCodec) ID() uint32      { return IDSnappy }
func (snappyCodec) Name() string    { return "snappy" }
func (snappyCodec) Bound(n int) int { return s2.MaxEncodedLen(n) }

func (c snappyCodec) Compress(dst, src []byte) ([]byte, error) {
	room := c.Bound(len(src))
	dst = grow(dst, room)
	out := s2.EncodeSnappy(dst[len(dst):len(dst)+room], src)
	return dst[:len(dst)+len(out)], nil
}

func (snappyCodec) Decompress(dst, src []byte) error {
	// A block begins with its decompressed length. It is compared before anything is
	// decompressed, because the decoder would allocate that much.
	n, err := s2.DecodedLen(src)
	if err != nil {
		return err
	}
	if n != len(dst) {
		return wrongLength(n, len(dst))
	}
	_, err = s2.Decode(dst, src)
	return err
}
