// SPDX-License-Identifier: Apache-2.0

// What keeps a database from being opened twice. In a browser it is a Web Lock of the origin. Node has no locks
// that end with their process, so there it is a file next to the database that names the process; that of a
// process that has ended counts for nothing. Programs in other languages lock bytes of the database file. Node
// cannot, but on Linux it can see them.

import { FileError, normal, status } from "./files.js";

/**
 * acquire returns what releases the lock. It waits for up to timeout milliseconds, and fails once stopped() is true:
 * then nobody will release it. made is given the lock file, if there is one, and what is in it: a thread that is
 * terminated can remove nothing, so who terminates it does.
 */
export async function acquire(storage, name, timeout, mayWrite, stopped = () => false, made = () => {}) {
  switch (storage) {
    case "opfs":
      return webLock(`lsmlite:${normal(name).slice(1)}`, timeout);
    case "node":
      return lockFile(name, timeout, mayWrite, stopped, made);
  }
  return async () => {};
}

function webLock(name, timeout) {
  // Without Web Locks there are still the access handles, of which a file has only one.
  if (globalThis.navigator?.locks === undefined) return async () => {};
  const options = timeout > longest ? {} : timeout > 0 ? { signal: AbortSignal.timeout(timeout) } : { ifAvailable: true };
  return new Promise((resolve, reject) => {
    const ended = navigator.locks.request(name, options, (lock) => {
      if (lock === null) throw busy(name.slice("lsmlite:".length), "by another tab or worker");
      return new Promise((release) =>
        resolve(async () => {
          release();
          await ended;
        }),
      );
    });
    ended.catch((error) =>
      reject(error.status === undefined ? busy(name.slice("lsmlite:".length), "by another tab or worker") : error),
    );
  });
}

function busy(name, by) {
  return new FileError(status.busy, `open ${name}: the database is open already, ${by}`);
}

const longest = 2 ** 31 - 1; // milliseconds that a timer of browsers can wait; more is without end

const retry = 20; // milliseconds between two looks at a lock file

/** lockFile makes the lock file of a database. */
async function lockFile(name, timeout, mayWrite, stopped, made) {
  const fs = process.getBuiltinModule("node:fs");
  const { hostname } = process.getBuiltinModule("node:os");
  const { randomUUID } = process.getBuiltinModule("node:crypto");
  const path = `${await canonical(fs, name)}-lock`;
  const self = JSON.stringify({ ...identity(fs, process.pid), host: hostname(), token: randomUUID() });
  const until = Date.now() + timeout;
  for (;;) {
    if (stopped()) throw new FileError(status.busy, `open ${name}: given up`);
    let mine = false;
    try {
      fs.writeFileSync(path, self, { flag: "wx", mode: 0o600 });
      mine = true;
    } catch (error) {
      if (error.code !== "EEXIST") {
        // A database that is only read may be in a folder where nothing can be made.
        if (!mayWrite && ["EACCES", "EPERM", "EROFS"].includes(error.code)) return async () => {};
        throw error;
      }
    }
    if (mine) {
      made(path, self);
      const remove = () => {
        if (read(fs, path) === self) fs.rmSync(path, { force: true });
      };
      process.on("exit", remove); // of this thread, which may fail while the process, whose number is in the file, goes on
      const release = async () => {
        process.off("exit", remove);
        remove();
      };
      if (!bytesLocked(fs, name)) return release;
      await release();
      if (Date.now() >= until) throw busy(name, "by a program that locks it as SQLite's lsm1 does");
      await new Promise((resolve) => setTimeout(resolve, retry));
      continue;
    }
    const held = read(fs, path);
    if (held === undefined) continue; // it was released at this moment
    if (hasEnded(fs, held, hostname())) {
      takeAway(fs, path, held, randomUUID());
      continue;
    }
    if (Date.now() >= until) throw busy(name, `as the lock file ${path} says; remove that if it is wrong`);
    await new Promise((resolve) => setTimeout(resolve, retry));
  }
}

/** bytesLocked reports whether a process has a lock on one of lsm1's bytes of a file, as far as that can be seen. */
function bytesLocked(fs, name) {
  let locks, inode;
  try {
    inode = fs.statSync(name, { bigint: true }).ino;
    locks = fs.readFileSync("/proc/locks", "utf8");
  } catch {
    return false; // there is no such file, or this is not Linux
  }
  return locks.split("\n").some((line) => {
    const [, file, start] = /:(\d+) (\d+) \S+$/.exec(line) ?? [];
    return file !== undefined && BigInt(file) === inode && Number(start) >= 4067 && Number(start) <= 4095;
  });
}

/** canonical is the name without links, of a file that may be missing. */
async function canonical(fs, name) {
  const { Disk } = await import("./files.js");
  return (await Disk.make()).canonical(name);
}

function read(fs, path) {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** identity says which process has a number: numbers are used again, in a container always the same. */
function identity(fs, pid) {
  const who = { pid };
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    who.started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    who.boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Only Linux has these files.
  }
  return who;
}

/** hasEnded reports whether the process that made a lock file has ended for sure. */
function hasEnded(fs, held, host) {
  let owner;
  try {
    owner = JSON.parse(held);
  } catch {
    return false; // it is being written, or is not ours
  }
  if (typeof owner?.pid !== "number" || owner.host !== host) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return error.code === "ESRCH";
  }
  const now = identity(fs, owner.pid);
  return owner.started !== undefined && now.started !== undefined &&
    (owner.started !== now.started || owner.boot !== now.boot);
}

/**
 * takeAway removes the lock file of a process that has ended. Renamed first, so that of several processes that do
 * this one finds it, and none removes a lock that was made since.
 */
function takeAway(fs, path, held, token) {
  const aside = `${path}-${token}`;
  try {
    fs.renameSync(path, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  if (read(fs, aside) !== held) {
    // Another process was faster and has made its own, which goes back unless there is yet another.
    try {
      fs.linkSync(aside, path);
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
  }
  fs.rmSync(aside, { force: true });
}
