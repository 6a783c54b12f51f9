// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bufio"
	"fmt"
	"io"
	"sync"
)

// plainEditor is for terminals that cannot move the cursor: it reads lines.
type plainEditor struct {
	shell *shell
	r     *bufio.Reader
	out   io.Writer // for prompts

	mu   sync.Mutex
	text string
}

func (p *plainEditor) read() (string, error) {
	p.begin()
	fmt.Fprint(p.out, p.shell.prompt())
	for {
		line, err := p.r.ReadString('\n')
		text, done := p.add(line)
		switch {
		case err != nil && text == "":
			return "", err
		case err != nil || done:
			return text, nil
		}
		fmt.Fprint(p.out, p.shell.more())
	}
}

func (p *plainEditor) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = ""
}

func (p *plainEditor) add(line string) (text string, done bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text += line
	return p.text, complete(p.text)
}

// interrupted drops what has been typed. The terminal has dropped the line that is not finished.
func (p *plainEditor) interrupted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = ""
	fmt.Fprint(p.out, "\n"+p.shell.prompt())
}

func (p *plainEditor) close() {}

// newPlainEditor returns what reads lines.
func (s *shell) newPlainEditor() editor {
	return &plainEditor{shell: s, r: bufio.NewReader(s.env.Stdin), out: s.talk()}
}

// talk is where prompts go: not into the results, if those go to a file.
func (s *shell) talk() io.Writer {
	if s.env.OutTerminal() {
		return s.env.Stdout
	}
	return s.env.Stderr
}
