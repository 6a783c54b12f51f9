#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds what the package has besides its sources, the program and Go's wasm_exec.js, into a folder: the one that
# is given, or this one. It prints the size of the program, and fails if it is beyond the budget. It needs Go and
# Node.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here}
mkdir -p "$to"
to=$(cd "$to" && pwd)

# Without inlining a program is a tenth smaller when it is packed, because what repeats packs well, and some work
# takes three times as long. So calls are inlined only where rows and pages are worked on. With package parser, too,
# LIKE would be twice as fast, and the program 2 % larger, which the budget has no room for. The standard library's zlib
# would make it 2 % smaller, and take three times as long for a page.
lsmlite=github.com/lsmlite/lsmlite-go
flags=(-gcflags=all=-l)
for hot in runtime internal/bytealg internal/runtime/{maps,math,sys,atomic} sync sync/atomic math/bits encoding/binary bytes \
  slices cmp hash/crc32 unicode/utf8 "$lsmlite"/engine/internal/{format,segment,cursor,memtree,blockfile,filter,fence}; do
  flags+=("-gcflags=$hot=")
done

# The tag leaves out what a browser cannot use: readers in other processes, and log/slog with its encoding/json.
cd "$here"
GOOS=js GOARCH=wasm CGO_ENABLED=0 go build -tags lsmlite_small -trimpath -ldflags='-s -w' "${flags[@]}" -o "$to/lsmlite.wasm" .
cp "$(go env GOROOT)/lib/wasm/wasm_exec.js" "$to/wasm_exec.js"
# The licences of the package and of what is in the program go with it.
modules=$(GOOS=js GOARCH=wasm CGO_ENABLED=0 go list -deps -f '{{with .Module}}{{.Path}} {{.Dir}}{{end}}' . | sort -u)
{
  for text in "$(go env GOROOT)/LICENSE" /usr/share/doc/golang/copyright; do
    if [ -f "$text" ]; then
      printf 'Go, and wasm_exec.js\n\n' && cat "$text"
      break
    fi
  done
  while read -r module folder; do
    case $module in "" | "$lsmlite" | "$lsmlite"/*) continue ;; esac
    for text in "$folder"/{LICENSE,COPYING,NOTICE}*; do
      [ ! -f "$text" ] || { printf '\n%s\n%s: %s\n\n' "$(printf '=%.0s' {1..80})" "$module" "${text##*/}" && cat "$text"; }
    done
  done <<<"$modules"
} >"$to/THIRD-PARTY-LICENSES.txt"
cp ../LICENSE "$to/LICENSE"
if [ "$to" != "$here" ]; then
  cp index.js index.d.ts wire.js worker.js program.js files.js locks.js package.json README.md "$to/"
fi

# Brotli with the highest quality takes half a minute; with LSMLITE_SIZE=quick there is gzip only.
node --input-type=module - "$to/lsmlite.wasm" <<'JS'
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const budget = 2.2e6; // bytes of brotli
const program = readFileSync(process.argv[2]);
const mb = (n) => (n / 1e6).toFixed(2) + " MB";
let line = `lsmlite.wasm: ${mb(program.length)}, gzip -9 ${mb(gzipSync(program, { level: 9 }).length)}`;
if (process.env.LSMLITE_SIZE !== "quick") {
  const packed = brotliCompressSync(program, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: program.length },
  }).length;
  line += `, brotli -11 ${mb(packed)}`;
  if (packed > budget) {
    console.error(`${line}: beyond the budget of ${mb(budget)}`);
    process.exit(1);
  }
}
console.log(line);
JS
