// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// root is the folder of the repository, seen from the one of this module.
const root = ".."

// run runs campaigns, one after the other, as tests of the repository.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	reports := flags.String("reports", "reports", "folder of the reports")
	forTime := flags.Duration("for", 0, "how long each campaign runs, at most")
	print := flags.Bool("n", false, "print the commands, and run nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return fmt.Errorf("name campaigns: `list` names all, `run all` runs them")
	}
	folder, err := filepath.Abs(*reports)
	if err != nil {
		return err
	}
	var chosen []entry
	for _, name := range flags.Args() {
		if name == "all" {
			chosen = append(chosen, campaigns...)
			continue
		}
		c, err := find(name)
		if err != nil {
			return err
		}
		chosen = append(chosen, c)
	}
	with := []string{"-campaign.goal", "-campaign.reports=" + folder}
	if *forTime > 0 {
		with = append(with, "-campaign.for="+forTime.String())
	}
	if r := revision(ctx); r != "" {
		with = append(with, "-campaign.revision="+r)
	}
	var failed []error
	for _, c := range chosen {
		fmt.Fprintln(out, c.command(with...))
		if *print {
			continue
		}
		if err := execute(ctx, c, with, out); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", c.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// execute builds the test of a campaign and runs it in its package. The test is a child of this process, not of the go
// command, so that it ends when ctx does.
func execute(ctx context.Context, c entry, with []string, out io.Writer) error {
	temp, err := os.MkdirTemp("", "trust-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	binary := filepath.Join(temp, "campaign.test")
	module := filepath.Join(root, c.module)
	build := exec.CommandContext(ctx, "go", slices.Concat([]string{"test", "-c", "-o", binary}, c.build, []string{c.pattern()})...)
	build.Dir, build.Stdout, build.Stderr = module, out, out
	if err := build.Run(); err != nil {
		return err
	}
	test := exec.CommandContext(ctx, binary, append([]string{"-test.run=^" + c.test + "$", "-test.timeout=0", "-test.v"}, with...)...)
	test.Dir, test.Stdout, test.Stderr = filepath.Join(module, c.folder), out, out
	return test.Run()
}

// revision names the commit that is tried, with a + if files differ from it. It is "" without git.
func revision(ctx context.Context) string {
	commit, err := exec.CommandContext(ctx, "git", "-C", root, "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return ""
	}
	changed, err := exec.CommandContext(ctx, "git", "-C", root, "status", "--porcelain").Output()
	if err != nil {
		return ""
	}
	name := strings.TrimSpace(string(commit))
	if len(changed) > 0 {
		name += "+"
	}
	return name
}
