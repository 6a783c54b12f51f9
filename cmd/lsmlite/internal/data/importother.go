// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// importDir imports files.
type importDir struct {
	loading
	Escaped bool   `help:"Names have the escapes of lsmlite export dir."`
	Folder  string `arg:"" help:"Folder."`
}

// Help has examples.
func (importDir) Help() string {
	return env.Help("The key of each file is its path below the folder, with slashes, and the value is its contents. Symbolic links are not "+
		"followed, and the files of the database itself are left out. "+aboutImport,
		"lsmlite import dir my.lsm docs", "lsmlite import dir my.lsm docs --add-prefix docs/", "lsmlite import dir my.lsm out --escaped")
}

// Run imports.
func (i importDir) Run(ctx context.Context, e *env.Env) error {
	src, err := read.NewFolder(i.Folder, read.FolderOptions{Escaped: i.Escaped, Database: i.File, Passed: func(path, kind string) {
		fmt.Fprintf(e.Stderr, "lsmlite: %s is %s, and is left out\n", text.Name(path), kind)
	}})
	if err != nil {
		return err
	}
	return i.load(ctx, e, src, "dir", i.Folder, i.Escaped)
}

// importLSM imports another database.
type importLSM struct {
	loading
	env.OtherKey
	Other string `arg:"" help:"The database whose rows are imported."`
}

// Help has examples.
func (importLSM) Help() string {
	return env.Help("The rows are those of one moment, also while a program writes to the other database. If that is encrypted, the "+
		"key that is given opens it, too, unless --other-key-file and so on name another one. If it is in clear, it is read without a key. "+aboutImport,
		"lsmlite import lsm all.lsm users.lsm", "lsmlite import lsm all.lsm part.lsm --on-conflict fail --add-prefix part/",
		"lsmlite import lsm --key-file my.key --other-key-file their.key my.lsm their.lsm", "lsmlite import lsm --other-key-file my.key clear.lsm my.lsm")
}

// Run imports.
func (i importLSM) Run(ctx context.Context, e *env.Env) error {
	r, err := i.Rows()
	if err != nil {
		return err
	}
	strip, err := parseKey(i.StripPrefix)
	if err != nil {
		return err
	}
	other, err := i.OnlyKey().OpenOther(ctx, e, i.Other, i.OtherKey)
	if err != nil {
		return err
	}
	src, err := read.NewDatabase(ctx, other, r.And(row.Prefix(strip)))
	if err != nil {
		return err
	}
	return i.load(ctx, e, src, "lsm", i.Other, nil)
}
