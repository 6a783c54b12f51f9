// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/railroad"
)

// What is left of the tokens before a place lets the same follow as all of them.
func TestShortenedPrefixesExpectTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 6))
	gen := railroad.Generator{Grammar: documentedGrammar(t), Rand: r, Word: words{r}.token}
	tried, shorter := 0, 0
	for range 20 * *sentences {
		sentence := gen.Sentence("statement")
		if len(sentence) < 6 || len(sentence) > 25 {
			continue
		}
		sentence = sentence[:1+r.IntN(len(sentence))]
		if len(sentence) < 6 {
			continue
		}
		text := strings.Join(sentence, " ")
		all, err := scan(text)
		if err != nil {
			t.Fatal(err)
		}
		var f fused
		f.fuse(all)
		before := f.tokens
		want := expectedAfter(before, before, true)
		if len(want) == 0 {
			continue // it is wrong already
		}
		prefix := shorten(before)
		tried++
		if len(prefix) < len(before) {
			shorter++
		}
		if got := expectedAfter(before, prefix, true); !slices.Equal(got, want) {
			t.Fatalf("%s\nexpects  %q, and shortened to %s\nit expects %q", text, want, sourceOf(prefix), got)
		}
	}
	t.Logf("%d prefixes, %d of them shortened", tried, shorter)
	if shorter < tried/4 || tried < *sentences/2 {
		t.Error("this shows little")
	}
}

func sourceOf(tokens []token) string {
	var list []string
	for _, t := range tokens {
		list = append(list, t.text)
	}
	return strings.Join(list, " ")
}
