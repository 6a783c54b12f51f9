/* SPDX-License-Identifier: Apache-2.0
**
** What the files of the extension share. The extension holds no logic of the database: it turns
** Python's objects into the calls of liblsmlite, which lies next to it and is opened when the first
** database is opened, so that a process may fork before that.
**
** Invariants:
**   - A handle and its cursors and statements are used by one thread at a time: each call holds the
**     handle's lock, and no thread waits for that lock while it holds the GIL.
**   - The GIL is not held while the library runs, except for calls that cannot wait.
**   - After a fork no function of the library is called in the child: its threads are gone.
**   - Only the stable ABI of Python 3.9 is used.
*/
#ifndef LSMLITE_NATIVE_H
#define LSMLITE_NATIVE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x03090000
#include <Python.h>
#include <pythread.h>
#include <lsmlite.h>

/* The functions of the library. */
#define LIBRARY_FUNCTIONS(X)                                                                                   \
  X(lsm_new) X(lsm_open) X(lsm_config) X(lsm_info) X(lsm_begin) X(lsm_commit) X(lsm_rollback)     \
  X(lsm_insert) X(lsm_delete) X(lsm_delete_range) X(lsm_work) X(lsm_flush) X(lsm_checkpoint) X(lsm_csr_open)   \
  X(lsm_csr_close) X(lsm_csr_seek) X(lsm_csr_first) X(lsm_csr_last) X(lsm_csr_next) X(lsm_csr_prev)            \
  X(lsm_csr_valid) X(lsm_csr_key) X(lsm_csr_value) X(lsm_csr_cmp) X(lsmlite_version) X(lsmlite_error_message)  \
  X(lsmlite_error_code) X(lsmlite_get) X(lsmlite_put_many) X(lsmlite_scan) X(lsmlite_csr_rows)                 \
  X(lsmlite_backup) X(lsmlite_key) X(lsmlite_open_count) X(lsmlite_prepare) X(lsmlite_finalize)                \
  X(lsmlite_bind_null) X(lsmlite_bind_int64) X(lsmlite_bind_double) X(lsmlite_bind_text) X(lsmlite_bind_blob)  \
  X(lsmlite_clear_bindings) X(lsmlite_step) X(lsmlite_reset) X(lsmlite_column_count) X(lsmlite_column_name)    \
  X(lsmlite_column_type) X(lsmlite_column_int64) X(lsmlite_column_double) X(lsmlite_column_bytes)              \
  X(lsmlite_changes) X(lsmlite_in_transaction) X(lsmlite_close) X(lsm_free)

struct library {
#define FIELD(name) __typeof__(&(name)) name;
  LIBRARY_FUNCTIONS(FIELD)
#undef FIELD
};
extern struct library lib;

/* library.c */
int library_ready(void);          /* 0, or -1 with an exception: not loaded yet, or lost by a fork */
int library_lost(void);           /* whether a fork has lost it: then not even closing is allowed */
extern PyMethodDef library_methods[];

/* Turns an error of the library into the exception that Python's side makes of it; returns NULL. */
PyObject *raise_code(int rc, const char *detail);

/* bytes.c */
struct text { /* the bytes of a key or a value */
  PyObject *owner;
  char *data;
  int size;
};
int text_of(PyObject *o, struct text *t); /* 0, or -1 with an exception */
void text_free(struct text *t);

/* handle.c */
typedef struct {
  PyObject_HEAD
  lsm_db *db;             /* NULL: not open */
  PyThread_type_lock lock;
  int depth;              /* transactions that are open, one in another */
  unsigned long writes;   /* grows with each change that cursors of this handle must see */
} Handle;
extern PyType_Spec handle_spec;

/* A call into the library: call_begin takes the lock and gives up the GIL, call_end the reverse. The
** caller sets rc in between; if it is no LSM_OK, call_end raises and returns -1. */
struct call {
  Handle *h;
  PyThreadState *ts;
  int rc;
  char detail[512];
};
int call_begin(struct call *c, Handle *h);
int call_end(struct call *c);

/* cursor.c */
extern PyType_Spec cursor_spec, rows_spec, scan_spec;

/* statement.c */
extern PyType_Spec statement_spec;

/* module.c */
extern PyObject *handle_type, *cursor_type;

/* Visits and drops the type of an object, which Python 3.9 and newer count. */
void free_object(PyObject *self);

#endif
