// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// folders are the absolute paths of folders, on Unix and Windows.
var folders = regexp.MustCompile(`(?:/[\w.+-]+){1,20}/|\b[A-Z]:\\(?:[^\s\\]+\\)*`)

// A test program marks what it says of tests with a byte if -test.v is test2json, so that it can be distinguished from
// what tests print.
var (
	verdict = regexp.MustCompile(`\x16--- (PASS|FAIL|SKIP): (\S+) \([0-9.]+s\)$`)
	begun   = regexp.MustCompile(`\x16=== (?:RUN|NAME|CONT|PAUSE) +(\S+)$`)
	place   = regexp.MustCompile(`^ +\S+\.go:\d+: (.*)$`)
)

// maxWhy is how many characters a report keeps of what a test says.
const maxWhy = 300

// read counts what the output of a test program says. Failed may be empty although the program has failed.
func (r *Result) read(out string) {
	said := make(map[string]string) // the last that each test has logged, of those that have not ended
	at := ""
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if m := begun.FindStringSubmatch(line); m != nil {
			at = whole(m[1])
			said[at] += ""
			continue
		}
		m := verdict.FindStringSubmatch(line)
		switch {
		case m == nil:
			if p := place.FindStringSubmatch(line); p != nil {
				said[at] = short(p[1])
			}
			continue
		case m[2] != whole(m[2]): // a subtest
			continue
		case m[1] == "PASS":
			r.Passed++
		case m[1] == "SKIP":
			r.Skipped = append(r.Skipped, Note{m[2], said[m[2]]})
		case m[1] == "FAIL":
			r.Failed = append(r.Failed, Note{m[2], said[m[2]]})
		}
		delete(said, m[2])
	}
	for _, test := range slices.Sorted(maps.Keys(said)) {
		if test != "" {
			r.Failed = append(r.Failed, Note{test, "it did not end: " + tail(out)})
		}
	}
}

// whole returns the test that a subtest belongs to.
func whole(test string) string {
	name, _, _ := strings.Cut(test, "/")
	return name
}

// short is a text without the folders of this machine.
func short(s string) string {
	s = folders.ReplaceAllString(strings.ToValidUTF8(strings.TrimSpace(s), "?"), "…/")
	if r := []rune(s); len(r) > maxWhy {
		return string(r[:maxWhy]) + "…"
	}
	return s
}

// tail returns the end of what was printed.
func tail(s string) string {
	r := []rune(strings.ToValidUTF8(strings.TrimSpace(strings.ReplaceAll(s, "\x16", "")), "?"))
	return folders.ReplaceAllString(string(r[max(0, len(r)-maxWhy):]), "…/")
}
