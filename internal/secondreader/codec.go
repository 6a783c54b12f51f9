// SPDX-License-Identifier: Apache-2.0

package secondreader

import (
	"bytes"
	"compress/zlib"
	"io"
)

// decompress returns the page of an image; codecs are those that the standard library has, none and LZ4.
func decompress(codec uint32, image []byte, pageSize int) ([]byte, error) {
	var page []byte
	var err error
	switch codec {
	case 1:
		page = image
	case 10001:
		page, err = lz4(image, pageSize)
	case 10002:
		var r io.ReadCloser
		if r, err = zlib.NewReader(bytes.NewReader(image)); err == nil {
			page, err = io.ReadAll(io.LimitReader(r, int64(pageSize)+1))
		}
	default:
		return nil, impossible("codec %d", codec)
	}
	if err != nil {
		return nil, impossible("decompressing: %v", err)
	}
	if len(page) != pageSize {
		return nil, impossible("an image of %d bytes, of a page of %d", len(page), pageSize)
	}
	return page, nil
}

// lz4 decompresses a raw LZ4 block.
func lz4(b []byte, limit int) (out []byte, err error) {
	length := func(n int) int {
		if n != 15 {
			return n
		}
		for {
			if len(b) == 0 {
				return limit + 1
			}
			c := b[0]
			b = b[1:]
			if n += int(c); c != 255 || n > limit {
				return n
			}
		}
	}
	for len(b) > 0 {
		token := b[0]
		b = b[1:]
		n := length(int(token >> 4))
		if n > len(b) || len(out)+n > limit {
			return nil, impossible("LZ4 literals")
		}
		out, b = append(out, b[:n]...), b[n:]
		if len(b) == 0 {
			return out, nil
		}
		if len(b) < 2 {
			return nil, impossible("LZ4 offset")
		}
		back := int(b[0]) | int(b[1])<<8
		b = b[2:]
		n = length(int(token&15)) + 4
		if back == 0 || back > len(out) || len(out)+n > limit {
			return nil, impossible("LZ4 match")
		}
		for range n {
			out = append(out, out[len(out)-back])
		}
	}
	return out, nil
}
