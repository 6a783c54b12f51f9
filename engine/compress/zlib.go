// SPDX-License-Identifier: Apache-2.0

package compress

import (
	"bytes"
	"errors"
	"hash/adler32"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// Zlib returns the codec of zlib streams at the default level. A stream ends with a
// checksum of the page, Adler-32.
func Zlib() Codec { return zlibDefault }

// ZlibLevel is Zlib at another level, from 1 (fast) to 9 (small). Whatever the level, the
// file is the same to readers.
func ZlibLevel(level int) (Codec, error) {
	if _, err := zlib.NewWriterLevel(io.Discard, level); err != nil || level < zlib.BestSpeed {
		return nil, errors.New("the level of zlib is not from 1 to 9")
	}
	return newZlib(level), nil
}

var zlibDefault = newZlib(zlib.DefaultCompression)

type zlibCodec struct {
	writers sync.Pool // *zlibWriter
	readers sync.Pool // *zlibReader
}

type zlibWriter struct {
	z   *zlib.Writer
	out appendWriter
}

type zlibReader struct {
	in bytes.Reader
	z  io.ReadCloser // also a zlib.Resetter

	more [1]byte
}

// appendWriter collects what is written to it.
type appendWriter struct{ b []byte }

func (w *appendWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

func newZlib(level int) *zlibCodec {
	c := &zlibCodec{}
	c.writers.New = func() any {
		w := &zlibWriter{}
		w.z, _ = zlib.NewWriterLevel(&w.out, level) // the level has been tried
		return w
	}
	c.readers.New = func() any { return &zlibReader{} }
	return c
}

func (*zlibCodec) ID() uint32   { return IDZlib }
func (*zlibCodec) Name() string { return "zlib" }

// Bound is what the zlib library itself promises: C readers allocate no more.
func (*zlibCodec) Bound(n int) int { return n + n>>12 + n>>14 + n>>25 + 13 }

func (c *zlibCodec) Compress(dst, src []byte) ([]byte, error) {
	w := c.writers.Get().(*zlibWriter)
	defer c.writers.Put(w)
	w.out.b = dst
	w.z.Reset(&w.out)
	_, err := w.z.Write(src)
	if err == nil {
		err = w.z.Close()
	}
	out := w.out.b
	w.out.b = nil
	if err == nil && len(out)-len(dst) > c.Bound(len(src)) {
		out = appendStored(dst, src)
	}
	return out, err
}

// appendStored appends a zlib stream that holds src as it is.
func appendStored(dst, src []byte) []byte {
	const most = 65535 // bytes of a stored block
	dst = append(dst, 0x78, 0x01)
	for rest := src; ; {
		n := min(len(rest), most)
		final := byte(0)
		if n == len(rest) {
			final = 1
		}
		dst = append(dst, final, byte(n), byte(n>>8), ^byte(n), ^byte(n>>8))
		dst = append(dst, rest[:n]...)
		if rest = rest[n:]; final == 1 {
			break
		}
	}
	sum := adler32.Checksum(src)
	return append(dst, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
}

func (c *zlibCodec) Decompress(dst, src []byte) error {
	r := c.readers.Get().(*zlibReader)
	defer c.readers.Put(r)
	r.in.Reset(src)
	var err error
	if r.z == nil {
		r.z, err = zlib.NewReader(&r.in)
	} else {
		err = r.z.(zlib.Resetter).Reset(&r.in, nil)
	}
	if err != nil {
		r.z = nil
		return noEOF(err)
	}
	if n, err := io.ReadFull(r.z, dst); err != nil {
		if err == io.ErrUnexpectedEOF || err == io.EOF {
			return wrongLength(n, len(dst))
		}
		return err
	}
	// The checksum is looked at only when the end is read.
	switch n, err := r.z.Read(r.more[:]); {
	case n > 0:
		return errors.New("it decompresses to more than a page")
	case err != io.EOF:
		return noEOF(err)
	case r.in.Len() > 0:
		return errors.New("bytes follow the end of the stream")
	}
	return nil
}

// noEOF makes sure that a decoder's end of input does not look like an end of file.
func noEOF(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == nil {
		return errors.New("it ends early")
	}
	return err
}
