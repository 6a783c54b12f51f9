// SPDX-License-Identifier: Apache-2.0

package parser_test

import (
	"errors"
	"strings"
	"testing"
	"time"

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
		"PRAGMA key = 'hunter2'; SELECT hunter2 FROM", "PRAGMA safety = full; PRAGMA main.key = 'hunter2'", "PRAGMA main key = 'hunter2'",
		"PRAGMA \"a=b\".key = 'hunter2'", "PRAGMA /* a = b; */ x.key = 'hunter2'", "PRAGMA -- a = (b;\n x.key = 'hunter2'",
		"PRAGMA = key 'hunter2'", "PRAGMA (key = 'hunter2')", "PRAGMA \"key = 'hunter2'", "PRAGMA [x].[key] = 'hunter2'", "PRAGMA `key` 'hunter2'",
		"PRAGMA 'key' 'hunter2'", "PRAGMA \"x\".\"key\"('hunter2' x", "PRAGMA\tpassphrase\n'hunter2'", "PRAGMA pragma.key 'hunter2'",
		"PRAGMA safety x /* PRAGMA key = 'hunter2'", "PRAGMA x /* PRAGMA key = 'hunter2' */ y z", "PRAGMA x -- PRAGMA key = 'hunter2'\n y z",
		"ATTACH 'file:x?key=hunter2' AS y", "ATTACH 'it's; x' AS y KEY 'hunter2'",
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
	for _, text := range []string{"SELECT key FROM kv WHERE key = 'shown' AND", "PRAGMA key_type = 'shown' x", "PRAGMA monkey 'shown'",
		"PRAGMA safety = full; SELECT * FROM kv WHERE key = 'shown' AND", "PRAGMA flush; SELECT value FROM kv WHERE key > 'shown' ORDER key",
		"PRAGMA stats('key') 'shown'", "SELECT key FROM attachments WHERE key = 'shown' AND", "SELECT pragmatic FROM kv WHERE key = 'shown' AND"} {
		if _, err := parser.Parse(text); err == nil || !strings.Contains(err.Error(), "shown") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestErrorsOfManyPragmas: looking for keys takes time in proportion to the text.
func TestErrorsOfManyPragmas(t *testing.T) {
	for _, part := range []string{"pragma ", "pragma x ", "pragma '", "pragma [", "pragma /* ", "pragma --", "pragma = ", "attach ", "pragma x /* pragma */ "} {
		begun := time.Now()
		if _, err := parser.Parse("SELECT FROM " + strings.Repeat(part, 1<<20/len(part)-20)); err == nil {
			t.Errorf("%q is a statement", part)
		}
		if d := time.Since(begun); d > 20*time.Second {
			t.Errorf("%q takes %v", part, d)
		}
	}
}
