// SPDX-License-Identifier: Apache-2.0

package read

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// InputBuffer is how much of a file is read at once.
const InputBuffer = 256 << 10

// Input is a file, or standard input, that is read from front to back.
type Input struct {
	Name   string
	file   *os.File // nil if it cannot be read from anywhere else than its front
	size   int64    // 0 if it is not known
	buf    *bufio.Reader
	closer io.Closer
	long   []byte // a line that does not fit into buf
	// MaxRecord is how many bytes a record may have; 0 is no limit.
	MaxRecord int
}

// Open opens the file name; "-" is stdin.
func Open(name string, stdin io.Reader) (*Input, error) {
	if name == "-" {
		in := &Input{Name: "standard input", MaxRecord: DefaultMaxRecord, buf: bufio.NewReaderSize(stdin, InputBuffer)}
		if f, ok := stdin.(*os.File); ok {
			in.take(f)
		}
		return in, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	in := &Input{Name: name, MaxRecord: DefaultMaxRecord, buf: bufio.NewReaderSize(f, InputBuffer), closer: f}
	in.take(f)
	return in, nil
}

// take keeps a file that can be read from anywhere, from its beginning on.
func (in *Input) take(f *os.File) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	if at, err := f.Seek(0, io.SeekCurrent); err == nil && at == 0 {
		in.file, in.size = f, info.Size()
	}
}

// Size returns how long the input is, or 0 if that is not known.
func (in *Input) Size() int64 { return in.size }

// Close closes the file, unless it is standard input.
func (in *Input) Close() error {
	if in.closer == nil {
		return nil
	}
	return in.closer.Close()
}

// seek has the input be read from an offset on.
func (in *Input) seek(offset int64) error {
	if in.file == nil {
		return errors.ErrUnsupported
	}
	if _, err := in.file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	in.buf.Reset(in.file)
	return nil
}

// sampled is how much of the beginning, and of what is before an offset, is in a fingerprint.
const sampled = 64 << 10

// fingerprint describes the input up to an offset.
func (in *Input) fingerprint(offset int64) (string, error) {
	if in.file == nil {
		return "", errors.ErrUnsupported
	}
	head, err := in.sum(0, min(sampled, offset))
	if err != nil {
		return "", err
	}
	tail, err := in.sum(max(0, offset-sampled), offset)
	return fmt.Sprintf("%d bytes, CRC-32C %08x %08x", in.size, head, tail), err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum returns the checksum of the bytes from one offset up to another.
func (in *Input) sum(from, to int64) (uint32, error) {
	h := crc32.New(castagnoli)
	n, err := io.Copy(h, io.NewSectionReader(in.file, from, to-from))
	if err == nil && n < to-from {
		err = fmt.Errorf("%s ends at byte %d, and was read up to byte %d", in.Name, from+n, to)
	}
	return h.Sum32(), err
}
