// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestManPage formats the man page with the programs that people read it with. Neither may have anything
// to say about it.
func TestManPage(t *testing.T) {
	self, err := os.Executable()
	check(t, err)
	link := filepath.Join(t.TempDir(), "lsmlite")
	if err := os.Symlink(self, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	page, err := exec.Command(link, "man").Output()
	check(t, err)
	file := filepath.Join(t.TempDir(), "lsmlite.1")
	check(t, os.WriteFile(file, page, 0o644))
	for _, args := range [][]string{
		{"groff", "-man", "-ww", "-Kutf8", "-Tutf8", "-P-c", "-P-b", "-P-u", file},
		{"man", "--warnings=w", "-E", "UTF-8", "-l", file},
	} {
		t.Run(args[0], func(t *testing.T) {
			if _, err := exec.LookPath(args[0]); err != nil {
				t.Skipf("there is no %s here", args[0])
			}
			var out, problems bytes.Buffer
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Env = append(os.Environ(), "MANPAGER=cat", "MANWIDTH=100", "LC_ALL=C.UTF-8")
			cmd.Stdout, cmd.Stderr = &out, &problems
			if err := cmd.Run(); err != nil || problems.Len() > 0 {
				t.Fatalf("%v: %s", err, problems.String())
			}
			text := strings.Join(strings.Fields(out.String()), " ")
			for _, name := range subcommands(t) {
				if !strings.Contains(text, "lsmlite "+name) {
					t.Errorf("the page has nothing of lsmlite %s", name)
				}
			}
			for _, heading := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS", "lsmlite bench compare"} {
				if !strings.Contains(text, heading) {
					t.Errorf("the page has no %s", heading)
				}
			}
		})
	}
}
