// SPDX-License-Identifier: Apache-2.0

package parser_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

// TestErrorsQuoteNoKeys: statements with keys are of other dialects, so they are errors, and those do not show the key.
func TestErrorsQuoteNoKeys(t *testing.T) {
	const secret = "hunter2"
	long := strings.Repeat("SELECT 1; ", 30)
	for _, text := range []string{
		"PRAGMA main.key = 'hunter2'", "pragma MAIN.REKEY = 'hunter2'", "PRAGMA key 'hunter2'", "PRAGMA key = 'it's hunter2'",
		"ATTACH 'a' AS b KEY 'hunter2'", "ATTACH DATABASE 'a' AS b KEY hunter2", "PRAGMA key = hunter2 hunter2",
		"PRAGMA \"key\" 'hunter2'", "PRAGMA main.hexkey='hunter2'", "PRAGMA x.password('hunter2')",
		"PRAGMA\nx.key\n= 'hunter2'", long + "PRAGMA x.key = 'hunter2'", long + "PRAGMA key = '' 'hunter2'", "ööö PRAGMA key 'hunter2'",
		"PRAGMA key = 'hunter2'; SELECT hunter2 FROM",
	} {
		_, err := parser.Parse(text)
		e, ok := errors.AsType[*parser.Error](err)
		if err == nil || !ok {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if all := err.Error() + e.Token + e.Excerpt + e.Msg; strings.Contains(all, secret) {
			t.Errorf("%q: %v", text, err)
		}
		if e.Caret > len(e.Excerpt) {
			t.Errorf("%q: the caret is at %d of %q", text, e.Caret, e.Excerpt)
		}
	}
	// What is no key is shown.
	for _, text := range []string{"SELECT key FROM kv WHERE key = 'shown' AND", "PRAGMA key_type = 'shown' x", "PRAGMA monkey 'shown'"} {
		if _, err := parser.Parse(text); err == nil || !strings.Contains(err.Error(), "shown") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
