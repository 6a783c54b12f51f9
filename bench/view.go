// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/bench/report"
)

// view says what of a run is shown, and where.
type view struct {
	markdown string
	svg      string
	peers    string
	metrics  string
}

func (v *view) define(f *flag.FlagSet) {
	f.StringVar(&v.markdown, "md", "", "file for the tables; without it they go to standard output")
	f.StringVar(&v.svg, "svg", "", "folder for plots as SVG files")
	f.StringVar(&v.peers, "peers", "pebble,bbolt", "stores that the first one is compared with, or all")
	f.StringVar(&v.metrics, "metrics", "", "numbers to show, or all; empty is "+strings.Join(report.DefaultMetrics(), ","))
}

// of returns the view of a run: peers that it lacks are left out.
func (v *view) of(run *report.Run) report.View {
	var all report.View
	if v.peers != "all" {
		all.Peers = []string{}
		for name := range strings.SplitSeq(v.peers, ",") {
			if slices.ContainsFunc(run.Stores, func(s report.Store) bool { return s.Name == name }) {
				all.Peers = append(all.Peers, name)
			}
		}
	}
	switch v.metrics {
	case "":
	case "all":
		all.Metrics = report.MetricNames()
	default:
		all.Metrics = strings.Split(v.metrics, ",")
	}
	return all
}

// write writes tables and plots.
func (v *view) write(run *report.Run, out io.Writer) error {
	if len(run.Results) == 0 {
		return nil
	}
	if v.svg != "" {
		plots, err := report.Plots(run, v.of(run))
		if err != nil {
			return err
		}
		for _, p := range plots {
			err := writeFile(filepath.Join(v.svg, p.Name), func(w io.Writer) error { _, err := w.Write(p.Text); return err })
			if err != nil {
				return err
			}
		}
	}
	if v.markdown == "" {
		return report.Markdown(out, run, v.of(run))
	}
	return writeFile(v.markdown, func(w io.Writer) error { return report.Markdown(w, run, v.of(run)) })
}

// readRun reads the results of a run.
func readRun(path string) (*report.Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	run, err := report.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return run, nil
}

// show writes the tables and plots of a run that was stored.
func show(args []string, out, log io.Writer) error {
	var v view
	files, err := arguments("show", args, 1, log, v.define)
	if err != nil {
		return err
	}
	run, err := readRun(files[0])
	if err != nil {
		return err
	}
	return v.write(run, out)
}

// compare compares two runs that were stored.
func compare(args []string, out, log io.Writer) error {
	metrics := ""
	files, err := arguments("compare", args, 2, log, func(f *flag.FlagSet) {
		f.StringVar(&metrics, "metrics", "cpu,wall", "numbers to compare, or all")
	})
	if err != nil {
		return err
	}
	before, err := readRun(files[0])
	if err != nil {
		return err
	}
	after, err := readRun(files[1])
	if err != nil {
		return err
	}
	names := strings.Split(metrics, ",")
	if metrics == "all" {
		names = report.MetricNames()
	}
	c, err := report.Compare(before, after, names)
	if err != nil {
		return err
	}
	return c.Markdown(out)
}

// check compares a run with targets.
func check(args []string, out io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("check takes a file of results and one of targets, not %d files", len(args))
	}
	run, err := readRun(args[0])
	if err != nil {
		return err
	}
	f, err := os.Open(args[1])
	if err != nil {
		return err
	}
	defer f.Close()
	targets, err := report.DecodeTargets(f)
	if err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	return report.TargetsMarkdown(out, report.Check(run, targets))
}

// arguments parses the flags of a command and returns its files, of which there must be n. Flags may
// come after the files, too.
func arguments(name string, args []string, n int, log io.Writer, define func(*flag.FlagSet)) (files []string, err error) {
	f := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	f.SetOutput(log)
	define(f)
	for len(args) > 0 {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		if args = f.Args(); len(args) > 0 {
			files, args = append(files, args[0]), args[1:]
		}
	}
	if len(files) != n {
		return nil, fmt.Errorf("%s takes %d files of results, not %d", name, n, len(files))
	}
	return files, nil
}
