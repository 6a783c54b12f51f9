// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/lsmlite/lsmlite-go/trust/internal/fuzz"
)

// runFuzzTargets runs all fuzz targets of the project, or those that -run names.
func runFuzzTargets(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	flags.SetOutput(out)
	o := fuzz.Options{Out: out}
	flags.StringVar(&o.Root, "root", "..", "folder of the project")
	flags.StringVar(&o.Reports, "reports", filepath.Join("reports", "fuzz"), "folder of the reports, one for each target")
	flags.StringVar(&o.Cache, "cache", filepath.Join(os.TempDir(), "lsmlite-fuzz"), "folder of the inputs that were found")
	flags.DurationVar(&o.Time, "time", 10*time.Minute, "for each target")
	flags.IntVar(&o.AtOnce, "at-once", 2, "targets that run at the same time")
	flags.BoolVar(&o.Again, "again", false, "run what is done, too")
	only := flags.String("run", "", "regular expression: only targets that match, such as engine/.*FuzzOpen")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *only != "" {
		r, err := regexp.Compile(*only)
		if err != nil {
			return err
		}
		o.Only = r
	}
	return fuzz.Run(ctx, o)
}
