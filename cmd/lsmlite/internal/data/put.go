// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Put sets the value of a key.
type Put struct {
	env.Settings
	File  string  `arg:"" help:"Database file, which is made if it is missing."`
	Key   string  `arg:"" help:"Key: text, x'00ff', or \"text with \\x00 escapes\"."`
	Value *string `arg:"" optional:"" help:"Value, in the forms of a key. Without it standard input is the value, as it is."`
}

// Help has examples.
func (Put) Help() string {
	return env.Help("A value that is there is replaced. The value is on the disk, whatever happens to the machine, "+
		"when the command ends without an error.",
		"lsmlite put my.lsm user/1 Ada", "lsmlite put my.lsm logo < logo.png", "lsmlite put my.lsm \"x'00ff'\" \"x'01'\"")
}

// Run writes the row.
func (p Put) Run(ctx context.Context, e *env.Env) error {
	key, err := parseKey(p.Key)
	if err != nil {
		return err
	}
	value, err := p.value(e)
	if err != nil {
		return err
	}
	err = update(ctx, p.File, env.Create, p.Settings, func(tx *engine.Tx) error { return tx.Put(key, value) })
	if err == nil && e.JSON {
		_, err = fmt.Fprintln(e.Stdout, `{"written":1}`)
	}
	return err
}

// value returns the value of the command line, or all of standard input.
func (p Put) value(e *env.Env) ([]byte, error) {
	if p.Value != nil {
		value, err := text.Parse(*p.Value)
		if err != nil {
			return nil, env.Errorf(env.Usage, "value %w", err)
		}
		return value, nil
	}
	value, err := io.ReadAll(io.LimitReader(e.Stdin, engine.MaxValueSize+1))
	if len(value) > engine.MaxValueSize {
		return nil, env.Errorf(env.Refused, "standard input is longer than the longest value, %d bytes", engine.MaxValueSize)
	}
	return value, err
}

// update runs a transaction in a database and closes that: then it is durable.
func update(ctx context.Context, file string, access env.Access, s env.Settings, f func(*engine.Tx) error) error {
	if err := s.Kept(file); err != nil {
		return err
	}
	db, err := s.Open(ctx, file, access)
	if err != nil {
		return err
	}
	return errors.Join(db.Engine.Update(ctx, f), db.Close())
}
