// SPDX-License-Identifier: Apache-2.0

package fuzz

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// builder builds the test program of each package once, with what Go needs to see where inputs lead.
type builder struct {
	dir string

	mu    sync.Mutex // held while a package is built: one at a time is enough for two cores
	built map[string]string
}

// build returns the program, or what the compiler says.
func (b *builder) build(ctx context.Context, t Target) (program string, out []byte, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if program, ok := b.built[t.dir]; ok {
		return program, nil, nil
	}
	program = filepath.Join(b.dir, strconv.Itoa(len(b.built))+".test")
	out, err = command(ctx, t.dir, "go", "test", "-c", "-fuzz", "^"+t.Name+"$", "-o", program, ".")
	if err != nil {
		return "", out, err
	}
	if b.built == nil {
		b.built = make(map[string]string)
	}
	b.built[t.dir] = program
	return program, nil, nil
}

// start runs a target until its time is over.
func start(ctx context.Context, program string, t Target, o *Options) ([]byte, error) {
	cache, err := filepath.Abs(o.cacheOf(t))
	if err != nil {
		return nil, err
	}
	return command(ctx, t.dir, program, "-test.run=^$", "-test.fuzz=^"+t.Name+"$", "-test.fuzztime="+o.Time.String(),
		"-test.fuzzcachedir="+cache, "-test.fuzzminimizetime=20s", "-test.parallel=1", "-test.timeout=0")
}

// command runs a program in a folder, and returns what it prints. When the context ends the program is asked to end, as
// by a person who interrupts it, so that the processes that it has started end, too.
func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	cmd.WaitDelay = 30 * time.Second
	err := cmd.Run()
	return out.Bytes(), err
}

// commitOf returns the commit that is checked out, empty if there is none.
func commitOf(ctx context.Context, root string) string {
	out, err := command(ctx, root, "git", "describe", "--always", "--dirty", "--abbrev=12", "--match=")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
