// SPDX-License-Identifier: Apache-2.0

package parser

// remedy says what is wrong with the pair and what to write instead.
func (p pair) remedy() string {
	raw := p.x
	if raw.class != ClassBytes {
		raw = p.y
	}
	text := "…"
	if raw.class == ClassBytes {
		var pr printer
		raw.source.append(&pr)
		text = cutEnd(string(pr.buf), maxTokenBytes)
	}
	msg := mismatch + ": write CAST(" + text + " AS INTEGER)"
	if p.x.isKey() && p.x != raw || p.y.isKey() && p.y != raw {
		return msg // keys are numbers
	}
	return msg + ", or a text instead of the number"
}

// check refuses a pair of bytes and a number.
func (p pair) check(args []Value, keys *KeyType) error {
	x, y := p.x.resolve(args) == ClassBytes, p.y.resolve(args) == ClassBytes
	if x == y {
		return nil
	}
	raw, num := p.x, p.y
	if y {
		raw, num = num, raw
	}
	param := num.param
	if raw.isKey() {
		if keys != nil {
			return nil
		}
		o := Operand{Param: param, Const: num.value}
		if param > 0 {
			return o.keyError(args[param-1])
		}
		if num.op == nodeConst {
			return o.keyError(num.value)
		}
		return &BindError{Msg: numericKey("a number")}
	}
	if param == 0 {
		param = raw.param
	}
	return &BindError{Param: param, Msg: p.remedy()}
}

// Check refuses arguments that the statement cannot take, before anything runs and whatever the
// data: bytes compared with numbers, numbers as keys where keys are bytes and bytes where they
// are numbers, LIMIT and OFFSET that are not integers, patterns that are too long, an ESCAPE that
// is not one character. args[n-1] is parameter n. The error is a *BindError or a *LimitError.
// Check allocates only for an error.
func (p *Plan) Check(args []Value, keys *KeyType) error {
	if p.Explained != nil {
		return p.Explained.Check(args, keys)
	}
	for _, pair := range p.pairs {
		if err := pair.check(args, keys); err != nil {
			return err
		}
	}
	for _, param := range p.patterns {
		if len(args[param-1].Bytes) > MaxPatternBytes {
			return errPatternTooBig
		}
	}
	for _, param := range p.escapes {
		var number [32]byte
		if !isCharacter(args[param-1].AppendText(number[:0])) {
			return &BindError{Param: param, Msg: escapeWrong}
		}
	}
	if keys == nil || keys.numeric() {
		for i := range p.Rows {
			if err := p.Rows[i][0].checkKey(args, keys); err != nil {
				return err
			}
		}
	}
	_, _, err := p.LimitOffset(args)
	return err
}

// checkKey refuses an operand that is a number where keys are bytes, and the reverse.
func (o *Operand) checkKey(args []Value, keys *KeyType) error {
	v, isBytes := Value{}, false
	if o.formula == nil {
		v = o.Value(args)
		isBytes = v.Kind == Bytes
	} else {
		isBytes = o.formula.Class(args) == ClassBytes
	}
	switch {
	case isBytes != keys.numeric():
		return nil
	case isBytes:
		return &BindError{Param: o.Param, Msg: bytesKey(keys)}
	case o.formula == nil:
		return o.keyError(v)
	}
	return &BindError{Msg: numericKey("the number " + cutEnd(o.formula.String(), maxTokenBytes))}
}
