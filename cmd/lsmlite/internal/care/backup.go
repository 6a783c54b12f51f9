// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"fmt"
	"os"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Backup copies the rows of a database into a new file.
type Backup struct {
	target
	Copy   string `arg:"" help:"New file, or - for standard output."`
	Verify bool   `help:"Read the whole copy again, and compare its rows, before it gets its name."`
	Force  bool   `short:"f" help:"Replace the file if it exists, and remove its log, once the copy is complete."`
}

// Help has examples.
func (Backup) Help() string {
	return env.Help("The copy holds every row of the newest committed state once, densely packed, with a page sum on every page. It is a database "+
		"that was closed, with no log: lsmlite and C lsm1 open it. The database is not changed, and everything that is read is verified: "+
		"of a damaged database there is no copy. The copy has another name until it is complete and durable, so it is never half done.",
		"lsmlite backup my.lsm my-backup.lsm", "lsmlite backup --verify --force my.lsm my-backup.lsm", "lsmlite backup my.lsm - | ssh host 'cat > my.lsm'",
		"lsmlite --remote http://localhost:8080/debug/lsmlite/ backup my-backup.lsm")
}

// Run makes the copy.
func (b Backup) Run(ctx context.Context, e *env.Env) error {
	client, err := remote.Of(e)
	if err != nil {
		return err
	}
	if client != nil {
		return b.remote(ctx, e, client)
	}
	cipher, err := b.CipherOf(b.File)
	if err != nil {
		return err
	}
	db, err := b.Open(ctx, b.File, env.Read)
	if err != nil {
		return err
	}
	defer db.Close()
	if b.Copy == "-" {
		return b.stream(ctx, e, db.Engine, cipher)
	}
	if err := different(b.File, b.Copy); err != nil {
		return err
	}
	to, err := newPlace(vfs.OS, b.Copy, b.Force, lockFlag(db.Engine))
	if err != nil {
		return err
	}
	c := copying{e: e, source: db.Engine, name: b.File, to: to, verify: b.Verify, shape: engine.BackupOptions{Cipher: cipher}}
	made, err := c.run(ctx)
	if err != nil {
		return err
	}
	return printCopied(e, b.File, b.Copy, made)
}

// stream writes the copy to standard output.
func (b Backup) stream(ctx context.Context, e *env.Env, db *engine.DB, cipher string) error {
	if err := b.mayStream(e); err != nil {
		return err
	}
	p := e.Progress("copy "+b.File, env.Bytes, 0)
	defer p.Done()
	return db.BackupTo(ctx, e.Stdout, engine.BackupOptions{Cipher: cipher, Progress: func(now engine.BackupProgress) {
		p.SetTotal(now.Total)
		p.Set(now.Bytes)
	}})
}

// mayStream says whether the copy can go to standard output.
func (b Backup) mayStream(e *env.Env) error {
	switch {
	case b.Verify:
		return env.Errorf(env.Usage, "--verify needs a file: what has gone to standard output cannot be read again")
	case e.OutTerminal():
		return env.Errorf(env.Usage, "a copy is not for a terminal: redirect standard output, or name a file")
	}
	return nil
}

// printCopied says what a copy has come to.
func printCopied(e *env.Env, from, to string, made copied) error {
	if e.JSON {
		return printJSON(e, struct {
			From string `json:"from"`
			To   string `json:"to"`
			copied
		}{from, to, made})
	}
	verified := ""
	if made.Verified {
		verified = ", verified"
	}
	_, err := fmt.Fprintf(e.Stdout, "%s: %s from %s, %s%s\n",
		text.Name(to), plural(made.Rows, "row"), text.Name(from), amount(made.Bytes), verified)
	return err
}

// different refuses two names of one file.
func different(from, to string) error {
	a, err := os.Stat(from)
	if err != nil {
		return err
	}
	if b, err := os.Stat(to); err == nil && os.SameFile(a, b) {
		return env.Errorf(env.Usage, "%s and %s are the same file", from, to)
	}
	return nil
}
