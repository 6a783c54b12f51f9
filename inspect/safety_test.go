// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/pragma"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

const token = "a-token-that-nobody-guesses"

// TestHeaders: every response carries what keeps browsers from doing something with it.
func TestHeaders(t *testing.T) {
	db := openEngine(t, engine.Options{})
	put(t, db, "k", "v")
	s := serve(t, inspect.Handler(db, inspect.Options{}))
	for _, resource := range []string{"", "page.css", wire.Stats, wire.Value + "?key=k", wire.Value + "?key=x", "nothing", wire.Check, wire.Backup} {
		h := s.get(resource).header
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%q: the policy %q has no %s", resource, csp, part)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%q: %s", resource, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
			"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%q: %s is %q, want %q", resource, name, got, want)
			}
		}
	}
}

// TestMethods: what is read is no POST, and what writes is no GET.
func TestMethods(t *testing.T) {
	s := serve(t, inspect.Handler(openEngine(t, engine.Options{}), inspect.Options{Write: true}))
	s.visit()
	for _, c := range []struct{ method, resource, allow string }{
		{http.MethodPost, wire.Stats, "GET"}, {http.MethodGet, wire.Put, "POST"}, {http.MethodGet, wire.Delete, "POST"},
		{http.MethodPut, wire.SQL, "GET, POST"}, {http.MethodDelete, "", "GET"}, {http.MethodOptions, wire.Put, "POST"},
	} {
		a := s.do(c.method, c.resource, "")
		s.want(c.method+" "+c.resource, a, http.StatusMethodNotAllowed, "not for "+c.method)
		if got := a.header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow is %q, want %q", c.method, c.resource, got, c.allow)
		}
	}
	if a := s.do(http.MethodHead, wire.Stats, ""); a.status != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	s.want("an unknown resource", s.get("../lsmlite/x/y"), http.StatusNotFound, "there is no resource")
}

// TestHosts: a name that is not this machine's is refused, so that no name of another site can lead
// a browser here.
func TestHosts(t *testing.T) {
	db := openEngine(t, engine.Options{})
	s := serve(t, inspect.Handler(db, inspect.Options{Hosts: []string{"db.example.com"}}))
	for name, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "app.localhost:1": 200, "127.0.0.1:99": 200, "[::1]:99": 200, "192.168.1.7": 200,
		"db.example.com": 200, "DB.Example.com:443": 200,
		"evil.example": 421, "evil.example:80": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "xlocalhost": 421, "": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/debug/lsmlite/"+wire.Stats, nil)
		r.Host, r.RemoteAddr = name, "127.0.0.1:1234"
		w := httptest.NewRecorder()
		inspect.Handler(db, inspect.Options{Hosts: []string{"db.example.com"}}).ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("host %q: %d %s", name, w.Code, w.Body)
		}
	}
	s.want("over the network", s.get(wire.Stats, host("evil.example")), http.StatusMisdirectedRequest, "not a name of this machine")
	// A token alone does not admit another name on loopback.
	s = serve(t, inspect.Handler(db, inspect.Options{Token: token}))
	s.want("with a token", s.get(wire.Stats, host("evil.example"), header("Authorization", "Bearer "+token)), http.StatusMisdirectedRequest, "name")
}

// TestOtherMachines: without a token, only this machine is served.
func TestOtherMachines(t *testing.T) {
	db := openEngine(t, engine.Options{})
	ask := func(o inspect.Options, remote string) int {
		r := httptest.NewRequest(http.MethodGet, "/x/"+wire.Stats, nil)
		r.Host, r.RemoteAddr = "10.1.2.3:8080", remote
		w := httptest.NewRecorder()
		inspect.Handler(db, o).ServeHTTP(w, r)
		return w.Code
	}
	for remote, want := range map[string]int{
		"127.0.0.1:1": 200, "127.8.9.1:1": 200, "[::1]:1": 200, "[::ffff:127.0.0.1]:1": 200,
		"@": 403, "": 403, ":0": 403,
		"10.0.0.1:1": 403, "[fe80::1]:1": 403, "[::ffff:10.0.0.1]:1": 403, "example.com:1": 403,
	} {
		if got := ask(inspect.Options{}, remote); got != want {
			t.Errorf("%s: %d, want %d", remote, got, want)
		}
	}
	if got := ask(inspect.Options{Authorize: func(*http.Request) error { return nil }}, "10.0.0.1:1"); got != 200 {
		t.Errorf("with Authorize: %d", got)
	}
	if got := ask(inspect.Options{Token: token}, "10.0.0.1:1"); got != 401 {
		t.Errorf("with a token that is missing: %d", got)
	}
}

// TestSocketOfTheSystem: a socket that is a file is of this machine.
func TestSocketOfTheSystem(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of sockets are too long in the folders of tests there")
	}
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no such sockets here: %v", err)
	}
	server := &http.Server{Handler: inspect.Handler(openEngine(t, engine.Options{}), inspect.Options{})}
	done := make(chan struct{})
	go func() { server.Serve(listener); close(done) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	s := &site{t: t, base: "http://localhost/", client: &http.Client{Transport: transport}}
	s.want("through a file", s.get(wire.Stats), http.StatusOK, "commits")
	transport.CloseIdleConnections()
	must(t, server.Close())
	<-done
}

func TestAuthorize(t *testing.T) {
	var asked []string
	s := serve(t, inspect.Handler(openEngine(t, engine.Options{}), inspect.Options{Authorize: func(r *http.Request) error {
		asked = append(asked, r.Method)
		if r.Header.Get("X-User") != "ada" {
			return errors.New("only Ada may look")
		}
		return nil
	}}))
	for _, resource := range []string{"", "page.css", wire.Stats, wire.Check, wire.Backup, wire.SignIn} {
		s.want(resource, s.get(resource), http.StatusForbidden, "only Ada")
	}
	s.want("Ada", s.get(wire.Stats, header("X-User", "ada")), http.StatusOK, "commits")
	if len(asked) != 7 {
		t.Errorf("Authorize was called for %q", asked)
	}
}

// TestToken: with a token nothing of the database is shown without it.
func TestToken(t *testing.T) {
	db := openEngine(t, engine.Options{})
	put(t, db, "k", "secret")
	h := inspect.Handler(db, inspect.Options{Token: token, Write: true})
	s := serve(t, h)
	for _, resource := range []string{wire.Info, wire.Stats, wire.Structure, wire.Keys, wire.Tree, wire.Value + "?key=k", wire.SQL + "?q=SELECT+1",
		wire.Check, wire.Backup, wire.Pins, wire.Page + "?n=1", wire.Log, wire.History, wire.Metrics} {
		s.want(resource, s.get(resource), http.StatusUnauthorized, "a token is needed")
		s.want(resource, s.get(resource, header("Authorization", "Bearer "+token+"x")), http.StatusUnauthorized, "wrong")
		s.want(resource, s.get(resource, header("Authorization", "Basic "+token)), http.StatusUnauthorized, "wrong")
	}
	for _, resource := range []string{wire.Put + "?key=k", wire.Delete + "?key=k", wire.SQL} {
		s.want(resource, s.do(http.MethodPost, resource, ""), http.StatusUnauthorized, "a token is needed")
	}
	bearer := header("Authorization", "Bearer "+token)
	s.want("a program", s.get(wire.Value+"?key=k", bearer), http.StatusOK, "secret")
	s.want("a program that writes", s.do(http.MethodPost, wire.Put+"?key=k", "new", bearer), http.StatusOK, `"found":true`)
	s.want("the page", s.get(""), http.StatusOK, "<form") // the client has followed to the form
	// A short token protects nothing, so it admits nobody.
	s = serve(t, inspect.Handler(db, inspect.Options{Token: "short"}))
	s.want("a short token", s.get(wire.Stats, header("Authorization", "Bearer short")), http.StatusInternalServerError, "at least 16")
}

func TestSignIn(t *testing.T) {
	db := openEngine(t, engine.Options{})
	h := inspect.Handler(db, inspect.Options{Token: token})
	form := func(text string) string { return url.Values{"token": {text}}.Encode() }
	kind := func(r *http.Request) { // as browsers send the form of a page without a referrer
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "null")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}

	s := serve(t, h)
	s.want("a wrong token", s.do(http.MethodPost, wire.SignIn, form("x"), kind), http.StatusForbidden, "not the token")
	s.want("after it", s.get(wire.Stats), http.StatusUnauthorized, "token")
	s.do(http.MethodPost, wire.SignIn, form(token), kind)
	s.want("signed in", s.get(wire.Stats), http.StatusOK, "commits")
	if m := read[wire.InfoMessage](s, wire.Info); !m.SignedIn || m.Write {
		t.Errorf("%+v", m)
	}
	u, _ := url.Parse(s.base)
	for _, c := range s.client.Jar.Cookies(u) {
		if strings.Contains(c.Value, token) {
			t.Error("the cookie holds the token")
		}
	}
	// A cookie of the page that has not signed in, or of another handler, admits nobody.
	other := serve(t, inspect.Handler(db, inspect.Options{Token: token}))
	for _, c := range s.client.Jar.Cookies(u) {
		s.want("the cookie elsewhere", other.get(wire.Stats, func(r *http.Request) { r.AddCookie(c) }), http.StatusUnauthorized, "token")
		changed := *c
		changed.Value = "x" + c.Value
		s.client.Jar, _ = cookiejar.New(nil)
		s.want("a changed cookie", s.get(wire.Stats, func(r *http.Request) { r.AddCookie(&changed) }), http.StatusUnauthorized, "token")
	}
	// A code signs in once.
	code := h.SignInCode()
	first, second := serve(t, h), serve(t, h)
	first.get(wire.SignIn + query("code", code))
	first.want("the first with the code", first.get(wire.Stats), http.StatusOK, "commits")
	second.want("the second", second.get(wire.SignIn+query("code", code)), http.StatusForbidden, "used before")
	second.want("the second", second.get(wire.Stats), http.StatusUnauthorized, "token")
	second.want("no code", second.get(wire.SignIn+query("code", "x")), http.StatusForbidden, "used before")
	// The oldest codes are forgotten.
	oldest := h.SignInCode()
	for range 16 {
		code = h.SignInCode()
	}
	second.want("the oldest of 17", second.get(wire.SignIn+query("code", oldest)), http.StatusForbidden, "used before")
	second.get(wire.SignIn + query("code", code))
	second.want("the newest of 17", second.get(wire.Stats), http.StatusOK, "commits")
}

// TestCookie: the cookie is for this handler alone, and scripts do not see it.
func TestCookie(t *testing.T) {
	s := serve(t, inspect.Handler(openEngine(t, engine.Options{}), inspect.Options{}))
	set := s.get("").header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict"} {
		if !strings.Contains(set, part) {
			t.Errorf("the cookie %q has no %s", set, part)
		}
	}
	for place, want := range map[string]int{"": 1, "stats": 1, "../other/": 0, "../": 0} {
		u, err := url.Parse(s.base)
		must(t, err)
		if got := len(s.client.Jar.Cookies(u.JoinPath(place))); got != want {
			t.Errorf("%q: %d cookies are sent", place, got)
		}
	}
	if again := s.get("").header.Get("Set-Cookie"); again != "" {
		t.Errorf("a second cookie: %s", again)
	}
}

// TestOtherSites: what a browser does for a page of another site is refused, whatever cookies it
// sends.
func TestOtherSites(t *testing.T) {
	db := openEngine(t, engine.Options{})
	put(t, db, "k", "old")
	s := serve(t, inspect.Handler(db, inspect.Options{Write: true}))
	s.visit()
	csrf := s.csrf
	write := func(change ...func(*http.Request)) answer {
		return s.do(http.MethodPost, wire.Put+"?key=k", "new", change...)
	}
	json := header("Content-Type", "application/json")
	for _, site := range []string{"cross-site", "same-site", "strange"} {
		s.want("GET, "+site, s.get(wire.Stats, header("Sec-Fetch-Site", site)), http.StatusForbidden, "another site")
		s.want("POST, "+site, write(header("Sec-Fetch-Site", site)), http.StatusForbidden, "another site")
		s.want("backup, "+site, s.get(wire.Backup, header("Sec-Fetch-Site", site), header("Sec-Fetch-Mode", "navigate")), http.StatusForbidden, "another site")
	}
	for _, origin := range []string{"http://evil.example", "null", "http://127.0.0.1:1", "x"} {
		s.want("POST from "+origin, write(header("Origin", origin)), http.StatusForbidden, "another site")
		s.want("statements from "+origin, s.do(http.MethodPost, wire.SQL, `{"sql":"DELETE FROM kv"}`, json, header("Origin", origin)), http.StatusForbidden, "another site")
	}
	s.want("a link from elsewhere", s.get("", header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate")), http.StatusOK, "")
	// Without the second token, or with one of another session, nothing is written.
	for _, wrong := range []string{"", "x", strings.Repeat("0", 64)} {
		s.want("a token "+wrong, write(header(wire.HeaderCSRF, wrong)), http.StatusForbidden, "csrf")
	}
	cookie := s.client.Jar
	s.client.Jar, _ = cookiejar.New(nil)
	s.want("without the cookie", write(), http.StatusForbidden, "csrf")
	s.visit()
	s.want("the token of another session", write(header(wire.HeaderCSRF, csrf)), http.StatusForbidden, "csrf")
	s.client.Jar, s.csrf = cookie, csrf
	// A form of HTML can only send these types.
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
		s.want("statements as "+kind, s.do(http.MethodPost, wire.SQL, `{"sql":"DELETE FROM kv"}`, header("Content-Type", kind)), http.StatusUnsupportedMediaType, "JSON")
	}
	s.want("null and cross-site", write(header("Origin", "null"), header("Sec-Fetch-Site", "cross-site")), http.StatusForbidden, "another site")
	s.want("before", s.get(wire.Value+"?key=k"), http.StatusOK, "old")
	s.want("the page itself", write(header("Sec-Fetch-Site", "same-origin"), header("Origin", s.server.URL)), http.StatusOK, "true")
	s.want("after", s.get(wire.Value+"?key=k"), http.StatusOK, "new")
}

// TestReadOnly: a handler without Write changes nothing, whatever is requested.
func TestReadOnly(t *testing.T) {
	db := openEngine(t, engine.Options{})
	put(t, db, "k", "old")
	before := db.Options()
	s := serve(t, inspect.Handler(db, inspect.Options{}))
	s.visit()
	s.want("put", s.do(http.MethodPost, wire.Put+"?key=k", "new"), http.StatusForbidden, "Options.Write")
	s.want("delete", s.do(http.MethodPost, wire.Delete+"?key=k", ""), http.StatusForbidden, "Options.Write")
	statements := []string{"INSERT INTO kv VALUES ('k', 'new')", "UPDATE kv SET value = 'new'", "DELETE FROM kv", "DELETE FROM kv RETURNING key",
		"REPLACE INTO kv VALUES ('k', 'new') RETURNING key", "BEGIN; DELETE FROM kv; COMMIT",
		"PRAGMA optimize", "PRAGMA flush", "PRAGMA checkpoint", "PRAGMA work", "PRAGMA safety = off", "PRAGMA autoflush(1024)", "SELECT 1; DELETE FROM kv"}
	for _, name := range pragma.Names() {
		if p := pragma.Named(name); p.Kind == pragma.Works {
			statements = append(statements, "PRAGMA "+strings.ToUpper(name)+strings.Replace(p.Args, "(merge, kb)", "", 1))
		}
	}
	for _, text := range statements {
		if m, status := s.postSQL(text); status != http.StatusForbidden || m.Error == nil {
			t.Errorf("%s: %d %+v", text, status, m)
		}
	}
	s.want("a copy on the machine", s.get(wire.SQL+query("q", "PRAGMA backup('/copy.lsm')")), http.StatusForbidden, "GET backup")
	s.want("a copy on the machine", s.get(wire.SQL+query("q", `pragma "BackUp"('/copy.lsm')`)), http.StatusForbidden, "GET backup")
	s.want("after all of it", s.get(wire.Value+"?key=k"), http.StatusOK, "old")
	if after := db.Options(); after.Safety != before.Safety || after.AutoFlush != before.AutoFlush || db.Stats().Commits != 1 {
		t.Errorf("%+v, %d commits", after, db.Stats().Commits)
	}
	// With Write, a GET still only reads.
	s = serve(t, inspect.Handler(db, inspect.Options{Write: true}))
	for _, text := range statements {
		s.want("GET "+text, s.get(wire.SQL+query("q", text)), http.StatusForbidden, "error")
	}
	s.want("a copy on the machine", s.get(wire.SQL+query("q", "PRAGMA backup('/copy.lsm')")), http.StatusForbidden, "GET backup")
}
