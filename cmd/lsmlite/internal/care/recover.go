// SPDX-License-Identifier: Apache-2.0

package care

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Recover saves what can still be read of a damaged database.
type Recover struct {
	env.Key
	Damaged     string `arg:"" help:"Damaged database file. It is only read."`
	New         string `arg:"" help:"New database file."`
	Log         string `placeholder:"FILE" help:"Log of the damaged database, if it has another name than the database with -log added."`
	NoLog       bool   `help:"Leave the log out: take what was in the database file only."`
	Scan        bool   `help:"Look at every page of the file, even if there is a good checkpoint. Rows that were deleted or overwritten long ago may come back."`
	Memory      int64  `placeholder:"BYTES" help:"Memory for the log and for reading ahead; what does not fit goes into files next to the new one for the time being."`
	PageSize    int    `placeholder:"BYTES" help:"Page size of the new file. Without it that of the damaged one."`
	BlockSize   int    `placeholder:"BYTES" help:"Block size of the new file. Without it that of the damaged one."`
	Compression string `placeholder:"CODEC" help:"Codec of the new file: none, lz4, zlib, zstd or snappy. Without it that of the damaged one."`
	Locking     string `enum:"required,optional" default:"required" help:"Whether files must be locked: ${enum}. With optional the caller makes sure that no process writes to the damaged file."`
	Force       bool   `short:"f" help:"Replace the new file if it exists."`
}

// Help has examples.
func (Recover) Help() string {
	return env.Help("Everything that can still be read goes into a new file: by the newest checkpoint that is good, or else by looking at all pages of "+
		"the file. No row is invented. The report says which pages are lost, between which keys rows are missing, and which rows may be older "+
		"than the newest. The exit code is 0 if nothing is known to be missing, 1 if something is lost or may be stale, and 4 if there is nothing in the "+
		"file that could be of a database; then there is no new file. The damaged file and its log are not changed: keep them.",
		"lsmlite recover damaged.lsm new.lsm", "lsmlite recover --json damaged.lsm new.lsm > report.json", "lsmlite recover --scan damaged.lsm all.lsm",
		"lsmlite recover --key-file my.key damaged.lsm new.lsm")
}

// Run recovers the database.
func (r Recover) Run(ctx context.Context, e *env.Env) error {
	if err := r.mayWrite(); err != nil {
		return err
	}
	report, err := r.recover(ctx, e)
	if err != nil {
		return r.explain(err)
	}
	if err := r.verify(ctx, e); err != nil {
		return err
	}
	if e.JSON {
		err = printJSON(e, reportJSON(r.Damaged, r.New, &report))
	} else {
		err = printReport(e.Stdout, r.Damaged, r.New, &report)
	}
	if err == nil && !report.Complete() {
		err = env.Silent(env.No)
	}
	return err
}

// mayWrite refuses a new file that is in the way of what is read, or must not be replaced.
func (r Recover) mayWrite() error {
	to, err := lookAtPlace(vfs.OS, r.New, r.Force, 0)
	if err != nil {
		return err
	}
	if damaged, err := vfs.OS.Canonical(r.Damaged); err == nil && to.path == damaged+logSuffix {
		return env.Errorf(env.CannotOpen, "%s is the name of the log of %s; give another name", r.New, r.Damaged)
	}
	if to.old == nil {
		return nil
	}
	for _, name := range []string{r.Damaged, r.Damaged + logSuffix, r.Log} {
		if info, err := os.Stat(name); err == nil && os.SameFile(info, to.old) {
			return env.Errorf(env.CannotOpen, "%s is %s: what is rescued is not replaced; give another name", r.New, name)
		}
	}
	return nil
}

func (r Recover) recover(ctx context.Context, e *env.Env) (engine.RecoverReport, error) {
	key, err := r.Source()
	if err != nil {
		return engine.RecoverReport{}, err
	}
	p := e.Progress("recover "+r.Damaged, env.Bytes, 0)
	defer p.Done()
	return engine.Recover(ctx, r.Damaged, r.New, engine.RecoverOptions{
		Log: r.Log, NoLog: r.NoLog, Scan: r.Scan, Memory: r.Memory, Replace: r.Force,
		PageSize: r.PageSize, BlockSize: r.BlockSize, Compression: r.Compression, OptionalLocks: r.Locking == "optional", Key: key,
		Progress: func(now engine.RecoverProgress) {
			p.SetTotal(now.Total)
			p.Set(now.Bytes)
		},
	})
}

// explain says what can be done about an error.
func (r Recover) explain(err error) error {
	if errors.Is(err, engine.ErrBusy) {
		return env.BusyError(r.Damaged, err)
	}
	if errors.Is(err, engine.ErrKey) {
		return env.KeyError(r.Damaged, r.Key != env.Key{}, err)
	}
	if errors.Is(err, engine.ErrCorrupt) || errors.Is(err, engine.ErrMismatch) {
		if lost := env.KeysLost(r.Damaged); lost != "" {
			return env.Errorf(env.Damaged, "%s", lost)
		}
	}
	return err
}

// verify reads all of the new file.
func (r Recover) verify(ctx context.Context, e *env.Env) error {
	key, err := r.Source()
	if err != nil {
		return err
	}
	db, err := engine.Open(ctx, r.New, engine.Options{ReadOnly: true, MustExist: true, OptionalLocks: r.Locking == "optional", Key: key})
	if err != nil {
		return fmt.Errorf("verify the new file: %w", err)
	}
	defer db.Close()
	for p := range problems(ctx, e, db, "check "+r.New) {
		return env.Errorf(env.IO, "verify the new file: it is damaged; the disk may be failing: %s", p)
	}
	return ctx.Err()
}
