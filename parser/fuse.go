// SPDX-License-Identifier: Apache-2.0

package parser

// Long statements are nearly always long lists of values. Such lists are taken out of
// what participle sees: a run of values in a list of IN becomes one token, and so does a
// run of rows of VALUES.

// fused are the tokens of a statement after that.
type fused struct {
	tokens []token // what participle sees
	all    []token // what the text has
	// origin is, for each of tokens, where it is in all. It is nil if nothing was fused.
	origin []int32

	tokensBuffer []token // used again for the next statement
	originBuffer []int32
}

// run returns the tokens that token i, which is fused, stands for.
func (f *fused) run(i int) []token {
	if f.origin == nil {
		return nil // nothing was fused
	}
	return f.all[f.origin[i]:f.origin[i+1]]
}

// fuse fuses the runs of a statement.
func (f *fused) fuse(all []token) {
	out, origin := f.tokensBuffer[:0], f.originBuffer[:0]
	f.all = all
	const list = 1 // the innermost parenthesis is that of IN
	const rows = 2 // VALUES comes before, outside of parentheses
	var stack []uint8
	state := uint8(0)
	copied := 0 // how much of all is in out
	copyTo := func(i int) {
		for ; copied < i; copied++ {
			out, origin = append(out, all[copied]), append(origin, int32(copied))
		}
	}
	for i := 0; i < len(all); {
		t := &all[i]
		end := 0
		switch {
		case state == list && i > 0 && opensItem(&all[i-1]):
			end = valuesEnd(all, i)
		case state == rows && i > 0 && (all[i-1].is("VALUES") || all[i-1].is(",")):
			end = rowsEnd(all, i)
		}
		if end > 0 {
			copyTo(i)
			whole := token{start: t.start, kind: tokValues}
			if state == rows {
				whole.kind = tokRows
			}
			out, origin = append(out, whole), append(origin, int32(i))
			i, copied = end, end
			continue
		}
		switch {
		case t.kind == tokKeyword && t.is("VALUES"):
			state = rows
		case t.kind == tokKeyword && state == rows:
			state = 0 // ON or RETURNING
		case t.kind == tokMark && t.text == "(":
			stack = append(stack, state)
			state = 0
			if i > 0 && all[i-1].is("IN") {
				state = list
			}
		case t.kind == tokMark && t.text == ")" && len(stack) > 0:
			state, stack = stack[len(stack)-1], stack[:len(stack)-1]
		}
		i++
	}
	if len(origin) == 0 {
		f.tokens, f.origin = all, nil
		return
	}
	copyTo(len(all))
	f.tokens, f.origin = out, append(origin, int32(len(all)))
	f.tokensBuffer, f.originBuffer = f.tokens, f.origin
}

func opensItem(t *token) bool {
	return t.kind == tokMark && (t.text == "(" || t.text == ",")
}

// valueEnd returns where the value that begins at i ends, 0 if there is none.
func valueEnd(all []token, i int) int {
	signed := i+1 < len(all) && isSign(&all[i]) && isNumber(all[i+1].text) && all[i+1].kind == tokValue
	switch {
	case signed:
		return i + 2
	case i < len(all) && all[i].kind == tokValue:
		return i + 1
	}
	return 0
}

func isSign(t *token) bool { return t.kind == tokInfix && (t.text == "-" || t.text == "+") }

// markAt returns the mark at i, such as a comma, and nothing if there is another token or none.
func markAt(all []token, i int) string {
	if i >= len(all) || all[i].kind != tokMark {
		return ""
	}
	return all[i].text
}

// valuesEnd returns where two or more values end that begin at i, each of them a whole
// entry of the list, 0 if there are not two.
func valuesEnd(all []token, i int) int {
	end, n := 0, 0
	for {
		after := valueEnd(all, i)
		if after == 0 {
			break
		}
		mark := markAt(all, after)
		if mark != "," && mark != ")" {
			break
		}
		end, n = after, n+1
		if mark == ")" {
			break
		}
		i = after + 1
	}
	if n < 2 {
		return 0
	}
	return end
}

// rowsEnd returns where two or more rows of values end that begin at i, 0 if there are
// not two.
func rowsEnd(all []token, i int) int {
	end, n := 0, 0
	for markAt(all, i) == "(" {
		first := valueEnd(all, i+1)
		if first == 0 || markAt(all, first) != "," {
			break
		}
		second := valueEnd(all, first+1)
		if second == 0 || markAt(all, second) != ")" {
			break
		}
		end, n = second+1, n+1
		if markAt(all, end) != "," {
			break
		}
		i = end + 1
	}
	if n < 2 {
		return 0
	}
	return end
}
