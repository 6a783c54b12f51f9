// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/parser"
)

// A text that is one lookup of a key, or one write of a row, and takes its arguments by their
// places, as bytes, needs no parameters to be bound: the arguments are what is looked up or
// written. Whatever is not so plain, wrong arguments too, goes the general way, which means the same.

// plainPair returns the row that such a text writes.
func (s *Session) plainPair(plans []*parser.Plan, args []driver.NamedValue) (key, value []byte, ok bool) {
	if len(plans) != 1 || len(args) != 2 || !plans[0].WritesArguments() || s.txn.settings.KeyType.numeric() {
		return nil, nil, false
	}
	if key, ok = plainBytes(&args[0], 1); ok {
		value, ok = plainBytes(&args[1], 2)
	}
	return key, value, ok
}

// plainKey returns the key that such a text looks up.
func (s *Session) plainKey(plans []*parser.Plan, args []driver.NamedValue) (key []byte, ok bool) {
	if len(plans) != 1 || len(args) != 1 || !plans[0].LooksUpArgument() || s.txn.settings.KeyType.numeric() {
		return nil, false
	}
	return plainBytes(&args[0], 1)
}

// plainBytes returns the bytes of an argument that is in this place, if they are bytes.
func plainBytes(arg *driver.NamedValue, place int) (b []byte, ok bool) {
	if arg.Name != "" || arg.Ordinal != place {
		return nil, false
	}
	switch v := arg.Value.(type) {
	case []byte:
		return v, v != nil
	case string:
		return bytesOf(v), true
	}
	return nil, false
}

// queryKey looks up the one key of p.
func (s *Session) queryKey(ctx context.Context, p *parser.Plan, key []byte) (*Rows, error) {
	r := s.newRows(ctx)
	r.plan, r.limit, r.plain = p, -1, true
	if err := r.openPoint(key); err != nil {
		return nil, joinErrors(err, r.Close())
	}
	return r, nil
}
