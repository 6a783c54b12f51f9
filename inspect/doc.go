// SPDX-License-Identifier: Apache-2.0

// Package inspect shows an open database of a program to people and to other programs: an
// http.Handler with a page to browse keys, run statements, see the structure of the file and watch
// how the database works, and with resources for cron and curl.
//
//	mux.Handle("/debug/lsmlite/", inspect.Handler(db, inspect.Options{}))
//
// # Who may use it
//
// It reads only, unless [Options].Write is set. Without a [Options].Token and without
// [Options].Authorize it serves only requests from the machine itself, for a name of that machine,
// and none that a proxy has passed on.
// With a token, programs send it as a header (Authorization: Bearer …), and people sign in on the
// page, or by the code of [Inspector.SignInCode].
//
// A request that a browser makes for a page of another site is refused, and one that writes needs a
// second token as well, which only the page itself can read. The page runs under a content security
// policy without any foreign source, and shows no key and no value as HTML. A name in the header
// Host that is not one of the machine's, nor one of [Options].Hosts, is refused as well, so that no
// name of another site can lead here.
//
// # Resources
//
// They are relative to the address of the handler, are read with GET and return JSON, except
// where something else is noted. Bytes are a string if they are UTF-8, else {"hex": …, "len": …}; a
// text that was cut is {"text": …, "len": …}. Names and units are those of PRAGMA, durations are in
// seconds. Parameters are those of the URL; bytes in them are percent-encoded.
//
//	""          the page
//	info        which database it is, what may be done, the limits
//	stats       all counters: engine.Stats
//	structure   levels, segments, free blocks, trees in memory
//	pins        the states that readers hold: engine.PinReport
//	log         the regions of the log
//	page        ?n=: a page of the file: engine.PageInfo; text=1: as text
//	layout      what each part of the file is used for: engine.Layout
//	scene       the picture of the layout that the page draws; svg=1: as a file of SVG
//	history     ?since=: samples of the counters, one a second, of the last minutes
//	metrics     what Options.Metrics serves
//	keys        a page of keys: prefix=, from=, find= (a part of the key), reverse=1, limit=,
//	            after= (the next of the page before)
//	tree        what the keys begin with: prefix=, sep= (default "/"), limit=, after=
//	value       ?key= or ref=: the bytes; offset= and length= for a part, download=1 for a file
//	sql         ?q=: statements that read; explain=1: and their steps
//	sql         POST {"sql": …, "explain": true}: also statements that write
//	check       reads everything and reports what is wrong, a JSON document a line; the last has "done": true
//	backup      a consistent copy of the database, as a file
//	put         POST ?key=, with the value as body
//	delete      POST ?key=
//
//	curl -s http://localhost:8080/debug/lsmlite/stats
//	curl -sf http://localhost:8080/debug/lsmlite/check | tail -1
//	curl -sfo my-copy.lsm http://localhost:8080/debug/lsmlite/backup
//
// A copy or a check that fails after its first byte ends the connection before its end, so that
// curl fails, too.
//
// # Limits
//
// What one request may take is bounded by [Limits], each of which has a default. A request that
// meets one returns what there is until there, and says so, or fails with 413, 503 or 504 and the
// name of the limit.
package inspect
