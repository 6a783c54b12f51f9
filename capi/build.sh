#!/bin/sh
# Builds liblsmlite, shared and static, with its headers and a pkg-config file:
#
#   capi/build.sh [FOLDER [PREFIX]]
#
# FOLDER (capi/out) gets lib, include and lib/pkgconfig; PREFIX (FOLDER) is where they will be used from. It takes
# Go and a C compiler. ONLY=shared or ONLY=static builds one of the two.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/out}
mkdir -p "$out/lib/pkgconfig" "$out/include"
out=$(cd "$out" && pwd)
prefix=${2:-$out}
export CGO_ENABLED=1

# Of the shared library only the functions of the header are seen from outside, so that two libraries written in Go
# can be loaded by one program.
case $(go env GOOS) in
darwin)
  name=liblsmlite.dylib
  flags="-extldflags '-Wl,-exported_symbol,_lsm_* -Wl,-exported_symbol,_lsmlite_* -Wl,-install_name,@rpath/$name'"
  libs='-framework CoreFoundation -framework Security' ;;
*)
  name=liblsmlite.so
  flags="-extldflags '-Wl,--version-script=$here/exports.map -Wl,-soname,$name'"
  libs='-pthread -lresolv' ;;
esac

if [ "${ONLY:-shared}" = shared ]; then
  go build -C "$here" -trimpath -buildmode=c-shared -ldflags "-s -w $flags" -o "$out/lib/$name" .
  rm -f "$out/lib/${name%.*}.h"
fi
if [ "${ONLY:-static}" = static ]; then
  go build -C "$here" -trimpath -buildmode=c-archive -ldflags '-s -w' -o "$out/lib/liblsmlite.a" .
  rm -f "$out/lib/liblsmlite.h"
fi

cp "$here/lsmlite.h" "$here/lsm.h" "$out/include/"
cat >"$out/lib/pkgconfig/lsmlite.pc" <<END
prefix=$prefix
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: lsmlite
Description: A key-value store in the file format and with the C functions of SQLite's lsm1
Version: 0.1.0
Cflags: -I\${includedir}
Libs: -L\${libdir} -llsmlite
Libs.private: $libs
END
