// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Cell is a value of a row: nil, int64, uint64, float64 or Bytes.
type Cell struct{ V any }

// maxExact is the greatest integer that every reader of JSON keeps as it is.
const maxExact = 1<<53 - 1

type cellObject struct {
	Int  *string `json:"int,omitempty"`
	Real *string `json:"real,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (c Cell) MarshalJSON() ([]byte, error) {
	switch v := c.V.(type) {
	case int64:
		if v > maxExact || v < -maxExact {
			s := strconv.FormatInt(v, 10)
			return json.Marshal(cellObject{Int: &s})
		}
	case uint64:
		if v > maxExact {
			s := strconv.FormatUint(v, 10)
			return json.Marshal(cellObject{Int: &s})
		}
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			s := strconv.FormatFloat(v, 'g', -1, 64)
			return json.Marshal(cellObject{Real: &s})
		}
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.AppendFloat(nil, v, 'f', 1, 64), nil
		}
	case nil, Bytes:
	default:
		return nil, fmt.Errorf("a cell cannot hold a %T", v)
	}
	return json.Marshal(c.V)
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Cell) UnmarshalJSON(raw []byte) error {
	switch {
	case string(raw) == "null":
		c.V = nil
		return nil
	case raw[0] == '"':
		return c.bytes(raw)
	case raw[0] == '{':
		var o cellObject
		if err := json.Unmarshal(raw, &o); err != nil {
			return err
		}
		switch {
		case o.Int != nil:
			return c.number([]byte(*o.Int))
		case o.Real != nil:
			f, err := strconv.ParseFloat(*o.Real, 64)
			c.V = f
			return err
		}
		return c.bytes(raw)
	}
	return c.number(raw)
}

func (c *Cell) bytes(raw []byte) error {
	var b Bytes
	err := json.Unmarshal(raw, &b)
	c.V = b
	return err
}

func (c *Cell) number(raw []byte) error {
	if bytes.ContainsAny(raw, ".eE") {
		f, err := strconv.ParseFloat(string(raw), 64)
		c.V = f
		return err
	}
	if i, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		c.V = i
		return nil
	}
	u, err := strconv.ParseUint(string(raw), 10, 64)
	c.V = u
	return err
}
