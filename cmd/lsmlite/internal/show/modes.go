// SPDX-License-Identifier: Apache-2.0

package show

import (
	"fmt"
	"strings"
)

// Mode is a way to print rows. The zero value is list.
type Mode string

// The modes that have a meaning for other packages.
const (
	List   Mode = "list"
	Box    Mode = "box"
	Table  Mode = "table"
	CSV    Mode = "csv"
	JSON   Mode = "json"
	JSONL  Mode = "jsonl"
	Line   Mode = "line"
	Insert Mode = "insert"
)

// ModeHelp describes a mode.
type ModeHelp struct {
	Mode Mode
	Help string
}

// mode is a row of the table of modes.
type mode struct {
	name Mode
	help string
	rows func(printer) Rows
}

// modes are all modes, in the order of the help.
var modes = []mode{
	{Box, "a table with lines, for people", func(p printer) Rows { return newTable(p, boxStyle) }},
	{CSV, "comma-separated values; bytes that are no text as x'00ff' or \"…\\x00\"", newCSV},
	{"hex", "every value in hexadecimal digits, as hex() gives them", newHex},
	{Insert, "INSERT statements that write the rows; they have to have two columns", newInsert},
	{JSON, "one array of objects; bytes that are no UTF-8 as base64 in NAME_base64", newJSON},
	{JSONL, "one object a line, as in json", newJSONL},
	{Line, "one value a line", newLine},
	{List, "values with | between them", newList},
	{"markdown", "a table of Markdown", func(p printer) Rows { return newTable(p, markdownStyle) }},
	{"quote", "literals of SQL", newQuote},
	{"raw", "the bytes as they are, with | between them; it cannot be read back", newRaw},
	{Table, "a table in ASCII, for people", func(p printer) Rows { return newTable(p, asciiStyle) }},
	{"tabs", "values with tabs between them", newTabs},
}

// Modes lists the modes by name.
func Modes() []ModeHelp {
	list := make([]ModeHelp, len(modes))
	for i, m := range modes {
		list[i] = ModeHelp{m.name, m.help}
	}
	return list
}

// ParseMode returns the mode of a name.
func ParseMode(name string) (Mode, error) {
	var names []string
	for _, m := range modes {
		if string(m.name) == name {
			return m.name, nil
		}
		names = append(names, string(m.name))
	}
	return "", fmt.Errorf("there is no mode %q; the modes are %s", name, strings.Join(names, ", "))
}

func modeOf(name Mode) mode {
	if name == "" {
		name = List
	}
	for _, m := range modes {
		if m.name == name {
			return m
		}
	}
	panic("show: there is no mode " + string(name))
}
