// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The token types. Participle pays for every alternative it tries, so tokens that are allowed in
// the same places have the same type.
const (
	tokEOF     = lexer.EOF
	tokKeyword = iota // a word that SQLite reserves
	tokName           // any other word, "name", [name] or `name`
	tokValue          // 'text', x'hex', a number or a parameter
	tokInfix          // a binary operator, words included, except IN; ESCAPE too
	tokMark           // one of ( ) , . ;
	tokValues         // several values in a list of IN, with the commas between them
	tokRows           // several rows of VALUES that hold nothing but values
)

// reserved are the words that SQLite does not accept as a name unless they are quoted.
var reserved = wordSet(reservedWords)

const reservedWords = `ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT
	CONSTRAINT CREATE DEFAULT DEFERRABLE DELETE DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN
	FROM GROUP HAVING IN INDEX INSERT INTERSECT INTO IS ISNULL JOIN LIMIT NOT NOTHING NOTNULL
	NULL ON OR ORDER PRIMARY REFERENCES RETURNING SELECT SET TABLE THEN TO TRANSACTION UNION
	UNIQUE UPDATE USING VALUES WHEN WHERE`

// wordOperators are the binary operators that are words, apart from IN, on whose right there is
// no operand. LIKE and GLOB serve as names too, because SQLite does not reserve them.
var wordOperators = wordSet(operatorWords)

const operatorWords = "AND OR BETWEEN LIKE GLOB ESCAPE"

// grammarWords are the words with a meaning that are not reserved.
const grammarWords = `ABORT ASC BEGIN BLOB BY CAST CONFLICT DEFERRED DESC DO END EXCLUSIVE EXPLAIN
	IF IGNORE IMMEDIATE INTEGER KEY OFFSET PLAN PRAGMA QUERY REAL RELEASE REPLACE ROLLBACK
	ROWID SAVEPOINT TEXT WITHOUT`

// knownWords are the words that have a number, by number, and wordNumbers the reverse.
var knownWords, wordNumbers, wordKinds = numberWords()

func numberWords() (list []string, numbers map[string]uint8, kinds []uint8) {
	numbers = map[string]uint8{}
	list, kinds = append(list, ""), append(kinds, tokName)
	add := func(word string, kind uint8) {
		if _, ok := numbers[word]; !ok {
			numbers[word] = uint8(len(list))
			list, kinds = append(list, word), append(kinds, kind)
		}
	}
	for _, words := range []struct {
		list string
		kind uint8
	}{{operatorWords, tokInfix}, {reservedWords, tokKeyword}, {grammarWords, tokName}} {
		for _, word := range strings.Fields(words.list) {
			add(word, words.kind)
		}
	}
	return list, numbers, kinds
}

// longestWord is the length of the longest word that has a number.
const longestWord = len("AUTOINCREMENT")

// lookUp returns the number of a word, in any case.
func lookUp(word string) uint8 {
	if len(word) > longestWord {
		return 0
	}
	var upper [longestWord]byte
	for i := range len(word) {
		c := word[i]
		if c-'a' < 26 {
			c ^= 0x20
		}
		upper[i] = c
	}
	return wordNumbers[string(upper[:len(word)])]
}

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
