// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/wire"
)

const (
	// sessionTime is how long a cookie is good for.
	sessionTime = 12 * time.Hour
	// codeTime is how long a code of SignInCode is good for, and maxCodes how many there may be.
	codeTime = 10 * time.Minute
	maxCodes = 16
)

// A session is the value of a cookie: an id, the time of its end, whether it has signed in, and a
// signature. Nothing of it is kept here.

// session returns the session of a request, "" if it has none that is good.
func (in *Inspector) session(r *http.Request) string {
	c, err := r.Cookie(in.cookieName())
	if err != nil {
		return ""
	}
	body, mac, ok := strings.Cut(c.Value, "-")
	if !ok || !hmac.Equal([]byte(mac), []byte(in.sign("session", body))) {
		return ""
	}
	_, rest, _ := strings.Cut(body, ".")
	end, _, _ := strings.Cut(rest, ".")
	seconds, err := strconv.ParseInt(end, 10, 64)
	if err != nil || time.Now().Unix() >= seconds {
		return ""
	}
	return body
}

// signedIn reports whether a session has signed in.
func (in *Inspector) signedIn(session string) bool { return strings.HasSuffix(session, ".in") }

// begin gives the client a session. The cookie has no path: the client then takes the folder of the
// address that it knows, also if http.StripPrefix has taken away a part of it.
func (in *Inspector) begin(q *request, kind string) {
	body := rand.Text() + "." + strconv.FormatInt(time.Now().Add(sessionTime).Unix(), 10) + "." + kind
	http.SetCookie(q.w, &http.Cookie{
		Name: in.cookieName(), Value: body + "-" + in.sign("session", body),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: q.r.TLS != nil,
	})
	q.signed = body
}

// cookieName is one of this handler alone: cookies of a host are sent to all of its ports.
func (in *Inspector) cookieName() string { return "lsmlite-" + in.sign("name", "")[:8] }

func (in *Inspector) sign(purpose, text string) string {
	mac := hmac.New(sha256.New, in.secret[:])
	mac.Write([]byte(purpose + "\x00" + text))
	return hex.EncodeToString(mac.Sum(nil))
}

// csrf is what a request of this session must have in its header to write.
func (in *Inspector) csrf(session string) string {
	if session == "" {
		return ""
	}
	return in.sign("csrf", session)
}

func (in *Inspector) tokenFits(q *request) bool {
	return q.signed != "" && hmac.Equal([]byte(q.r.Header.Get(wire.HeaderCSRF)), []byte(in.csrf(q.signed)))
}

// SignInCode returns a code that signs a browser in once, within ten minutes, for a program to
// print as a part of the address of the page:
//
//	http://HOST:PORT/PATH/signin?code=CODE
func (in *Inspector) SignInCode() string { return in.codes.add(time.Now()) }

// codes are those that were given out and not used.
type codes struct {
	mu   sync.Mutex
	list []code
}

type code struct {
	sum [32]byte
	end time.Time
}

func (c *codes) add(now time.Time) string {
	raw := make([]byte, 18)
	rand.Read(raw)
	text := base64.RawURLEncoding.EncodeToString(raw)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == maxCodes {
		c.list = c.list[1:]
	}
	c.list = append(c.list, code{sha256.Sum256([]byte(text)), now.Add(codeTime)})
	return text
}

// use reports whether text is one of the codes, and takes it out.
func (c *codes) use(text string, now time.Time) bool {
	sum := sha256.Sum256([]byte(text))
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range c.list {
		if hmac.Equal(k.sum[:], sum[:]) {
			c.list = append(c.list[:i:i], c.list[i+1:]...)
			return now.Before(k.end)
		}
	}
	return false
}

// serveSignIn shows the form, and takes the token of the form or the code of an address.
func (in *Inspector) serveSignIn(q *request) error {
	if in.options.Token == "" {
		return refusef(http.StatusNotFound, "there is nothing to sign in to: no token is set")
	}
	code := q.query.Get("code")
	good := false
	switch {
	case q.r.Method == http.MethodPost:
		slow := in.slowBody(q)
		q.r.Body = http.MaxBytesReader(q.w, slow, maxForm)
		if err := q.r.ParseForm(); err != nil {
			return in.bodyFailed(q, err)
		}
		slow.end()
		good = in.isToken(q.r.PostForm.Get("token"))
	case code != "":
		good = in.codes.use(code, time.Now())
	default:
		return q.signInPage(http.StatusOK, "")
	}
	if !good {
		return q.signInPage(http.StatusForbidden, "That is not the token, or the code in the address was used before.")
	}
	in.begin(q, "in")
	q.redirect("./")
	return nil
}

// maxForm is how long the form may be.
const maxForm = 4 << 10
