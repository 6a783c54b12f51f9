// SPDX-License-Identifier: Apache-2.0

package care

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/keys"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Diff compares the rows of two databases.
type Diff struct {
	env.Settings
	env.OtherKey
	keys.Range
	First   string `arg:"" help:"Database file."`
	Second  string `arg:"" help:"Database file to compare it with."`
	Values  bool   `help:"Print values, too. Long ones are shortened; in JSON those over 64 KiB are replaced by their length and SHA-256."`
	Summary bool   `help:"Print only how many rows differ."`
}

// Help has examples.
func (Diff) Help() string {
	return env.Help("Each key that differs is a line: - and a key that only the first database has, + and one that only the second has, "+
		"~ and one with different values. The exit code is 1 if there are any. Pages, blocks, codecs and logs do not matter, only rows do. "+
		"Memory is bounded, however long the values are. With --set skip_damaged=on, what can be read of a damaged database is compared; "+
		"then the exit code is 4.\n\n"+
		"The key of --key-file and so on opens both databases. For the second one --other-key-file and so on name another key; without them it "+
		"may also be in clear, and a line on standard error names it then.\n\n"+
		"With --json each is an object on a line, with key_base64 or value_base64 for what is not UTF-8, and the last line is an object with "+
		"the key \"summary\".",
		"lsmlite diff old.lsm new.lsm", "lsmlite diff --values --prefix user/ old.lsm new.lsm", "lsmlite diff --summary my.lsm my-backup.lsm",
		"lsmlite diff --key-file my.key --other-key-file their.key my.lsm their.lsm", "lsmlite diff --other-key-file my.key clear.lsm my.lsm")
}

// Run compares the databases.
func (d Diff) Run(ctx context.Context, e *env.Env) error {
	within, err := d.Rows()
	if err != nil {
		return err
	}
	first, err := d.Open(ctx, d.First, env.Read)
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := d.OpenOther(ctx, e, d.Second, d.OtherKey)
	if err != nil {
		return err
	}
	defer second.Close()
	a, err := first.Engine.Cursor(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := second.Engine.Cursor(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	err = d.compare(ctx, e, a, b, within)
	if err != nil && env.CodeOf(err) != env.No {
		return err
	}
	return cmp.Or(first.Unread(e, d.First), second.Unread(e, d.Second), err)
}

func (d Diff) compare(ctx context.Context, e *env.Env, a, b *engine.Cursor, within row.Range) error {
	p := e.Progress("compare", env.Rows, 0)
	defer p.Done()
	c := comparison{first: a, second: b, within: within, progress: p.Set}
	if !d.Summary {
		c.found = func(kind difference) error { return d.print(e, kind, a, b) }
	}
	if err := c.run(ctx); err != nil {
		return err
	}
	p.Done()
	return d.summary(e, c.counts)
}

// summary says how many rows differ.
func (d Diff) summary(e *env.Env, n counts) error {
	var err error
	first, second := text.Name(d.First), text.Name(d.Second)
	switch {
	case e.JSON:
		err = printJSON(e, map[string]any{"summary": n})
	case n.different() == 0:
		_, err = fmt.Fprintf(e.Stdout, "%s and %s have the same rows: %d\n", first, second, n.Equal)
	default:
		_, err = fmt.Fprintf(e.Stdout, "%s: %d only in %s, %d only in %s, %d with different values; %d are equal\n",
			plural(n.different(), "difference"), n.OnlyFirst, first, n.OnlySecond, second, n.OtherValue, n.Equal)
	}
	if err == nil && n.different() > 0 {
		err = env.Silent(env.No)
	}
	return err
}

// signs are the differences as they are printed.
var signs = map[difference]string{onlyFirst: "-", onlySecond: "+", otherValue: "~"}

// print prints one difference.
func (d Diff) print(e *env.Env, kind difference, a, b *engine.Cursor) error {
	key := a
	if kind == onlySecond {
		key, a = b, nil
	}
	if kind == onlyFirst {
		b = nil
	}
	if e.JSON {
		return d.printJSON(e, kind, key.Key(), [2]*engine.Cursor{a, b})
	}
	line := signs[kind] + " " + text.Show(key.Key())
	if d.Values {
		for _, c := range []*engine.Cursor{a, b} {
			if c == nil {
				continue
			}
			shown, err := shortValue(c)
			if err != nil {
				return err
			}
			line += "\n    " + shown
		}
	}
	_, err := fmt.Fprintln(e.Stdout, line)
	return err
}

// diffLine is a difference in JSON.
type diffLine struct {
	Difference difference `json:"difference"`
	Key        *string    `json:"key,omitempty"`
	KeyBase64  []byte     `json:"key_base64,omitempty"`
	First      *diffValue `json:"first,omitempty"`
	Second     *diffValue `json:"second,omitempty"`
}

// diffValue is a value in JSON.
type diffValue struct {
	Bytes       int     `json:"bytes"`
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
	SHA256      string  `json:"sha256,omitempty"`
}

// printJSON prints one difference; sides are the cursors that are on the key, the others nil.
func (d Diff) printJSON(e *env.Env, kind difference, key []byte, sides [2]*engine.Cursor) error {
	line := diffLine{Difference: kind}
	line.Key, line.KeyBase64 = inJSON(key)
	for i, to := range []**diffValue{&line.First, &line.Second} {
		if sides[i] == nil || !d.Values {
			continue
		}
		v, err := valueJSON(sides[i])
		if err != nil {
			return err
		}
		*to = v
	}
	return printJSON(e, line)
}

const (
	// maxShown is the length up to which a value is shown in JSON.
	maxShown = 64 << 10
	// maxLine is how much of a value is shown on a line.
	maxLine = 120
)

func valueJSON(c *engine.Cursor) (*diffValue, error) {
	v := &diffValue{Bytes: c.ValueLen()}
	if v.Bytes <= maxShown {
		value, err := c.Value()
		v.Value, v.ValueBase64 = inJSON(value)
		return v, err
	}
	r, err := c.ValueReader()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return nil, err
	}
	v.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return v, nil
}

// shortValue renders the beginning of a value.
func shortValue(c *engine.Cursor) (string, error) {
	part, err := c.ValuePart(nil, 0, maxLine)
	if err != nil {
		return "", err
	}
	if n := c.ValueLen(); n > len(part) {
		return fmt.Sprintf("%s… (%d bytes)", text.Show(part), n), nil
	}
	return text.Show(part), nil
}
