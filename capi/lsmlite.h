/* SPDX-License-Identifier: Apache-2.0
**
** The C interface of lsmlite: lsm1's functions, with its names, numbers and structures, so that a program
** written for lsm1 is compiled and linked as it is; and functions of lsmlite's own, whose names begin with
** lsmlite_. docs/c.md has the rules of memory and threads, and what differs from lsm1.
**
** In short: a handle and what belongs to it (cursors, statements) is used by one thread at a time. What a
** function hands out as lsm_malloc'ed is freed by lsm_free; everything else belongs to the library and is
** valid as long as its comment says. Functions return LSM_OK or an error number unless declared otherwise.
*/
#ifndef LSMLITE_H
#define LSMLITE_H
#ifndef _LSM_H
#define _LSM_H
#endif
#include <stddef.h>

/* Every exported function carries this mark; the library hides all its other names. */
#ifndef LSMLITE_API
# if defined(_WIN32)
#  define LSMLITE_API
# else
#  define LSMLITE_API __attribute__((visibility("default")))
# endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lsm_compress lsm_compress;
typedef struct lsm_compress_factory lsm_compress_factory;
typedef struct lsm_cursor lsm_cursor;
typedef struct lsm_db lsm_db;
typedef struct lsm_env lsm_env;
typedef struct lsm_file lsm_file;
typedef struct lsm_mutex lsm_mutex;

typedef long long int lsm_i64;

/* ------------------------------------------------------------------------------------------------------
** Environment: files, memory and locks as a program supplies them. lsm_default_env() is the system's; a
** program may copy that structure and replace or wrap any function of it.
*/

/* What xLock is asked for. */
#define LSM_LOCK_UNLOCK 0
#define LSM_LOCK_SHARED 1
#define LSM_LOCK_EXCL   2

/* Flags of xOpen. */
#define LSM_OPEN_READONLY 0x0001

/* Which mutex xMutexStatic returns. */
#define LSM_MUTEX_GLOBAL 1
#define LSM_MUTEX_HEAP   2

struct lsm_env {
  int nByte;    /* sizeof(lsm_env) */
  int iVersion; /* 1 */

  /* Files. A read beyond the end of a file fills the rest with zeros. xRemap also tells how long a file is:
  ** an environment whose xRemap does not map must still set its last argument, or the library has to search
  ** for the end. xFileid is asked whether two open files are the same one. */
  void *pVfsCtx;
  int (*xFullpath)(lsm_env*, const char *zFile, char *zOut, int *pnOut);
  int (*xOpen)(lsm_env*, const char *zFile, int flags, lsm_file**);
  int (*xRead)(lsm_file*, lsm_i64 iOff, void *pBuf, int nBuf);
  int (*xWrite)(lsm_file*, lsm_i64 iOff, void *pBuf, int nBuf);
  int (*xTruncate)(lsm_file*, lsm_i64 nByte);
  int (*xSync)(lsm_file*);
  int (*xSectorSize)(lsm_file*);
  int (*xRemap)(lsm_file*, lsm_i64 nMin, void **ppMap, lsm_i64 *pnMap);
  int (*xFileid)(lsm_file*, void *pBuf, int *pnBuf);
  int (*xClose)(lsm_file*);
  int (*xUnlink)(lsm_env*, const char *zFile);
  int (*xLock)(lsm_file*, int iLock, int eLock);
  int (*xTestLock)(lsm_file*, int iFirst, int nLock, int eLock);
  int (*xShmMap)(lsm_file*, int iChunk, int nChunk, void **ppMap); /* not called */
  void (*xShmBarrier)(void);                                       /* not called */
  int (*xShmUnmap)(lsm_file*, int bDelete);                        /* not called */

  /* Memory of handles, cursors, and of what the caller frees. The engine's own memory is Go's. */
  void *pMemCtx;
  void *(*xMalloc)(lsm_env*, size_t);
  void *(*xRealloc)(lsm_env*, void*, size_t);
  void (*xFree)(lsm_env*, void*);
  size_t (*xSize)(lsm_env*, void*);

  /* Mutexes: not called by the library, and right to call in the default environment. */
  void *pMutexCtx;
  int (*xMutexStatic)(lsm_env*, int eMutex, lsm_mutex**);
  int (*xMutexNew)(lsm_env*, lsm_mutex**);
  void (*xMutexDel)(lsm_mutex*);
  void (*xMutexEnter)(lsm_mutex*);
  int (*xMutexTry)(lsm_mutex*);
  void (*xMutexLeave)(lsm_mutex*);
  int (*xMutexHeld)(lsm_mutex*);
  int (*xMutexNotHeld)(lsm_mutex*);

  int (*xSleep)(lsm_env*, int nMicrosecond); /* not called */
};

LSMLITE_API lsm_env *lsm_default_env(void);
LSMLITE_API lsm_env *lsm_get_env(lsm_db*);

/* Memory of an environment; NULL is the default one. */
LSMLITE_API void *lsm_malloc(lsm_env*, size_t);
LSMLITE_API void *lsm_realloc(lsm_env*, void*, size_t);
LSMLITE_API void lsm_free(lsm_env*, void*);

/* ------------------------------------------------------------------------------------------------------
** Errors. Functions of lsm1 return these only; lsmlite_error_code() may refine one in the bits above 255.
*/
#define LSM_OK         0
#define LSM_ERROR      1
#define LSM_BUSY       5
#define LSM_NOMEM      7
#define LSM_READONLY   8
#define LSM_IOERR     10
#define LSM_CORRUPT   11
#define LSM_FULL      13
#define LSM_CANTOPEN  14
#define LSM_PROTOCOL  15
#define LSM_MISUSE    21
#define LSM_MISMATCH  50
#define LSM_IOERR_NOENT (LSM_IOERR | (1<<8))

/* lsmlite's own. */
#define LSMLITE_TOOBIG        18                /* a key, value or statement beyond its limit */
#define LSMLITE_CONSTRAINT    19                /* a statement would break a rule of its table */
#define LSMLITE_SYNTAX        (LSM_ERROR | (1<<8))
#define LSMLITE_BUSY_SNAPSHOT (LSM_BUSY | (2<<8)) /* others have committed since this handle began to read */
#define LSMLITE_MOVED         (LSM_READONLY | (4<<8))
#define LSMLITE_KEY           (LSM_MISMATCH | (1<<8)) /* a wrong key, or none */
#define LSMLITE_ROW          100                /* lsmlite_step: there is a row */
#define LSMLITE_DONE         101                /* lsmlite_step: there is none */

/* ------------------------------------------------------------------------------------------------------
** Handles. lsm_new makes one (NULL: the default environment), lsm_open connects it to a file, which is
** created if it is missing, and lsm_close ends it: LSM_MISUSE while a cursor, a statement or a transaction
** of it is open, be it of lsm_begin or of statements that took the writer's turn. Handles of one file in one
** process share its database; a second process gets LSM_BUSY.
*/
LSMLITE_API int lsm_new(lsm_env*, lsm_db **ppDb);
LSMLITE_API int lsm_open(lsm_db*, const char *zFilename);
LSMLITE_API int lsm_close(lsm_db*);

/* ------------------------------------------------------------------------------------------------------
** Settings: lsm_config(db, LSM_CONFIG_..., argument). Where the argument is int*, a value that makes sense
** replaces the setting, and the setting in force is stored in its place; so pass -1 to ask. What may change
** while the file is open takes effect when this handle next begins to write, for all handles of the file.
*/
LSMLITE_API int lsm_config(lsm_db*, int eParam, ...);

#define LSM_CONFIG_AUTOFLUSH                1 /* int*: KB of the tree in memory at which it is flushed; 1024 */
#define LSM_CONFIG_PAGE_SIZE                2 /* int*: bytes, 256 to 65536, for a new file; before lsm_open; 4096 */
#define LSM_CONFIG_SAFETY                   3 /* int*: LSM_SAFETY_*; 1 */
#define LSM_CONFIG_BLOCK_SIZE               4 /* int*: KB, 64 to 65536, for a new file; before lsm_open; 1024 */
#define LSM_CONFIG_AUTOWORK                 5 /* int*: 0 leaves flushing and merging to lsm_flush and lsm_work; 1 */
#define LSM_CONFIG_MMAP                     7 /* int*: 0 none, 1 all, N: N KB of the file are mapped; before lsm_open; 1 */
#define LSM_CONFIG_USE_LOG                  8 /* int*: 0 writes no log; 1 */
#define LSM_CONFIG_AUTOMERGE                9 /* int*: segments merged at a time, at least 2; 4 */
#define LSM_CONFIG_MAX_FREELIST            10 /* int*: free-list entries in a checkpoint, 2 to 24; 24 */
#define LSM_CONFIG_MULTIPLE_PROCESSES      11 /* int*: kept, and without effect: always one process; before lsm_open; 1 */
#define LSM_CONFIG_AUTOCHECKPOINT          12 /* int*: KB written between checkpoints, 0 never; 2048 */
#define LSM_CONFIG_SET_COMPRESSION         13 /* lsm_compress*: copied; before lsm_open */
#define LSM_CONFIG_GET_COMPRESSION         14 /* lsm_compress*: filled in */
#define LSM_CONFIG_SET_COMPRESSION_FACTORY 15 /* lsm_compress_factory*: copied; before lsm_open */
#define LSM_CONFIG_READONLY                16 /* int*: 1 never writes to the file; before lsm_open; 0 */

#define LSMLITE_CONFIG_BUSY_TIMEOUT      1001 /* int*: milliseconds that a write waits for other handles, 1<<30 at most; 0 */
#define LSMLITE_CONFIG_CACHE_SIZE        1002 /* int*: KB of the page cache; before lsm_open; 65536 */

#define LSM_SAFETY_OFF    0 /* never syncs: a power failure may destroy the database */
#define LSM_SAFETY_NORMAL 1 /* syncs checkpoints: a power failure may lose the newest commits */
#define LSM_SAFETY_FULL   2 /* syncs each commit: nothing that was committed is lost */

/* Messages for debugging: warnings and errors of the file, if this handle opens it, from any thread, until this
** handle is closed; before lsm_open. xLog does not close the handle. */
LSMLITE_API void lsm_config_log(lsm_db*, void (*xLog)(void *pCtx, int rc, const char *zMsg), void *pCtx);

/* Called after a call through this handle has written to the database file, in the thread of that call. */
LSMLITE_API void lsm_config_work_hook(lsm_db*, void (*xHook)(lsm_db*, void *pCtx), void *pCtx);

/* Hooks that compress pages. Files name them by iId, any number but 0, 1, and 11100; ids of lsmlite's own
** codecs (10001 LZ4, 10002 zlib, 10003 Zstandard, 11001 Snappy) are open without hooks. xBound returns the
** most bytes that xCompress may make of nSrc. Both others get the room at pOut in *pnOut and set it to what
** they used; they return LSM_OK or an error. Hooks of one handle are never called by two threads at once.
** xFree is called once, by lsm_close or when others take their place. */
struct lsm_compress {
  void *pCtx;
  unsigned int iId;
  int (*xBound)(void *pCtx, int nSrc);
  int (*xCompress)(void *pCtx, char *pOut, int *pnOut, const char *pIn, int nIn);
  int (*xUncompress)(void *pCtx, char *pOut, int *pnOut, const char *pIn, int nIn);
  void (*xFree)(void *pCtx);
};

/* xFactory is called when a file wants hooks that are not there, with its id. It may set them by
** LSM_CONFIG_SET_COMPRESSION and return LSM_OK. */
struct lsm_compress_factory {
  void *pCtx;
  int (*xFactory)(void *pCtx, lsm_db*, unsigned int iId);
  void (*xFree)(void *pCtx);
};

#define LSM_COMPRESSION_EMPTY 0
#define LSM_COMPRESSION_NONE  1

/* ------------------------------------------------------------------------------------------------------
** Facts: lsm_info(db, LSM_INFO_..., arguments). Texts are lsm_malloc'ed.
*/
LSMLITE_API int lsm_info(lsm_db*, int eParam, ...);

#define LSM_INFO_NWRITE           1 /* int*: pages written to the file since it was opened */
#define LSM_INFO_NREAD            2 /* int*: pages read from it */
#define LSM_INFO_DB_STRUCTURE     3 /* char**: a list of levels, each of segments {first last root pages} */
#define LSM_INFO_LOG_STRUCTURE    4 /* char**: six offsets: where the regions of the log begin and end */
#define LSM_INFO_ARRAY_STRUCTURE  5 /* page number, char**: where the blocks of a segment begin and end */
#define LSM_INFO_PAGE_ASCII_DUMP  6 /* page number, char**: what a page holds */
#define LSM_INFO_PAGE_HEX_DUMP    7 /* page number, char**: the same, with keys and values in hexadecimal */
#define LSM_INFO_FREELIST         8 /* char**: a list of free blocks {block snapshot} */
#define LSM_INFO_ARRAY_PAGES      9 /* page number, char**: all pages of a segment */
#define LSM_INFO_CHECKPOINT_SIZE 10 /* int*: KB written since the last checkpoint */
#define LSM_INFO_TREE_SIZE       11 /* int*, int*: KB of the old tree and of the live one */
#define LSM_INFO_FREELIST_SIZE   12 /* int*: entries of the free list in the checkpoint */
#define LSM_INFO_COMPRESSION_ID  13 /* unsigned int* */

/* A number of the program's own. As in lsm1 it is part of a commit, and kept in memory only: it is 0 again when
** all handles of the file are closed. */
LSMLITE_API int lsm_get_user_version(lsm_db*, unsigned int*);
LSMLITE_API int lsm_set_user_version(lsm_db*, unsigned int);

/* ------------------------------------------------------------------------------------------------------
** Writing. Outside a transaction each call is one of its own. LSM_BUSY: another handle is writing, or has
** written since this one opened its oldest cursor.
**
** lsm_begin opens levels up to iLevel, one more if iLevel is negative; lsm_commit closes those above iLevel
** and keeps what they did, and 0 commits all of it, a negative one the innermost level; lsm_rollback undoes
** what was done since level iLevel was opened, leaves that open, and 0 ends the transaction.
*/
LSMLITE_API int lsm_begin(lsm_db*, int iLevel);
LSMLITE_API int lsm_commit(lsm_db*, int iLevel);
LSMLITE_API int lsm_rollback(lsm_db*, int iLevel);

LSMLITE_API int lsm_insert(lsm_db*, const void *pKey, int nKey, const void *pVal, int nVal);
LSMLITE_API int lsm_delete(lsm_db*, const void *pKey, int nKey);

/* Deletes the keys between two others, which stay. */
LSMLITE_API int lsm_delete_range(lsm_db*, const void *pKey1, int nKey1, const void *pKey2, int nKey2);

/* Work on the file. lsm_work merges segments, nMerge of an age at least (1: all into one; 0 or less: the
** setting), and writes about nKB at most (negative: no limit); lsm_flush writes the trees in memory to the
** file; lsm_checkpoint makes the file's state durable. The int*, which may be NULL, is set to the KB
** written. LSM_BUSY: another handle does such work, or, for lsm_flush, writes. */
LSMLITE_API int lsm_work(lsm_db*, int nMerge, int nKB, int *pnWrite);
LSMLITE_API int lsm_flush(lsm_db*);
LSMLITE_API int lsm_checkpoint(lsm_db*, int *pnKB);

/* ------------------------------------------------------------------------------------------------------
** Cursors. All cursors of a handle show one state: that of the moment when the first of them was opened,
** with what the handle itself has written since. Keys and values are valid until the cursor moves or closes.
*/
LSMLITE_API int lsm_csr_open(lsm_db*, lsm_cursor **ppCsr);
LSMLITE_API int lsm_csr_close(lsm_cursor*);

#define LSM_SEEK_LEFAST   -2 /* as LE, or a key in between that was deleted; without a value */
#define LSM_SEEK_LE       -1 /* the last key that is not greater */
#define LSM_SEEK_EQ        0 /* the key itself */
#define LSM_SEEK_GE        1 /* the first key that is not less */

LSMLITE_API int lsm_csr_seek(lsm_cursor*, const void *pKey, int nKey, int eSeek);
LSMLITE_API int lsm_csr_first(lsm_cursor*);
LSMLITE_API int lsm_csr_last(lsm_cursor*);

/* Next after lsm_csr_first and LSM_SEEK_GE, prev after lsm_csr_last and LSM_SEEK_LE; otherwise LSM_MISUSE. */
LSMLITE_API int lsm_csr_next(lsm_cursor*);
LSMLITE_API int lsm_csr_prev(lsm_cursor*);

/* 1 if the cursor stands on a key, otherwise 0: no error number. If a move has failed, the other functions return its
** error until the cursor is moved to a place, so that a loop which asks one of them at its end misses none. */
LSMLITE_API int lsm_csr_valid(lsm_cursor*);
LSMLITE_API int lsm_csr_key(lsm_cursor*, const void **ppKey, int *pnKey);
LSMLITE_API int lsm_csr_value(lsm_cursor*, const void **ppVal, int *pnVal);

/* Sets *piRes below, at or above 0 as the cursor's key is below, at or above the given one. */
LSMLITE_API int lsm_csr_cmp(lsm_cursor*, const void *pKey, int nKey, int *piRes);

/* ======================================================================================================
** lsmlite's own functions.
*/

/* The version of the library, such as "0.1.0"; never freed. */
LSMLITE_API const char *lsmlite_version(void);

/* lsm_close for those who want to say what went wrong: the code has its refinement, and *pzMsg, unless pzMsg is NULL,
** is set to a sentence, lsm_malloc'ed in the handle's environment, or to NULL. After LSM_MISUSE the handle is still
** there, and has the message; after everything else it is gone. */
LSMLITE_API int lsmlite_close(lsm_db*, char **pzMsg);

/* About the last call through the handle, its cursors or statements that failed: a sentence and the code
** with its refinement. The text is valid until the next call. "" and LSM_OK if none has failed. */
LSMLITE_API const char *lsmlite_error_message(lsm_db*);
LSMLITE_API int lsmlite_error_code(lsm_db*);

/* Gets a value without a cursor. *pnVal is set to its length, -1 if there is no such key; the value is copied
** to pBuf if it is not longer than nBuf. Sees the handle's own writes, and the state of its cursors, if it
** has any; otherwise the newest. */
LSMLITE_API int lsmlite_get(lsm_db*, const void *pKey, int nKey, void *pBuf, lsm_i64 nBuf, lsm_i64 *pnVal);

/* Gets n values from one state. anVal[i] is set to the length of the value of key i, -1 if it is not there,
** and *ppVals to all values one after another, lsm_malloc'ed. */
LSMLITE_API int lsmlite_get_many(lsm_db*, int n, const void *const *apKey, const int *anKey, void **ppVals, lsm_i64 *anVal);

/* Puts n rows in one step: all of them or, if it fails, none. A value of length -1 deletes its key. */
LSMLITE_API int lsmlite_put_many(lsm_db*, int n, const void *const *apKey, const int *anKey,
                                 const void *const *apVal, const int *anVal);

/* Opens a cursor that shows a range, and moves it to the first row of that. pFrom is the lower end and pTo
** the upper one, NULL for none. lsm_csr_next moves on, whatever the direction; lsm_csr_prev and the seeks are
** LSM_MISUSE. lsm_csr_close closes it. */
LSMLITE_API int lsmlite_scan(lsm_db*, const void *pFrom, int nFrom, const void *pTo, int nTo, int flags, lsm_cursor **ppCsr);

#define LSMLITE_SCAN_REVERSE   1 /* from the last row to the first */
#define LSMLITE_SCAN_AFTER     2 /* pFrom itself is left out */
#define LSMLITE_SCAN_BEFORE    4 /* pTo itself is left out */
#define LSMLITE_SCAN_KEYS      8 /* values are not loaded: all of length 0 */

/* Rows in one block. Key i are the bytes of aByte from aOff[2*i] to aOff[2*i+1], its value those from there to
** aOff[2*i+2]. */
typedef struct lsmlite_rows {
  unsigned int nRow;
  const unsigned int *aOff; /* 2*nRow+1 of them, none of them if nRow is 0 */
  const unsigned char *aByte;
} lsmlite_rows;

/* Hands out the current row and those after it in the cursor's direction that are in memory, up to 256 rows or
** about 64 KB, and moves past them. LSM_OK and nRow 0: there are none left. The bytes are valid until the next call with
** this cursor. */
LSMLITE_API int lsmlite_csr_rows(lsm_cursor*, lsmlite_rows*);

/* Writes a copy of what is committed to a new file, while others read and write. xProgress, which may be NULL,
** is called about once a MiB with the bytes written and about how many there will be; if it returns something
** else than 0 the backup ends with LSM_ERROR and leaves no file. LSM_MISUSE, before anything is copied, if the file is
** open by file functions of an environment: they cannot give the complete copy its name. */
LSMLITE_API int lsmlite_backup(lsm_db*, const char *zFile, int flags,
                               int (*xProgress)(void *pCtx, lsm_i64 nDone, lsm_i64 nTotal), void *pCtx);

#define LSMLITE_BACKUP_REPLACE 1 /* a file of that name is replaced, once the copy is complete */

/* The key of an encrypted database, copied; before lsm_open. RAW are 32 bytes. */
LSMLITE_API int lsmlite_key(lsm_db*, int eKind, const void *pKey, int nKey);

#define LSMLITE_KEY_NONE       0 /* the file must be clear, as by default */
#define LSMLITE_KEY_RAW        1
#define LSMLITE_KEY_PASSPHRASE 2

/* ------------------------------------------------------------------------------------------------------
** Statements of docs/dialect.md. All statements of a handle are one connection: BEGIN and COMMIT as statements
** make its transactions, which are not those of lsm_begin. A text may hold several statements; a step runs
** the first, and after its end the next ones. nSql < 0: up to the NUL.
*/
typedef struct lsmlite_stmt lsmlite_stmt;

LSMLITE_API int lsmlite_prepare(lsm_db*, const char *zSql, int nSql, lsmlite_stmt **ppStmt);
LSMLITE_API int lsmlite_finalize(lsmlite_stmt*); /* NULL: does nothing */

/* 1 while a transaction of the handle's statements is open, be it by BEGIN or by SAVEPOINT, otherwise 0: no error
** number. One of lsm_begin is none of theirs. */
LSMLITE_API int lsmlite_in_transaction(lsm_db*);

/* Parameters, from 1 on; what is given is copied, and stays for the next run. */
LSMLITE_API int lsmlite_bind_null(lsmlite_stmt*, int i);
LSMLITE_API int lsmlite_bind_int64(lsmlite_stmt*, int i, lsm_i64);
LSMLITE_API int lsmlite_bind_double(lsmlite_stmt*, int i, double);
LSMLITE_API int lsmlite_bind_text(lsmlite_stmt*, int i, const char*, int n);
LSMLITE_API int lsmlite_bind_blob(lsmlite_stmt*, int i, const void*, int n);
LSMLITE_API int lsmlite_clear_bindings(lsmlite_stmt*);

/* LSMLITE_ROW, LSMLITE_DONE, or an error. After either of the latter the next step begins again, as after
** lsmlite_reset, which ends a run before its end. */
LSMLITE_API int lsmlite_step(lsmlite_stmt*);
LSMLITE_API int lsmlite_reset(lsmlite_stmt*);

/* The columns; those of a statement that has no result are 0. Counted and named after the first step. */
LSMLITE_API int lsmlite_column_count(lsmlite_stmt*);
LSMLITE_API const char *lsmlite_column_name(lsmlite_stmt*, int iCol);

#define LSMLITE_INTEGER 1
#define LSMLITE_FLOAT   2
#define LSMLITE_TEXT    3
#define LSMLITE_BLOB    4
#define LSMLITE_NULL    5

/* The values of the current row, columns from 0 on. Bytes are valid until the next step, reset or finalize;
** texts end with a NUL that is not counted. A column of another type gives 0 or NULL. */
LSMLITE_API int lsmlite_column_type(lsmlite_stmt*, int iCol);
LSMLITE_API lsm_i64 lsmlite_column_int64(lsmlite_stmt*, int iCol);
LSMLITE_API double lsmlite_column_double(lsmlite_stmt*, int iCol);
LSMLITE_API const void *lsmlite_column_bytes(lsmlite_stmt*, int iCol, int *pnByte); /* texts and blobs */

/* How many rows the last run of the statement changed. */
LSMLITE_API lsm_i64 lsmlite_changes(lsmlite_stmt*);

/* How many handles, cursors and statements of the process are open, for tests that look for leaks. */
LSMLITE_API void lsmlite_open_count(int *pnDb, int *pnCsr, int *pnStmt);

#ifdef __cplusplus
}
#endif
#endif /* LSMLITE_H */
