// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"context"
	"testing"
)

// All bytes come back in every way to ask and in both forms that a server writes bytea in.
func TestFormsOfBytes(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	long := bytes.Repeat(all, 300)
	for _, form := range []string{"hex", "escape"} {
		for _, mode := range []string{"cache_statement", "exec", "simple_protocol"} {
			s := openStore(t, shared.url(table(t), map[string]string{"bytea_output": form, "default_query_exec_mode": mode}), rwc)
			put(t, s, string(all), string(long), "a", "")
			value, found, err := s.Get(ctx, nil, all)
			if !bytes.Equal(value, long) || !found || err != nil {
				t.Errorf("%s, %s: %d bytes, %v, %v", form, mode, len(value), found, err)
			}
			if got := keys(t, s); got != "a "+string(all) && got != string(all)+" a" {
				t.Errorf("%s, %s: keys %q", form, mode, got)
			}
		}
	}
}

func TestBrokenBytes(t *testing.T) {
	for _, text := range []string{`\`, `\x1`, `\xzz`, `\1`, `\12`, `\128`, `\400`, `\a00`, `a\`} {
		if got, err := appendBytea(nil, []byte(text)); err == nil {
			t.Errorf("%s is %q", text, got)
		}
	}
}
