// SPDX-License-Identifier: Apache-2.0

// Package object owns the bytes of replication's objects: their names, the frame that all have in common, and what is
// in each kind. It knows nothing of places and databases. A decoder fails with ErrDamaged on bytes that are not what
// an encoder wrote, never panics, and takes memory in proportion to its input or to MaxRaw.
//
// # Names
//
//	gen/00000007/base                                          claims the generation
//	gen/00000007/log/00000000000000000124-00000                transactions from number 124 on, part 0
//	gen/00000007/snap/00000000000000000123-5f3a9c10/part-00000 rows in the order of their keys
//	gen/00000007/snap/00000000000000000123-5f3a9c10/index      made when all parts are there
//
// The eight digits of a snapshot are chosen at random, so that another attempt never meets the parts of one that
// ended.
//
// # Frame
//
//	offset  bytes
//	     0      4  "LSMR"
//	     4      1  version, 1
//	     5      1  kind: B base, L log, P part of a snapshot, I index
//	     6      1  flags: 1 sealed
//	     7      1  0
//	     8      4  length of what is inside, most significant byte first; at most MaxRaw
//	    12      n  a zstd frame of it; sealed: a nonce of 12 bytes, then that frame in AES-256-GCM
//	  12+n     32  SHA-256 of the object's name, a zero byte, and all bytes before this one
//
// The additional data of the seal is the name, a zero byte and the first 12 bytes; the key is one for each name, made
// from that of the generation: see Sealer. The digest by which other objects refer to an object is the SHA-256 of all
// of its bytes.
package object

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Kind is what an object is.
type Kind byte

// The kinds.
const (
	KindBase  Kind = 'B'
	KindLog   Kind = 'L'
	KindPart  Kind = 'P'
	KindIndex Kind = 'I'
)

const (
	version    = 1
	flagSealed = 1
	headBytes  = 12
	nonceBytes = 12
	sumBytes   = sha256.Size
)

// MaxRaw is how much an object holds at most before it is compressed: what can neither be compressed nor be sent in a
// request of target.MaxObject bytes is never made.
const MaxRaw = 48 << 20

var (
	// ErrDamaged: the bytes are not those of an object of that name and kind.
	ErrDamaged = errors.New("the object is damaged")
	// ErrVersion: the object has a version that this program does not know.
	ErrVersion = errors.New("the object was written by a newer version of lsmlite")
	// ErrKey: the key is missing, or another one.
	ErrKey = errors.New("the key is missing or wrong")
)

// Digest is the SHA-256 of something.
type Digest = [sha256.Size]byte

// damaged says what is wrong with an object.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// Encode makes an object of what is inside. A Sealer of nil leaves it in clear.
func Encode(kind Kind, name string, raw []byte, s *Sealer) ([]byte, error) {
	if len(raw) > MaxRaw {
		return nil, fmt.Errorf("%s: %d bytes in an object; at most %d fit", name, len(raw), MaxRaw)
	}
	var flags byte
	if s != nil {
		flags = flagSealed
	}
	head := []byte{'L', 'S', 'M', 'R', version, byte(kind), flags, 0}
	head = binary.BigEndian.AppendUint32(head, uint32(len(raw)))
	packed := zstdWriter.EncodeAll(raw, nil)
	out := head
	if s != nil {
		var err error
		if out, err = s.seal(head, name, packed); err != nil {
			return nil, err
		}
	} else {
		out = append(out, packed...)
	}
	sum := sumOf(name, out)
	return append(out, sum[:]...), nil
}

// Decode returns what is inside an object.
func Decode(kind Kind, name string, data []byte, s *Sealer) ([]byte, error) {
	switch {
	case len(data) < headBytes+sumBytes:
		return nil, damaged("it has %d bytes", len(data))
	case string(data[:4]) != "LSMR":
		return nil, damaged("it does not begin as an object of replication")
	}
	body := data[:len(data)-sumBytes]
	if sum := sumOf(name, body); sum != [sumBytes]byte(data[len(body):]) {
		return nil, damaged("its sum is wrong")
	}
	switch {
	case data[4] != version:
		return nil, fmt.Errorf("version %d: %w", data[4], ErrVersion)
	case Kind(data[5]) != kind || data[6]&^flagSealed != 0 || data[7] != 0:
		return nil, damaged("its kind is %q, its flags are %d", data[5], data[6])
	}
	length := binary.BigEndian.Uint32(data[8:])
	if length > MaxRaw {
		return nil, damaged("it would hold %d bytes", length)
	}
	packed := body[headBytes:]
	switch sealed := data[6]&flagSealed != 0; {
	case sealed && s == nil:
		return nil, fmt.Errorf("the object is encrypted: %w", ErrKey)
	case !sealed && s != nil:
		return nil, fmt.Errorf("the object is not encrypted, and a key is given: %w", ErrKey)
	case sealed:
		var err error
		if packed, err = s.open(body[:headBytes], name, packed); err != nil {
			return nil, err
		}
	}
	var h zstd.Header
	if err := h.Decode(packed); err != nil || !h.HasFCS || h.FrameContentSize != uint64(length) {
		return nil, damaged("its length is not that of what it holds")
	}
	raw, err := zstdReader.DecodeAll(packed, make([]byte, 0, length))
	if err != nil || len(raw) != int(length) {
		return nil, damaged("it cannot be decompressed")
	}
	return raw, nil
}

func sumOf(name string, body []byte) (sum Digest) {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{0})
	h.Write(body)
	h.Sum(sum[:0])
	return sum
}

// The encoder and the decoder have no goroutines, and may be used by any number of them.
var (
	zstdWriter = must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(4<<20), zstd.WithZeroFrames(true),
		zstd.WithSingleSegment(true)))
	zstdReader = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(MaxRaw), zstd.WithDecoderMaxWindow(MaxRaw)))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options above are constants
	}
	return v
}
