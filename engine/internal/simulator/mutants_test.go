// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/simulator"
)

var (
	allMutants = flag.Bool("simulator.allmutants", false, "look for all mutants")
	mostEach   = flag.Int("simulator.mutants", 0, "how many programs each mutant may take to be found; 0: as many as the table says")
	oneMutant  = flag.String("simulator.mutant", "", "run programs on that mutant until one fails, or as many as -simulator.mutants says")
)

// briefMutants are those that an ordinary run looks for: they take the first few programs.
var briefMutants = map[mutant.Mutant]bool{mutant.GroupNotSynced: true, mutant.WakeLost: true}

// TestMutants wants each mutant of the engine to be found by the first programs, each in a process of its own, which an
// assertion may end.
func TestMutants(t *testing.T) {
	needsTag(t)
	if *oneMutant != "" {
		t.Skip("this process is one of them")
	}
	for _, m := range mutant.All() {
		most := mutants[m]
		if *mostEach > 0 {
			most = *mostEach
		}
		if most == 0 || !*allMutants && !briefMutants[m] {
			continue
		}
		t.Run(strings.ReplaceAll(m.String(), " ", "_"), func(t *testing.T) {
			began := time.Now()
			c := exec.Command(os.Args[0], "-test.run=^TestOneMutant$", "-simulator.mutant="+m.String(), fmt.Sprint("-simulator.mutants=", most))
			out, err := c.CombinedOutput()
			n := bytes.Count(out, []byte("\nprogram "))
			if err == nil {
				t.Errorf("not found by %d programs: %s", n, m.Sentence())
				return
			}
			t.Logf("found by program %d in %v: %s\n%s", n, time.Since(began).Round(time.Second/10), m.Sentence(), excerpt(out))
		})
	}
}

// excerpt returns what a process has said last, without its programs.
func excerpt(out []byte) string {
	at := bytes.LastIndex(out, []byte("\nprogram "))
	lines := strings.Split(string(out[at+1:]), "\n")
	for i, line := range lines {
		if len(line) > 300 {
			lines[i] = line[:300]
		}
	}
	return strings.Join(lines[:min(len(lines), 8)], "\n")
}

// TestOneMutant is a process that TestMutants starts.
func TestOneMutant(t *testing.T) {
	if *oneMutant == "" {
		t.Skip("TestMutants starts it")
	}
	for _, m := range mutant.All() {
		if m.String() != *oneMutant {
			continue
		}
		for seed := range uint64(*mostEach) {
			fmt.Printf("\nprogram %d\n", seed)
			if _, err := simulator.Run(t, simulator.Program{Seed: seed, Mutant: m}); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	t.Fatalf("there is no mutant %q", *oneMutant)
}
