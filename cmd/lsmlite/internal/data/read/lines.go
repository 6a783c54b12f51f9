// SPDX-License-Identifier: Apache-2.0

package read

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// DefaultMaxRecord is how long a record of CSV or a line of JSON may be, unless another limit is set: a
// quotation mark that is missing would make one of the rest of the file.
const DefaultMaxRecord = 256 << 20

// line returns the next line with its newline, valid until the next call, or io.EOF. The last line may
// have none.
func (in *Input) line() ([]byte, error) {
	line, err := in.buf.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		in.long = append(in.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			if err := in.checkRecord(len(in.long)); err != nil {
				return nil, err
			}
			line, err = in.buf.ReadSlice('\n')
			in.long = append(in.long, line...)
		}
		line = in.long
	}
	if err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)) {
		return nil, err
	}
	return line, nil
}

// checkRecord refuses a record that is longer than the limit.
func (in *Input) checkRecord(n int) error {
	if in.MaxRecord > 0 && n > in.MaxRecord {
		return fmt.Errorf("the record that begins here is longer than %d MiB; --max-record MIB allows longer ones", in.MaxRecord>>20)
	}
	return nil
}

// place says where in an input a line is, which is counted from the byte base on.
func place(name string, line, base int64) string {
	if base == 0 {
		return fmt.Sprintf("%s, line %d", name, line)
	}
	return fmt.Sprintf("%s, line %d from byte %d on", name, line, base)
}

// inInput adds to an error where in the input it is, except to io.EOF.
func inInput(place string, err error) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("%s: %w", place, err)
}
