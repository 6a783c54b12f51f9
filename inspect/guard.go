// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// policy is what a browser may do for a page of the handler: nothing that comes from elsewhere, no
// code and no style in the page itself, and no text made into HTML.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// secure sets the headers that every response has.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// MinToken is how many bytes a token has at least. Nobody can guess so many, if they are random, so
// wrong tokens are not counted.
const MinToken = 16

// guarded reports whether requests need more than to come from this machine.
func (in *Inspector) guarded() bool { return in.options.Token != "" || in.options.Authorize != nil }

// admit decides whether a request is served. The order is that of what can be known: first for
// whom the request was meant, then who sends it, and last, for one that writes, whether the page
// or a program has sent it.
func (in *Inspector) admit(q *request, res resource) error {
	if !in.hostAllowed(q.r) {
		return refusef(http.StatusMisdirectedRequest,
			"the request is for %.80q, which is not a name of this machine; Options.Hosts allows further names", q.r.Host)
	}
	if n := len(in.options.Token); n > 0 && n < MinToken {
		return refusef(http.StatusInternalServerError, "Options.Token has %d bytes, and at least %d are needed: see crypto/rand.Text", n, MinToken)
	}
	if err := sameSite(q); err != nil {
		return err
	}
	if !in.guarded() && !fromLoopback(q.r) {
		return refusef(http.StatusForbidden, "without a token only requests from this machine are served; Options.Token or Options.Authorize admits others")
	}
	if name := proxyHeader(q.r); name != "" && !in.guarded() {
		return refusef(http.StatusForbidden, "the request has come through a proxy (%s), so it may come from anywhere; "+
			"Options.Token or Options.Authorize admits others than this machine", name)
	}
	if f := in.options.Authorize; f != nil {
		if err := f(q.r); err != nil {
			return refusef(http.StatusForbidden, "%s", err)
		}
	}
	q.signed = in.session(q.r)
	bearer := in.bearer(q.r)
	if in.options.Token != "" && !res.open && !bearer && !in.signedIn(q.signed) {
		return in.unsigned(q)
	}
	if q.r.Method != http.MethodPost || q.name == wire.SignIn {
		return nil
	}
	if !bearer && !in.tokenFits(q) {
		return refusef(http.StatusForbidden, "a request that is not a GET needs the cookie of the page, and the csrf of %s in the header %s, "+
			"or the token in the header Authorization", wire.Info, wire.HeaderCSRF)
	}
	return nil
}

// unsigned answers a request without a token: people get the page to sign in on.
func (in *Inspector) unsigned(q *request) error {
	if q.name == "" {
		q.redirect(wire.SignIn)
		return errAnswered
	}
	q.w.Header().Set("WWW-Authenticate", "Bearer")
	if q.r.Header.Get("Authorization") != "" {
		return refusef(http.StatusUnauthorized, "the token is wrong")
	}
	return refusef(http.StatusUnauthorized, "a token is needed, in the header Authorization: Bearer TOKEN")
}

// bearer reports whether the request has the token in its header.
func (in *Inspector) bearer(r *http.Request) bool {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && in.isToken(text)
}

func (in *Inspector) isToken(text string) bool {
	return in.options.Token != "" && subtle.ConstantTimeCompare([]byte(text), []byte(in.options.Token)) == 1
}

// sameSite refuses what a browser does for another site. A link from there to the page itself is
// allowed: it shows nothing to the other site.
func sameSite(q *request) error {
	site := q.r.Header.Get("Sec-Fetch-Site")
	link := q.name == "" && q.r.Method != http.MethodPost && q.r.Header.Get("Sec-Fetch-Mode") == "navigate" ||
		q.name == wire.SignIn && q.r.Method != http.MethodPost
	if site != "" && site != "same-origin" && site != "none" && !link {
		return refusef(http.StatusForbidden, "a page of another site has made this request (Sec-Fetch-Site: %.20s)", site)
	}
	origin := q.r.Header.Get("Origin")
	// A form of a page that sends no referrer has the origin null, and the other header then says whose
	// it is.
	if origin == "" || link || origin == "null" && site == "same-origin" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || !strings.EqualFold(u.Host, q.r.Host) {
		return refusef(http.StatusForbidden, "a page of another site has made this request (Origin: %.80s)", origin)
	}
	return nil
}

// hostAllowed reports whether the request is for a name of this machine. Another name would be one
// that a foreign server of names leads here, so that a page of that name could read
// everything that a browser here may read. A token is not sent for such a page, but what
// Authorize looks at may be, as the client's address is. An address in figures is no name.
func (in *Inspector) hostAllowed(r *http.Request) bool {
	host := strings.ToLower(hostOf(r.Host))
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		slices.ContainsFunc(in.options.Hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return true
	}
	return len(in.options.Hosts) == 0 && in.options.Token != "" && listensOutside(r)
}

func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// listensOutside reports whether the request has come to an address that other machines know.
func listensOutside(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && !isLoopback(local.String())
}

// fromLoopback reports whether a request comes from this machine: from its own address, or through a
// socket that is a file.
func fromLoopback(r *http.Request) bool {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && local.Network() == "unix" {
		return true
	}
	return isLoopback(r.RemoteAddr)
}

// proxyHeader returns the name of a header by which a proxy says that it passes on a request of
// others, "" if there is none.
func proxyHeader(r *http.Request) string {
	for name := range r.Header {
		switch {
		case name == "Forwarded", name == "Via", name == "X-Real-Ip", strings.HasPrefix(name, "X-Forwarded-"):
			return name
		}
	}
	return ""
}

func isLoopback(address string) bool {
	a, err := netip.ParseAddr(hostOf(address))
	return err == nil && a.Unmap().IsLoopback()
}
