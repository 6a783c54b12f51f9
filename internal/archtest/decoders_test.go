// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// decoders are the functions of the library that read bytes or texts which others may have written, each with the fuzz
// target that reads any, as folder.Name.
var decoders = map[string]string{
	"lsmlite.ParseDSN":                        "lsmlite.FuzzDSN",
	"engine.ParseKeyID":                       "engine.FuzzKeyID",
	"engine.ParsePosition":                    "engine.FuzzPosition",
	"engine.ParseStateToken":                  "engine.FuzzStateToken",
	"engine/internal/crypt.DecodeArea":        "engine/internal/crypt.FuzzDecodeArea",
	"engine/internal/crypt.ParseSlotID":       "engine.FuzzKeyID",
	"engine/internal/format.DecodeCheckpoint": "engine/internal/format.FuzzDecodeCheckpoint",
	"engine/internal/format.DecodeFreeRecord": "engine/internal/format.FuzzFreeRecord",
	"engine/internal/format.DecodeLogFrame":   "engine/internal/format.FuzzLogFrame",
	"engine/internal/format.DecodeLogHead":    "engine/internal/format.FuzzLogHead",
	"engine/internal/format.DecodeLogHeader":  "engine/internal/format.FuzzLogHeader",
	"engine/internal/format.DecodeNote":       "engine/internal/format.FuzzNote",
	"engine/internal/format.DecodeRecordHead": "engine/internal/format.FuzzRecordHead",
	"engine/internal/format.DecodeRecordTail": "engine/internal/format.FuzzRecordHead",
	"engine/internal/format.DecodeUnsummed":   "engine/internal/format.FuzzDecodeCheckpoint",
	"engine/internal/live.Decode":             "engine/internal/live.FuzzDecode",
	"internal/session.ParseTime":              "internal/session.FuzzParseTime",
	"parser.Parse":                            "parser.FuzzParse",
}

// notHostile are functions of such a name that read what only this project has written.
var notHostile = map[string]bool{"internal/railroad.Parse": true}

var decoderName = regexp.MustCompile(`^(Decode|Parse)([A-Z].*)?$`)

// TestDecodersAreFuzzed: each function Decode… and Parse… of the library has a fuzz target. A new one gets one, and a
// line in decoders.
func TestDecodersAreFuzzed(t *testing.T) {
	root := filepath.Join("..", "..")
	found := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != root && (err == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		if rel == "." {
			rel = "lsmlite"
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(path, "_test.go")
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && fn.Recv == nil && (test && strings.HasPrefix(fn.Name.Name, "Fuzz") || !test && decoderName.MatchString(fn.Name.Name)) {
				found[filepath.ToSlash(rel)+"."+fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if strings.Contains(name, ".Fuzz") {
			continue
		}
		if decoders[name] == "" && !notHostile[name] {
			t.Errorf("%s has no fuzz target in decoders", name)
		}
	}
	for name, target := range decoders {
		if !found[target] {
			t.Errorf("the fuzz target %s of %s is not there", target, name)
		}
		if !found[name] {
			t.Errorf("%s is not there", name)
		}
	}
}
