// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"context"
	"strconv"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outside"
)

const copier = "lsmlite-copy"

// Copy copies the rows of a store into another one.
type Copy struct {
	Resume      bool   `help:"Go on with a copy, or copy what has changed since; rows that only the destination has are deleted."`
	Chunk       int    `default:"4096" placeholder:"KIB" help:"About how many KiB of rows a transaction of the destination has."`
	Passes      int    `default:"8" placeholder:"N" help:"How many comparisons there are at most."`
	Source      string `arg:"" help:"Name of the store that is read, such as a database file."`
	Destination string `arg:"" help:"Name of the store that is written, such as postgres://user@host/db?table=kv."`
}

// Help has examples.
func (Copy) Help() string {
	return env.Help("A store is a database file, a table of PostgreSQL (postgres://…) or a store in TiKV (tikv://…), with its settings after "+
		"a question mark, as in sql.Open. Rows are copied in transactions, then all are compared, and what differs is repaired, until "+
		"nothing does. A copy that was interrupted goes on with --resume. It is done by the command "+copier+", which has to be "+
		"installed: go install "+outside.Module(copier)+"@latest.",
		"lsmlite copy my.lsm 'postgres://user@host/db?table=kv'", "lsmlite copy --resume my.lsm 'postgres://user@host/db?table=kv'",
		"lsmlite copy 'my.lsm?key_file=my.key' other.lsm")
}

// Run copies.
func (c Copy) Run(ctx context.Context, e *env.Env) error {
	program, err := outside.Find(copier, "copying between stores is done")
	if err != nil {
		return err
	}
	args := []string{"-chunk=" + strconv.Itoa(c.Chunk), "-passes=" + strconv.Itoa(c.Passes)}
	if c.Resume {
		args = append(args, "-resume")
	}
	if e.Quiet {
		args = append(args, "-quiet")
	}
	if e.JSON {
		args = append(args, "-json")
	}
	return outside.Run(ctx, e, program, append(args, "--", c.Source, c.Destination)...)
}
