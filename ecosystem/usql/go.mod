module github.com/lsmlite/lsmlite-go/ecosystem/usql

go 1.26.1

require (
	github.com/go-git/go-billy/v5 v5.9.2
	github.com/lsmlite/lsmlite-go v0.0.0
	github.com/xo/dburl v0.24.2
	github.com/xo/usql v0.21.4
)

require (
	github.com/alecthomas/chroma/v2 v2.23.1 // indirect
	github.com/alecthomas/participle/v2 v2.1.4 // indirect
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/dlclark/regexp2 v1.11.5 // indirect
	github.com/gohxs/readline v0.0.0-20171011095936-a780388e6e7c // indirect
	github.com/jeandeaual/go-locale v0.0.0-20250612000132-0ef82f21eade // indirect
	github.com/kenshaw/rasterm v0.1.16 // indirect
	github.com/klauspost/compress v1.20.4 // indirect
	github.com/mattn/go-runewidth v0.0.21 // indirect
	github.com/mattn/go-sixel v0.0.8 // indirect
	github.com/nathan-fiscaletti/consolesize-go v0.0.0-20220204101620-317176b6684d // indirect
	github.com/pierrec/lz4/v4 v4.1.33 // indirect
	github.com/soniakeys/quant v1.0.0 // indirect
	github.com/xo/tblfmt v0.16.0 // indirect
	github.com/xo/terminfo v0.0.0-20220910002029-abceb7e1c41e // indirect
	github.com/yookoala/realpath v1.0.0 // indirect
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/exp v0.0.0-20260410095643-746e56fc9e2f // indirect
	golang.org/x/sys v0.50.0 // indirect
	golang.org/x/term v0.48.0 // indirect
	golang.org/x/text v0.44.0 // indirect
)

replace github.com/lsmlite/lsmlite-go => ../../
