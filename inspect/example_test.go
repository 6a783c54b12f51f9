// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"database/sql"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// A program shows its database next to its own pages, to those on the same machine. With a Recorder
// the page draws how long commits take.
func Example() {
	recorder := inspect.NewRecorder()
	connector, err := lsmlite.NewConnector(lsmlite.Config{Path: ":memory:", Observer: recorder.Observer()})
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	if _, err := db.Exec("INSERT INTO kv VALUES ('user/1', 'Ada'), ('user/2', 'Grace')"); err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("/debug/lsmlite/", inspect.Handler(db, inspect.Options{Recorder: recorder}))
	server := httptest.NewServer(mux) // or http.ListenAndServe("localhost:8080", mux)
	defer server.Close()

	// What curl http://localhost:8080/debug/lsmlite/… prints:
	for _, resource := range []string{"value?key=user/1", "log", "check"} {
		response, err := http.Get(server.URL + "/debug/lsmlite/" + resource)
		if err != nil {
			log.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			log.Fatal(err)
		}
		switch resource {
		case "check":
			fmt.Println("check:", response.Status)
		default:
			fmt.Printf("%s\n", body)
		}
	}
	// Output:
	// Ada
	// {"regions":[{"start":0,"end":82}],"log_bytes":82,"file_bytes":82}
	//
	// check: 200 OK
}

// A database that others on the network may look at needs a token, or the program's own check of
// who they are.
func ExampleHandler_token() {
	db, err := sql.Open("lsmlite", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	handler := inspect.Handler(db, inspect.Options{Token: "6YTQZ5J5VQXK7H3PMDWLBN4ERC", Write: true})
	ask := func(authorization string) {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/debug/lsmlite/value?key=none", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	ask("")
	ask("Bearer 6YTQZ5J5VQXK7H3PMDWLBN4ERC")
	// Output:
	// 401
	// 404
}
