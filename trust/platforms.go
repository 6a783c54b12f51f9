// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"

	"github.com/lsmlite/lsmlite-go/trust/internal/platforms"
)

// runPlatforms runs the suites of the platforms that are named, or lists all, or prints what the reports say.
func runPlatforms(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("platforms", flag.ContinueOnError)
	flags.SetOutput(out)
	o := platforms.Options{Root: root, Out: out, Revision: revision(ctx)}
	flags.StringVar(&o.Reports, "reports", filepath.Join("results", "platforms"), "folder of the reports")
	flags.BoolVar(&o.Again, "again", false, "run packages that have passed, too")
	flags.DurationVar(&o.Timeout, "timeout", time.Hour, "how long the tests of a package may take")
	only := flags.String("packages", "", "regular expression: only these packages, such as engine/vfs")
	table := flags.Bool("table", false, "print what the reports say, in Markdown, and run nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *only != "" {
		r, err := regexp.Compile(*only)
		if err != nil {
			return err
		}
		o.Packages = r
	}
	switch {
	case *table && flags.NArg() > 0:
		return fmt.Errorf("the table has all platforms: name none")
	case *table:
		return platforms.Table(o.Reports, out)
	case flags.NArg() == 0:
		platforms.List(out)
		return nil
	}
	var failed []error
	for _, name := range flags.Args() {
		p, err := platforms.Find(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", p.Name)
		failed = append(failed, platforms.Run(ctx, p, o))
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}
