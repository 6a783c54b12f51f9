// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

var tableRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|")

// TestDocumentation compares the tables of docs/inspector.md with the code: every resource, and every
// limit with its default.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../docs/inspector.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for _, m := range tableRow.FindAllStringSubmatch(strings.ReplaceAll(string(raw), "\r\n", "\n"), -1) {
		rows[m[1]] = strings.TrimSpace(m[2])
	}
	for name, r := range resources {
		if name == "" || r.open {
			continue
		}
		want := r.method
		if r.also != "" {
			want += ", " + r.also
		}
		if rows[name] != want {
			t.Errorf("resource %s is for %s, and documented for %q", name, want, rows[name])
		}
	}
	limits := reflect.ValueOf(Limits{}.orDefaults())
	for i := range limits.NumField() {
		name, want := limits.Type().Field(i).Name, ""
		switch v := limits.Field(i).Interface().(type) {
		case time.Duration:
			want = fmt.Sprintf("%d s", int(v.Seconds()))
		case int:
			want = amountOf(v)
		}
		if rows[name] != want {
			t.Errorf("the limit %s is %s by default, and documented as %q", name, want, rows[name])
		}
	}
	if n := len(resources) + limits.NumField(); len(rows) < n-len(assetNames())-4 {
		t.Errorf("only %d rows were found", len(rows))
	}
}

// amountOf renders a number as the document does.
func amountOf(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	case n >= 10_000:
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(n)
}
