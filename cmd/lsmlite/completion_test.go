// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// completions are lines that are typed, and the words that they come to when the tab key is pressed.
var completions = []struct{ typed, want string }{
	{"lsmlite exit-", "exit-codes"},
	{"lsmlite get --js", "get --json"},
	{"lsmlite --color al", "--color always"},
	{"lsmlite --color=al", "--color=always"},
	{"lsmlite completion fi", "completion fish"},
	{"lsmlite bench comp", "bench compare"},
	{"lsmlite bench --val", "bench --value-size"},
	{"lsmlite bench --safety fu", "bench --safety full"},
	{"lsmlite get some-f", "get some-file.lsm"},
	{"lsmlite some-f", "some-file.lsm"},
	{"lsmlite bench --out=some-f", "bench --out=some-file.lsm"},
}

// TestCompletionInShells loads the completion scripts into the shells that they are for, and presses the
// tab key.
func TestCompletionInShells(t *testing.T) {
	for _, c := range []struct {
		shell string
		args  []string
		load  string
	}{
		{"bash", []string{"--norc", "--noprofile", "-i"}, "source <(bin/real/lsmlite completion bash)"},
		{"zsh", []string{"-f", "-i"}, "autoload -U compinit; compinit -u -D; source <(bin/real/lsmlite completion zsh)"},
	} {
		t.Run(c.shell, func(t *testing.T) {
			dir := home(t, c.shell)
			term := open(t, dir, exec.Command(c.shell, c.args...))
			term.send(c.load + "; echo lo''aded\r")
			term.expect("loaded")
			for _, line := range completions {
				want := "ran"
				for w := range strings.FieldsSeq(line.want) {
					want += "<" + w + ">"
				}
				term.send(line.typed + "\t\r")
				term.expect(want)
			}
		})
	}
}

// TestCompletionInFish asks fish itself what a line may go on with.
func TestCompletionInFish(t *testing.T) {
	dir := home(t, "fish")
	for _, line := range completions {
		cmd := exec.Command("fish", "--no-config", "-c", "bin/real/lsmlite completion fish | source; complete -C '"+line.typed+"'")
		cmd.Dir, cmd.Env = dir, environment(dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		words := strings.Fields(line.want)
		if got, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\t"); got != words[len(words)-1] {
			t.Errorf("%s is completed to %q, want %s", line.typed, out, words[len(words)-1])
		}
	}
}

// home makes a folder with a file to complete, and a lsmlite that completes words as the real one does, and
// otherwise prints what it is called with. It skips the test if the shell is missing.
func home(t *testing.T, shell string) string {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skipf("there is no %s here", shell)
	}
	dir := t.TempDir()
	self, err := os.Executable()
	check(t, err)
	check(t, os.MkdirAll(filepath.Join(dir, "bin", "real"), 0o755))
	check(t, os.Symlink(self, filepath.Join(dir, "bin", "real", "lsmlite")))
	check(t, os.WriteFile(filepath.Join(dir, "some-file.lsm"), nil, 0o644))
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" != __complete ] || exec %s/bin/real/lsmlite \"$@\"\nprintf ran\nprintf '<%%s>' \"$@\"\necho\n", dir)
	check(t, os.WriteFile(filepath.Join(dir, "bin", "lsmlite"), []byte(script), 0o755))
	return dir
}

func environment(dir string) []string {
	return append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "HOME="+dir, "TERM=xterm", "PS1=$ ", "LC_ALL=C.UTF-8")
}

// console is a program that believes that a person sits before it.
type console struct {
	t    *testing.T
	file *os.File
	mu   sync.Mutex
	out  string // that no expectation has met
	all  string
}

func open(t *testing.T, dir string, cmd *exec.Cmd) *console {
	t.Helper()
	cmd.Dir, cmd.Env = dir, environment(dir)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 200})
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	term := &console{t: t, file: f}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for buf := make([]byte, 4096); ; {
			n, err := f.Read(buf)
			term.mu.Lock()
			term.out += string(buf[:n])
			term.all += string(buf[:n])
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		f.Close()
		<-ended
	})
	return term
}

func (term *console) send(keys string) {
	term.t.Helper()
	if _, err := term.file.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// expect waits until the text is there.
func (term *console) expect(text string) {
	term.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		term.mu.Lock()
		_, after, found := strings.Cut(term.out, text)
		if found {
			term.out = after
		}
		all := term.all
		term.mu.Unlock()
		if found {
			return
		}
		if time.Now().After(end) {
			term.t.Fatalf("no %q; the terminal shows\n%q", text, all)
		}
	}
}
