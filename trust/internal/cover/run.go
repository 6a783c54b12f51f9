// SPDX-License-Identifier: Apache-2.0

package cover

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Suite is the tests of one package, and how they are built.
type Suite struct {
	Folder string // of the package
	Tags   string // of the build
	Flags  []string
}

// Name names a suite.
func (s Suite) Name() string {
	name := s.Folder
	if s.Tags != "" {
		name += " -tags " + s.Tags
	}
	return strings.Join(append([]string{name}, s.Flags...), " ")
}

// Options say what to run, and where.
type Options struct {
	Root string    // folder of the module
	Temp string    // folder for programs and profiles
	Out  io.Writer // each suite and its time; what it prints if it fails
}

// Run builds and runs suites one after the other, and adds what ran to a profile.
func Run(ctx context.Context, o Options, suites []Suite, p Profile) error {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return err
	}
	for i, s := range suites {
		begun := time.Now()
		data := filepath.Join(o.Temp, fmt.Sprintf("%d", i))
		if err := runOne(ctx, root, data, s); err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		if err := AddData(ctx, data, p); err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		if err := os.RemoveAll(data); err != nil {
			return err
		}
		fmt.Fprintf(o.Out, "%5.0fs %s\n", time.Since(begun).Seconds(), s.Name())
	}
	return nil
}

// runOne has a suite, and the processes that it starts, write their counters into the folder data.
func runOne(ctx context.Context, root, data string, s Suite) error {
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	program := filepath.Join(data, "suite.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-cover", "-covermode=set", "-coverpkg=./engine/...,./internal/...",
		"-tags="+s.Tags, "-o", program, "./"+s.Folder)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	test := exec.CommandContext(ctx, program, slices.Concat([]string{"-test.gocoverdir=" + data, "-test.timeout=30m"}, s.Flags)...)
	test.Dir = filepath.Join(root, filepath.FromSlash(s.Folder))
	test.Env = append(os.Environ(), "GOCOVERDIR="+data)
	if out, err := test.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return os.Remove(program)
}

// AddData adds to a profile what Go's counters in a folder, or a profile that is a text, say.
func AddData(ctx context.Context, name string, p Profile) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		text := filepath.Join(name, "profile.txt")
		var out bytes.Buffer
		convert := exec.CommandContext(ctx, "go", "tool", "covdata", "textfmt", "-i="+name, "-o="+text)
		convert.Stdout, convert.Stderr = &out, &out
		if err := convert.Run(); err != nil {
			return fmt.Errorf("%w\n%s", err, out.Bytes())
		}
		name = text
		defer os.Remove(text)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return p.Add(f)
}

// withAssertions are the folders of the suites that run a second time with the assertions, which are code of their own.
var withAssertions = []string{
	"engine/enginetest", "engine/internal/blockfile", "engine/internal/cursor", "engine/internal/freelist", "engine/internal/ledger",
	"engine/internal/mark", "engine/internal/memtree", "engine/internal/sched", "engine/internal/segment", "engine/internal/simulator",
	"engine/internal/snapshot", "engine/internal/span", "engine/internal/turn", "engine/internal/wal", "engine/internal/worker", "engine/internal/writer",
}

// Suites returns the suites of all packages that have tests of the engine: those below engine and internal, the driver
// and the monitor, except the tests of the sources.
func Suites(ctx context.Context, root string) ([]Suite, error) {
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}",
		".", "./inspect", "./store/...", "./engine/...", "./internal/...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var suites []Suite
	for _, name := range strings.Fields(string(out)) {
		folder := strings.TrimPrefix(strings.TrimPrefix(name, Module), "/")
		switch folder {
		case "":
			folder = "."
		case "internal/archtest", "internal/model":
			continue // they run nothing of the engine
		}
		suites = append(suites, Suite{Folder: folder})
		if slices.Contains(withAssertions, folder) {
			suites = append(suites, Suite{Folder: folder, Tags: "invariants"})
		}
	}
	return suites, nil
}
