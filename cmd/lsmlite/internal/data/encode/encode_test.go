// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"bytes"
	"strings"
	"testing"
)

// samples are bytes of all kinds.
var samples = []string{"", "a", "Zürich ☀", "\x00\xff", "two\nlines", "\r\n", "\ufffd", `"quoted"`, "x'00'", "<&>", "\u2028", "\\ud800", "a\xc3"}

func FuzzEncodings(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, e := range Encodings {
			enc, err := e.Append([]byte("_"), b)
			if err != nil && e == Text {
				continue
			}
			if err != nil {
				t.Fatalf("%s of %q: %v", e, b, err)
			}
			got, err := e.AppendDecoded([]byte("+"), enc[1:])
			if err != nil || !bytes.Equal(got[1:], b) {
				t.Fatalf("%s of %q is %s, read back as %q, %v", e, b, enc[1:], got[1:], err)
			}
		}
	})
}

func FuzzJSONRow(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s), []byte("v"+s))
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		line := AppendRow(nil, key, value)
		if bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("%s has a newline", line)
		}
		k, v, err := ParseRow(line)
		if err != nil || !bytes.Equal(k, key) || !bytes.Equal(v, value) {
			t.Fatalf("%q = %q is %s, read back as %q = %q, %v", key, value, line, k, v, err)
		}
	})
}

// FuzzParse holds that any line is a row or an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"key":"a","value":"\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, fields := range []Fields{{Key: "key"}, {Key: "key", Value: "value"}} {
			_, _, _ = fields.Parse(line)
		}
		if k, v, err := ParseRow(line); err == nil {
			again, w, err := ParseRow(AppendRow(nil, k, v))
			if err != nil || !bytes.Equal(k, again) || !bytes.Equal(v, w) {
				t.Fatalf("%s is %q = %q, and written again %q = %q, %v", line, k, v, again, w, err)
			}
		}
	})
}

func TestParseRowRefuses(t *testing.T) {
	for line, want := range map[string]string{
		`{"key":"a"}`:                             "there is no value",
		`{"value":"a"}`:                           "there is no key",
		`{"key":"a","value":"b","more":1}`:        "--key-field NAME",
		`{"key":"a","key_base64":"","value":"b"}`: "both key and key_base64",
		`{"key_base64":"?","value":"b"}`:          "not base64",
		`{"key":"a","value":1}`:                   "number",
		`{"key":null,"value":"b"}`:                "null",
		`{"key":"a","key":"b","value":"c"}`:       "two fields \"key\"",
		`{"KEY":"a","key":"b","value":"c"}`:       "unknown field \"KEY\"",
		`{"key":"a","value":"b"`:                  "unexpected EOF",
		`{"key":"a","value":"b"} {}`:              "more than one value",
		`{"key":"\ud800","value":"b"}`:            "half a surrogate pair",
		`{"key":"\udc00\ud800","value":"b"}`:      "half a surrogate pair",
		"{\"key\":\"\xff\",\"value\":\"b\"}":      "not UTF-8",
		`[1]`:                                     "array",
		``:                                        "EOF",
	} {
		if k, v, err := ParseRow([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q = %q, %v; want %s", line, k, v, err, want)
		}
	}
}

func TestFields(t *testing.T) {
	line := ` {"id": 17, "name": "Ada \u263a", "tags": ["a", "b"]} `
	for _, c := range []struct {
		f          Fields
		key, value string
	}{
		{Fields{Key: "id"}, "17", strings.TrimSpace(line)},
		{Fields{Key: "name", Value: "tags"}, "Ada ☺", `["a", "b"]`},
	} {
		key, value, err := c.f.Parse([]byte(line))
		if err != nil || string(key) != c.key || string(value) != c.value {
			t.Errorf("%+v: %q = %q, %v", c.f, key, value, err)
		}
	}
	for line, want := range map[string]string{
		`{"ID":1}`:                      "there is no field \"id\"",
		`{"id":null,"v":1}`:             "\"id\" is null",
		`{"id":{"a":1},"v":1}`:          "\"id\" is an object",
		`{"id":["a"],"v":1}`:            "\"id\" is an array",
		`{"id":1,"v":1,"id":2}`:         "two fields \"id\"",
		`{"id":1,"v":1,"v":2}`:          "two fields \"v\"",
		`{"id":1,"v":1} {"id":2,"v":2}`: "more than one value",
	} {
		if key, value, err := (Fields{Key: "id", Value: "v"}).Parse([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q = %q, %v; want %s", line, key, value, err, want)
		}
	}
	if key, value, err := (Fields{Key: "id", Value: "v"}).Parse([]byte(`{"ID":2,"id":true,"x":1,"x":2,"v":null}`)); err != nil ||
		string(key) != "true" || string(value) != "null" {
		t.Errorf("%q = %q, %v", key, value, err)
	}
}
