// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// TestInstall holds that `go install github.com/lsmlite/lsmlite-go/cmd/lsmlite@VERSION` works: it
// publishes the modules, as they are, to a folder that stands for a module proxy. Of lsmlite-import,
// lsmlite-replicate and lsmlite-copy, with what they bring, nothing is compiled.
func TestInstall(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles everything")
	}
	dir := t.TempDir()
	proxy := filepath.Join(dir, "proxy")
	const version = "v0.2.0" // what go.mod requires of the root
	publish(t, proxy, module.Version{Path: "github.com/lsmlite/lsmlite-go", Version: version}, "../..")
	publish(t, proxy, module.Version{Path: "github.com/lsmlite/lsmlite-go/cmd/lsmlite", Version: version}, ".")
	publish(t, proxy, module.Version{Path: "github.com/lsmlite/lsmlite-go/cmd/lsmlite-import", Version: version}, "../lsmlite-import")
	publish(t, proxy, module.Version{Path: "github.com/lsmlite/lsmlite-go/replicate", Version: version}, "../../replicate")
	publish(t, proxy, module.Version{Path: "github.com/lsmlite/lsmlite-go/cmd/lsmlite-replicate", Version: version}, "../lsmlite-replicate")
	for _, name := range []string{"pgstore", "tikvstore"} {
		publish(t, proxy, module.Version{Path: "github.com/lsmlite/lsmlite-go/stores/" + name, Version: version}, "../../stores/"+name)
	}
	publish(t, proxy, module.Version{Path: "github.com/lsmlite/lsmlite-go/cmd/lsmlite-copy", Version: version}, "../lsmlite-copy")
	cache := strings.TrimSpace(run(t, dir, nil, "go", "env", "GOMODCACHE"))
	public := strings.TrimSpace(run(t, dir, nil, "go", "env", "GOPROXY"))
	settings := []string{
		"GOPROXY=file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(cache) + "/cache/download," + public,
		"GOSUMDB=off", "GOWORK=off", "GOFLAGS=-modcacherw -trimpath", "GOMODCACHE=" + filepath.Join(dir, "mod"),
		"GOBIN=" + filepath.Join(dir, "bin"),
	}
	run(t, dir, settings, "go", "install", "github.com/lsmlite/lsmlite-go/cmd/lsmlite@"+version)
	out := run(t, dir, nil, filepath.Join(dir, "bin", "lsmlite"), "--version")
	run(t, dir, settings, "go", "install", "-n", "github.com/lsmlite/lsmlite-go/cmd/lsmlite-import@"+version)
	run(t, dir, settings, "go", "install", "-n", "github.com/lsmlite/lsmlite-go/cmd/lsmlite-replicate@"+version)
	run(t, dir, settings, "go", "install", "-n", "github.com/lsmlite/lsmlite-go/cmd/lsmlite-copy@"+version)
	if !strings.Contains(out, version) {
		t.Errorf("the installed command has version %q, want %s", out, version)
	}
}

// publish writes the files of a module version to a folder, in the form that the go command reads.
func publish(t *testing.T, proxy string, m module.Version, from string) {
	t.Helper()
	escaped, err := module.EscapePath(m.Path)
	check(t, err)
	dir := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	check(t, os.MkdirAll(dir, 0o755))
	mod, err := os.ReadFile(filepath.Join(from, "go.mod"))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, m.Version+".mod"), mod, 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "list"), []byte(m.Version+"\n"), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, m.Version+".info"), []byte(`{"Version":"`+m.Version+`"}`), 0o644))
	f, err := os.Create(filepath.Join(dir, m.Version+".zip"))
	check(t, err)
	check(t, zip.CreateFromDir(f, m, from))
	check(t, f.Close())
}

// run runs a program in dir and returns what it prints.
func run(t *testing.T, dir string, settings []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), settings...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
