#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the wheel of the package, for the Linux machine that it runs on.

    python3 make_wheel.py --out dist           # builds the library, the extension and the wheel
    python3 make_wheel.py --out dist --test    # and installs it into an empty environment, and runs the tests there

It takes Go, gcc with Python's headers, binutils, and for --test pip and pytest; from Python only the standard library.
It is also a build backend for pip (pyproject.toml): pip install ./python.

The wheel is for every CPython from 3.9 on, because the extension keeps to the stable ABI, and for every Linux with the
glibc that the two shared objects need, which is looked up in them.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CAPI = HERE.parent / "capi"
NAME = "lsmlite"
PYTHON_TAG = "cp39-abi3"

# The wheel never claims to run on an older glibc than the one that wheels are usually built for.
OLDEST_GLIBC = (2, 28)

# What the shared objects may link to: what every Linux has.
SYSTEM_LIBRARIES = re.compile(r"^(libc|libpthread|libdl|librt|libm|ld-linux[-a-z0-9_]*)\.so\.\d+$")

# What of Python's names with an underscore is in the stable ABI and used.
STABLE_ABI = re.compile(r"^_Py(_Dealloc|_(None|True|False)Struct|\w+_SizeT)$")

# pytest, and what it imports in one version or another.
PYTEST = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "attr", "attrs", "exceptiongroup", "tomli", "py",
          "pygments")

# Tests of what is the library's, and of memory that C allocates: they run with the extension only.
ONCE = ("test_key.py", "test_leaks.py")

METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: An embedded, ordered, transactional key-value database in a single file
Home-page: https://github.com/lsmlite/lsmlite-go
License: Apache-2.0
License-File: LICENSE
Requires-Python: >=3.9
Classifier: License :: OSI Approved :: Apache Software License
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: Implementation :: CPython
Classifier: Topic :: Database :: Database Engines/Servers
Classifier: Typing :: Typed
Description-Content-Type: text/markdown

{readme}"""

WHEEL = """\
Wheel-Version: 1.0
Generator: lsmlite make_wheel.py
Root-Is-Purelib: false
Tag: {tag}
"""


def run(*command: str | Path, **kwargs: object) -> str:
    """Runs a command, and returns what it prints; its output is the message if it fails."""
    done = subprocess.run([str(c) for c in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **kwargs)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return str(done.stdout)


def version() -> str:
    text = (HERE / "src" / NAME / "_version.py").read_text()
    return re.search(r'__version__ = "(.+)"', text).group(1)  # type: ignore[union-attr]


def build_library(to: Path) -> None:
    """Builds liblsmlite of the folder capi. The flags keep to versions of functions that older systems have."""
    header = HERE / "native" / "oldglibc.h"
    # Go builds again what was built with other flags, not with another content of that file: so its hash is a flag.
    flags = f"-O2 -include {header} -DLSMLITE_FLAGS=0x{hashlib.sha256(header.read_bytes()).hexdigest()[:8]}"
    out = to.parent / "capi"
    run(CAPI / "build.sh", out, env=dict(os.environ, ONLY="shared", CGO_CFLAGS=flags))
    (out / "lib" / to.name).rename(to)


def build_extension(to: Path) -> None:
    include = sysconfig.get_paths()["include"]
    if not Path(include, "Python.h").exists():
        raise SystemExit(f"Python.h is missing in {include}: install the headers of Python")
    sources = sorted(str(p) for p in (HERE / "native").glob("*.c"))
    run("gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", "-fPIC",
        "-fvisibility=hidden", "-shared", "-Wl,-s", "-include", HERE / "native" / "oldglibc.h", f"-I{include}",
        f"-I{CAPI}", *sources, "-o", to)


def linked(path: Path) -> tuple[list[str], tuple[int, int]]:
    """Returns the libraries that a shared object links to, and the newest version of glibc that it names."""
    text = run("objdump", "-p", path)
    needed = re.findall(r"^\s+NEEDED\s+(\S+)$", text, re.M)
    versions = [(int(a), int(b)) for a, b in re.findall(r"\bGLIBC_(\d+)\.(\d+)", text)]
    return needed, max(versions, default=(2, 0))


def check(path: Path) -> tuple[int, int]:
    """Refuses a shared object that links to what a system may lack, and returns the glibc that it needs."""
    needed, glibc = linked(path)
    foreign = [name for name in needed if not SYSTEM_LIBRARIES.match(name)]
    if foreign:
        raise SystemExit(f"{path.name} links to {', '.join(foreign)}, which not every system has")
    undefined = [line.split()[-1] for line in run("nm", "-D", "--undefined-only", path).splitlines()]
    private = [s for s in undefined if s.startswith("_Py") and not STABLE_ABI.match(s)]
    if private:
        raise SystemExit(f"{path.name} uses what is not in the stable ABI: {', '.join(private)}")
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, links to {', '.join(needed)}, glibc {glibc[0]}.{glibc[1]}")
    return glibc


def licences() -> dict[str, Path]:
    """Returns the licences of what is in the library: ours, Go's, and those of the modules that it is made of."""
    found = {"LICENSE": HERE.parent / "LICENSE"}
    goroot = run("go", "env", "GOROOT").strip()
    for where in (Path(goroot) / "LICENSE", Path("/usr/share/doc/golang/copyright")):
        if where.exists():
            found["go/LICENSE"] = where
            break
    listing = run("go", "list", "-C", CAPI, "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Dir}}{{end}}", ".")
    for line in sorted(set(listing.splitlines())):
        module, _, folder = line.partition("\t")
        if module.startswith("github.com/lsmlite/") or not folder:
            continue
        texts = [p for p in Path(folder).iterdir() if p.name.upper().startswith(("LICENSE", "COPYING", "NOTICE"))]
        if not texts:
            raise SystemExit(f"the module {module} has no licence")
        for text in texts:
            found[f"{module}/{text.name}"] = text
    return found


def write_wheel(to: Path, shared_objects: list[Path], glibc: tuple[int, int]) -> Path:
    """Writes the wheel: a zip file of the package, and of files about it."""
    claim = max(glibc, OLDEST_GLIBC)
    tag = f"{PYTHON_TAG}-manylinux_{claim[0]}_{claim[1]}_{platform.machine()}"
    info = f"{NAME}-{version()}.dist-info"
    files: dict[str, bytes] = {}
    for source in sorted((HERE / "src" / NAME).iterdir()):
        if source.suffix in (".py", ".pyi", ".typed") or source.name == "py.typed":
            files[f"{NAME}/{source.name}"] = source.read_bytes()
    for shared_object in shared_objects:
        files[f"{NAME}/{shared_object.name}"] = shared_object.read_bytes()
    for name, path in licences().items():
        files[f"{info}/licenses/{name}"] = path.read_bytes()
    readme = (HERE / "README.md").read_text()
    files[f"{info}/METADATA"] = METADATA.format(name=NAME, version=version(), readme=readme).encode()
    files[f"{info}/WHEEL"] = WHEEL.format(tag=tag).encode()
    record = "".join(f"{name},{digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()

    to.mkdir(parents=True, exist_ok=True)
    wheel = to / f"{NAME}-{version()}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in files.items():
            # The same sources make the same wheel, whenever they are built.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            z.writestr(entry, data)
    return wheel


def digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def make(to: Path) -> Path:
    if platform.system() != "Linux":
        raise SystemExit("make_wheel.py knows Linux only")
    with tempfile.TemporaryDirectory() as scratch:
        library, extension = Path(scratch, "liblsmlite.so"), Path(scratch, "_native.abi3.so")
        build_library(library)
        build_extension(extension)
        glibc = max(check(library), check(extension))
        return write_wheel(to, [library, extension], glibc)


def test(wheel: Path, arguments: list[str]) -> int:
    """Installs a wheel into an empty environment, in which there is no compiler, and runs the tests with it.

    Python is in its development mode, in which it checks that the extension holds the GIL where it has to.
    """
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch, "environment")
        run(sys.executable, "-m", "venv", "--without-pip", home)
        python = home / "bin" / "python"
        run(sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "--no-index",
            "--no-deps", "--quiet", wheel)
        borrowed = Path(scratch, "pytest")
        borrow_pytest(borrowed)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment.update(PATH=str(home / "bin"), PYTHONPATH=str(borrowed), PYTHONDONTWRITEBYTECODE="1",
                           PYTHONDEVMODE="1", LSMLITE_INSTALLED=str(home))
        for binding in ("native", "ctypes"):
            environment["LSMLITE_BINDING"] = binding
            command = [python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--basetemp",
                       Path(scratch, "tests"), *arguments, HERE / "tests"]
            if binding == "ctypes":
                command += [f"--ignore={HERE / 'tests' / name}" for name in ONCE]
            failed = subprocess.run([str(c) for c in command], env=environment, cwd=scratch).returncode
            if failed:
                return failed
        return 0


def borrow_pytest(to: Path) -> None:
    """Makes a folder of links to pytest and what it needs, and to nothing else that is installed here."""
    to.mkdir()
    for name in PYTEST:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        target = origin.parent if origin.name == "__init__.py" else origin
        (to / target.name).symlink_to(target)


# What pip calls (PEP 517).


def get_requires_for_build_wheel(config_settings: object = None) -> list[str]:
    return []


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    return make(Path(wheel_directory)).name


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the wheel of lsmlite.")
    parser.add_argument("--out", type=Path, default=HERE / "dist", help="the folder of the wheel (default: dist)")
    parser.add_argument("--test", action="store_true", help="install the wheel into an empty environment and test it")
    parser.add_argument("arguments", nargs="*", help="of pytest, after --")
    options = parser.parse_args()
    if shutil.which("go") is None or shutil.which("gcc") is None:
        raise SystemExit("Go and gcc are needed")
    if not options.test:
        print(make(options.out))
        return 0
    # Only a wheel that has passed the tests is left there.
    with tempfile.TemporaryDirectory() as scratch:
        wheel = make(Path(scratch))
        failed = test(wheel, options.arguments)
        if failed:
            return failed
        options.out.mkdir(parents=True, exist_ok=True)
        print(shutil.copy(wheel, options.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
