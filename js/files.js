// SPDX-License-Identifier: Apache-2.0

// The files of a database, as js/hostfs needs them: operations on names, which may wait, and open files, whose
// calls return at once. There are three kinds: OPFS in a browser, the disk in Node, and memory.

/** The failures, by the numbers of hostfs. */
export const status = {
  ok: 0, failed: -1, notExist: -2, exist: -3, permission: -4, invalid: -5, isFolder: -6, notFolder: -7,
  noSpace: -8, busy: -9, unsupported: -10, link: -11, closed: -12,
};

const op = { open: 1, remove: 2, rename: 3, stat: 4, syncDir: 5, canonical: 6 };
const create = 1 << 9, mustCreate = 1 << 10, noFollow = 1 << 11, readOnly = 1 << 12;

/** A failure with its number. */
export class FileError extends Error {
  constructor(code, message) {
    super(message);
    this.status = code;
  }
}

const byCode = {
  ENOENT: status.notExist, EEXIST: status.exist, EACCES: status.permission, EPERM: status.permission,
  EROFS: status.permission, EINVAL: status.invalid, EISDIR: status.isFolder, ENOTDIR: status.notFolder,
  ENOSPC: status.noSpace, EDQUOT: status.noSpace, EFBIG: status.noSpace, EBUSY: status.busy, ELOOP: status.link,
  ENOSYS: status.unsupported,
};
const byName = {
  NotFoundError: status.notExist, NoModificationAllowedError: status.busy, QuotaExceededError: status.noSpace,
  TypeMismatchError: status.isFolder, NotAllowedError: status.permission, SecurityError: status.permission,
  InvalidStateError: status.closed, NotSupportedError: status.unsupported,
};

/** statusOf returns the number of a failure, whatever it was thrown by. */
export function statusOf(error) {
  return error?.status ?? byCode[error?.code] ?? byName[error?.name] ?? status.failed;
}

/** normal returns the one absolute name of what is called path: with one slash, and no dots. */
export function normal(path) {
  const parts = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return "/" + parts.join("/");
}

/** Files are open files by number, on a kind of files. */
export class Files {
  #kind;
  #open = new Map();
  #last = 0;
  #reason = "";

  constructor(kind) {
    this.#kind = kind;
  }

  get removesOpen() {
    return this.#kind.removesOpen;
  }

  /** do does something to names, and returns {value, text}. */
  async do(what, a, b, arg) {
    switch (what) {
      case op.open: {
        const file = await this.#kind.open(a, {
          create: (arg & create) !== 0, mustCreate: (arg & create) !== 0 && (arg & mustCreate) !== 0,
          noFollow: (arg & noFollow) !== 0, readOnly: (arg & readOnly) !== 0, mode: arg & 0o777,
        });
        const handle = ++this.#last;
        this.#open.set(handle, file);
        return { value: handle };
      }
      case op.remove:
        await this.#kind.remove(a);
        return {};
      case op.rename:
        await this.#kind.rename(a, b);
        return {};
      case op.stat:
        return { value: await this.#kind.stat(a) };
      case op.syncDir:
        await this.#kind.syncDir(a);
        return {};
      case op.canonical:
        return { text: await this.#kind.canonical(a) };
    }
    throw new FileError(status.unsupported, `unknown operation ${what}`);
  }

  /** try returns what f returns for an open file, or the number of its failure. */
  #try(handle, f) {
    const file = this.#open.get(handle);
    if (file === undefined) {
      this.#reason = "the file is closed";
      return status.closed;
    }
    try {
      return f(file);
    } catch (error) {
      this.#reason = String(error?.message ?? error);
      return statusOf(error);
    }
  }

  read(handle, bytes, at) {
    return this.#try(handle, (file) => file.read(bytes, at));
  }

  write(handle, bytes, at) {
    return this.#try(handle, (file) => file.write(bytes, at));
  }

  size(handle) {
    return this.#try(handle, (file) => file.size());
  }

  truncate(handle, size) {
    return this.#try(handle, (file) => (file.truncate(size), status.ok));
  }

  sync(handle) {
    return this.#try(handle, (file) => (file.sync(), status.ok));
  }

  close(handle) {
    const n = this.#try(handle, (file) => (file.close(), status.ok));
    this.#open.delete(handle);
    return n;
  }

  /** reason returns the text of the newest failure of a call that returned at once. */
  reason() {
    return this.#reason;
  }

  /** closeAll closes what the program has left open. */
  closeAll() {
    for (const handle of [...this.#open.keys()]) this.close(handle);
  }
}

/** Memory has files in memory. What begins another file's name, up to a slash, is a folder. */
export class Memory {
  removesOpen = true;
  #files = new Map();

  /** put makes a file of bytes, which it owns from then on. */
  put(name, bytes) {
    this.#files.set(normal(name), new MemoryFile(bytes));
  }

  #isFolder(name) {
    if (name === "/") return true;
    for (const other of this.#files.keys()) if (other.startsWith(name + "/")) return true;
    return false;
  }

  open(name, how) {
    name = normal(name);
    let file = this.#files.get(name);
    if (file !== undefined) {
      if (how.mustCreate) throw new FileError(status.exist, `${name} is there already`);
      return file;
    }
    if (name === "/" || this.#isFolder(name)) throw new FileError(status.isFolder, `${name} is a folder`);
    if (!how.create) throw new FileError(status.notExist, `${name} does not exist`);
    for (let at = name.indexOf("/", 1); at > 0; at = name.indexOf("/", at + 1)) {
      if (this.#files.has(name.slice(0, at))) throw new FileError(status.notFolder, `${name.slice(0, at)} is a file`);
    }
    file = new MemoryFile(new Uint8Array(0));
    this.#files.set(name, file);
    return file;
  }

  remove(name) {
    name = normal(name);
    if (this.#files.delete(name)) return;
    if (this.#isFolder(name)) throw new FileError(status.isFolder, `${name} is a folder`);
    throw new FileError(status.notExist, `${name} does not exist`);
  }

  rename(from, to) {
    from = normal(from);
    to = normal(to);
    const file = this.#files.get(from);
    if (file === undefined) throw new FileError(status.notExist, `${from} does not exist`);
    if (this.#isFolder(to)) throw new FileError(status.isFolder, `${to} is a folder`);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  stat(name) {
    name = normal(name);
    const file = this.#files.get(name);
    if (file !== undefined) return file.size();
    if (this.#isFolder(name)) return -1;
    throw new FileError(status.notExist, `${name} does not exist`);
  }

  syncDir() {}

  /** siblings returns the last parts of the names of the files in the folder of a name. */
  siblings(name) {
    const folder = normal(name).replace(/[^/]*$/, "");
    return [...this.#files.keys()].filter((k) => k.startsWith(folder)).map((k) => k.slice(folder.length)).filter((k) => !k.includes("/"));
  }

  canonical(name) {
    return normal(name);
  }
}

/** MemoryFile is a file in memory: chunks, so that a file that grows is not copied. */
class MemoryFile {
  static #chunk = 1 << 18;
  #chunks = [];
  #size = 0;

  constructor(bytes) {
    this.write(bytes, 0);
  }

  read(bytes, at) {
    const n = Math.max(0, Math.min(bytes.length, this.#size - at));
    for (let done = 0; done < n; ) {
      const [chunk, from] = this.#place(at + done);
      const part = Math.min(n - done, MemoryFile.#chunk - from);
      if (chunk === undefined) bytes.fill(0, done, done + part);
      else bytes.set(chunk.subarray(from, from + part), done);
      done += part;
    }
    return n;
  }

  write(bytes, at) {
    for (let done = 0; done < bytes.length; ) {
      const index = Math.floor((at + done) / MemoryFile.#chunk);
      const chunk = (this.#chunks[index] ??= new Uint8Array(MemoryFile.#chunk));
      const from = (at + done) % MemoryFile.#chunk;
      const part = Math.min(bytes.length - done, MemoryFile.#chunk - from);
      chunk.set(bytes.subarray(done, done + part), from);
      done += part;
    }
    if (bytes.length > 0) this.#size = Math.max(this.#size, at + bytes.length);
    return bytes.length;
  }

  #place(at) {
    return [this.#chunks[Math.floor(at / MemoryFile.#chunk)], at % MemoryFile.#chunk];
  }

  size() {
    return this.#size;
  }

  truncate(size) {
    if (size < this.#size) {
      const [chunk, from] = this.#place(size);
      chunk?.fill(0, from);
      this.#chunks.length = Math.min(this.#chunks.length, Math.ceil(size / MemoryFile.#chunk));
    }
    this.#size = size;
  }

  sync() {}

  close() {}
}

/** Opfs has files in the origin private file system of a browser. Only a worker can open them so. */
export class Opfs {
  removesOpen = false;
  #root;

  static async make() {
    if (globalThis.navigator?.storage?.getDirectory === undefined || globalThis.FileSystemFileHandle === undefined ||
        FileSystemFileHandle.prototype.createSyncAccessHandle === undefined) {
      throw new FileError(status.unsupported,
        "this browser, or this page, has no origin private file system with access handles; use storage: \"memory\"");
    }
    const kind = new Opfs();
    kind.#root = await navigator.storage.getDirectory();
    return kind;
  }

  /** folder returns the folder of a name, and the last part of the name. */
  async #folder(name, make) {
    const parts = normal(name).slice(1).split("/");
    const last = parts.pop();
    let folder = this.#root;
    try {
      for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: make });
    } catch (error) {
      if (error.name === "TypeMismatchError") throw new FileError(status.notFolder, `a folder of ${name} is a file`);
      throw error;
    }
    return [folder, last];
  }

  async open(name, how) {
    const [folder, last] = await this.#folder(name, how.create);
    if (last === "") throw new FileError(status.isFolder, "the folder of all files");
    let file;
    if (how.create) {
      let there = true;
      try {
        file = await folder.getFileHandle(last);
      } catch (error) {
        if (error.name !== "NotFoundError") throw error;
        there = false;
        file = await folder.getFileHandle(last, { create: true });
      }
      if (there && how.mustCreate) throw new FileError(status.exist, `${name} is there already`);
    } else {
      file = await folder.getFileHandle(last);
    }
    return new OpfsFile(await file.createSyncAccessHandle());
  }

  async remove(name) {
    const [folder, last] = await this.#folder(name, false);
    await folder.getFileHandle(last); // a folder is not removed
    await folder.removeEntry(last);
  }

  async rename(from, to) {
    const [folder, last] = await this.#folder(from, false);
    const file = await folder.getFileHandle(last);
    if (normal(from) === normal(to)) return;
    if (file.move === undefined) throw new FileError(status.unsupported, "this browser cannot rename files");
    const [toFolder, toLast] = await this.#folder(to, true);
    await file.move(toFolder, toLast);
  }

  async stat(name) {
    const [folder, last] = await this.#folder(name, false);
    if (last === "") return -1;
    try {
      return (await (await folder.getFileHandle(last)).getFile()).size;
    } catch (error) {
      if (error.name === "TypeMismatchError") return -1;
      throw error;
    }
  }

  syncDir() {}

  async siblings(name) {
    const [folder] = await this.#folder(name, false);
    const names = [];
    for await (const [last, handle] of folder.entries()) if (handle.kind === "file") names.push(last);
    return names;
  }

  canonical(name) {
    return normal(name);
  }
}

/** OpfsFile is an access handle. */
class OpfsFile {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  read(bytes, at) {
    return this.#handle.read(bytes, { at });
  }

  write(bytes, at) {
    const size = this.#handle.getSize();
    // What is between the end and the bytes is zero by this, whatever the browser makes of it.
    if (at > size && bytes.length > 0) this.#handle.truncate(at);
    const n = this.#handle.write(bytes, { at });
    if (n === 0 && bytes.length > 0) throw new FileError(status.noSpace, "nothing could be written");
    return n;
  }

  size() {
    return this.#handle.getSize();
  }

  truncate(size) {
    this.#handle.truncate(size);
  }

  sync() {
    this.#handle.flush();
  }

  close() {
    this.#handle.close();
  }
}

/** Disk has the files of the disk, in Node. */
export class Disk {
  removesOpen = true;
  #fs;
  #path;

  static async make() {
    const kind = new Disk();
    kind.#fs = process.getBuiltinModule("node:fs");
    kind.#path = process.getBuiltinModule("node:path");
    return kind;
  }

  open(name, how) {
    const fs = this.#fs;
    const c = fs.constants;
    let flags = how.readOnly ? c.O_RDONLY : c.O_RDWR;
    if (how.create) flags |= c.O_CREAT;
    if (how.mustCreate) flags |= c.O_EXCL;
    if (how.noFollow) {
      if (c.O_NOFOLLOW !== undefined) flags |= c.O_NOFOLLOW;
      else if (this.#isLink(name)) throw new FileError(status.link, "the name is a symbolic link");
    }
    const fd = fs.openSync(name, flags, how.mode);
    if (fs.fstatSync(fd).isDirectory()) {
      fs.closeSync(fd);
      throw new FileError(status.isFolder, `${name} is a folder`);
    }
    return new DiskFile(fs, fd);
  }

  #isLink(name) {
    return this.#fs.lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  }

  remove(name) {
    if (this.#fs.lstatSync(name).isDirectory()) throw new FileError(status.isFolder, `${name} is a folder`);
    this.#fs.unlinkSync(name);
  }

  rename(from, to) {
    this.#fs.renameSync(from, to);
  }

  stat(name) {
    const info = this.#fs.statSync(name);
    return info.isDirectory() ? -1 : info.size;
  }

  syncDir(name) {
    if (globalThis.process.platform === "win32") return;
    const fd = this.#fs.openSync(this.#path.dirname(name), "r");
    try {
      this.#fs.fsyncSync(fd);
    } finally {
      this.#fs.closeSync(fd);
    }
  }

  siblings(name) {
    const all = this.#fs.readdirSync(this.#path.dirname(name), { withFileTypes: true });
    return all.filter((entry) => entry.isFile()).map((entry) => entry.name);
  }

  /** canonical follows links, also that of the name itself, whose file may be missing. */
  canonical(name) {
    const fs = this.#fs, path = this.#path;
    let full = path.resolve(name);
    for (let links = 0; links < 40; links++) {
      full = path.join(fs.realpathSync(path.dirname(full)), path.basename(full));
      if (!this.#isLink(full)) return full;
      full = path.resolve(path.dirname(full), fs.readlinkSync(full));
    }
    throw new FileError(status.link, "the name is a link to itself");
  }
}

/** DiskFile is an open file of the disk. */
class DiskFile {
  #fs;
  #fd;

  constructor(fs, fd) {
    this.#fs = fs;
    this.#fd = fd;
  }

  read(bytes, at) {
    let n = 0;
    while (n < bytes.length) {
      const part = this.#fs.readSync(this.#fd, bytes, n, bytes.length - n, at + n);
      if (part === 0) break;
      n += part;
    }
    return n;
  }

  write(bytes, at) {
    return this.#fs.writeSync(this.#fd, bytes, 0, bytes.length, at);
  }

  size() {
    return this.#fs.fstatSync(this.#fd).size;
  }

  truncate(size) {
    this.#fs.ftruncateSync(this.#fd, size);
  }

  sync() {
    this.#fs.fsyncSync(this.#fd);
  }

  close() {
    this.#fs.closeSync(this.#fd);
  }
}
