// SPDX-License-Identifier: Apache-2.0

package s3target_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/lsmlite/lsmlite-go/replicate/s3target"
)

// What a request is signed with, and what goes along with it. The access key is a name, and no secret.
const (
	secretKey    = "swordfish+secret/key0123456789abcdefghij"
	sessionToken = "swordfish/token+9876543210"
)

var signed = regexp.MustCompile(`(?i)signature=[0-9a-f]`)

// TestNoErrorShowsCredentials: whatever a server answers, be it what it was sent, and whatever happens to the
// connection, no error shows the secret key, the token of a session, or a signature.
func TestNoErrorShowsCredentials(t *testing.T) {
	answer := func(status int, body func(r *http.Request) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body(r))
		}
	}
	echo := func(r *http.Request) string {
		var text strings.Builder
		_ = r.Header.Write(&text)
		var escaped strings.Builder
		_ = xml.EscapeText(&escaped, []byte(r.URL.String()+"\n"+text.String()))
		return "<Error><Code>Odd</Code><Message>" + escaped.String() + "</Message><RequestId>" + r.Header.Get("Authorization") + "</RequestId></Error>"
	}
	fixed := func(text string) func(*http.Request) string { return func(*http.Request) string { return text } }
	for what, h := range map[string]http.HandlerFunc{
		"echo, 400": answer(400, echo), "echo, 403": answer(403, echo), "echo, 404": answer(404, echo), "echo, 500": answer(500, echo),
		"echo, 200": answer(200, echo), "nothing": answer(403, fixed("")), "no XML": answer(403, fixed("{}")),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/"+r.Header.Get("X-Amz-Security-Token"))
			w.WriteHeader(307)
		},
		"hang up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no HTTP": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(c, "what?\n\n")
				_ = c.Close()
			}
		},
	} {
		server := httptest.NewServer(h)
		s, err := s3target.Open("s3://bucket/prefix?region=us-east-1&path_style=1&endpoint="+server.URL, s3target.Options{
			Credentials: credentials.NewStaticV4("access", secretKey, sessionToken), Attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		var list error
		for _, err := range s.List(t.Context(), "", "") {
			list = errors.Join(list, err)
			if err != nil {
				break
			}
		}
		_, get := s.Get(t.Context(), "name")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		failed := 0
		for op, err := range map[string]error{"create": s.Create(t.Context(), "name", []byte("x")), "get": get, "list": list,
			"delete": s.Delete(t.Context(), "name"), "ended": s.Create(ended, "name", nil)} {
			if err == nil {
				continue
			}
			failed++
			for ; err != nil; err = errors.Unwrap(err) {
				for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
					if signed.MatchString(text) {
						t.Errorf("%s, %s shows a signature: %.600s", what, op, text)
					}
					for _, secret := range []string{"swordfish", hex.EncodeToString([]byte("swordfish")), base64.StdEncoding.EncodeToString([]byte("swordfish"))} {
						if strings.Contains(text, secret) {
							t.Errorf("%s, %s shows %s: %.600s", what, op, secret, text)
						}
					}
				}
			}
		}
		if failed < 2 {
			t.Errorf("%s: only %d errors", what, failed)
		}
		for _, text := range []string{s.String(), fmt.Sprintf("%v %+v", s, s)} {
			if strings.Contains(text, "swordfish") {
				t.Errorf("%s: the target shows it: %s", what, text)
			}
		}
		_ = s.Close()
		server.Close()
	}
}
