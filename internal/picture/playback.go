// SPDX-License-Identifier: Apache-2.0

package picture

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"time"
)

//go:embed player.js
var playerJS string

// errNoFrames says that a Recorder has nothing to play back.
var errNoFrames = errors.New("lsmlite: nothing was recorded: the database was never looked at")

// Page writes an HTML page that plays the layouts back: with a button, a slider, a choice of speeds, and keys. It
// has the first one as a picture, and of all others what is different from the one before. It needs nothing but
// itself.
func (r *Recorder) Page(w io.Writer) error {
	list := r.all()
	if len(list) == 0 {
		return errNoFrames
	}
	common := commonFrame(list)
	first := drawFrame(list[0].layout, common)
	c := newCoder()
	var film film
	for _, f := range list {
		s := drawFrame(f.layout, common)
		film.Frames = append(film.Frames, c.frame(s, f.at))
	}
	film.Paints = c.paints
	frames, err := json.Marshal(film) // which makes < and > harmless within a page
	if err != nil {
		return err
	}
	p := newPage(first)
	p.Policy, p.Last = policy(playerJS), len(list)-1
	p.Strip = template.HTML(strip(list).inline("strip"))
	p.Frames = template.HTML(`<script type="application/json" id="film">` + string(frames) + `</script>`)
	p.Script = template.HTML("<script>" + playerJS + "</script>")
	return pageTemplate.Execute(w, p)
}

// film is what the script plays: names of paints, and frames.
type film struct {
	Paints []Paint     `json:"paints"`
	Frames []filmFrame `json:"frames"`
}

// filmFrame is what is different from the frame before. Set has items, each after its number; Gone the numbers of
// those that are not there any more.
type filmFrame struct {
	At   string  `json:"at"`
	Text string  `json:"text"`
	Set  [][]any `json:"set,omitempty"`
	Gone []int   `json:"gone,omitempty"`
}

// coder finds the differences.
type coder struct {
	numbers map[string]int // of items, by their IDs
	shown   map[string]Item
	paints  []Paint
	places  map[Paint]int // in paints
}

func newCoder() *coder {
	return &coder{numbers: make(map[string]int), shown: make(map[string]Item), places: make(map[Paint]int)}
}

// frame returns what a scene has that the one before had not.
func (c *coder) frame(s *Scene, at time.Duration) filmFrame {
	f := filmFrame{At: timeText(at), Text: s.Text}
	seen := make(map[string]bool, len(s.Items))
	for _, it := range s.Items {
		seen[it.ID] = true
		if old, ok := c.shown[it.ID]; ok && old == it {
			continue
		}
		c.shown[it.ID] = it
		number, ok := c.numbers[it.ID]
		if !ok {
			number = len(c.numbers)
			c.numbers[it.ID] = number
		}
		f.Set = append(f.Set, c.item(number, &it))
	}
	for id := range c.shown {
		if !seen[id] {
			delete(c.shown, id)
			f.Gone = append(f.Gone, c.numbers[id])
		}
	}
	slices.Sort(f.Gone)
	return f
}

// item codes an item as a list, which player.js reads.
func (c *coder) item(number int, it *Item) []any {
	list := []any{number, it.Kind, it.Layer, round(it.X), round(it.Y), round(it.W), round(it.H), c.paint(it.Fill), c.paint(it.Stroke),
		round(it.Size), round(it.Round), it.Style, it.Anchor}
	if it.Text != "" || it.Tip != "" {
		list = append(list, it.Text)
	}
	if it.Tip != "" {
		list = append(list, it.Tip)
	}
	return list
}

// paint returns the place of a paint in the list; 0 is none.
func (c *coder) paint(p Paint) int {
	if p == "" {
		return 0
	}
	if _, ok := c.places[p]; !ok {
		c.paints = append(c.paints, p)
		c.places[p] = len(c.paints)
	}
	return c.places[p]
}

func round(f float64) float64 { return math.Round(f*100) / 100 }

func timeText(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	if d < time.Hour {
		return fmt.Sprintf("%d:%04.1f", int(d.Minutes()), d.Seconds()-60*math.Floor(d.Minutes()))
	}
	return d.Round(time.Second).String()
}

// strip draws the size of the file over the time, for the place above the slider.
func strip(list []recorded) *Scene {
	const height = 44
	s := &Scene{Width: inner, Height: height, Title: "Size of the file over the time", Text: "From " + size(list[0].layout.FileBytes) + " to " +
		size(list[len(list)-1].layout.FileBytes)}
	largest := int64(1)
	for _, f := range list {
		largest = max(largest, f.layout.FileBytes)
	}
	w := float64(inner) / float64(len(list))
	for i, f := range list {
		h := max(1, float64(f.layout.FileBytes)/float64(largest)*height)
		free := 0.0
		if f.layout.Blocks > 0 {
			free = h * float64(f.layout.FreeBlocks) / float64(f.layout.Blocks)
		}
		x := float64(i) * w
		s.rect(fmt.Sprintf("u%d", i), box{x, height - h + free, w + 0.3, h - free}, logPaint, "")
		s.rect(fmt.Sprintf("f%d", i), box{x, height - h, w + 0.3, free}, waitingPaint, "")
	}
	s.line("now", box{x: 0.5, h: height}, inkPaint, 2)
	return s
}
