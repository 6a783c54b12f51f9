// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A Report is what has been run on one platform.
type Report struct {
	Platform string   `json:"platform"`
	Target   string   `json:"target"`
	Go       string   `json:"go"`
	Program  string   `json:"program,omitempty"` // the emulator, with its version
	All      int      `json:"all"`               // packages that its suites have
	Packages []Result `json:"packages"`
}

// A Result is the newest run of the tests of one package.
type Result struct {
	Package  string  `json:"package"`
	Only     string  `json:"only,omitempty"`
	Passed   int     `json:"passed"` // tests, examples and fuzz targets with their seeds, without subtests
	Failed   []Note  `json:"failed,omitempty"`
	Skipped  []Note  `json:"skipped,omitempty"`  // by themselves
	Left     []Note  `json:"left_out,omitempty"` // by the suite
	Seconds  float64 `json:"seconds"`
	Revision string  `json:"revision"`
}

// A Note is a test and the reason why it is in a list.
type Note struct {
	Test string `json:"test"`
	Why  string `json:"why"`
}

// Good reports whether all tests of the package passed that were run.
func (r Result) Good() bool { return len(r.Failed) == 0 }

func fileName(folder, platform string) string { return filepath.Join(folder, platform+".json") }

// Read reads the report of a platform, an empty one if there is none.
func Read(folder, platform string) (Report, error) {
	r := Report{Platform: platform}
	text, err := os.ReadFile(fileName(folder, platform))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s is no report: %w", fileName(folder, platform), err)
	}
	return r, nil
}

// write replaces the report, whole.
func (r Report) write(folder string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	path := fileName(folder, r.Platform)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o666); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// of returns the index of what the report says of a package, -1 if it says nothing.
func (r Report) of(pkg, only string) int {
	return slices.IndexFunc(r.Packages, func(x Result) bool { return x.Package == pkg && x.Only == only })
}

// put takes the newest result of a package into the report.
func (r *Report) put(x Result) {
	if i := r.of(x.Package, x.Only); i >= 0 {
		r.Packages[i] = x
		return
	}
	r.Packages = append(r.Packages, x)
}
