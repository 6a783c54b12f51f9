// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// TestErrorsDoNotSteerTheTerminal: neither what a server answers nor the name of a file is printed
// with the characters that a terminal obeys.
func TestErrorsDoNotSteerTheTerminal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"error":{"message":"no \u001b]0;title\u0007 \u009b2J"}}`)
	}))
	defer server.Close()
	for _, args := range [][]string{
		{"--remote", server.URL, "stats"}, {"get", t.TempDir() + "/\x1b[2Jnone.lsm", "k"}, {"check", t.TempDir() + "/\x1b[2Jnone.lsm"}, {"get", "--x\x1b[2J"},
	} {
		var out, errs bytes.Buffer
		if code := Main(args, strings.NewReader(""), &out, &errs); code == 0 || errs.Len() == 0 {
			t.Errorf("%q: code %d, %q", args, code, errs.String())
		}
		if all := out.String() + errs.String(); strings.ContainsAny(all, "\x1b\x07\u009b") {
			t.Errorf("%q: %q", args, all)
		}
	}
}

// TestNamesDoNotSteerTheTerminal: no subcommand prints a name of a file with the characters that a terminal obeys. Each
// one is in the table.
func TestNamesDoNotSteerTheTerminal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the names of files have no control characters here")
	}
	inFolder(t)
	const odd = "\x1b[2J\u009b\x07"
	lsmlite(t, env.Done, "", "put", odd, "a", "b")
	lsmlite(t, env.Done, "", "put", odd+"other", "a", "b")
	lsmlite(t, env.Done, "", "put", odd+"third", "c", "d")
	lsmlite(t, env.Done, "", "put", "--key-file", "key", odd+"crypt", "a", "b")
	for name, text := range map[string]string{"csv": "key,value\na,b\n", "jsonl": `{"key":"a","value":"b"}`} {
		if err := os.WriteFile(odd+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(odd+"dir", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", odd+"dir/"+odd+"link"); err != nil {
		t.Fatal(err)
	}
	// Each line is run with @ for the name.
	lines := []string{
		"get @ a", "get @ none", "get @none a", "put @ a b", "del @ none", "scan @", "keys @", "count @",
		"export csv @ @out.csv", "export jsonl @ @out.jsonl", "export sql @ @out.sql", "export dir @ @out", "export lsm @ @out.lsm",
		"dump @ @dump", "load @new1 @dump", "import csv @new2 @csv", "import jsonl @new3 @jsonl", "import dir @new4 @dir", "import lsm @new5 @",
		"import lsm @new6 @other --key-file key", "import bbolt @new7 @", "import pebble @new7 @dir", "import leveldb @new7 @dir",
		"import sqlite @new7 @", "import csv @ @csv --on-conflict fail",
		"check @", "check @csv", "stats @", "stats @none", "optimize @", "checkpoint @", "work @", "backup @ @copy", "backup @ @copy2 --verify",
		"restore @copy @back", "restore dir:@none @back2", "replicate @ dir:@none", "follow --once dir:@none @replica", "copy @ @copied", "rewrite @ @", "rewrite @ @again", "diff @ @other", "diff @ @third", "diff --key-file key @crypt @other",
		"page @ 1", "page @ 9999", "log @", "slots list @crypt", "slots add @crypt --key-file key --new-key-file @none", "slots remove @crypt --key-file key zz",
		"identify @ @crypt @csv @dir", "identify @none", "recover @ @saved", "recover @csv @saved2",
		"structure @", "structure @ --svg @none/x.svg", "structure @ --svg @picture.svg", "bench compare @none @none", "serve @none", "shell @ --bail .dbinfo .show .check .databases",
		"shell @none/none --bail", "bench run --dir @none/x --rows 10",
		"bench run --dir @dir --rows 10 --workloads fillseq --keep --out @results --no-plot", "bench compare @results @results",
	}
	done := map[string]bool{"completion": true, "man": true, "exit-codes": true, "__complete": true}
	for _, line := range lines {
		args := strings.Fields(line)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "@", odd)
		}
		done[args[0]], done[strings.Join(args[:2], " ")] = true, true
		var out, errs bytes.Buffer
		Main(args, strings.NewReader(""), &out, &errs)
		if all := out.String() + errs.String(); strings.ContainsAny(all, "\x1b\x07\u009b") || all == "" && args[0] == "identify" {
			t.Errorf("%s: %q", line, all)
		}
	}
	parser, err := newParser(new(commands), &env.Env{Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		path := strings.TrimPrefix(leaf.FullPath(), "lsmlite ")
		if !done[path] {
			t.Errorf("%s is not in the table", path)
		}
	}
}
