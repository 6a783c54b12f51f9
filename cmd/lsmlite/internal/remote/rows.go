// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// Get writes the value of a key to w, and reports whether there is one.
func (c *Client) Get(ctx context.Context, key []byte, w io.Writer) (found bool, err error) {
	return c.value(ctx, url.Values{"key": {string(key)}}, w)
}

// Value writes the value of a row of Keys to w. It reports false if the key is not there any more.
func (c *Client) Value(ctx context.Context, row wire.KeyRow, w io.Writer) (found bool, err error) {
	return c.value(ctx, url.Values{"ref": {row.Ref}}, w)
}

func (c *Client) value(ctx context.Context, query url.Values, w io.Writer) (bool, error) {
	query.Set("download", "1")
	r, err := c.do(ctx, request{method: http.MethodGet, resource: wire.Value, query: query, missing: true})
	if err != nil || r == nil {
		return false, err
	}
	defer r.Body.Close()
	out := &counted{w: w}
	if _, err := io.Copy(out, r.Body); err != nil {
		if out.err != nil {
			return true, out.err
		}
		return true, c.cutOff(ctx, "the value", err)
	}
	return true, nil
}

// Range says which keys are wanted. The zero Range is all of them.
type Range struct {
	Prefix  []byte
	From    []byte // where to begin, nil for the first key
	Find    []byte // a part of the key
	Reverse bool
}

// Keys yields the rows of a range, each with the beginning of its value. What is committed while the
// rows are read may be among them. An error is the last that it yields.
func (c *Client) Keys(ctx context.Context, r Range) iter.Seq2[wire.KeyRow, error] {
	query := url.Values{"prefix": {string(r.Prefix)}, "find": {string(r.Find)}}
	if r.From != nil {
		query.Set("from", string(r.From))
	}
	if r.Reverse {
		query.Set("reverse", "1")
	}
	return func(yield func(wire.KeyRow, error) bool) {
		for {
			m, err := read[wire.KeysMessage](ctx, c, wire.Keys, query)
			if err != nil {
				yield(wire.KeyRow{}, err)
				return
			}
			for _, row := range m.Keys {
				if !yield(row, nil) {
					return
				}
			}
			if m.Next == "" {
				return
			}
			query.Set("after", m.Next)
			query.Set("limit", strconv.Itoa(pageRows))
		}
	}
}

// pageRows is how many rows are requested at a time, after the first ones.
const pageRows = 1000

// SQL runs statements there, and returns what they have returned up to the first error, which is
// the message's.
func (c *Client) SQL(ctx context.Context, q wire.SQLRequest) (m wire.SQLMessage, err error) {
	body, err := wire.Marshal(q)
	if err != nil {
		return m, err
	}
	r, err := c.post(ctx, request{resource: wire.SQL, body: body, errors: true, header: map[string]string{"Content-Type": "application/json"}})
	if err != nil {
		return m, err
	}
	return decode[wire.SQLMessage](c, r)
}

// Put sets the value of a key. The handler must allow it.
func (c *Client) Put(ctx context.Context, key, value []byte) error {
	return c.edit(ctx, wire.Put, key, value)
}

// Delete deletes a key. The handler must allow it.
func (c *Client) Delete(ctx context.Context, key []byte) error {
	return c.edit(ctx, wire.Delete, key, nil)
}

func (c *Client) edit(ctx context.Context, resource string, key, value []byte) error {
	r, err := c.post(ctx, request{resource: resource, query: url.Values{"key": {string(key)}}, body: value,
		header: map[string]string{"Content-Type": "application/octet-stream"}})
	if err != nil {
		return err
	}
	return r.Body.Close()
}

// post sends a request that may write. Without a token it opens the page first, as a person does,
// for what such a request needs.
func (c *Client) post(ctx context.Context, q request) (*http.Response, error) {
	q.method = http.MethodPost
	if c.token == "" {
		r, err := c.do(ctx, request{method: http.MethodGet})
		if err != nil {
			return nil, err
		}
		r.Body.Close()
		info, err := c.Info(ctx)
		if err != nil {
			return nil, err
		}
		if info.CSRF == "" {
			return nil, env.Errorf(env.Refused, "%s has not begun a session; it needs the cookie that it sets", c.Address())
		}
		q.header[wire.HeaderCSRF] = info.CSRF
	}
	return c.do(ctx, q)
}
