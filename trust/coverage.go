// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/lsmlite/lsmlite-go/trust/internal/cover"
)

// least is the part of the lines, and of the statements, in percent, that has to run.
const least = 95

// runCoverage runs the suites of the engine with counters, prints what has not run, and compares it with the list.
func runCoverage(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("coverage", flag.ContinueOnError)
	flags.SetOutput(out)
	listName := flags.String("list", "coverage.txt", "file that has what does not run, and why")
	only := flags.String("run", "", "regular expression: only suites that match, such as ^engine$; - for none")
	update := flags.Bool("update", false, "write the numbers of the list again, with ? for each reason that is missing")
	raise := flags.Bool("raise", false, "as -update, but lower no number: for what one run meets and another one does not")
	missing := flags.Bool("missing", true, "print what has not run")
	keep := flags.String("keep", "", "file for the profile of all suites, which a later call can take")
	flags.Usage = func() {
		fmt.Fprint(out, "coverage [flags] [profile…]: profiles are texts of Go's cover tool or folders of counters\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	list, err := readCoverageList(*listName)
	if err != nil {
		return err
	}
	profile := make(cover.Profile)
	for _, name := range flags.Args() {
		if err := cover.AddData(ctx, name, profile); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := runSuites(ctx, *only, profile, out); err != nil {
		return err
	}
	if *keep != "" {
		if err := writeFile(*keep, profile.Write); err != nil {
			return err
		}
	}
	result, err := cover.Measure(root, profile)
	if err != nil {
		return err
	}
	if *missing {
		if err := cover.PrintMissing(out, root, result); err != nil {
			return err
		}
	}
	cover.PrintTable(out, result)
	if *update || *raise {
		if *update {
			list.Update(result)
		} else {
			list.Raise(result)
		}
		return writeFile(*listName, list.Write)
	}
	wrong, spare := list.Check(result, least)
	for _, text := range spare {
		fmt.Fprintf(out, "run this time: %s\n", text)
	}
	for _, text := range wrong {
		fmt.Fprintf(out, "WRONG: %s\n", text)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d differences from %s", len(wrong), *listName)
	}
	return nil
}

func readCoverageList(name string) (*cover.List, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := cover.ReadList(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

func runSuites(ctx context.Context, only string, profile cover.Profile, out io.Writer) error {
	if only == "-" {
		return nil
	}
	want, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	suites, err := cover.Suites(ctx, root)
	if err != nil {
		return err
	}
	suites = slices.DeleteFunc(suites, func(s cover.Suite) bool { return !want.MatchString(s.Name()) })
	if len(suites) == 0 {
		return fmt.Errorf("no suite matches %q", only)
	}
	temp, err := os.MkdirTemp("", "coverage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	return cover.Run(ctx, cover.Options{Root: root, Temp: temp, Out: out}, suites, profile)
}

// writeFile writes a file with a function.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
