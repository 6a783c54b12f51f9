// SPDX-License-Identifier: Apache-2.0

package railroad

import "reflect"

// A block is a laid out expression: a track that enters on the left and leaves on the
// right at the same height, with up pixels above that and down pixels below it.
type block struct {
	width, up, down int
	draw            func(c *canvas, x, y int)
}

// layout returns the block of an expression.
func layout(e Expr) block {
	switch e := e.(type) {
	case Terminal:
		return box(e.Text, e.Keyword, boxTerminal)
	case Reference:
		return box(e.Name, false, boxReference)
	case Special:
		return box(e.Text, false, boxSpecial)
	case Sequence:
		return row(blocks(e))
	case Choice:
		return choice(blocks(e))
	case Optional:
		return bypass(layout(e.X))
	case Repetition:
		return bypass(loop(layout(e.X), nil))
	}
	panic("railroad: unknown kind of expression " + reflect.TypeOf(e).String())
}

// blocks lays out the parts of a sequence or a choice. In a sequence, x { separator x } is
// one loop over x, with the separator on the way back.
func blocks(list []Expr) []block {
	var out []block
	for i := 0; i < len(list); i++ {
		if i+1 < len(list) {
			if separator := separatorOf(list[i], list[i+1]); separator != nil {
				back := layout(separator)
				out = append(out, loop(layout(list[i]), &back))
				i++
				continue
			}
		}
		out = append(out, layout(list[i]))
	}
	return out
}

// separatorOf returns what is between repetitions of x if next is { separator x },
// else nil.
func separatorOf(x, next Expr) Expr {
	rep, ok := next.(Repetition)
	if !ok {
		return nil
	}
	if s, ok := rep.X.(Sequence); ok && len(s) == 2 && reflect.DeepEqual(s[1], x) {
		return s[0]
	}
	if reflect.DeepEqual(rep.X, x) { // x { x }: nothing is between them
		return Sequence{}
	}
	return nil
}

func box(text string, bold bool, kind boxKind) block {
	width := charWidth*len([]rune(text)) + 2*padding
	return block{width, boxHeight / 2, boxHeight / 2, func(c *canvas, x, y int) {
		c.box(text, bold, kind, x, y-boxHeight/2, width)
	}}
}

// row puts blocks one after the other.
func row(list []block) block {
	b := block{width: between * max(len(list)-1, 0)}
	for _, x := range list {
		b.width += x.width
		b.up, b.down = max(b.up, x.up), max(b.down, x.down)
	}
	b.draw = func(c *canvas, x, y int) {
		for i, part := range list {
			if i > 0 {
				c.line(x, y, x+between, y)
				x += between
			}
			part.draw(c, x, y)
			x += part.width
		}
	}
	return b
}

// choice puts blocks one below the other; the first is on the straight track.
func choice(list []block) block {
	const side = 2 * radius
	b := block{up: list[0].up, down: list[0].down}
	offsets := make([]int, len(list))
	for i, x := range list {
		b.width = max(b.width, x.width)
		if i > 0 {
			offsets[i] = max(b.down+rowGap+x.up, 2*radius)
			b.down = offsets[i] + x.down
		}
	}
	inner := b.width
	b.width += 2 * side
	b.draw = func(c *canvas, x, y int) {
		for i, part := range list {
			left, right, at := x+side, x+side+inner, y+offsets[i]
			if i == 0 {
				c.line(x, y, left, y)
				c.line(left+part.width, y, x+b.width, y)
			} else {
				c.step(x, y, left, at)
				c.line(left+part.width, at, right, at)
				c.step(right, at, x+b.width, y)
			}
			part.draw(c, left, at)
		}
	}
	return b
}

// bypass adds a track around a block, above it.
func bypass(x block) block {
	const side = 2 * radius
	rise := max(x.up+rowGap, 2*radius)
	b := block{width: x.width + 2*side, up: rise, down: x.down}
	b.draw = func(c *canvas, left, y int) {
		right := left + b.width
		c.line(left, y, left+side, y)
		c.line(right-side, y, right, y)
		c.step(left, y, left+side, y-rise)
		c.line(left+side, y-rise, right-side, y-rise)
		c.step(right-side, y-rise, right, y)
		x.draw(c, left+side, y)
	}
	return b
}

// loop adds a track back from the end of a block to its beginning, below it, with a
// separator on it unless that is nil.
func loop(x block, separator *block) block {
	s := block{draw: func(*canvas, int, int) {}}
	if separator != nil && separator.width > 0 {
		s = *separator
	}
	inner := max(x.width, s.width)
	drop := max(x.down+rowGap+s.up, 2*radius)
	b := block{width: inner + 2*radius, up: x.up, down: max(drop+s.down, drop+arrowSize)}
	b.draw = func(c *canvas, left, y int) {
		right := left + b.width
		from := left + radius + (inner-x.width)/2
		c.line(left, y, from, y)
		c.line(from+x.width, y, right, y)
		x.draw(c, from, y)
		back := left + radius + (inner-s.width)/2
		c.back(right-radius, y, y+drop, back+s.width)
		c.forth(left+radius, y, y+drop, back)
		if s.width == 0 {
			c.arrow(left+b.width/2, y+drop)
		}
		s.draw(c, back, y+drop)
	}
	return b
}

// lines divides the parts of a rule's outermost sequence over as many lines as the width
// needs.
func lines(e Expr) []block {
	parts := []block{}
	if s, ok := e.(Sequence); ok {
		parts = blocks(s)
	} else {
		parts = append(parts, layout(e))
	}
	var out []block
	from, width := 0, 0
	for i, part := range parts {
		if i > from && width+between+part.width > maxWidth-2*(margin+endLength+2*radius) {
			out = append(out, row(parts[from:i]))
			from, width = i, 0
		}
		width += between + part.width
	}
	return append(out, row(parts[from:]))
}
