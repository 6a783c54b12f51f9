// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/stores"
	"github.com/lsmlite/lsmlite-go/bench/work"
)

// write writes the results to where the options say.
func (r *runner) write(out io.Writer) error {
	if r.json != "" {
		if err := writeFile(r.json, func(w io.Writer) error { return report.Encode(w, r.run) }); err != nil {
			return err
		}
	}
	return r.view.write(r.run, out)
}

// writeFile makes a file and the folder that it is in.
func writeFile(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// list prints the stores and the workloads.
func list(out io.Writer) error {
	fmt.Fprintln(out, "Stores:")
	for _, d := range stores.All() {
		fmt.Fprintf(out, "\n%s (%s %s)\n", d.Name, d.Module, stores.Version(d))
		for _, class := range []kv.Class{kv.Normal, kv.Full} {
			fmt.Fprintf(out, "  class %s: %s\n", class, d.Settings[class])
		}
		fmt.Fprintf(out, "  a kill loses in class N: %s\n", d.KillLoses)
	}
	fmt.Fprintln(out, "\nWorkloads:")
	for _, w := range work.All() {
		var classes []string
		for _, c := range w.Classes {
			classes = append(classes, string(c))
		}
		fmt.Fprintf(out, "  %-16s %-4s %s\n", w.ID(), strings.Join(classes, ","), w.About)
	}
	return nil
}
