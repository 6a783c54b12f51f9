// SPDX-License-Identifier: Apache-2.0

package read

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// choose finds the columns of key and value.
func (c *CSV) choose() error {
	for i, name := range c.columns {
		if slices.Contains(c.columns[:i], name) {
			return fmt.Errorf("two columns have the name %s; --columns gives them others", shown(name))
		}
		if !utf8.ValidString(name) {
			return fmt.Errorf("the name of column %d is not UTF-8; --columns gives it another", i+1)
		}
		c.names = append(c.names, encode.AppendString(nil, []byte(name)))
	}
	var err error
	if c.key, err = c.named("key", c.o.Key, c.o.KeyEncoding); err != nil {
		return err
	}
	if c.o.ValueJSON {
		return nil
	}
	c.value, err = c.named("value", c.o.Value, c.o.ValueEncoding)
	return err
}

// named returns the column of the key or of the value: the one with the given name, or the
// one that says what it is, or else the first one, or the second of two.
func (c *CSV) named(what, name string, e encode.Encoding) (column, error) {
	if name != "" {
		i := slices.Index(c.columns, name)
		if i < 0 {
			return column{}, fmt.Errorf("there is no column %s; the columns are %s", shown(name), shown(c.columns...))
		}
		return column{i, name, orText(e)}, nil
	}
	if i := slices.Index(c.columns, what); i >= 0 {
		return column{i, what, orText(e)}, nil
	}
	for _, other := range encode.Encodings {
		own := what + "_" + string(other)
		if i := slices.Index(c.columns, own); i >= 0 {
			if e == "" {
				e = other
			}
			return column{i, own, e}, nil
		}
	}
	switch {
	case what == "key":
		return column{0, c.columns[0], orText(e)}, nil
	case len(c.columns) == 2:
		return column{1 - c.key.index, c.columns[1-c.key.index], orText(e)}, nil
	}
	return column{}, fmt.Errorf("which column is the value? --value-column NAME names one of %s, "+
		"and --value-json makes an object of all columns other than the key", shown(c.columns...))
}

// shown lists names for a message, without what a terminal would not print.
func shown(names ...string) string {
	var list []string
	for _, n := range names {
		list = append(list, text.Show([]byte(n)))
	}
	return strings.Join(list, ", ")
}

func orText(e encode.Encoding) encode.Encoding {
	if e == "" {
		return encode.Text
	}
	return e
}
