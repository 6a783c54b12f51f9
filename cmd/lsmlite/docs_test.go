// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestDocuments runs what is in the blocks marked console of the documents: a line that begins with "$ "
// is a command, and the lines after it are what it prints, where … stands for any text. The
// commands of one document run in one folder, in their order. -update writes the output anew, except
// where it fits.
func TestDocuments(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the documents speak of a POSIX shell")
	}
	for _, name := range []string{"docs/command.md", "README.md"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			path := filepath.Join("../..", name)
			raw, err := os.ReadFile(path)
			check(t, err)
			doc := &document{t: t, dir: t.TempDir(), path: toolPath(t)}
			out := doc.run(string(raw))
			if doc.commands == 0 {
				t.Errorf("%s has no command", name)
			}
			if *update && out != string(raw) {
				check(t, os.WriteFile(path, []byte(out), 0o644))
			}
		})
	}
}

// toolPath is a PATH on which this test program is the command lsmlite.
func toolPath(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	dir := t.TempDir()
	check(t, os.Symlink(self, filepath.Join(dir, "lsmlite")))
	return dir + string(os.PathListSeparator) + os.Getenv("PATH")
}

// document runs the commands of one document.
type document struct {
	t         *testing.T
	dir, path string
	commands  int
}

// run returns the document with the output as it is.
func (d *document) run(doc string) string {
	var out strings.Builder
	var command string
	var want []string
	inside := false
	flush := func() {
		if command != "" {
			d.commands++
			out.WriteString(d.output(command, want))
		}
		command, want = "", nil
	}
	for line := range strings.Lines(doc) {
		switch {
		case !inside:
			inside = line == "```console\n"
			out.WriteString(line)
		case line == "```\n":
			flush()
			inside = false
			out.WriteString(line)
		case strings.HasPrefix(line, "$ "):
			flush()
			command = line[2:]
			out.WriteString(line)
		case strings.HasSuffix(command, "\\\n") && len(want) == 0:
			command += line
			out.WriteString(line)
		default:
			want = append(want, line)
		}
	}
	return out.String()
}

// output runs a command and compares what it prints. It returns what the document has to say.
func (d *document) output(command string, want []string) string {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), "sh", "-c", command)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "PATH="+d.path, "HOME="+d.dir, "NO_COLOR=1", "LC_ALL=C.UTF-8", "TZ=UTC")
	raw, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		d.t.Fatalf("%s: %v", command, err)
	}
	expected, got := strings.Join(want, ""), string(raw)
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	if fits(got, expected) {
		return expected
	}
	if !*update {
		d.t.Errorf("$ %sprints:\n%sThe document says:\n%s", command, got, expected)
	}
	return got
}

// fits says whether a text is what a pattern says, in which … stands for any text, and a line
// with nothing else for any number of lines.
func fits(text, pattern string) bool {
	parts := strings.Split(pattern, "…")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(fmt.Sprintf(`(?s)\A%s\z`, strings.Join(parts, ".*"))).MatchString(text)
}
