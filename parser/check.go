package parser

// pair is two operands of a comparison whose classes depend on arguments or on how
// numbers become keys.
type pair struct{ x, y *node }

const mismatch = "bytes cannot be compared with a number"

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
	return mismatch + ": write CAST(" + text + " AS INTEGER), or a text instead of the number"
}

// check refuses a pair of bytes and a number.
func (p pair) check(args []Value, toKey KeyFunc) error {
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
		if toKey != nil {
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

// Check refuses arguments that the statement cannot take, before anything runs and
// whatever the data: bytes compared with numbers, numbers as keys where toKey is nil,
// LIMIT and OFFSET that are not integers, patterns that are too long. args[n-1] is
// parameter n. The error is a *BindError or a *LimitError. Check allocates only for an
// error.
func (p *Plan) Check(args []Value, toKey KeyFunc) error {
	if p.Explained != nil {
		return p.Explained.Check(args, toKey)
	}
	for _, pair := range p.pairs {
		if err := pair.check(args, toKey); err != nil {
			return err
		}
	}
	for _, param := range p.patterns {
		if len(args[param-1].Bytes) > MaxPatternBytes {
			return errPatternTooBig
		}
	}
	if toKey == nil {
		for i := range p.Rows {
			if err := p.Rows[i][0].checkKey(args); err != nil {
				return err
			}
		}
	}
	_, _, err := p.LimitOffset(args)
	return err
}

// checkKey refuses an operand that is a number, which cannot be a key.
func (o *Operand) checkKey(args []Value) error {
	switch {
	case o.formula == nil:
		if v := o.Value(args); v.Kind != Bytes {
			return o.keyError(v)
		}
	case o.formula.Class(args) != ClassBytes:
		return &BindError{Msg: numericKey("the number " + cutEnd(o.formula.String(), maxTokenBytes))}
	}
	return nil
}
