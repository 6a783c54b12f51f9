// SPDX-License-Identifier: Apache-2.0

package parser

// likePart is LIKE or GLOB of the row's value, as far as its length and its beginning tell.
func (n *node) likePart(e *Env, pattern *likePattern) match {
	var begin likePattern // what the pattern asks of the beginning
	var most int          // how many bytes that can be
	var rest patternRest
	if n.op == nodeLike {
		begin, most, rest = pattern.begin()
	} else {
		begin.text, rest = globPrefix(pattern.text)
		most = len(begin.text)
	}
	switch {
	case rest == nothingMore && e.valueLen() > most:
		return different
	case rest == nothingMore || most == 0 && rest == furtherTest:
		return unknown
	case most == 0:
		return matching
	}
	part, ok := e.part(0, min(most, e.valueLen()))
	if !ok {
		return unknown
	}
	begins := string(part) == string(begin.text)
	if n.op == nodeLike {
		var err error
		if begins, err = matchText(e.context(), true, begin, part); err != nil {
			e.fail(err)
			return unknown
		}
	}
	switch {
	case !begins:
		return different
	case rest == anything:
		return matching
	}
	return unknown
}

// begin returns the pattern up to its first %, which it has if anything comes after it, how many
// bytes match at most what is before that, and what comes after it.
func (p *likePattern) begin() (begin likePattern, most int, rest patternRest) {
	end := 0
	for ; end < len(p.text) && p.at(end) != '%'; end++ {
		if most++; p.at(end) == '_' {
			most += maxChar - 1
		}
	}
	for i := end; i < len(p.text); i++ {
		if rest = anything; p.at(i) != '%' {
			rest = furtherTest
			break
		}
	}
	end = min(end+1, len(p.text))
	if begin.text = p.text[:end]; p.wild != nil {
		begin.wild = p.wild[:end]
	}
	return begin, most, rest
}
