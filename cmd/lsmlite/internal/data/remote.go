// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"context"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// AsksRemote implements env.AsksRemote.
func (Get) AsksRemote() bool { return true }

// AsksRemote implements env.AsksRemote.
func (Scan) AsksRemote() bool { return true }

// AsksRemote implements env.AsksRemote.
func (Keys) AsksRemote() bool { return true }

// remote prints the value that a program's database has.
func (g Get) remote(ctx context.Context, e *env.Env, client *remote.Client, key []byte) error {
	if !e.JSON {
		found, err := client.Get(ctx, key, e.Stdout)
		return g.unless(found, err, key)
	}
	var value bytes.Buffer
	found, err := client.Get(ctx, key, &value)
	if err := g.unless(found, err, key); err != nil {
		return err
	}
	_, err = e.Stdout.Write(append(encode.AppendRow(nil, key, value.Bytes()), '\n'))
	return err
}

// unless is the error of a key that was not found, or could not be looked up.
func (g Get) unless(found bool, err error, key []byte) error {
	if err == nil && !found {
		return env.Errorf(env.No, "%s has no key %s", g.File, text.Show(key))
	}
	return err
}

// remote prints the rows of a program's database.
func (s scan) remote(ctx context.Context, client *remote.Client, r row.Range, out show.Rows, columns []string) error {
	return s.remoteRows(ctx, client, r, func(k wire.KeyRow) error {
		if len(columns) == 1 {
			return out.Row([]any{k.Key.Data})
		}
		if k.ValueLen == len(k.Value.Data) {
			return out.Row([]any{k.Key.Data, k.Value.Data})
		}
		var value bytes.Buffer
		if found, err := client.Value(ctx, k, &value); err != nil || !found {
			return err // it was deleted meanwhile
		}
		return out.Row([]any{k.Key.Data, value.Bytes()})
	})
}

// remoteRows calls f for the rows of a range of a program's database.
func (s scan) remoteRows(ctx context.Context, client *remote.Client, r row.Range, f func(wire.KeyRow) error) error {
	asked := remote.Range{From: r.From, Reverse: s.Reverse}
	if s.Reverse {
		asked.From = r.To
	}
	n := int64(0)
	for k, err := range client.Keys(ctx, asked) {
		switch {
		case err != nil:
			return err
		case k.Key.Len > len(k.Key.Data):
			return env.Errorf(env.Refused, "a key of %d bytes is too long to be listed by the program; it begins with %s", k.Key.Len, text.Show(k.Key.Data))
		case !r.Has(k.Key.Data):
			if s.Reverse && r.To != nil && bytes.Compare(k.Key.Data, r.To) >= 0 {
				continue
			}
			return nil
		case s.Limit > 0 && n == s.Limit:
			return nil
		}
		n++
		if err := f(k); err != nil {
			return err
		}
	}
	return nil
}
