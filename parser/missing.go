// SPDX-License-Identifier: Apache-2.0

package parser

// What other dialects have and this one does not have is named, with what to do instead. The
// messages are for the words at which the grammar stops.

const (
	noSubquery = "there are no sub-queries here; run the inner SELECT first, and give its rows as arguments"
	noNull     = "keys and values are never NULL, so there is nothing to test for"
	noJoin     = "there is one table, kv, and so no join; read one set of keys, then the other"
	noGroup    = "there are no groups here; read the rows in the order of their keys, and sum up in the program"
	noSchema   = "there is one table, kv, and nothing can be created, changed or dropped"
	noWindow   = "there are no window functions here; read the rows, and compute in the program"
	noUnion    = "there are no compound SELECTs here; run one after the other"
	noCommand  = "this command does not exist here"
)

// missingWords says, by the word at which the grammar stops, what there is not.
var missingWords = map[string]string{
	"IS": noNull + "; compare with = and !=", "ISNULL": noNull, "NOTNULL": noNull,
	"NULL":     "there is no NULL here: keys and values are never NULL; the empty value is ''",
	"EXISTS":   noSubquery,
	"CASE":     "there is no CASE here; read the value, and decide in the program",
	"GROUP":    noGroup,
	"HAVING":   noGroup,
	"DISTINCT": "there is no DISTINCT here; keys are distinct already",
	"ALL":      "there is no ALL here; every row is returned without it",
	"JOIN":     noJoin, "USING": noJoin,
	"UNION": noUnion, "EXCEPT": noUnion, "INTERSECT": noUnion,
	"COLLATE": "there are no collations here; bytes compare as bytes, and LIKE and lower() look away from case",
	"MATCH":   "there is no MATCH here; GLOB and LIKE match patterns",
	"REGEXP":  "there is no REGEXP here; GLOB and LIKE match patterns",
	"DEFAULT": "there are no default values here; both columns are given",
	"ALTER":   noSchema, "DROP": noSchema, "TRUNCATE": "there is no TRUNCATE here; write DELETE FROM kv",
	"WITH":   "there are no common table expressions here; run one SELECT after the other",
	"VACUUM": "there is no VACUUM here; PRAGMA optimize merges everything, and space is used again by itself",
	"ATTACH": "one connection has one database; open the other one by itself", "DETACH": "one connection has one database",
	"ANALYZE": noCommand + ": there are no statistics", "REINDEX": noCommand + ": there are no indexes but the keys",
	"MERGE": noCommand + "; write INSERT … ON CONFLICT (key) DO UPDATE SET value = …",
	"SHOW":  noCommand + "; PRAGMA reads settings", "DESCRIBE": noCommand + "; write PRAGMA table_info(kv)",
	"DESC": noCommand + "; write PRAGMA table_info(kv)",
	"USE":  noCommand + ": one connection has one database", "GRANT": noCommand, "REVOKE": noCommand,
	"START": noCommand + "; write BEGIN",
}

// firstWords are the words of missingWords that are commands: anywhere else they are names
// like any other.
var firstWords = wordSet("WITH VACUUM ATTACH DETACH ANALYZE REINDEX MERGE SHOW DESCRIBE DESC USE GRANT REVOKE START TRUNCATE ALTER DROP")

// missing says what there is not, if it is that at which the grammar stops, which is token i;
// "" if it is something else.
func missing(tokens []token, i int) string {
	if i >= len(tokens) {
		return ""
	}
	t, first := &tokens[i], ""
	if len(tokens) > 0 {
		first = kindOf(tokens)
	}
	before := func(n int) *token {
		if i < n {
			return &token{}
		}
		return &tokens[i-n]
	}
	word := upperASCII(t.text)
	switch {
	case t.kind == tokMark || t.kind == tokInfix && t.word == 0:
		return missingMark(tokens, i, first)
	case t.kind == tokName && classes[t.text[0]]&idStart == 0, t.kind == tokValue:
		return ""
	case first == "CREATE":
		return missingCreate(i, word)
	case word == "SELECT" && before(1).is("("), word == "VALUES" && before(1).is("("):
		return noSubquery
	case word == "SELECT" && first != "" && first != "EXPLAIN" && i > 0:
		if first == "INSERT" || first == "REPLACE" {
			return "INSERT takes VALUES only; run the SELECT first, and insert its rows"
		}
		return noSubquery
	case word == "NULL" && before(1).is("NOT"):
		return noNull
	case firstWords[word] && i > 0:
		return ""
	case (first == "UPDATE" || first == "DELETE") && (word == "LIMIT" || word == "ORDER"):
		return first + " has no " + word + "; select the keys, then write WHERE key IN (…)"
	case first == "UPDATE" && word == "FROM":
		return noJoin
	case word == "AS" && (before(2).is("FROM") || before(2).is("INTO") || before(2).is("UPDATE")):
		return "the table has no other name here; write kv.key, or just key"
	}
	if msg, ok := missingWords[word]; ok {
		return msg
	}
	if joins[word] && before(2).is("FROM") {
		return noJoin
	}
	return ""
}

var joins = wordSet("LEFT RIGHT FULL INNER OUTER CROSS NATURAL")

func missingCreate(i int, word string) string {
	switch {
	case i == 1 && word != "TABLE":
		return noSchema
	case i == 2 && word != "IF":
		return "there is one table, kv, and it is there already; CREATE TABLE IF NOT EXISTS kv (…) is taken, and does nothing"
	}
	return ""
}

// missingMark is missing for marks and operators.
func missingMark(tokens []token, i int, first string) string {
	t := &tokens[i]
	if t.text == "(" && i > 0 {
		switch upperASCII(tokens[i-1].text) {
		case "OVER", "FILTER":
			return noWindow
		}
		if tokens[i-1].is("FROM") {
			return noSubquery
		}
		return ""
	}
	if t.text != "," {
		return ""
	}
	level := 0
	for n := i - 1; n >= 0; n-- {
		switch w := &tokens[n]; {
		case w.is(")"):
			level++
		case w.is("("):
			if level--; level < 0 {
				if n > 0 && isRow(tokens, n) {
					return "a row is a key and a value"
				}
				return ""
			}
		case level > 0:
		case w.is("FROM"):
			return noJoin
		case w.is("BY"):
			return "rows are ordered by key, and by nothing else"
		case w.is("LIMIT"):
			return "write LIMIT count OFFSET how many to leave out"
		case w.is("SET"):
			return "one column can be set, value"
		case w.kind == tokKeyword:
			return ""
		}
	}
	return ""
}

// noFunction is the error of a function that does not exist.
func noFunction(name string) string {
	msg := "no such function: " + cutEnd(name, maxTokenBytes) + "; "
	switch lowerASCII(name) {
	case "coalesce", "ifnull", "nullif":
		return msg + "keys and values are never NULL"
	case "iif":
		return msg + "there is nothing that decides in an expression; read the value, and decide in the program"
	case "sum", "avg", "total", "group_concat", "string_agg":
		return msg + "the aggregates are count(*), min(key) and max(key)"
	case "substring", "left", "right":
		return msg + "write substr(text, from, count)"
	case "concat":
		return msg + "write a || b"
	case "lcase":
		return msg + "write lower"
	case "ucase":
		return msg + "write upper"
	case "now", "datetime", "date", "time", "strftime", "julianday", "unixepoch", "random", "randomblob":
		return msg + "give what the program makes as an argument"
	case "changes", "total_changes", "last_insert_rowid":
		return msg + "sql.Result has the number of rows"
	}
	return msg + "there are length, hex, lower, upper, substr and CAST, and the aggregates count(*), min(key), max(key)"
}

// noColumn is the error of a column that does not exist.
func noColumn(name string, doubleQuoted bool) string {
	msg := "no such column: " + cutEnd(name, maxTokenBytes) + "; the columns are key and value"
	switch upperASCII(name) {
	case "TRUE", "FALSE":
		return msg + "; a bool is 1 or 0"
	case "ROWID", "OID", "_ROWID_":
		return msg + "; a row is named by its key"
	case "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME":
		return msg + "; give time.Now() as an argument"
	}
	if doubleQuoted {
		return msg + "; a text stands in single quotes"
	}
	return msg
}
