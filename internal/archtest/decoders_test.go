// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// decoders are the functions of all modules that read bytes or texts which others may have written, each with the fuzz
// target that reads any, as folder.Name. Those without a capital letter are listed by hand.
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
	"internal/wire.Unmarshal":                 "internal/wire.FuzzUnmarshal",
	"engine/keys.parseKey":                    "engine/keys.FuzzKeyText",
	"engine/keys.passphrase":                  "engine/keys.FuzzKeyText",
	"internal/pragma.Named":                   "lsmlite.FuzzPragma",

	"bench/report.Decode":                         "bench/report.FuzzDecode",
	"bench/report.DecodeTargets":                  "bench/report.FuzzDecodeTargets",
	"cmd/lsmlite/internal/data/encode.ParseRow":   "cmd/lsmlite/internal/data/encode.FuzzParse",
	"cmd/lsmlite/internal/data/load.parseNote":    "cmd/lsmlite/internal/data/load.FuzzNote",
	"cmd/lsmlite/internal/show.ParseMode":         "cmd/lsmlite/internal/show.FuzzParseMode",
	"cmd/lsmlite/internal/text.Parse":             "cmd/lsmlite/internal/text.FuzzParse",
	"cmd/lsmlite/internal/workload/results.Parse": "cmd/lsmlite/internal/workload/results.FuzzParse",
	"js/internal/wire.Read":                       "js/internal/wire.FuzzRead",
	"replicate/internal/object.Decode":            "replicate/internal/object.FuzzDecode",
	"replicate/internal/object.DecodeBase":        "replicate/internal/object.FuzzDecode",
	"replicate/internal/object.DecodeIndex":       "replicate/internal/object.FuzzDecode",
	"replicate/internal/object.DecodeLog":         "replicate/internal/object.FuzzDecode",
	"replicate/internal/object.ParseName":         "replicate/internal/object.FuzzParseName",
	"stores/pgstore.split":                        "stores/pgstore.FuzzSplit",
	"parser.Parse":                                "parser.FuzzParse",
}

// notHostile are functions of such a name that read what only this project, or who starts a program, has written.
var notHostile = map[string]bool{
	"internal/railroad.Parse": true, "bench/kv.ParseClass": true, "trust/histories.ParseKey": true, "trust/histories.ParseValue": true,
}

var decoderName = regexp.MustCompile(`^(Decode|Parse|Unmarshal)([A-Z].*)?$`)

// TestDecodersAreFuzzed: each function Decode…, Parse… and Unmarshal… of all modules has a fuzz target. A new one gets
// one, and a line in decoders.
func TestDecodersAreFuzzed(t *testing.T) {
	root := filepath.Join("..", "..")
	found := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")) {
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
			if !ok || fn.Recv != nil {
				continue
			}
			name := filepath.ToSlash(rel) + "." + fn.Name.Name
			if test && strings.HasPrefix(fn.Name.Name, "Fuzz") || !test && (decoders[name] != "" || decoderName.MatchString(fn.Name.Name)) {
				found[name] = true
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
