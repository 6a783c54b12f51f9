// SPDX-License-Identifier: Apache-2.0

// Package outside finds and runs the commands that lsmlite has for what would bring much code that few need. The
// subcommands call it.
package outside

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// Module is the path of the module of a command, for go install.
func Module(name string) string { return "github.com/lsmlite/lsmlite-go/cmd/" + name }

// Find returns the path of a command: next to this one, or on the PATH. What it is for begins the error.
func Find(name, purpose string) (string, error) {
	file := name
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		next := filepath.Join(filepath.Dir(self), file)
		if info, err := os.Stat(next); err == nil && !info.IsDir() {
			return next, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", env.Errorf(env.CannotOpen, "%s by %s, which is neither next to lsmlite nor on the PATH; to install it:\n  go install %s@latest",
			purpose, name, Module(name))
	}
	return path, nil
}

// Run runs a command with the input and output of this one, and returns its exit code as an error that says nothing, as
// the command has said everything. When ctx ends the command gets an interrupt, and is waited for.
func Run(ctx context.Context, e *env.Env, path string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stdout, e.Stderr
	cmd.Cancel = func() error {
		if runtime.GOOS == "windows" {
			return cmd.Process.Kill() // an interrupt cannot be sent there; Ctrl-C in the console reaches both
		}
		return cmd.Process.Signal(os.Interrupt)
	}
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		return env.Silent(env.Code(exit.ExitCode()))
	}
	return err
}
