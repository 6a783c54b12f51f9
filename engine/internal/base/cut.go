package base

import "unicode/utf8"

// MaxErrorText is how many bytes of one text that comes from outside (a path, a name, a
// setting, a cause) an error shows. The fields of an error hold all of it.
const MaxErrorText = 2048

// Cut returns s, or its beginning and its end if it is longer than MaxErrorText: the end of
// a path is its name, and the end of an error its reason.
func Cut(s string) string { return cut(s, MaxErrorText) }

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	head, tail := limit*3/4, len(s)-limit/4
	for head > 0 && !utf8.RuneStart(s[head]) && head > limit*3/4-utf8.UTFMax {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) && tail < len(s)-limit/4+utf8.UTFMax {
		tail++
	}
	return s[:head] + "…" + s[tail:]
}

// cutCause is Cut for the text of an error, which has texts of its own in it.
func cutCause(err error) string { return cut(err.Error(), 2*MaxErrorText) }
