// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/store"
	_ "github.com/lsmlite/lsmlite-go/stores/pgstore"
	_ "github.com/lsmlite/lsmlite-go/stores/tikvstore"
)

const usage = `usage: lsmlite-copy [flags] SOURCE DESTINATION

Copies the rows of SOURCE into DESTINATION, and compares them. Names are those of sql.Open("lsmlite", …):
a file (data.lsm?safety=full), postgres://user@host/db?table=kv, tikv://pd:2379/name.

`

// run is the command. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("lsmlite-copy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	var o store.CopyOptions
	flags.BoolVar(&o.Resume, "resume", false, "go on with a copy; rows that only the destination has are deleted")
	chunk := flags.Int("chunk", 4096, "about how many KiB of rows a transaction of the destination has")
	flags.IntVar(&o.Passes, "passes", 8, "how many comparisons there are at most")
	quiet := flags.Bool("quiet", false, "do not report how far it is")
	asJSON := flags.Bool("json", false, "print the result as JSON")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return usageCode
	case flags.NArg() != 2 || *chunk < 1 || *chunk > 1<<18 || o.Passes < 1:
		flags.Usage()
		return usageCode
	}
	o.ChunkBytes = *chunk << 10
	if !*quiet {
		o.Progress = reporter(stderr)
	}
	res, err := copyRows(ctx, flags.Arg(0), flags.Arg(1), o)
	if err != nil {
		fmt.Fprintln(stderr, "lsmlite-copy:", err)
		if res.Copied+res.Repaired > 0 {
			fmt.Fprintf(stderr, "%d rows were copied and %d repaired; go on with -resume\n", res.Copied, res.Repaired)
		}
		return codeOf(err)
	}
	if err := show(stdout, &res, *asJSON); err != nil {
		fmt.Fprintln(stderr, "lsmlite-copy:", err)
		return ioFailed
	}
	return 0
}

// show prints what both stores have.
func show(w io.Writer, res *store.CopyResult, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{
			"rows": res.Rows, "sha256": fmt.Sprintf("%x", res.Sum), "copied": res.Copied, "repaired": res.Repaired,
			"comparisons": res.Passes, "parts": res.Snapshots,
		})
	}
	parts := ""
	if res.Snapshots > 1 {
		parts = fmt.Sprintf(", the last time in %d parts, because a store keeps no state for so long", res.Snapshots)
	}
	_, err := fmt.Fprintf(w, "rows      %d\nsha256    %x\ncopied    %d\nrepaired  %d\ncompared  %d times%s\n", res.Rows, res.Sum,
		res.Copied, res.Repaired, res.Passes, parts)
	return err
}

// copyRows opens both stores and copies. A source is only read, and never made.
func copyRows(ctx context.Context, from, to string, o store.CopyOptions) (res store.CopyResult, err error) {
	source, destination, err := names(from, to)
	if err != nil {
		return res, err
	}
	src, err := lsmlite.OpenStore(ctx, source)
	if err != nil {
		return res, fmt.Errorf("source: %w", err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := lsmlite.OpenStore(ctx, destination)
	if err != nil {
		return res, fmt.Errorf("destination: %w", err)
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	return store.Copy(ctx, dst, src, o)
}

// perReport is how often the command says how far it is.
const perReport = time.Second

// reporter returns a function that writes a line now and then.
func reporter(w io.Writer) func(store.CopyProgress) {
	var last time.Time
	pass := 0
	return func(p store.CopyProgress) {
		if p.Pass == pass && time.Since(last) < perReport {
			return
		}
		last, pass = time.Now(), p.Pass
		what := "copied"
		if p.Pass > 0 {
			what = fmt.Sprintf("comparison %d:", p.Pass)
		}
		fmt.Fprintf(w, "%s %d rows, %.1f MiB", what, p.Rows, float64(p.Bytes)/(1<<20))
		if p.Repaired > 0 {
			fmt.Fprintf(w, ", %d repaired", p.Repaired)
		}
		fmt.Fprintln(w)
	}
}
