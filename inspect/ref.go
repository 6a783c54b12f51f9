// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/lsmlite/lsmlite-go/engine"
)

// A ref names a key in an address, whatever its length: the text is opaque to clients. Up to
// maxRefKey bytes it holds the key; of a longer one it holds so many, and a sum of all of it, so
// that a search from the first key that begins so finds it.
const maxRefKey = 1 << 10

const (
	refWhole = 'k'
	refLong  = 'l'
	sumLen   = 16
)

func refOf(key []byte) string {
	if len(key) <= maxRefKey {
		return base64.RawURLEncoding.EncodeToString(append([]byte{refWhole}, key...))
	}
	sum := sha256.Sum256(key)
	raw := append([]byte{refLong}, sum[:sumLen]...)
	return base64.RawURLEncoding.EncodeToString(append(raw, key[:maxRefKey]...))
}

// keyOf returns the key that a ref names. A long key is looked for with c.
func (in *Inspector) keyOf(ctx context.Context, c *engine.Cursor, ref string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(ref)
	switch {
	case err == nil && len(raw) > 0 && raw[0] == refWhole:
		return raw[1:], nil
	case err != nil || len(raw) != 1+sumLen+maxRefKey || raw[0] != refLong:
		return nil, refusef(http.StatusBadRequest, "%.40q names no key: it is not what keys or tree has returned", ref)
	}
	want, begin := raw[1:1+sumLen], raw[1+sumLen:]
	looked := 0
	for ok := c.Seek(begin, engine.SeekGE); ok && bytes.HasPrefix(c.Key(), begin); ok = c.Next() {
		if sum := sha256.Sum256(c.Key()); bytes.Equal(sum[:sumLen], want) {
			return bytes.Clone(c.Key()), nil
		}
		if looked++; looked >= in.limits.ScanRows {
			return nil, refusef(http.StatusRequestEntityTooLarge, "limit ScanRows: %d keys begin like this one, and it is none of them", looked)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, refusef(http.StatusGone, "the key is not there any more")
}

// keyParam returns the key that the parameter key names, or the one that ref names.
func (in *Inspector) keyParam(ctx context.Context, q *request, c *engine.Cursor) ([]byte, error) {
	if ref := q.query.Get("ref"); ref != "" {
		return in.keyOf(ctx, c, ref)
	}
	if !q.query.Has("key") {
		return nil, refusef(http.StatusBadRequest, "the parameter key is missing, or ref")
	}
	return []byte(q.query.Get("key")), nil
}

// afterAll returns the least key that is greater than all keys with a prefix; false if there is
// none, because the prefix has only bytes of 255.
func afterAll(prefix []byte) ([]byte, bool) {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			next := bytes.Clone(prefix[:i+1])
			next[i]++
			return next, true
		}
	}
	return nil, false
}
