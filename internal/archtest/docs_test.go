// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the module's folder, seen from this package.
const root = "../.."

var (
	fencedBlock = regexp.MustCompile("(?ms)^```.*?^```")
	inlineCode  = regexp.MustCompile("`[^`\n]*`")
	// inlineLink and referenceLink match [text](target) and [name]: target.
	inlineLink    = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?[^)]*\)`)
	referenceLink = regexp.MustCompile(`(?m)^\s*\[[^\]]+\]:\s*(\S+)`)
	heading       = regexp.MustCompile(`(?m)^#{1,6}\s+(.*?)\s*$`)
	hasScheme     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
	notInAnchor   = regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)
)

// TestDocLinks follows every relative link in the README, the other documents at the top,
// and docs: the file has to exist, and the heading, if the link names one in a Markdown file.
func TestDocLinks(t *testing.T) {
	var docs []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", ".github/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, names...)
	}
	if len(docs) < 15 {
		t.Fatalf("only %d documents: %q", len(docs), docs)
	}
	links := 0
	for _, name := range docs {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, target := range relativeLinks(string(raw)) {
			links++
			checkLink(t, name, target)
		}
	}
	if links == 0 {
		t.Error("no relative link was found in any document")
	}
}

// relativeLinks returns the targets of a document's links that lead to this repository.
func relativeLinks(text string) []string {
	text = fencedBlock.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), "")
	text = inlineCode.ReplaceAllString(text, "")
	var out []string
	for _, pattern := range []*regexp.Regexp{inlineLink, referenceLink} {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			if !hasScheme.MatchString(m[1]) {
				out = append(out, m[1])
			}
		}
	}
	return out
}

func checkLink(t *testing.T, from, target string) {
	t.Helper()
	file, anchor, _ := strings.Cut(target, "#")
	path := from
	if file != "" {
		path = filepath.Join(filepath.Dir(from), filepath.FromSlash(file))
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.Errorf("%s links to %s, which does not exist", from, target)
		return
	case err != nil:
		t.Errorf("%s links to %s: %v", from, target, err)
		return
	}
	if anchor == "" || info.IsDir() || filepath.Ext(path) != ".md" {
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	if !anchors(string(raw))[anchor] {
		t.Errorf("%s links to %s, a heading that does not exist", from, target)
	}
}

// anchors returns the anchors that the headings of a document get: lower case, without
// punctuation, spaces turned into hyphens.
func anchors(text string) map[string]bool {
	text = fencedBlock.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), "")
	out := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		a := notInAnchor.ReplaceAllString(strings.ToLower(m[1]), "")
		out[strings.ReplaceAll(a, " ", "-")] = true
	}
	return out
}

func TestRelativeLinks(t *testing.T) {
	const text = "[a](x.md) and [b](https://example.org/y) and [c](<z.md#h>) `[d](code.md)`\n" +
		"```\n[e](fenced.md)\n```\n[f]: ref.md\n[g](mailto:a@b.c) [h](img.png \"title\")\n"
	got := strings.Join(relativeLinks(text), " ")
	if want := "x.md z.md#h img.png ref.md"; got != want {
		t.Errorf("links are %q, want %q", got, want)
	}
	if a := anchors("# One, two\n\n## 4.1 `C` & D\n"); !a["one-two"] || !a["41-c--d"] {
		t.Errorf("anchors are %v", a)
	}
}
