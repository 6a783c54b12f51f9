// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// Get prints the value of a key.
type Get struct {
	env.Settings
	File string `arg:"" help:"Database file."`
	Key  string `arg:"" help:"Key: text, x'00ff', or \"text with \\x00 escapes\"."`
}

// Help has examples.
func (Get) Help() string {
	return env.Help("The bytes of the value are printed as they are, without a newline after them. "+
		"The exit code is 1 if there is no such key.",
		"lsmlite get my.lsm user/1", "lsmlite get my.lsm \"x'00ff'\" > value.bin", "lsmlite get --json my.lsm user/1")
}

// Run prints the value.
func (g Get) Run(ctx context.Context, e *env.Env) error {
	key, err := parseKey(g.Key)
	if err != nil {
		return err
	}
	client, err := remote.Of(e)
	if err != nil {
		return err
	}
	if client != nil {
		return g.remote(ctx, e, client, key)
	}
	db, err := g.Open(ctx, g.File, env.Read)
	if err != nil {
		return err
	}
	defer db.Close()
	value, found, err := db.Engine.Get(nil, key)
	if err != nil {
		return err
	}
	if !found {
		return env.Errorf(env.No, "%s has no key %s", g.File, text.Show(key))
	}
	if e.JSON {
		value = append(encode.AppendRow(nil, key, value), '\n')
	}
	_, err = e.Stdout.Write(value)
	return err
}
