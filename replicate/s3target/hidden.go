// SPDX-License-Identifier: Apache-2.0

package s3target

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// hidden is an error in whose place another text is shown. It is what the error is, and unwraps to nothing.
type hidden struct {
	text string
	is   func(target error) bool
}

func (h *hidden) Error() string        { return h.text }
func (h *hidden) Is(target error) bool { return h.is(target) }

// signature is that of a request, which a server may send back in its error, as all that it was sent.
var signature = regexp.MustCompile(`(?i)signature=[0-9a-z%/+=]+`)

// hide returns an error that shows neither the secret key nor the token of the session nor a signature: err itself, if
// it does not.
func (s *S3) hide(err error) error {
	clean := func(text string) string {
		for _, secret := range s.secrets() {
			for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
				text = strings.ReplaceAll(text, form, "(hidden)")
			}
		}
		return signature.ReplaceAllString(text, "Signature=(hidden)")
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, text := range []string{e.Error(), fmt.Sprintf("%#v", e)} {
			if clean(text) != text {
				return &hidden{text: clean(err.Error()), is: func(target error) bool { return errors.Is(err, target) }}
			}
		}
	}
	return err
}

// secrets returns what no text may show of the credentials that the client has now.
func (s *S3) secrets() (list []string) {
	value, err := s.client.GetCreds()
	if err != nil {
		return nil
	}
	for _, secret := range []string{value.SecretAccessKey, value.SessionToken} {
		if secret != "" {
			list = append(list, secret)
		}
	}
	return list
}
