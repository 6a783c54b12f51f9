// SPDX-License-Identifier: Apache-2.0

package sqlitedb

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
)

// chosen is the columns of a table, and which of them are the row.
type chosen struct {
	columns    []string
	key, value int
	json       bool
	keyBytes   []byte
	valueBytes []byte
}

// choose finds the columns.
func (c *chosen) choose(o Options, primary []string) (err error) {
	switch {
	case o.Key != "":
		c.key, err = c.named(o.Key)
	case slices.Contains(c.columns, "key"):
		c.key, err = c.named("key")
	case len(primary) == 1:
		c.key, err = c.named(primary[0])
	default:
		err = out.Errorf(out.ErrRefused, "which column is the key? --key-column NAME names one of %s", strings.Join(c.columns, ", "))
	}
	if err != nil || c.json {
		return err
	}
	switch {
	case o.Value != "":
		c.value, err = c.named(o.Value)
	case slices.Contains(c.columns, "value"):
		c.value, err = c.named("value")
	case len(c.columns) == 2:
		c.value = 1 - c.key
	default:
		err = out.Errorf(out.ErrRefused, "which column is the value? --value-column NAME names one of %s, and --value-json makes an object of "+
			"all columns other than the key", strings.Join(c.columns, ", "))
	}
	return err
}

func (c *chosen) named(name string) (int, error) {
	i := slices.Index(c.columns, name)
	if i < 0 {
		return 0, out.Errorf(out.ErrRefused, "there is no column %s; the columns are %s", name, strings.Join(c.columns, ", "))
	}
	return i, nil
}

// row writes row n of the table.
func (c *chosen) row(n int64, cells []any, w *out.Writer) error {
	var err error
	if c.keyBytes, err = c.plain(c.keyBytes[:0], n, c.key, cells); err != nil {
		return err
	}
	if c.json {
		c.valueBytes, err = c.object(c.valueBytes[:0], n, cells)
	} else {
		c.valueBytes, err = c.plain(c.valueBytes[:0], n, c.value, cells)
	}
	if err != nil {
		return err
	}
	return w.Row(c.keyBytes, c.valueBytes)
}

// plain appends what a column has as bytes.
func (c *chosen) plain(dst []byte, n int64, i int, cells []any) ([]byte, error) {
	switch v := cells[i].(type) {
	case string:
		return append(dst, v...), nil
	case []byte:
		return append(dst, v...), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		return appendReal(dst, v), nil
	case nil:
		return dst, out.Errorf(out.ErrRefused, "row %d has NULL in the column %s, which is neither a key nor a value; --value-json keeps it", n, c.columns[i])
	}
	return dst, out.Errorf(out.ErrRefused, "row %d has a %T in the column %s", n, cells[i], c.columns[i])
}

// appendReal appends a number so that it can be read back exactly, and is seen not to be an integer.
func appendReal(dst []byte, v float64) []byte {
	from := len(dst)
	dst = strconv.AppendFloat(dst, v, 'g', -1, 64)
	if !strings.ContainsAny(string(dst[from:]), ".eIN") {
		dst = append(dst, ".0"...)
	}
	return dst
}

// object appends the columns other than the key as JSON.
func (c *chosen) object(dst []byte, n int64, cells []any) ([]byte, error) {
	dst = append(dst, '{')
	for i, name := range c.columns {
		if i == c.key {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		b, isBlob := cells[i].([]byte)
		if isBlob {
			name += "_base64"
		}
		dst = append(appendString(dst, name), ':')
		switch v := cells[i].(type) {
		case nil:
			dst = append(dst, "null"...)
		case int64:
			dst = strconv.AppendInt(dst, v, 10)
		case float64:
			if math.IsInf(v, 0) || math.IsNaN(v) {
				return dst, out.Errorf(out.ErrRefused, "row %d has %v in the column %s, which JSON has not", n, v, c.columns[i])
			}
			dst = appendReal(dst, v)
		case string:
			if !utf8.ValidString(v) {
				return dst, out.Errorf(out.ErrRefused, "row %d has a text that is not UTF-8 in the column %s", n, c.columns[i])
			}
			dst = appendString(dst, v)
		case []byte:
			dst = append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
		default:
			return dst, out.Errorf(out.ErrRefused, "row %d has a %T in the column %s", n, v, c.columns[i])
		}
	}
	return append(dst, '}'), nil
}

// appendString appends text as a string of JSON.
func appendString(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return append(dst, b...)
}
