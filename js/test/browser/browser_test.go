// SPDX-License-Identifier: Apache-2.0

// Package browser_test runs the npm package and the demo in a headless Chromium. It has no code that others use: the
// tests are the .mjs files, which Node runs, with nothing but its standard library; this one makes what they need,
// and reads natively what they have written. They take about 20 seconds.
package browser_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// testTime bounds all tests in the browser.
const testTime = 8 * time.Minute

// program returns the path of the first of some programs that is there, or skips the test and says so.
func program(t *testing.T, debian string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("no %s here: nothing is tested in a browser (Debian: apt-get install %s)", names[0], debian)
	return ""
}

// nodeJS returns the path of Node, or skips the test if it is none that the package supports.
func nodeJS(t *testing.T) string {
	t.Helper()
	path := program(t, "nodejs", "node", "nodejs")
	out, err := exec.Command(path, "-p", "typeof process.getBuiltinModule").Output()
	if err != nil || strings.TrimSpace(string(out)) != "function" {
		t.Skipf("%s is older than 20.16: nothing is tested in a browser", path)
	}
	return path
}

func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser; not with -short")
	}
	chromium := program(t, "chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
	node := nodeJS(t)
	files, built := t.TempDir(), t.TempDir()
	build := exec.Command("bash", "../../build.sh", built)
	build.Env = append(os.Environ(), "LSMLITE_SIZE=quick")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build.sh: %v\n%s", err, out)
	}
	writeFiles(t, files)

	run := exec.CommandContext(t.Context(), node, "run.mjs", chromium, built, files)
	run.WaitDelay = time.Second
	var errs bytes.Buffer
	run.Stderr = &errs
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(testTime, func() { run.Process.Kill() })
	defer late.Stop()
	tests := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var result struct {
			Name, Error string
			MS          int
		}
		if err := json.Unmarshal(lines.Bytes(), &result); err != nil {
			t.Logf("%s", lines.Bytes())
			continue
		}
		tests++
		t.Run(result.Name, func(t *testing.T) {
			t.Logf("%d ms", result.MS)
			if result.Error != "" {
				t.Error(result.Error)
			}
		})
	}
	if err := run.Wait(); err != nil {
		t.Fatalf("%v: %v\n%s", run.Args, err, errs.String())
	}
	if tests < 15 {
		t.Errorf("only %d tests were run\n%s", tests, errs.String())
	}
	t.Run("native", func(t *testing.T) { readFiles(t, files) })
}

// TestBundlersUnderstandThePackage holds what Vite, webpack and esbuild need: the worker in one expression that they
// know, nothing of Node's that they would look for, a worker without await outside of functions, and the files that do
// something by being imported.
func TestBundlersUnderstandThePackage(t *testing.T) {
	read := func(name string) string {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if !strings.Contains(read("index.js"), `new Worker(new URL("./worker.js", import.meta.url), { type: "module"`) {
		t.Error("index.js does not start the worker in the form that bundlers look for")
	}
	scripts, err := filepath.Glob("../../*.js")
	if err != nil || len(scripts) < 5 {
		t.Fatalf("%d scripts: %v", len(scripts), err)
	}
	fromNode, outside := regexp.MustCompile(`\bimport\b[^;\n]*["']node:`), regexp.MustCompile(`(?m)^[^ \n/*}].*\bawait\b`)
	for _, path := range scripts {
		name := filepath.Base(path)
		if name == "wasm_exec.js" {
			continue // Go's own
		}
		text := read(name)
		if m := fromNode.FindString(text); m != "" {
			t.Errorf("%s: %s; use process.getBuiltinModule", name, m)
		}
		for _, line := range outside.FindAllString(text, -1) {
			if !strings.Contains(line, "async") {
				t.Errorf("%s: await outside of a function: %s", name, line)
			}
		}
	}
	var manifest struct {
		SideEffects []string
	}
	if err := json.Unmarshal([]byte(read("package.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"./worker.js", "./program.js", "./wasm_exec.js"} {
		if !slices.Contains(manifest.SideEffects, name) {
			t.Errorf("package.json lets bundlers leave out %s", name)
		}
	}
}

// writeFiles makes the databases that the browser is given.
func writeFiles(t *testing.T, dir string) {
	t.Helper()
	write := func(name, format string, rows int, key keys.Source) *engine.DB {
		db, err := engine.Open(t.Context(), filepath.Join(dir, name), engine.Options{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), func(tx *engine.Tx) error {
			for i := range rows {
				if err := tx.Put(fmt.Appendf(nil, "native/%04d", i), fmt.Appendf(nil, format, i)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return db
	}
	if err := write("native.lsm", "value %d", 1000, nil).Close(); err != nil {
		t.Fatal(err)
	}
	if err := write("locked.lsm", "secret %d", 10, keys.Raw(bytes.Repeat([]byte{7}, 32))).Close(); err != nil {
		t.Fatal(err)
	}
	// A copy of files that are open is what a killed process leaves.
	db := write("open.lsm", "in the log %d", 10, nil)
	for _, end := range []string{"", "-log"} {
		raw, err := os.ReadFile(filepath.Join(dir, "open.lsm"+end))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "killed.lsm"+end), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text.lsm"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// readFiles reads what the browser has written.
func readFiles(t *testing.T, dir string) {
	for _, file := range []struct {
		name string
		has  map[string]string
	}{
		{"browser.lsm", map[string]string{"browser/1": "written in a browser", "native/0042": "value 42"}},
		{"saved/native.lsm", map[string]string{"\x00\xff": "\x00\x01\xfe\xff", "native/0999": "value 999"}}, // by the demo
	} {
		db, err := engine.Open(t.Context(), filepath.Join(dir, file.name), engine.Options{MustExist: true})
		if err != nil {
			t.Error(err)
			continue
		}
		for p := range db.Check(t.Context()) {
			t.Errorf("%s: %v", file.name, p)
		}
		for key, want := range file.has {
			if value, found, err := db.Get(nil, []byte(key)); err != nil || !found || string(value) != want {
				t.Errorf("%s: %q is %q, found %t: %v", file.name, key, value, found, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
