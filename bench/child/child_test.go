// SPDX-License-Identifier: Apache-2.0

package child

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

type task struct {
	Add  []int
	Fail string
	Exit bool
	Bad  bool
	Hang bool
}

func add(t task) (sum int, err error) {
	switch {
	case t.Fail != "":
		return 0, errors.New(t.Fail)
	case t.Exit:
		fmt.Fprintln(os.Stderr, "out of luck")
		os.Exit(3)
	case t.Bad:
		fmt.Println("no JSON")
	case t.Hang:
		time.Sleep(time.Minute)
	}
	for _, n := range t.Add {
		sum += n
	}
	return sum, nil
}

// TestMain lets this test be its own child.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == Flag {
		code := Main(add)
		if os.Args[2] == "late" {
			code = 7
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func start(t *testing.T, ctx context.Context, what task) *Process {
	t.Helper()
	p, err := Start(ctx, "add", what)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnswer(t *testing.T) {
	var sum int
	if err := start(t, t.Context(), task{Add: []int{1, 2, 3}}).Wait(&sum); err != nil || sum != 6 {
		t.Errorf("sum %d, %v", sum, err)
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		task task
		want string
	}{
		"an error":           {task{Fail: "no such store"}, "no such store"},
		"an exit":            {task{Exit: true}, "out of luck"},
		"an exit's code":     {task{Exit: true}, "exit status 3"},
		"another answer":     {task{Bad: true}, "no JSON"},
		"an answer's number": {task{Add: []int{1}}, "cannot unmarshal"},
	} {
		var answer string // a number is an error, too
		err := start(t, t.Context(), c.task).Wait(&answer)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
}

// TestFailureAfterTheAnswer: what a child answers does not count if it fails afterwards.
func TestFailureAfterTheAnswer(t *testing.T) {
	p, err := Start(t.Context(), "late", task{Add: []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(new(int)); err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("%v, want its exit status in it", err)
	}
}

// TestEnd ends children by the context, by Kill, and by closing their input, as a parent's end does.
func TestEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := start(t, ctx, task{Hang: true})
	cancel()
	if err := p.Wait(new(int)); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("after the context's end: %v", err)
	}
	p = start(t, t.Context(), task{Hang: true})
	p.Kill()
	if err := p.Wait(new(int)); err == nil || !strings.Contains(err.Error(), "killed") || p.CPU() <= 0 {
		t.Errorf("after Kill: %v, %v of CPU time", err, p.CPU())
	}
	p = start(t, t.Context(), task{Hang: true})
	p.input.Close()
	begun := time.Now()
	if err := p.Wait(new(int)); err == nil || time.Since(begun) > 30*time.Second {
		t.Errorf("a child without a parent: %v after %v", err, time.Since(begun))
	}
}

// TestServe gives a child tasks that are none.
func TestServe(t *testing.T) {
	for text, want := range map[string]string{
		"{}\n":            `{"answer":0}`,
		"{\"Add\":[5]}\n": `{"answer":5}`,
		"what?\n":         "invalid character",
		"":                "",
	} {
		var out bytes.Buffer
		in, end := io.Pipe()
		go func() {
			io.WriteString(end, text)
			if text == "" {
				end.Close()
			}
		}()
		code := serve(in, &out, func() {}, add)
		end.Close()
		if !strings.Contains(out.String(), want) || (code == 0) != strings.Contains(out.String(), "answer") {
			t.Errorf("%q: code %d, %q", text, code, out.String())
		}
		if out.Len() > 0 && !json.Valid(out.Bytes()) {
			t.Errorf("%q: %q is no JSON", text, out.String())
		}
	}
}

func TestTail(t *testing.T) {
	var kept tail
	for i := range 10_000 {
		fmt.Fprintf(&kept, "%d\n", i)
	}
	if text := kept.text(); !strings.HasSuffix(text, "9998\n9999") || len(text) > 3*tailBytes {
		t.Errorf("%d bytes, ending in %.20q", len(text), text[len(text)-20:])
	}
}
