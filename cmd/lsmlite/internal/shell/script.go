// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/parser"
)

const (
	// MaxDotLine is how long the line of a dot command may be, in bytes.
	MaxDotLine = 64 << 10
	// readBytes is how much of a script is read at once.
	readBytes = 64 << 10
)

// script runs the statements and dot commands of a stream. After an error it goes on with the next statement, unless
// the shell bails; it returns, printed already, the first error.
func (s *shell) script(ctx context.Context, r io.Reader, o origin) error {
	in := scriptReader{shell: s, ctx: ctx, origin: o, split: newSplitter(), r: bufio.NewReaderSize(r, readBytes)}
	return in.run()
}

type scriptReader struct {
	*shell
	ctx    context.Context
	origin origin
	split  *splitter
	r      *bufio.Reader
	first  error
}

// run reads line by line, a long line in pieces.
func (in *scriptReader) run() error {
	lineBegins := true
	for begin := true; ; begin = false {
		p, err := in.r.ReadSlice('\n')
		if begin {
			p = trimBOM(p)
		}
		full := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && err != io.EOF && !full {
			return in.note(err)
		}
		if lineBegins && len(p) > 0 && p[0] == '.' && in.split.fresh() {
			if full {
				return in.note(in.origin.locate(env.Errorf(env.Refused, "a dot command of more than %d bytes", MaxDotLine), in.place()))
			}
			if stop := in.dot(string(p)); stop != nil {
				return stop
			}
		} else if stop := in.feed(p); stop != nil {
			return stop
		}
		lineBegins = !full
		if err == io.EOF {
			break
		}
	}
	if in.split.last() {
		if stop := in.statement(); stop != nil {
			return stop
		}
	}
	return in.first
}

func (in *scriptReader) place() place { return place{in.split.line, 1} }

// feed runs the statements that a piece of the script completes.
func (in *scriptReader) feed(p []byte) error {
	for len(p) > 0 {
		n, complete := in.split.feed(p)
		p = p[n:]
		if complete {
			if stop := in.statement(); stop != nil {
				return stop
			}
		}
	}
	return nil
}

func (in *scriptReader) statement() error {
	raw, at := in.split.take()
	text := string(raw)
	if len(text) == 0 {
		return nil
	}
	if in.echo {
		in.echoed(text + ";")
	}
	if err := in.once(func() error { return in.shell.run(in.ctx, text) }); err != nil {
		return in.note(in.origin.locate(err, at))
	}
	return nil
}

func (in *scriptReader) dot(line string) error {
	at := in.place()
	in.split.feed([]byte(line[len(strings.TrimRight(line, "\n")):])) // the line is counted
	if in.echo {
		in.echoed(strings.TrimRight(line, "\r\n"))
	}
	err := in.command(in.ctx, line)
	if leave, ok := errors.AsType[errLeave](err); ok {
		return errLeave{cmp.Or(leave.err, in.first)}
	}
	if err == nil || env.IsSilent(err) {
		return in.note(err)
	}
	return in.note(in.origin.locate(err, at))
}

// note prints an error and keeps the first one. It returns an error if the script ends with it.
func (in *scriptReader) note(err error) error {
	if err == nil {
		return nil
	}
	in.complain(err)
	err = env.Silent(env.CodeOf(err))
	if in.first == nil {
		in.first = err
	}
	if in.bail || in.ctx.Err() != nil {
		return in.first
	}
	return nil
}

// text runs the statements and dot commands of an argument, up to the first error.
func (s *shell) text(ctx context.Context, text string) error {
	bail := s.bail
	s.bail = true
	defer func() { s.bail = bail }()
	return s.script(ctx, strings.NewReader(text), origin{})
}

// understood checks the statements of an argument, so that nothing is opened or run for a text that has an error.
func understood(text string) error {
	if strings.HasPrefix(text, ".") || strings.Contains(text, "\n.") {
		return nil // a dot command is found out when it runs
	}
	list, _ := split(text)
	for _, st := range list {
		if _, err := parser.Parse(st.text); err != nil {
			code := env.Refused
			return env.Errorf(code, "%w", origin{}.locate(err, st.at))
		}
	}
	return nil
}
