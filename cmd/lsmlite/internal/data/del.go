// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/keys"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Del removes keys.
type Del struct {
	env.Settings
	keys.Range
	File string   `arg:"" help:"Database file."`
	Keys []string `arg:"" optional:"" name:"key" help:"Keys: text, x'00ff', or \"text with \\x00 escapes\"."`
}

// Help has examples.
func (Del) Help() string {
	return env.Help("All keys are removed in one transaction. If one of the keys named is not there, the others are removed, "+
		"and the exit code is 1. A range takes a single record, however many keys are in it; lsmlite count tells how many that are. "+
		"With --json, deleted is the number of keys removed, and null for a range.",
		"lsmlite del my.lsm user/1 user/2", "lsmlite del my.lsm --prefix log/2024/", "lsmlite del my.lsm --from log/2023 --to log/2025")
}

// Run removes the keys.
func (d Del) Run(ctx context.Context, e *env.Env) error {
	r, err := d.Rows()
	if err != nil {
		return err
	}
	isRange := d.Given()
	if isRange == (len(d.Keys) > 0) {
		return env.Errorf(env.Usage, "name keys, or a range by --prefix, --from and --to")
	}
	var named, missing [][]byte
	for _, k := range d.Keys {
		key, err := parseKey(k)
		if err != nil {
			return err
		}
		named = append(named, key)
	}
	err = update(ctx, d.File, env.Write, d.Settings, func(tx *engine.Tx) error {
		if isRange {
			return deleteRange(tx, r)
		}
		missing, err = deleteKeys(tx, named)
		return err
	})
	if err == nil && e.JSON {
		deleted := any(len(named) - len(missing))
		if isRange {
			deleted = "null" // nobody has counted them
		}
		_, err = fmt.Fprintf(e.Stdout, `{"deleted":%v,"missing":%d}`+"\n", deleted, len(missing))
	}
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return env.Errorf(env.No, "%s has no key %s", d.File, text.Show(missing[0]))
	}
	return nil
}

// deleteKeys removes keys, and returns those that were not there.
func deleteKeys(tx *engine.Tx, named [][]byte) (missing [][]byte, err error) {
	for _, key := range named {
		_, found, err := tx.ValueLen(key)
		if err != nil {
			return missing, err
		}
		if !found {
			missing = append(missing, key)
			continue
		}
		if err := tx.Delete(key); err != nil {
			return missing, err
		}
	}
	return missing, nil
}

// deleteRange removes all keys of a range. The engine removes what is strictly between two keys, so the
// first one is removed by itself, and the last one, too, where the range has no end.
func deleteRange(tx *engine.Tx, r row.Range) error {
	to := r.To
	if to == nil {
		last, err := lastKey(tx)
		if err != nil || last == nil || bytes.Compare(last, r.From) < 0 {
			return err
		}
		to = append(last, 0) // the least key after the last one
	}
	if r.Empty() {
		return nil
	}
	if err := tx.Delete(r.From); err != nil {
		return err
	}
	return tx.DeleteRange(r.From, to)
}

// lastKey returns a copy of the greatest key, or nil if there is none.
func lastKey(tx *engine.Tx) ([]byte, error) {
	c, err := tx.Cursor()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if !c.Last() {
		return nil, c.Err()
	}
	return append([]byte{}, c.Key()...), nil
}
