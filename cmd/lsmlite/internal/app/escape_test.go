// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestErrorsDoNotSteerTheTerminal: neither what a server answers nor the name of a file is printed
// with the characters that a terminal obeys.
func TestErrorsDoNotSteerTheTerminal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"error":{"message":"no \u001b]0;title\u0007 \u009b2J"}}`)
	}))
	defer server.Close()
	for _, args := range [][]string{
		{"--remote", server.URL, "stats"}, {"get", t.TempDir() + "/\x1b[2Jnone.lsm", "k"}, {"check", t.TempDir() + "/\x1b[2Jnone.lsm"}, {"get", "--x\x1b[2J"},
	} {
		var out, errs bytes.Buffer
		if code := Main(args, strings.NewReader(""), &out, &errs); code == 0 || errs.Len() == 0 {
			t.Errorf("%q: code %d, %q", args, code, errs.String())
		}
		if all := out.String() + errs.String(); strings.ContainsAny(all, "\x1b\x07\u009b") {
			t.Errorf("%q: %q", args, all)
		}
	}
}
