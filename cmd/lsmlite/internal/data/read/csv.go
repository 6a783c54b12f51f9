// SPDX-License-Identifier: Apache-2.0

package read

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
)

// CSVOptions say how the records of a CSV file become rows.
type CSVOptions struct {
	Delimiter rune     // between fields
	Columns   []string // their names; nil: the first record has them
	Key       string   // the column of the key; "": key, key_ENCODING, or else the first one
	// Value is the column of the value; "": value, value_ENCODING, or else the second of two.
	Value string
	// ValueJSON makes a value of all columns other than the key, as an object of JSON.
	ValueJSON bool
	// The encodings; "": that of the name of the column, or text.
	KeyEncoding, ValueEncoding encode.Encoding
}

// CSV is a Source of records.
type CSV struct {
	in      *Input
	o       CSVOptions
	r       records
	columns []string
	names   [][]byte // of the columns, as JSON
	key     column
	value   column // of no meaning with ValueJSON
	base    int64  // where in the input line 1 is
	row     row.Row
}

// column is a column and how bytes are written in it.
type column struct {
	index    int
	name     string
	encoding encode.Encoding
}

// NewCSV returns the rows of an input, of which it reads the header.
func NewCSV(in *Input, o CSVOptions) (*CSV, error) {
	if o.Delimiter == '"' || o.Delimiter == '\n' || o.Delimiter == '\r' || !utf8.ValidRune(o.Delimiter) {
		return nil, fmt.Errorf("%q cannot be a delimiter", o.Delimiter)
	}
	c := &CSV{in: in, o: o, columns: o.Columns}
	c.r = records{in: in, delim: utf8.AppendRune(nil, o.Delimiter)}
	if c.columns == nil {
		if err := c.header(); err != nil {
			return nil, err
		}
	}
	if err := c.choose(); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return c, nil
}

// header reads the names of the columns.
func (c *CSV) header() error {
	n, err := c.r.next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s is empty: it has no header; --columns names the columns of a file without one", c.in.Name)
	}
	if err != nil {
		return c.fail(err)
	}
	for i := range n {
		c.columns = append(c.columns, string(c.r.field(i)))
	}
	c.columns[0] = strings.TrimPrefix(c.columns[0], "\ufeff")
	return nil
}

// Next implements Source.
func (c *CSV) Next() (row.Row, error) {
	n, err := c.r.next()
	if err == nil {
		err = wantFields(n, len(c.columns))
	}
	if err != nil {
		return row.Row{}, c.fail(err)
	}
	if c.row.Key, err = c.decode(c.row.Key[:0], c.key); err != nil {
		return row.Row{}, c.fail(err)
	}
	if c.o.ValueJSON {
		c.row.Value, err = c.object(c.row.Value[:0])
	} else {
		c.row.Value, err = c.decode(c.row.Value[:0], c.value)
	}
	if err != nil {
		return row.Row{}, c.fail(err)
	}
	return c.row, nil
}

// fail says where in the input the current record is wrong.
func (c *CSV) fail(err error) error {
	return inInput(place(c.in.Name, max(c.r.first, 1), c.base), err)
}

// decode appends what the current record has in a column.
func (c *CSV) decode(dst []byte, col column) ([]byte, error) {
	dst, err := col.encoding.AppendDecoded(dst, c.r.field(col.index))
	if err != nil {
		return dst, fmt.Errorf("column %s %w", shown(col.name), err)
	}
	return dst, nil
}

// object appends the columns other than the key as JSON.
func (c *CSV) object(dst []byte) ([]byte, error) {
	dst = append(dst, '{')
	for i, name := range c.names {
		if i == c.key.index {
			continue
		}
		field := c.r.field(i)
		if !utf8.Valid(field) {
			return dst, fmt.Errorf("column %s is not UTF-8, which JSON must be", shown(c.columns[i]))
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, name...), ':')
		dst = encode.AppendString(dst, field)
	}
	return append(dst, '}'), nil
}

// Offset implements Source.
func (c *CSV) Offset() int64 { return c.r.offset }

// Size implements Sized.
func (c *CSV) Size() int64 { return c.in.Size() }

// Resume implements Resumer.
func (c *CSV) Resume(offset int64) error {
	c.base = offset
	c.r.offset, c.r.number, c.r.first, c.r.line = offset, 0, 0, nil
	return c.in.seek(offset)
}

// Fingerprint implements Resumer.
func (c *CSV) Fingerprint(offset int64) (string, error) { return c.in.fingerprint(offset) }

// Close implements Source.
func (c *CSV) Close() error { return c.in.Close() }
