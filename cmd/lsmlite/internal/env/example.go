// SPDX-License-Identifier: Apache-2.0

package env

import "strings"

// Help puts together the detailed help of a subcommand: a text, and examples. An example is a
// command line, and may have a comment after " # ".
func Help(text string, examples ...string) string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(text))
	b.WriteString("\n\nExamples:\n\n")
	for _, e := range examples {
		b.WriteString("    " + e + "\n")
	}
	return b.String()
}
