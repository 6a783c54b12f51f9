// SPDX-License-Identifier: Apache-2.0

package parser

import "strings"

// candidate is a token that may be expected somewhere.
type candidate struct {
	token token
	shown string
}

// The candidates that stand for others of their kind.
var (
	aName     = candidate{token{text: "a", kind: tokName}, "a name"}
	aText     = candidate{token{text: "''", kind: tokValue}, "a text"}
	aNumber   = candidate{token{text: "1", kind: tokValue}, "a number"}
	anOpening = candidate{token{text: "(", kind: tokMark}, `"("`}
	anInfix   = candidate{token{text: "||", kind: tokInfix}, "an operator"}
)

// markCandidates are allowed in any statement.
var markCandidates = []candidate{
	{token{text: "*", kind: tokInfix}, `"*"`},
	{token{text: "=", kind: tokInfix}, `"="`},
	{token{text: ",", kind: tokMark}, `","`},
	{token{text: ")", kind: tokMark}, `")"`},
}

// wordCandidates are the words of each kind of statement, by its first word; those of ""
// are the first words.
var wordCandidates = func() map[string][]candidate {
	all := map[string][]candidate{}
	for first, words := range map[string]string{
		"":          "SELECT INSERT REPLACE UPDATE DELETE EXPLAIN PRAGMA CREATE BEGIN COMMIT END ROLLBACK SAVEPOINT RELEASE",
		"EXPLAIN":   "SELECT INSERT REPLACE UPDATE DELETE QUERY PLAN",
		"SELECT":    "FROM WHERE ORDER BY ASC DESC LIMIT OFFSET",
		"INSERT":    "OR REPLACE IGNORE ABORT INTO VALUES ON CONFLICT DO NOTHING UPDATE SET RETURNING",
		"REPLACE":   "INTO VALUES ON CONFLICT DO NOTHING UPDATE SET RETURNING",
		"UPDATE":    "SET WHERE RETURNING",
		"DELETE":    "FROM WHERE RETURNING",
		"CREATE":    "TABLE IF NOT EXISTS BLOB NULL PRIMARY KEY ON CONFLICT REPLACE WITHOUT ROWID",
		"BEGIN":     "DEFERRED IMMEDIATE EXCLUSIVE TRANSACTION",
		"COMMIT":    "TRANSACTION",
		"END":       "TRANSACTION",
		"ROLLBACK":  "TRANSACTION TO SAVEPOINT",
		"RELEASE":   "SAVEPOINT",
		"SAVEPOINT": "",
		"PRAGMA":    "",
	} {
		for _, word := range strings.Fields(words) {
			all[first] = append(all[first], wordCandidate(word))
		}
	}
	return all
}()

// expressionWords may follow in an expression.
var expressionWords = []candidate{wordCandidate("AS"), wordCandidate("LIKE"), wordCandidate("GLOB"),
	wordCandidate("BETWEEN"), wordCandidate("IN"), wordCandidate("INTEGER"), wordCandidate("REAL"), wordCandidate("TEXT"), wordCandidate("BLOB")}

// wordCandidate makes the candidate of a word. It gets the type of a mark, which the grammar
// matches as a word but not as a name: so a word is listed where it means something, and not
// wherever a name is allowed. Operators keep their type.
func wordCandidate(word string) candidate {
	c := candidate{token{text: word, kind: tokMark, word: wordNumbers[word]}, word}
	if wordOperators[word] {
		c.token.kind = tokInfix
	}
	return c
}
