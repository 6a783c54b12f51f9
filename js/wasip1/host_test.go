// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

// built are the two modules, made and compiled once for all tests.
var built = struct {
	sync.Mutex
	runtime wazero.Runtime
	modules map[string]wazero.CompiledModule
}{modules: make(map[string]wazero.CompiledModule)}

// compiled builds this package for wasip1 with a mode of go build, and compiles it for this machine.
func compiled(t *testing.T, mode string) (wazero.Runtime, wazero.CompiledModule) {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	ctx := experimental.WithCompilationWorkers(context.Background(), runtime.NumCPU())
	if built.runtime == nil {
		built.runtime = wazero.NewRuntime(ctx)
		wasi_snapshot_preview1.MustInstantiate(ctx, built.runtime)
	}
	if m := built.modules[mode]; m != nil {
		return built.runtime, m
	}
	path := filepath.Join(t.TempDir(), "lsmlite.wasm")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-buildmode="+mode, "-o", path, ".")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build.Args, err, out)
	}
	wasm, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := built.runtime.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	built.modules[mode] = m
	return built.runtime, m
}

// host is a folder of this machine that modules see as data.
type host struct {
	t   *testing.T
	dir string
}

func newHost(t *testing.T) host {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles ten megabytes of WebAssembly; not with -short")
	}
	return host{t: t, dir: t.TempDir()}
}

// path is a file of the folder on this machine.
func (h host) path(name string) string { return filepath.Join(h.dir, name) }

func (h host) config() wazero.ModuleConfig {
	return wazero.NewModuleConfig().WithName("").WithSysNanotime().WithSysWalltime().
		WithFSConfig(wazero.NewFSConfig().WithDirMount(h.dir, "/data"))
}

// run is one run of the command: what it wrote, and its exit code.
func (h host) run(stdin string, args ...string) (stdout, stderr string, code uint32) {
	h.t.Helper()
	r, module := compiled(h.t, "exe")
	var out, errs bytes.Buffer
	m, err := r.InstantiateModule(h.t.Context(), module, h.config().WithArgs(append([]string{"lsmlite"}, args...)...).
		WithStdin(strings.NewReader(stdin)).WithStdout(&out).WithStderr(&errs))
	if m != nil {
		m.Close(h.t.Context())
	}
	if exit, is := errors.AsType[*sys.ExitError](err); is {
		code = exit.ExitCode()
	} else if err != nil {
		h.t.Fatalf("%q: %v\n%s", args, err, errs.String())
	}
	return out.String(), errs.String(), code
}

// must is run of a command that succeeds.
func (h host) must(stdin string, args ...string) string {
	h.t.Helper()
	out, errs, code := h.run(stdin, args...)
	if code != done || errs != "" {
		h.t.Fatalf("%q: exit code %d\n%s", args, code, errs)
	}
	return out
}

// library is an instance of the reactor.
type library struct {
	t *testing.T
	m api.Module
}

func (h host) library() library {
	h.t.Helper()
	r, module := compiled(h.t, "c-shared")
	m, err := r.InstantiateModule(h.t.Context(), module, h.config().WithStartFunctions("_initialize").WithStderr(os.Stderr))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { m.Close(context.Background()) })
	return library{t: h.t, m: m}
}

// call calls a function of lsm.h and returns its result.
func (l library) call(name string, args ...uint64) int32 {
	l.t.Helper()
	f := l.m.ExportedFunction(name)
	if f == nil {
		l.t.Fatalf("%s is not exported", name)
	}
	results, err := f.Call(l.t.Context(), args...)
	if err != nil {
		l.t.Fatalf("%s%v: %v", name, args, err)
	}
	if len(results) == 0 {
		return 0
	}
	return api.DecodeI32(results[0])
}

// ok is call of a function that succeeds.
func (l library) ok(name string, args ...uint64) {
	l.t.Helper()
	if code := l.call(name, args...); code != 0 {
		l.t.Fatalf("%s: %d: %s", name, code, l.message(args[0]))
	}
}

// refuses is call of a function that fails with a code.
func (l library) refuses(code int32, name string, args ...uint64) {
	l.t.Helper()
	if got := l.call(name, args...); got != code {
		l.t.Errorf("%s%v: %d, want %d", name, args, got, code)
	}
}

// give copies bytes into the module and returns their address; its memory is freed when the test ends.
func (l library) give(b string) uint64 {
	l.t.Helper()
	at := uint64(uint32(l.call("lsm_malloc", 0, uint64(max(len(b), 1)))))
	if at == 0 || !l.m.Memory().WriteString(uint32(at), b) {
		l.t.Fatalf("no memory for %d bytes", len(b))
	}
	return at
}

// number reads an int of the module.
func (l library) number(at uint64) uint64 {
	l.t.Helper()
	n, ok := l.m.Memory().ReadUint32Le(uint32(at))
	if !ok {
		l.t.Fatalf("nothing is at %d", at)
	}
	return uint64(n)
}

// take reads the bytes that two pointers lead to.
func (l library) take(at, n uint64) string {
	l.t.Helper()
	b, ok := l.m.Memory().Read(uint32(l.number(at)), uint32(l.number(n)))
	if !ok {
		l.t.Fatalf("nothing is at %d", l.number(at))
	}
	return string(b)
}

func (l library) message(db uint64) string {
	l.t.Helper()
	at, n := l.give("...."), l.give("....")
	if l.call("lsmlite_error_message", db, at, n) != 0 {
		return "no message"
	}
	return l.take(at, n)
}

// open opens a file of the folder; config are parameters and their values.
func (l library) open(name string, config ...uint64) uint64 {
	l.t.Helper()
	at := l.give("....")
	l.ok("lsm_new", 0, at)
	db := l.number(at)
	for i := 0; i < len(config); i += 2 {
		v := l.give("....")
		l.m.Memory().WriteUint32Le(uint32(v), uint32(config[i+1]))
		l.ok("lsm_config", db, config[i], v)
	}
	l.ok("lsm_open", db, l.give("/data/"+name+"\x00"))
	return db
}

func (l library) insert(db uint64, key, value string) {
	l.t.Helper()
	l.ok("lsm_insert", db, l.give(key), uint64(len(key)), l.give(value), uint64(len(value)))
}
