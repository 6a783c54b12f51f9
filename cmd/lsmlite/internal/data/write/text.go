// SPDX-License-Identifier: Apache-2.0

package write

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// JSONL writes a line of JSON for each row.
type JSONL struct {
	*Output
	buf []byte
}

// Row implements Sink.
func (j *JSONL) Row(key, value []byte) error {
	j.buf = append(encode.AppendRow(j.buf[:0], key, value), '\n')
	_, err := j.Write(j.buf)
	return err
}

// CSV writes a record for each row, after a header that says how bytes are encoded.
type CSV struct {
	*Output
	delim      []byte
	key, value encode.Encoding
	buf, cell  []byte
}

// NewCSV writes the header, unless there is to be none.
func NewCSV(o *Output, delimiter rune, header bool, key, value encode.Encoding) (*CSV, error) {
	c := &CSV{Output: o, delim: utf8.AppendRune(nil, delimiter), key: key, value: value}
	if !header {
		return c, nil
	}
	_, err := fmt.Fprintf(o, "%s%s%s\n", heading("key", key), c.delim, heading("value", value))
	return c, err
}

// heading is the name of a column, from which an import knows the encoding.
func heading(name string, e encode.Encoding) string {
	if e == encode.Text {
		return name
	}
	return name + "_" + string(e)
}

// Row implements Sink.
func (c *CSV) Row(key, value []byte) error {
	var err error
	if c.cell, err = c.key.Append(c.cell[:0], key); err != nil {
		return env.Errorf(env.Refused, "the key %s %w", text.Show(key), err)
	}
	c.buf = append(c.appendCell(c.buf[:0], c.cell), c.delim...)
	if c.cell, err = c.value.Append(c.cell[:0], value); err != nil {
		return env.Errorf(env.Refused, "the value of %s %w", text.Show(key), err)
	}
	c.buf = append(c.appendCell(c.buf, c.cell), '\n')
	_, err = c.Write(c.buf)
	return err
}

// appendCell appends a field, between quotation marks if it needs them.
func (c *CSV) appendCell(dst, cell []byte) []byte {
	if !bytes.Contains(cell, c.delim) && !bytes.ContainsAny(cell, "\"\r\n") && !bytes.HasPrefix(cell, []byte(" ")) &&
		!bytes.HasPrefix(cell, []byte("\ufeff")) {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(cell, '"')
		if i < 0 {
			return append(append(dst, cell...), '"')
		}
		dst = append(append(dst, cell[:i+1]...), '"')
		cell = cell[i+1:]
	}
}
