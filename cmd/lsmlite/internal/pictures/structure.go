// SPDX-License-Identifier: Apache-2.0

// Package pictures has the subcommand that draws the structure of a database: as text, SVG, HTML or PNG, and as a
// recording that plays back. What a picture looks like is decided in the library's package picture; this package owns
// where it goes, and how it becomes pixels. Only package app uses it.
package pictures

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// Structure draws how a database is laid out.
type Structure struct {
	env.Settings
	SVG    string        `name:"svg" placeholder:"FILE" help:"Write the picture as SVG; it is dark where the reader's system is."`
	HTML   string        `name:"html" placeholder:"FILE" help:"Write it as an HTML page, with a table of the segments."`
	PNG    string        `name:"png" placeholder:"FILE" help:"Write it as PNG."`
	Theme  string        `enum:"light,dark" default:"light" help:"Colours of the PNG: ${enum}."`
	Scale  float64       `default:"2" help:"Pixels of the PNG for each of the 1200 that the picture is wide, from 0.5 to 8."`
	Record string        `placeholder:"FILE" help:"Record how the structure changes, as an HTML page that plays it back."`
	Period time.Duration `default:"100ms" help:"How often a program is asked while it is recorded with --remote."`
	For    time.Duration `help:"How long to record with --remote; until Ctrl-C if it is not set."`
	Force  bool          `help:"Replace files that are there."`
	Args   []string      `arg:"" optional:"" name:"file" help:"Database file. After --record FILE -- a command of lsmlite that is run and recorded."`
}

// Help has examples.
func (Structure) Help() string {
	return env.Help("Without a file to write, the picture is text, for the terminal: a line for each tree in memory and each segment, "+
		"the newest first, with the part of the keys that it covers; then the file as a map of its blocks, and the log. "+
		"With --json, all that a picture is made of is printed.\n\n"+
		"A file that one process has open for writing is closed to others. So a recording is made where the writing is done: "+
		"a command of lsmlite after -- is run and recorded, and with --remote a program that serves package inspect is asked again and again.",
		"lsmlite structure my.lsm", "lsmlite structure my.lsm --svg my.svg --png my.png",
		"lsmlite structure --record load.html -- import csv new.lsm rows.csv",
		"lsmlite structure --record load.html --remote http://localhost:8080/debug/lsmlite --for 1m")
}

// AsksRemote implements env.AsksRemote.
func (Structure) AsksRemote() bool { return false }

// Run draws or records.
func (s Structure) Run(ctx context.Context, e *env.Env) error {
	if s.Scale < 0.5 || s.Scale > 8 {
		return env.Errorf(env.Usage, "--scale %g: from 0.5 to 8", s.Scale)
	}
	if err := s.oneOutput(e); err != nil {
		return err
	}
	client, err := remote.Of(e)
	if err != nil {
		return err
	}
	if s.Record != "" {
		return s.record(ctx, e, client)
	}
	l, err := s.layout(ctx, client)
	if err != nil {
		return err
	}
	return s.draw(e, &l)
}

// oneOutput refuses what would print two things to standard output.
func (s Structure) oneOutput(e *env.Env) error {
	first := ""
	if e.JSON {
		first = "--json"
	}
	for _, form := range []struct{ flag, path string }{
		{"--svg", s.SVG}, {"--html", s.HTML}, {"--png", s.PNG}, {"--record", s.Record},
	} {
		switch {
		case form.path != "-":
		case first != "":
			return env.Errorf(env.Usage, "%s and %s - both print to standard output; name a file", first, form.flag)
		default:
			first = form.flag + " -"
		}
	}
	return nil
}

// layout returns the layout of the file, or of the database that a program has open.
func (s Structure) layout(ctx context.Context, client *remote.Client) (engine.Layout, error) {
	switch {
	case client != nil && len(s.Args) > 0:
		return engine.Layout{}, env.Errorf(env.Usage, "--remote asks a program for the database that it has open; leave %s out", s.Args[0])
	case client != nil:
		return client.Layout(ctx)
	case len(s.Args) != 1:
		return engine.Layout{}, env.Errorf(env.Usage, "one database file is needed, such as my.lsm")
	}
	db, err := s.Open(ctx, s.Args[0], env.Read)
	if err != nil {
		return engine.Layout{}, err
	}
	defer db.Close()
	return db.Engine.Layout(ctx)
}

// draw writes what is wanted, or text to standard output.
func (s Structure) draw(e *env.Env, l *engine.Layout) error {
	written := false
	for _, form := range []struct {
		path string
		make func() ([]byte, error)
	}{
		{s.SVG, func() ([]byte, error) { return picture.SVG(picture.Draw(l)), nil }},
		{s.HTML, func() ([]byte, error) {
			var page bytes.Buffer
			err := picture.Page(&page, l)
			return page.Bytes(), err
		}},
		{s.PNG, func() ([]byte, error) { return pngOf(picture.Draw(l), s.theme(), s.Scale) }},
	} {
		if form.path == "" {
			continue
		}
		data, err := form.make()
		if err != nil {
			return err
		}
		out, err := s.create(e, form.path, s.Args)
		if err != nil {
			return err
		}
		defer out.abort()
		if err := out.finish(data); err != nil {
			return err
		}
		written = true
	}
	switch {
	case e.JSON:
		enc := json.NewEncoder(e.Stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(documentOf(l))
	case written:
		return nil
	}
	_, err := fmt.Fprint(e.Stdout, picture.TextOf(l, picture.TextOptions{Width: min(e.Width(), maxWidth), Colors: e.Colors()}))
	return err
}

// maxWidth is how many columns a picture of characters takes: wider ones are not easier to read.
const maxWidth = 140

func (s Structure) theme() picture.Theme {
	if s.Theme == "dark" {
		return picture.Dark
	}
	return picture.Light
}
