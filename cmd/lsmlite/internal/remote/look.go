// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"net/url"
	"strconv"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// Info says which database it is.
func (c *Client) Info(ctx context.Context) (wire.InfoMessage, error) {
	return read[wire.InfoMessage](ctx, c, wire.Info, nil)
}

// Stats returns what DB.Stats returns there.
func (c *Client) Stats(ctx context.Context) (engine.Stats, error) {
	return read[engine.Stats](ctx, c, wire.Stats, nil)
}

// Structure returns the levels, the free blocks and the trees in memory.
func (c *Client) Structure(ctx context.Context) (wire.StructureMessage, error) {
	return read[wire.StructureMessage](ctx, c, wire.Structure, nil)
}

// Layout returns what DB.Layout returns there.
func (c *Client) Layout(ctx context.Context) (engine.Layout, error) {
	return read[engine.Layout](ctx, c, wire.Layout, nil)
}

// Pins returns what DB.Pins returns there.
func (c *Client) Pins(ctx context.Context) (engine.PinReport, error) {
	return read[engine.PinReport](ctx, c, wire.Pins, nil)
}

// Log returns the regions of the log.
func (c *Client) Log(ctx context.Context) (wire.LogMessage, error) {
	return read[wire.LogMessage](ctx, c, wire.Log, nil)
}

// Page returns a page of the file. Long keys and values in it are cut.
func (c *Client) Page(ctx context.Context, page int64) (wire.PageMessage, error) {
	return read[wire.PageMessage](ctx, c, wire.Page, url.Values{"n": {strconv.FormatInt(page, 10)}})
}
