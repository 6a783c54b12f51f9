// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

func model(t *testing.T) *kong.Node {
	t.Helper()
	parser, err := newParser(&commands{}, &env.Env{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Node
}

// TestEverySubcommandTakesOrRefusesRemote runs each with --remote, in several places of the command
// line: it is refused with a clear error, or its first argument is the address.
func TestEverySubcommandTakesOrRefusesRemote(t *testing.T) {
	const address = "http://127.0.0.1:1/db"
	root := model(t)
	var can []string
	for _, n := range leaves(root) {
		if asksRemote(n) {
			can = append(can, n.Name)
		}
		words := strings.Fields(n.FullPath())[1:]
		for _, line := range [][]string{
			slices.Concat([]string{"--remote", address}, words, []string{"x", "y"}),
			slices.Concat([]string{"--remote=" + address, "-q"}, words, []string{"x"}),
			slices.Concat(words, []string{"--remote", address}),
			slices.Concat([]string{"--color", "never"}, words, []string{"x", "--remote=" + address}),
		} {
			got, err := withRemote(root, line)
			if !asksRemote(n) {
				if env.CodeOf(err) != env.Usage || !strings.Contains(err.Error(), n.FullPath()+" works on the file itself") {
					t.Errorf("lsmlite %q: %v", line, err)
				}
				continue
			}
			if !n.Target.Interface().(env.AsksRemote).AsksRemote() {
				if err != nil || !slices.Equal(got, line) || len(n.Positional) > 0 && n.Positional[0].Required {
					t.Errorf("lsmlite %q becomes %q, %v, and must do without arguments", line, got, err)
				}
				continue
			}
			at := slices.Index(got, words[len(words)-1])
			if err != nil || len(got) != len(line)+1 || got[at+1] != address {
				t.Errorf("lsmlite %q becomes %q, %v", line, got, err)
			}
			first := n.Positional[0]
			if first.Name != "file" || !first.Required {
				t.Errorf("lsmlite %s takes --remote, but its first argument is %s", n.Name, first.Summary())
			}
		}
	}
	for _, name := range []string{"backup", "check", "get", "keys", "scan", "stats", "structure"} {
		if !slices.Contains(can, name) {
			t.Errorf("lsmlite %s cannot ask a program; only %q can", name, can)
		}
	}
	for _, line := range [][]string{{"--remote", address}, {"my.lsm", "--remote", address}} {
		if _, err := withRemote(root, line); env.CodeOf(err) != env.Usage || !strings.Contains(err.Error(), "the shell") {
			t.Errorf("lsmlite %q: %v", line, err)
		}
	}
	for _, line := range [][]string{{"check", "my.lsm"}, {"--color", "--remote", "check"}, {"get", "my.lsm", "--", "--remote"}, {}} {
		if got, err := withRemote(root, line); err != nil || !slices.Equal(got, line) {
			t.Errorf("lsmlite %q becomes %q, %v", line, got, err)
		}
	}
}

// TestRemoteIsRefusedBeforeAnythingElse holds that it does so through Main, too.
func TestRemoteIsRefusedBeforeAnythingElse(t *testing.T) {
	var out, problems bytes.Buffer
	if code := Main([]string{"optimize", "--remote", "http://127.0.0.1:1/"}, strings.NewReader(""), &out, &problems); code != int(env.Usage) {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(problems.String(), "lsmlite optimize works on the file itself") {
		t.Error(problems.String())
	}
}
