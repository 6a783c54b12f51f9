// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// root is the module that the others are folders of.
const root = "github.com/lsmlite/lsmlite-go"

// build says how this test program was built, apart from the platform.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var flags []string
	for _, s := range info.Settings {
		switch {
		case s.Key == "-tags" && s.Value != "":
			flags = append(flags, "-tags "+s.Value)
		case s.Key == "-race" && s.Value == "true":
			flags = append(flags, "-race")
		}
	}
	return strings.Join(flags, " ")
}

// repeat returns the command that repeats a unit of a test.
func repeat(test string, unit uint64, flags string) string {
	words := []string{"go test"}
	folder := "."
	if info, ok := debug.ReadBuildInfo(); ok {
		if module := strings.TrimPrefix(info.Main.Path, root); module != "" {
			words = append(words, "-C "+module[1:])
		}
		pkg := strings.TrimSuffix(strings.TrimSuffix(info.Path, ".test"), "_test")
		if rest := strings.TrimPrefix(pkg, info.Main.Path); rest != "" {
			folder = "." + rest
		}
	}
	if b := build(); b != "" {
		words = append(words, b)
	}
	words = append(words, folder, fmt.Sprintf("-run '^%s$' -campaign.unit=%d", test, unit))
	if flags != "" {
		words = append(words, flags)
	}
	return strings.Join(words, " ")
}
