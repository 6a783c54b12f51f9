// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// startWine makes a Windows for the test programs, in a folder of its own, and ends its processes at the end. Wine
// before 9 has no bcryptprimitives.dll, of which Go calls one function. The library made here forwards it to the one
// that advapi32.dll has for the same purpose.
func startWine(o *Options, temp string) ([]string, func() error, error) {
	prefix := filepath.Join(temp, "wine")
	env := append(os.Environ(), "WINEPREFIX="+prefix, "WINEDEBUG=-all")
	command := func(words ...string) error {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", words, err, out)
		}
		return nil
	}
	if err := command("wineboot", "--init"); err != nil {
		return nil, nil, err
	}
	end := func() error {
		_ = command("wineserver", "--kill") // it fails if the server has ended by itself, some seconds after the last program
		return nil
	}
	library := filepath.Join(prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")
	if _, err := os.Stat(library); err != nil {
		made := forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")
		if err := os.WriteFile(library, made, 0o666); err != nil {
			return nil, nil, errors.Join(err, end())
		}
	}
	return []string{"env", "WINEPREFIX=" + prefix, "WINEDEBUG=-all", "wine"}, end, nil
}

// buildForWine returns a flag of the build with which os.RemoveAll works in Wine before 9. To remove a file it requests
// what Windows has since 2016, and goes the older way if Windows says that it does not know that; Wine says that it is
// not implemented, which Go does not know. Without it each test that has made a file fails as it ends.
func buildForWine(temp string) ([]string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	name := filepath.Join(strings.TrimSpace(string(root)), "src", "internal", "syscall", "windows", "at_windows.go")
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	const known, more = "\t\tSTATUS_NOT_SUPPORTED:", "\t\tSTATUS_NOT_SUPPORTED, NTStatus(0xC0000002):"
	if bytes.Count(source, []byte(known)) != 1 {
		return nil, fmt.Errorf("%s is not as expected", name)
	}
	changed := filepath.Join(temp, "at_windows.go")
	if err := os.WriteFile(changed, bytes.Replace(source, []byte(known), []byte(more), 1), 0o666); err != nil {
		return nil, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {name: changed}})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(temp, "overlay.json")
	return []string{"-overlay=" + file}, os.WriteFile(file, overlay, 0o666)
}
