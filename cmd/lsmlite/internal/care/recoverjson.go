// SPDX-License-Identifier: Apache-2.0

package care

import "github.com/lsmlite/lsmlite-go/engine"

// recoverJSON is the report of a rescue in JSON.
type recoverJSON struct {
	From        string        `json:"from"`
	To          string        `json:"to"`
	Complete    bool          `json:"complete"`
	Rows        int64         `json:"rows"`
	Unverified  int64         `json:"rows_without_page_sums"`
	Checkpoint  int64         `json:"checkpoint"`
	Scanned     bool          `json:"scanned"`
	Mended      bool          `json:"checkpoint_mended"`
	Older       bool          `json:"older_checkpoint"`
	PageSize    int           `json:"page_size"`
	BlockSize   int           `json:"block_size"`
	Compression string        `json:"compression"`
	Bytes       int64         `json:"bytes"`
	Unreadable  int64         `json:"unreadable_bytes"`
	Unknown     int64         `json:"unknown_bytes"`
	Pages       int64         `json:"pages"`
	PagesLost   int64         `json:"pages_lost"`
	Sources     []sourceJSON  `json:"sources"`
	Log         logReportJSON `json:"log"`
	NumLost     int64         `json:"num_lost"`
	Lost        []gapJSON     `json:"lost"`
	Stale       rangesJSON    `json:"stale"`
	Doubtful    rangesJSON    `json:"doubtful"`
	Problems    []string      `json:"problems"`
}

type sourceJSON struct {
	Name      string `json:"name"`
	First     int64  `json:"first_page,omitempty"`
	Pages     int64  `json:"pages"`
	PagesLost int64  `json:"pages_lost"`
	Rows      int64  `json:"rows"`
	Summed    bool   `json:"page_sums"`
	Guessed   bool   `json:"age_guessed"`
}

type logReportJSON struct {
	Path         string `json:"path"`
	Found        bool   `json:"found"`
	Bytes        int64  `json:"bytes"`
	Transactions int64  `json:"transactions"`
	Records      int64  `json:"records"`
	Torn         bool   `json:"torn"`
	Missing      bool   `json:"transactions_missing"`
	DamagedAt    *int64 `json:"damaged_at"` // null if it is not
	LostBytes    int64  `json:"lost_bytes"`
	After        int64  `json:"transactions_after_damage"`
}

// gapJSON is a stretch of keys; one that is not there stands for the beginning or the end of all keys.
type gapJSON struct {
	After        *string `json:"after,omitempty"`
	AfterBase64  []byte  `json:"after_base64,omitempty"`
	Before       *string `json:"before,omitempty"`
	BeforeBase64 []byte  `json:"before_base64,omitempty"`
	Source       string  `json:"source"`
}

type rangesJSON struct {
	Rows   int64       `json:"rows"`
	Joined bool        `json:"joined"`
	Ranges []rangeJSON `json:"ranges"`
}

type rangeJSON struct {
	From       *string `json:"from,omitempty"`
	FromBase64 []byte  `json:"from_base64,omitempty"`
	To         *string `json:"to,omitempty"`
	ToBase64   []byte  `json:"to_base64,omitempty"`
	Rows       int64   `json:"rows"`
	Source     string  `json:"source"`
	Newer      string  `json:"newer,omitempty"`
}

func reportJSON(from, to string, r *engine.RecoverReport) recoverJSON {
	out := recoverJSON{
		From: from, To: to, Complete: r.Complete(), Rows: r.Rows, Unverified: r.Unverified, Checkpoint: r.Checkpoint,
		Scanned: r.Scanned, Mended: r.Mended, Older: r.Older, PageSize: r.PageSize, BlockSize: r.BlockSize,
		Compression: r.Compression, Bytes: r.Bytes, Unreadable: r.Unreadable, Unknown: r.Unknown, Pages: r.Pages,
		PagesLost: r.PagesLost, NumLost: r.NumLost, Sources: []sourceJSON{}, Lost: []gapJSON{},
		Stale: rangesOf(&r.Stale), Doubtful: rangesOf(&r.Doubtful), Problems: append([]string{}, r.Problems...),
		Log: logReportJSON{Path: r.Log.Path, Found: r.Log.Found, Bytes: r.Log.Bytes, Transactions: r.Log.Transactions,
			Records: r.Log.Records, Torn: r.Log.Torn, Missing: r.Log.Missing, LostBytes: r.Log.LostBytes, After: r.Log.After},
	}
	if r.Log.DamagedAt >= 0 {
		out.Log.DamagedAt = &r.Log.DamagedAt
	}
	for _, s := range r.Sources {
		out.Sources = append(out.Sources, sourceJSON(s))
	}
	for _, g := range r.Lost {
		gap := gapJSON{Source: g.Source}
		if g.After != nil {
			gap.After, gap.AfterBase64 = inJSON(g.After)
		}
		if g.Before != nil {
			gap.Before, gap.BeforeBase64 = inJSON(g.Before)
		}
		out.Lost = append(out.Lost, gap)
	}
	return out
}

func rangesOf(r *engine.RecoverRanges) rangesJSON {
	out := rangesJSON{Rows: r.Rows, Joined: r.Joined, Ranges: []rangeJSON{}}
	for _, a := range r.Ranges {
		one := rangeJSON{Rows: a.Rows, Source: a.Source, Newer: a.Newer}
		one.From, one.FromBase64 = inJSON(a.From)
		one.To, one.ToBase64 = inJSON(a.To)
		out.Ranges = append(out.Ranges, one)
	}
	return out
}
