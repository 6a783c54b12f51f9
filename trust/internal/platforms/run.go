// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Options say where, and what of it.
type Options struct {
	Root     string         // folder of the project
	Reports  string         // folder of the reports
	Packages *regexp.Regexp // only these packages, nil for all
	Again    bool           // what has passed, too
	Timeout  time.Duration  // of one test program
	Revision string
	Out      io.Writer
}

// Run runs the suites of a platform. The error says how many packages failed, or why nothing could be run.
func Run(ctx context.Context, p Platform, o Options) error {
	if p.Needs != "" {
		if _, err := exec.LookPath(p.Needs); err != nil {
			return fmt.Errorf("%s is missing, so nothing was run on %s: %w", p.Needs, p.Name, err)
		}
	}
	report, err := Read(o.Reports, p.Name)
	if err != nil {
		return err
	}
	report.Target, report.Go = p.target(), runtime.Version()
	report.Program = version(ctx, p.Needs)
	temp, err := os.MkdirTemp("", "lsmlite-platform-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	r := runner{p: p, o: o, program: filepath.Join(temp, "it.exe"), report: &report} // Windows wants that name
	if p.build != nil {
		if r.flags, err = p.build(temp); err != nil {
			return fmt.Errorf("nothing was run on %s: %w", p.Name, err)
		}
	}
	var end func() error
	if r.words, end, err = p.start(&o, temp); err != nil {
		return fmt.Errorf("nothing was run on %s: %w", p.Name, err)
	}
	return errors.Join(r.suites(ctx), end())
}

// version returns the first line that a program prints of itself, "" without a program.
func version(ctx context.Context, program string) string {
	if program == "" {
		return ""
	}
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return program
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// A runner runs the tests of one platform.
type runner struct {
	p       Platform
	o       Options
	flags   []string // of the build
	words   []string // before the program
	program string
	report  *Report
}

func (r *runner) suites(ctx context.Context) error {
	found := make([][]listed, len(r.p.Suites))
	r.report.All = 0
	for i, s := range r.p.Suites {
		var err error
		if found[i], err = r.list(ctx, s.Packages); err != nil {
			return err
		}
		r.report.All += len(found[i])
	}
	if err := r.report.write(r.o.Reports); err != nil {
		return err
	}
	failed, all := 0, 0
	for i, s := range r.p.Suites {
		bad, run, err := r.suite(ctx, s, found[i])
		if err != nil {
			return err
		}
		failed, all = failed+bad, all+run
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d packages failed on %s; the report names the tests", failed, all, r.p.Name)
	}
	if all == 0 {
		return fmt.Errorf("no package was run on %s", r.p.Name)
	}
	return nil
}

// suite runs the packages of a suite, and returns how many failed, of how many.
func (r *runner) suite(ctx context.Context, s Suite, found []listed) (failed, all int, err error) {
	used := make([]bool, len(s.Without))
	whole := true
	for _, pkg := range found {
		if r.o.Packages != nil && !r.o.Packages.MatchString(pkg.name) {
			whole = false
			continue
		}
		all++
		x, err := r.pkg(ctx, s, pkg, used)
		if err != nil {
			return 0, 0, fmt.Errorf("%s on %s: %w", pkg.name, r.p.Name, err)
		}
		if !x.Good() {
			failed++
		}
	}
	if i := slices.Index(used, false); whole && i >= 0 {
		return 0, 0, fmt.Errorf("%s: %q leaves out no test", r.p.Name, s.Without[i].Tests)
	}
	return failed, all, nil
}

// A listed is a package with tests.
type listed struct{ name, dir string }

// list returns the packages of the patterns that have tests on this platform.
func (r *runner) list(ctx context.Context, patterns []string) ([]listed, error) {
	format := "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}\t{{.Dir}}{{end}}"
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-f", format}, patterns...)...)
	cmd.Dir, cmd.Env = r.o.Root, append(os.Environ(), r.p.environment()...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var found []listed
	for line := range strings.Lines(string(out)) {
		if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			found = append(found, listed{inModule(name), dir})
		}
	}
	return found, nil
}

const module = "github.com/lsmlite/lsmlite-go"

// inModule returns the import path without the module.
func inModule(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// pkg runs the tests of a package, unless they have passed before, and writes the report. used are the patterns of the
// suite that left out a test.
func (r *runner) pkg(ctx context.Context, s Suite, pkg listed, used []bool) (Result, error) {
	if out, err := r.build(ctx, pkg); err != nil {
		return Result{}, fmt.Errorf("%w\n%s", err, out)
	}
	names, err := r.names(ctx, pkg, s.Only)
	if err != nil {
		return Result{}, err
	}
	x := Result{Package: pkg.name, Only: s.Only, Revision: r.o.Revision}
	for i, l := range s.Without {
		for _, name := range names {
			if l.matches(name) {
				used[i] = true
				x.Left = append(x.Left, Note{name, l.Why})
			}
		}
	}
	if i := r.report.of(pkg.name, s.Only); i >= 0 && !r.o.Again && r.report.Packages[i].Good() && slices.Equal(r.report.Packages[i].Left, x.Left) {
		fmt.Fprintf(r.o.Out, "done before  %s\n", pkg.name)
		return r.report.Packages[i], nil
	}
	began := time.Now()
	out, err := r.run(ctx, pkg, s)
	if ctx.Err() != nil {
		return x, ctx.Err()
	}
	x.Seconds = float64(time.Since(began).Milliseconds()/100) / 10
	x.read(out)
	switch {
	case err != nil && len(x.Failed) == 0:
		x.Failed = append(x.Failed, Note{"the test program", err.Error() + ": " + tail(out)})
	case err == nil && x.Passed+len(x.Skipped) != len(names)-len(x.Left):
		x.Failed = append(x.Failed, Note{"the test program",
			fmt.Sprintf("%d tests passed, %d skipped, of %d", x.Passed, len(x.Skipped), len(names)-len(x.Left))})
	}
	fmt.Fprintf(r.o.Out, "%6.1fs  %-34s %4d passed, %d failed, %d skipped, %d left out\n", x.Seconds, pkg.name, x.Passed, len(x.Failed),
		len(x.Skipped), len(x.Left))
	for _, f := range x.Failed {
		fmt.Fprintf(r.o.Out, "    failed: %s: %s\n", f.Test, f.Why)
	}
	r.report.put(x)
	return x, r.report.write(r.o.Reports)
}

func (r *runner) build(ctx context.Context, pkg listed) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"test", "-c", "-o", r.program}, r.flags, []string{"."})...)
	cmd.Dir, cmd.Env = pkg.dir, append(os.Environ(), r.p.environment()...)
	return cmd.CombinedOutput()
}

// names returns the tests that the program has, of those that only names.
func (r *runner) names(ctx context.Context, pkg listed, only string) ([]string, error) {
	if only == "" {
		only = "."
	}
	out, err := r.start(ctx, pkg, "-test.list="+only)
	if err != nil {
		return nil, fmt.Errorf("list the tests: %w\n%s", err, tail(out))
	}
	var names []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Test") || strings.HasPrefix(line, "Fuzz") || strings.HasPrefix(line, "Example") {
			names = append(names, line)
		}
	}
	return names, nil
}

func (r *runner) run(ctx context.Context, pkg listed, s Suite) (string, error) {
	args := []string{"-test.v=test2json", "-test.timeout=" + r.o.Timeout.String(), "-test.paniconexit0"}
	if s.Only != "" {
		args = append(args, "-test.run="+s.Only)
	}
	if skip := s.skip(); skip != "" {
		args = append(args, "-test.skip="+skip)
	}
	return r.start(ctx, pkg, append(args, s.Args...)...)
}

// start runs the test program in the folder of its package.
func (r *runner) start(ctx context.Context, pkg listed, args ...string) (string, error) {
	line := slices.Concat(r.words, []string{r.program}, args)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir, cmd.Env = pkg.dir, append(os.Environ(), r.p.environment()...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// skip returns the regular expression of all that the suite leaves out.
func (s Suite) skip() string {
	var all []string
	for _, l := range s.Without {
		all = append(all, l.pattern())
	}
	return strings.Join(all, "|")
}

// pattern is for whole names of tests, examples and fuzz targets.
func (l Leave) pattern() string { return "^(Test)?(" + l.Tests + ")$" }

func (l Leave) matches(test string) bool { return regexp.MustCompile(l.pattern()).MatchString(test) }
