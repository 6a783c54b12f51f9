// SPDX-License-Identifier: Apache-2.0

// Package workload has the subcommand bench: it runs standard workloads on a database of its own, on the
// disk of the caller, and compares what was measured at different times. What the workloads do to a store
// is in package ops of the root module, so that it is the same as when lsmlite is compared with other
// stores; package results shows what was measured.
//
// Invariants: only files in a folder that a run has made are written, and the file that --out names; all
// that a workload reads is checked, and what it has written is read again, outside the time that counts;
// memory does not grow with the number of operations.
package workload

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload/results"
)

// Bench measures, and compares what was measured.
type Bench struct {
	Run     Run     `cmd:"" default:"withargs" help:"Run workloads on a new database, and show how fast they were."`
	Compare Compare `cmd:"" help:"Compare the results of two runs."`
}

// Compare compares two files of results.
type Compare struct {
	Metrics []string `default:"ops,p99" placeholder:"NAME" help:"Numbers to compare: ops, mb, p50, p95, p99, p99.9, max, cpu, memory, written, write-amp, file, space-amp."`
	Old     string   `arg:"" help:"File that lsmlite bench --out has written before."`
	New     string   `arg:"" help:"The same, afterwards."`
}

// Help has examples.
func (Compare) Help() string {
	return env.Help("For each workload of both files: the medians of the rounds, their ratio, and whether the difference is more than "+
		"chance. p is how likely numbers at least as far apart are if nothing has changed (rank sum test); a difference is believed "+
		"at 0.05 or less, which takes four rounds on each side. What else differs between the runs is listed, as it may explain more.",
		"lsmlite bench --rounds 5 --out old.json", "lsmlite bench compare old.json new.json",
		"lsmlite bench compare --metrics cpu,write-amp old.json new.json", "lsmlite bench compare --json old.json new.json")
}

// Run prints the comparison.
func (c Compare) Run(e *env.Env) error {
	before, err := results.Read(c.Old)
	if err != nil {
		return env.Errorf(env.CannotOpen, "%w", err)
	}
	after, err := results.Read(c.New)
	if err != nil {
		return env.Errorf(env.CannotOpen, "%w", err)
	}
	out, err := results.Compare(before, after, c.Metrics)
	if err != nil {
		return env.Errorf(env.Usage, "--metrics: %w", err)
	}
	if e.JSON {
		return json.NewEncoder(e.Stdout).Encode(out)
	}
	out.Table(e.Stdout)
	return nil
}

// Help has examples.
func (Run) Help() string {
	var list strings.Builder
	for _, w := range workloads {
		fmt.Fprintf(&list, "\n  %-17s %s", w.name, w.about)
	}
	return env.Help("Each workload begins with a database of its own: an empty one, or one with all rows, which is written once before. "+
		"They lie in a new folder in --dir, which is removed afterwards; no file that is there is touched. What is read is "+
		"compared with what was written, and afterwards all rows are; what is wrong is counted as an error, and the exit code is then "+
		"that of the error. CPU time is that of all threads, and has the flush after the last operation, too. Bytes written are those "+
		"that the engine has handed to the operating system. Ctrl-C shows what was measured so far.\n\nWorkloads:\n"+list.String(),
		"lsmlite bench", "lsmlite bench --dir /mnt/disk --rows 10000000 --safety full",
		"lsmlite bench --workloads fillrandom,readrandom --threads 4 --duration 10s",
		"lsmlite bench --preset high-performance --set cache_size=1073741824 --rounds 5 --out new.json")
}

// Run measures.
func (b Run) Run(ctx context.Context, e *env.Env) error {
	p, err := b.plan()
	if err != nil {
		return err
	}
	out, err := p.createOutput()
	if err != nil {
		return err
	}
	run, err := measure(ctx, e, p)
	err = cmp.Or(err, writeOutput(out, run))
	if len(run.Workloads) == 0 {
		return err
	}
	return cmp.Or(err, b.show(e, run))
}

// show prints what was measured.
func (b Run) show(e *env.Env, run *results.Run) error {
	if e.JSON {
		return run.Write(e.Stdout)
	}
	if b.Plot {
		results.Plots(e.Stdout, run, e.Width())
	}
	results.Tables(e.Stdout, run)
	return nil
}
