// SPDX-License-Identifier: Apache-2.0

package parser_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

// TestLimitsInDocuments looks for the limits of texts and of the cache in the documents,
// written from the constants. Breaks of lines do not matter.
func TestLimitsInDocuments(t *testing.T) {
	facts := map[string][]string{
		"dialect.md": {
			fmt.Sprintf("| length of a text | %d MiB |", parser.MaxTextBytes>>20),
			fmt.Sprintf("| statements in a text | %s, or one for every 32 bytes", thousands(parser.MaxStatements)),
			fmt.Sprintf("| tokens in a text | %s, or one for every 4 bytes", thousands(parser.MaxTokens)),
			fmt.Sprintf("| tokens in a text that are parsed one by one | %s |", thousands(parser.MaxParsedTokens)),
			fmt.Sprintf("| nesting of parentheses and of operators | %s |", thousands(parser.MaxNesting)),
			fmt.Sprintf("| number of a parameter | %s |", thousands(parser.MaxParams)),
			fmt.Sprintf("| pattern of LIKE and GLOB | %s bytes |", thousands(parser.MaxPatternBytes)),
		},
		"architecture.md": {
			fmt.Sprintf("up to %d texts, of %d MiB together, none over %d KiB or with more than %d bytes of literals",
				parser.MaxCachedTexts, parser.MaxCachedBytes>>20, parser.MaxCachedTextBytes>>10, parser.MaxCachedLiteralBytes),
		},
	}
	for name, list := range facts {
		raw, err := os.ReadFile("../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		page := strings.Join(strings.Fields(string(raw)), " ")
		for _, fact := range list {
			if !strings.Contains(page, fact) {
				t.Errorf("%s does not say %q", name, fact)
			}
		}
	}
}

// thousands writes a number with a comma after the thousands.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
