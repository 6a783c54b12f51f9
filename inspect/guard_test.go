// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// TestNamesOfOthers: for a listener that other machines reach, only a token allows every name.
func TestNamesOfOthers(t *testing.T) {
	db := openEngine(t, engine.Options{})
	all := func(*http.Request) error { return nil }
	for _, c := range []struct {
		what   string
		o      inspect.Options
		host   string
		status int
	}{
		{"a token", inspect.Options{Token: token}, "db.example.com", 200},
		{"a token and names", inspect.Options{Token: token, Hosts: []string{"x.example.com"}}, "db.example.com", 421},
		{"Authorize", inspect.Options{Authorize: all}, "db.example.com", 421},
		{"Authorize, a machine's name", inspect.Options{Authorize: all}, "localhost:80", 200},
		{"Authorize, an address", inspect.Options{Authorize: all}, "10.1.2.3:80", 200},
		{"Authorize and the name", inspect.Options{Authorize: all, Hosts: []string{"db.example.com"}}, "db.example.com", 200},
		{"both", inspect.Options{Authorize: all, Token: token}, "db.example.com", 200},
	} {
		r := httptest.NewRequest(http.MethodGet, "/"+wire.Stats, nil)
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 80})))
		r.Host, r.RemoteAddr = c.host, "10.9.9.9:1"
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		inspect.Handler(db, c.o).ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s, %s: %d %s, want %d", c.what, c.host, w.Code, w.Body, c.status)
		}
	}
}

// TestProxy: what a proxy on this machine passes on is not of this machine.
func TestProxy(t *testing.T) {
	db := openEngine(t, engine.Options{})
	open := serve(t, inspect.Handler(db, inspect.Options{}))
	guarded := serve(t, inspect.Handler(db, inspect.Options{Token: token}))
	for _, name := range []string{"Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "x-forwarded-proto"} {
		open.want(name, open.get(wire.Stats, header(name, "1.2.3.4")), http.StatusForbidden, "through a proxy")
		open.want(name, open.get("", header(name, "")), http.StatusForbidden, "through a proxy")
		guarded.want(name, guarded.get(wire.Stats, header(name, "1.2.3.4"), header("Authorization", "Bearer "+token)), http.StatusOK, "commits")
	}
}

// TestStripPrefix: signing in works wherever the handler is, also if it does not see its whole path.
func TestStripPrefix(t *testing.T) {
	h := inspect.Handler(openEngine(t, engine.Options{}), inspect.Options{Token: token, Write: true})
	for prefix, handler := range map[string]http.Handler{
		"/debug/lsmlite": http.StripPrefix("/debug/lsmlite", h), "/a/b/": http.StripPrefix("/a/b/", h), "/whole": h, "": h,
	} {
		folder := strings.TrimSuffix(prefix, "/") + "/"
		mux := http.NewServeMux()
		mux.Handle(folder, handler)
		server := httptest.NewServer(mux)
		defer server.Close()
		for _, way := range []string{"code", "token"} {
			client := server.Client()
			client.Jar, _ = cookiejar.New(nil)
			s := &site{t: t, server: server, base: server.URL + folder, client: client}
			s.want(prefix, s.get(""), http.StatusOK, "<form")
			if way == "code" {
				s.want(prefix, s.get(wire.SignIn+query("code", h.SignInCode())), http.StatusOK, "<title>lsmlite</title>")
			} else {
				form := header("Content-Type", "application/x-www-form-urlencoded")
				s.want(prefix, s.do(http.MethodPost, wire.SignIn, url.Values{"token": {token}}.Encode(), form), http.StatusOK, "<title>lsmlite</title>")
			}
			s.visit()
			s.want(prefix, s.do(http.MethodPost, wire.Put+"?key=k", "v"), http.StatusOK, "found")
		}
	}
}
