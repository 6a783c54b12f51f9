// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// TestKeysByKeyboard goes through keys and values without a mouse.
func TestKeysByKeyboard(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShop(t, inspect.Options{})
	b.screen(1280, 860, "light")
	b.visit(s.page)
	b.press("/")
	b.write("user/001")
	b.has("#list-note", "10 keys.")
	b.press("Enter")
	b.has("#value h2", "user/0010")
	b.has("#value pre", `"name": "User 10"`)
	b.press("ArrowDown", "ArrowDown")
	b.has("#value pre", `"name": "User 12"`)
	b.press("End")
	b.has("#value h2", "user/0019")
	b.press("Home", "ArrowUp")
	b.has("#value h2", "user/0010")

	b.press("/")
	b.set("#prefix", "")
	b.press("Enter")
	b.has("#list-note", "100 keys so far.")
	b.press("t")
	b.has("#list", "user/")
	b.has("#list .folder", "config/")
	b.until(`document.activeElement.id === "list"`)
	b.press("Home", "ArrowDown", "ArrowDown", "ArrowDown") // log/
	b.has("[aria-selected=true]", "log/")
	b.has("[aria-selected=true]", "120")
	b.press("ArrowRight")
	b.has("#list", "2025/")
	b.press("ArrowDown", "Enter")
	b.has("#list-note", "40 entries.")
	b.has("#crumbs", "2024/")
	b.press("ArrowLeft")
	b.has("#list-note", "3 entries.")
	b.press("?")
	b.until(`document.getElementById("help").open`)
	b.press("Escape")
	b.until(`!document.getElementById("help").open`)
	for n, view := range []string{"overview", "keys", "sql"} {
		b.press(fmt.Sprint(n + 1))
		b.until(fmt.Sprintf("!document.getElementById(%q).hidden && document.querySelector('[aria-current=page]').dataset.view === %q", view, view))
	}
	b.until(`document.activeElement.id === "sql-text"`)
	b.press("Escape", "5")
	b.until(`!document.getElementById("care").hidden`)
}

// TestFormsOfValues shows each kind of value in the form that fits it.
func TestFormsOfValues(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShop(t, inspect.Options{})
	b.screen(1280, 860, "light")
	b.visit(s.page + "#keys")
	show := func(prefix, heading string) {
		t.Helper()
		b.set("#prefix", "")
		b.press("Escape", "/")
		b.write(prefix)
		b.has("#list-note", "1 key.")
		b.press("Enter")
		b.has("#value h2", heading)
	}
	show("config/", "config/app")
	b.has("#value .json", `"big": 12345678901234567890,`)
	show("image/", "image/logo.png")
	b.until(fmt.Sprintf(`document.querySelector("#value img")?.naturalWidth === %d`, logoWidth))
	show(`x'0001'`, "x'0001ff'")
	b.has("#value .hex", "00000000  00 01 02 fe ff")
	show("page/", "page/drawing.svg")
	if eval[bool](b, `document.querySelectorAll("#value [role=tab]")[3].disabled === false`) {
		t.Error("a drawing that may hold scripts can be shown as an image")
	}
	b.has("#value pre", "<script>")
	show("long/", "long/text")
	b.has("#value", "More: 64 KiB of 273 KiB are shown")
	eval[chromedp.Void](b, `document.querySelector("#value > button:last-child").click()`)
	b.until(`document.querySelector("#value pre").textContent.length === 280000 && !document.querySelector("#value").innerText.includes("More")`)
	show("notes/<", "notes/<img")
	b.has("#value pre", attack)
	if title := eval[string](b, "document.title"); title != "shop.lsm · lsmlite" {
		t.Errorf("the title is %q", title)
	}
	if n := eval[int](b, `document.querySelectorAll("#list img, #list script, #value img, #value script").length`); n != 0 {
		t.Errorf("%d elements were made of keys and values", n)
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShop(t, inspect.Options{})
	b.visit(s.page + "#sql")
	run := func(text string) {
		t.Helper()
		b.set("#sql-text", text)
		eval[chromedp.Void](b, `document.querySelector("#sql-text").focus()`)
		b.ctrlEnter()
	}
	run("SELECT count(*) FROM kv; SELECT key FROM kv WHERE key GLOB 'user/000*' LIMIT 3")
	b.has("#sql-result", "3 rows in")
	b.has("#sql-result", "427")
	b.has("#sql-result summary", "Steps: count")
	b.has("#sql-result", "user/0002")
	run("SELECT 1;\nSELEC 2")
	b.has("#sql-result .bad", "SELEC 2")
	b.until(`document.getElementById("sql-text").selectionStart === 10`)
	b.expectFault("400")
	run("DELETE FROM kv")
	b.has("#sql-result .bad", "read-only")
	b.expectFault("403")
	if _, found := s.value(t, "user/0001"); !found {
		t.Error("a page that only reads has deleted rows")
	}
	eval[chromedp.Void](b, `document.getElementById("sql-text").value = "SELECT key FROM kv WHERE key = 'a'"; document.getElementById("explain").click()`)
	b.has("#sql-result details[open]", "interval")
}

// TestEditing makes, changes and deletes a key on a page that may.
func TestEditing(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShop(t, inspect.Options{Write: true})
	b.screen(1280, 860, "dark")
	b.visit(s.page + "#keys")
	b.has("#mode", "writes")
	b.press("Escape", "n")
	b.until(`document.activeElement.id === "edit-key"`)
	b.write(`a/x`)
	b.press("Tab")
	b.write("x'00ff'")
	b.ctrlEnter()
	b.has("#value h2", "a/x")
	if v, _ := s.value(t, "a/x"); v != "\x00\xff" {
		t.Errorf("the new value is %q", v)
	}
	b.press("e")
	b.until(`document.getElementById("edit-value")?.value === "x'00ff'"`)
	b.set("#edit-value", "text\nof two lines")
	b.ctrlEnter()
	b.has("#value pre", "of two lines")
	if v, _ := s.value(t, "a/x"); v != "text\nof two lines" {
		t.Errorf("the changed value is %q", v)
	}
	b.press("Delete")
	b.until(`document.getElementById("ask").open`)
	b.press("Enter") // the button that keeps it has the focus
	b.until(`!document.getElementById("ask").open`)
	if _, found := s.value(t, "a/x"); !found {
		t.Error("deleted without a yes")
	}
	b.press("Delete")
	b.until(`document.getElementById("ask").open`)
	eval[chromedp.Void](b, `document.querySelector("#ask .danger").click()`)
	b.has("#value", "Choose a key")
	if _, found := s.value(t, "a/x"); found {
		t.Error("it is still there")
	}
}

func TestCareAndInside(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShopAs(t, "it's $(a) shop.lsm", inspect.Options{})
	b.visit(s.page + "#care")
	eval[chromedp.Void](b, `document.getElementById("check").click()`)
	b.has("#check-note", "it is sound.")
	b.has("#curl", `curl -sfo 'it'\''s $(a) shop.lsm' '`+s.page+"backup'")
	b.press("4")
	b.has("#settings", "256 KiB")
	b.has("#stats", "commits")
	b.has("#page-links", "segment 1")
	eval[chromedp.Void](b, `document.querySelector("#page-links button").click()`)
	b.has("#page-text", "log/2023")
	b.set("#stats-filter", "stall")
	b.until(`document.querySelectorAll("#stats dt").length === 9`)
}

// TestBytesAreWrittenAsByTheCommand compares how the page writes and reads keys and values with how
// the command does.
func TestBytesAreWrittenAsByTheCommand(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShop(t, inspect.Options{})
	b.visit(s.page)
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "Z", "0", "/", " ", "\"", "'", "\\", "x'", "\x00", "\n", "\t", "\x7f", "\x1b", "é", "日", "😀", "\u00a0", "\u200b", "\ufeff",
		"\U000e0001", "\ufffd", "\x80", "\xff", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80"}
	type pair struct {
		Hex, Text string
	}
	pairs := []pair{}
	for range 3000 {
		var raw []byte
		for range rng.IntN(7) {
			raw = append(raw, pieces[rng.IntN(len(pieces))]...)
		}
		if rng.IntN(4) == 0 {
			raw = append(append([]byte("\""), raw...), '"')
		}
		pairs = append(pairs, pair{hex.EncodeToString(raw), text.Show(raw)})
	}
	given, err := json.Marshal(pairs)
	must(t, err)
	wrong, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(`import(%q).then(({show, parse, fromHex, toHex}) => %s.flatMap(({Hex, Text}) => {
		let back; try { back = toHex(parse(Text)) } catch (e) { back = e.message }
		const shown = show(fromHex(Hex));
		return shown === Text && back === Hex ? [] : [Hex + ": " + shown + ", want " + Text + ", read back as " + back];
	}))`, s.page+"bytes.js", given), chromedp.EvalAwaitPromise))
	b.must(err)
	for _, w := range wrong[:min(10, len(wrong))] {
		t.Error(w)
	}
}

// TestSigningIn: with a token, the page asks for it in a form, and an address with a code opens it once.
func TestSigningIn(t *testing.T) {
	t.Parallel()
	const token = "a-token-that-nobody-guesses"
	b := openBrowser(t)
	s := openShop(t, inspect.Options{Token: token})
	b.run(chromedp.Navigate(s.page))
	b.has("form", "Token")
	b.until(`document.activeElement.id === "token"`)
	b.write("a wrong token")
	b.press("Enter")
	b.has("[role=alert]", "not the token")
	b.expectFault("403")
	b.until(`document.activeElement.id === "token"`)
	b.write(token)
	b.press("Enter")
	b.has("#live", "live")
	if address := eval[string](b, "location.href"); strings.Contains(address, token) {
		t.Errorf("the address is %s", address)
	}

	other := openBrowser(t)
	code := s.page + "signin?code=" + s.h.SignInCode()
	other.run(chromedp.Navigate(code))
	other.has("#live", "live")
	if address := eval[string](other, "location.href"); address != s.page+"#overview" {
		t.Errorf("the address is %s", address)
	}
}

// TestOtherPages: pages of other sites, and of other ports of this machine, can make a browser send
// requests, but these change and show nothing.
func TestOtherPages(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShop(t, inspect.Options{Write: true})
	b.visit(s.page) // the browser has its cookie
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<title>evil</title><form method=post action="%sput?key=user/0001"><input name=x value=y></form>
<iframe src="%s"></iframe>`, s.page, s.page)
	}))
	t.Cleanup(evil.Close)
	u, err := url.Parse(evil.URL)
	must(t, err)
	for _, origin := range []string{evil.URL, "http://localhost:" + u.Port()} {
		b.run(chromedp.Navigate(origin))
		for _, script := range []string{
			`fetch(%q + "put?key=user/0001", {method: "POST", body: "x", mode: "no-cors", credentials: "include"}).catch(() => 0)`,
			`fetch(%q + "delete?key=user/0001", {method: "POST", mode: "no-cors", credentials: "include"}).catch(() => 0)`,
			`fetch(%q + "sql", {method: "POST", body: '{"sql":"DELETE FROM kv"}', mode: "no-cors", credentials: "include"}).catch(() => 0)`,
			`fetch(%q + "stats", {credentials: "include"}).then((r) => r.text()).then((text) => { document.title = text }).catch(() => 0)`,
		} {
			eval[[]byte](b, fmt.Sprintf("void "+script, s.page))
		}
		eval[[]byte](b, `document.querySelector("form").submit()`)
		b.has("body", "another site has made this request")
	}
	if v, _ := s.value(t, "user/0001"); !strings.Contains(v, "User 1") {
		t.Errorf("another page has written %q", v)
	}
	if n := s.db.Stats().Commits; n != 1 {
		t.Errorf("%d commits", n)
	}
	b.forgetFaults()
}

// TestPolicy: the page requests nothing from elsewhere, and its security policy holds: no HTML can
// be made of a text, and no script be added.
func TestPolicy(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShop(t, inspect.Options{})
	b.visit(s.page)
	for _, n := range []string{"1", "2", "4", "5", "3"} {
		b.press(n)
		b.has("#live", "live")
	}
	for _, script := range []string{
		`document.body.innerHTML = "<b>x</b>"`,
		`document.body.append(Object.assign(document.createElement("script"), {textContent: "document.title = 'attacked'"}))`,
		`document.body.insertAdjacentHTML("beforeend", "x")`,
	} {
		if got := eval[string](b, fmt.Sprintf("(() => { try { %s; return 'done' } catch (e) { return e.name } })()", script)); got == "done" {
			t.Errorf("%s was done", script)
		}
	}
	b.forgetFaults()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if !strings.HasPrefix(r, s.page) && !strings.HasPrefix(r, "blob:") {
			t.Errorf("the page has requested %s", r)
		}
	}
	if len(b.requests) < 15 {
		t.Errorf("only %d requests were seen", len(b.requests))
	}
}

// named are the roles whose elements need a name for those who do not see them.
var named = map[string]bool{
	"button": true, "link": true, "textbox": true, "searchbox": true, "checkbox": true, "combobox": true, "spinbutton": true,
	"img": true, "image": true, "listbox": true, "option": true, "tab": true, "dialog": true, "region": true, "navigation": true,
}

// TestNamesForThoseWhoDoNotSee: each element that does something has a name, in each view.
func TestNamesForThoseWhoDoNotSee(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := openShop(t, inspect.Options{Write: true})
	b.visit(s.page)
	seen := 0
	look := func(view string) {
		t.Helper()
		tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		b.must(err)
		for _, n := range tree.Nodes {
			if n.Ignored || n.Role == nil || !named[strings.Trim(string(n.Role.Value), `"`)] {
				continue
			}
			seen++
			if n.Name == nil || strings.Trim(string(n.Name.Value), `" `) == "" {
				t.Errorf("%s: an element with the role %s has no name", view, n.Role.Value)
			}
		}
	}
	b.until(`document.querySelector("#scene rect") !== null`)
	look("overview")
	b.press("2")
	b.has("#list-note", "keys so far")
	b.press("Home", "ArrowDown")
	b.has("#value", "Download")
	look("keys")
	b.press("n")
	look("new key")
	for _, n := range []string{"3", "4", "5"} {
		b.press("Escape", n)
		look(n)
	}
	if seen < 60 {
		t.Errorf("only %d elements were looked at", seen)
	}
}
