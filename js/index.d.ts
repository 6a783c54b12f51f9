// SPDX-License-Identifier: Apache-2.0

/// <reference lib="esnext.disposable" />

/** A key or a value that is passed: a string stands for its UTF-8. Nothing is changed in the bytes. */
export type Bytes = string | Uint8Array | ArrayBuffer;

/** An argument of a statement. A number is an integer if it is one, up to 2^53; a Date is a time. */
export type Param = null | undefined | boolean | number | bigint | string | Date | Uint8Array | ArrayBuffer;

/** Arguments by position, or by name without its prefix. */
export type Params = readonly Param[] | Readonly<Record<string, Param>>;

/** A value that a query returns. An integer beyond 2^53 is a bigint; bytes are a Uint8Array. */
export type Value = null | boolean | number | bigint | string | Date | Uint8Array;

/** A row of a query, by the names of its columns. */
export type Row = Record<string, Value>;

/** Where a database is: the browser's origin private file system, memory, or the disk in Node. */
export type Storage = "opfs" | "memory" | "node";

/** What an error is. New kinds may be added. */
export type Kind =
  | "aborted" | "busy" | "busysnapshot" | "cantopen" | "closed" | "constraint" | "corrupt" | "full" | "internal" | "io"
  | "key" | "mismatch" | "misuse" | "moved" | "nomem" | "protocol" | "readonly" | "rolledback" | "syntax" | "tampered"
  | "toobig";

/** What fails in the database. Arguments of a wrong type are a TypeError or a RangeError. */
export class LsmliteError extends Error {
  constructor(message: string, code: number, kind: Kind, options?: ErrorOptions);
  /** lsm1's number. */
  readonly code: number;
  readonly kind: Kind;
}

/** A signal stops a call: it fails with the reason of the signal. */
export interface Abortable {
  signal?: AbortSignal;
}

/**
 * The settings of docs/tuning.md, by their names there. Sizes are in KB, page_size in bytes and busy_timeout in
 * milliseconds, unless they have a suffix, such as "16MiB" or "1.5s".
 */
export interface Settings {
  mode?: "rwc" | "rw" | "ro";
  preset?: "default" | "low-memory" | "high-performance" | "lsmlite-rs";
  safety?: "off" | "normal" | "full" | 0 | 1 | 2;
  page_size?: number | string;
  block_size?: number | string;
  compression?: "none" | "lz4" | "zlib" | "zstd" | "snappy";
  autoflush?: number | string;
  autocheckpoint?: number | string;
  max_log?: number | string;
  changes?: number | string;
  automerge?: number;
  max_garbage?: number;
  autowork?: boolean;
  use_log?: boolean;
  allow_missing_log?: boolean;
  skip_damaged?: boolean;
  background?: "none" | "merger" | "checkpointer" | "both";
  max_freelist?: number;
  cache_size?: number | string;
  index_size?: number | string;
  /**
   * How long to wait for the writer's turn, or for work on the file that another call has begun, and in `open` for
   * another tab or process to close the file. The call fails with `busy` then.
   */
  busy_timeout?: number | string;
  count_deletes?: boolean;
  /** That of a new encrypted database. */
  cipher?: "aes-256-gcm" | "chacha20-poly1305";
  key_type?: "blob" | "text" | "int64" | "uint64" | "lsm1uint" | "time";
  value_type?: "blob" | "text" | "time";
}

/** What opens an encrypted database: one of the two. */
export interface Secret {
  /** 32 bytes. */
  key?: Uint8Array | ArrayBuffer;
  /** In place of a key: a passphrase. To make a key of it takes 64 MiB and about a second. */
  passphrase?: string | Uint8Array;
}

/** One of the keys that open an encrypted database. */
export interface KeySlot {
  id: string;
  /** "raw", "passphrase", "external", or that of a newer version. */
  type: string;
  /** That of an external key. */
  name: string | undefined;
}

/** A new database with a key is encrypted. */
export interface OpenOptions extends Settings, Abortable, Secret {
  /** In a browser "opfs" if it is not set, in Node "node". */
  storage?: Storage;
  /** With storage "memory": the file to begin with, and its log if it has one. */
  content?: Blob | Uint8Array | ArrayBuffer;
  log?: Blob | Uint8Array | ArrayBuffer;
}

/** With a key, the copy is encrypted for that. Without one, the keys of the database open it. */
export interface BackupOptions extends Abortable, Secret {
  /** Of a copy with a key of its own. Otherwise it is that of the database, or the default if that is not encrypted. */
  cipher?: "aes-256-gcm" | "chacha20-poly1305";
  /** false: the copy of an encrypted database is not encrypted. true: a copy that would not be is an error. */
  encrypted?: boolean;
}

/** Which rows a scan returns. Of two bounds on one side the narrower one counts. */
export interface Range extends Abortable {
  gt?: Bytes;
  gte?: Bytes;
  lt?: Bytes;
  lte?: Bytes;
  prefix?: Bytes;
  /** From the last key to the first. */
  reverse?: boolean;
  /** How many rows at most. */
  limit?: number;
}

export interface QueryOptions extends Abortable {
  /** Rows are lists of values, in the order of the columns. */
  array?: boolean;
}

/** The rows of a query. Nothing is requested before the first call of next or columns. */
export interface Rows<T> extends AsyncIterableIterator<T> {
  /** The names of the columns, in their order, also if there are no rows. */
  columns(): Promise<string[]>;
}

/** What a database and a transaction can do. */
export interface Session {
  get(key: Bytes): Promise<Uint8Array | undefined>;
  put(key: Bytes, value: Bytes): Promise<void>;
  /** Deletes a key. That there is none is no error. */
  delete(key: Bytes): Promise<void>;
  /** Deletes all keys between two others, which stay. null for one of them is no bound. */
  deleteRange(after: Bytes | null | undefined, before: Bytes | null | undefined): Promise<void>;
  /** Reads rows in the order of their keys, as they are at the first call of next(). Leaving the loop ends it. */
  scan(range?: Range): AsyncIterableIterator<[key: Uint8Array, value: Uint8Array]>;
  /** A scan that loads no values. */
  keys(range?: Range): AsyncIterableIterator<Uint8Array>;
  /** Runs a statement that has rows. */
  query(sql: string, params?: Params, options?: QueryOptions & { array?: false }): Rows<Row>;
  query(sql: string, params: Params | undefined, options: QueryOptions & { array: true }): Rows<Value[]>;
  /** Runs statements. changes is how many rows the last one wrote, unless that was not counted. */
  exec(sql: string, params?: Params, options?: Abortable): Promise<{ changes: number | undefined }>;
}

/** A write transaction. It ends with the function that it was given to. */
export interface Transaction extends Session {
  /** Runs a function; if it throws, what it wrote is undone, and the transaction goes on. Calls may be nested. */
  savepoint<T>(f: (tx: Transaction) => T | Promise<T>): Promise<T>;
}

export interface Database extends Session {
  readonly name: string;
  /**
   * Runs a function in a transaction, which is committed when the function returns, and undone if it throws. There is
   * one at a time; while it runs, other writes wait. Within the function write through tx: a write through the
   * database would wait for its own transaction.
   */
  transaction<T>(f: (tx: Transaction) => T | Promise<T>, options?: Abortable): Promise<T>;
  /** A copy of the newest committed state, as a file, while others read and write. */
  backup(options?: BackupOptions): Promise<Uint8Array>;
  /** The same, part by part. */
  backupTo(stream: WritableStream<Uint8Array>, options?: BackupOptions): Promise<void>;
  /** Writes to the file what is in memory, and makes it durable. It waits for a transaction that runs, as writes do. */
  checkpoint(options?: Abortable): Promise<void>;
  /** The keys that open the database; none if it is not encrypted. */
  keySlots(): Promise<KeySlot[]>;
  /** Has one more key open the database, durably unless safety is "off", and returns its id. */
  addKey(secret: Secret): Promise<string>;
  /** Has a key not open the database any more, as durably. The last one stays, and copies made before know it. */
  removeKey(id: string): Promise<void>;
  /**
   * Closes the database. Transactions that are open are undone, scans and queries end; what is cut off by that, or
   * called later, fails with `closed`.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a database, and makes it if there is none. It runs in a worker of its own. */
export function open(name: string, options?: OpenOptions): Promise<Database>;

/** Stores a file as a database, which must not be open. In memory it is what each open of the name begins with. */
export function importFile(
  name: string,
  data: Blob | Uint8Array | ArrayBuffer,
  options?: { storage?: Storage; replace?: boolean },
): Promise<void>;

/** Removes a database, which must not be open, and its log. */
export function remove(name: string, options?: { storage?: Storage }): Promise<void>;

/** Requests that the browser keeps what this origin stores when room is short, and reports whether it will. */
export function requestPersistence(): Promise<boolean>;
