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

/* The functions of the library, each required (R) or, in libraries that know only lsm.h, missing (O). */
#define LIBRARY_FUNCTIONS(R, O)                                                                                \
  R(lsm_new) R(lsm_close) R(lsm_open) R(lsm_config) R(lsm_info)                                                \
  R(lsm_begin) R(lsm_commit) R(lsm_rollback) R(lsm_insert) R(lsm_delete) R(lsm_delete_range)                   \
  R(lsm_work) R(lsm_flush) R(lsm_checkpoint) R(lsm_csr_open) R(lsm_csr_close) R(lsm_csr_seek)                  \
  R(lsm_csr_first) R(lsm_csr_last) R(lsm_csr_next) R(lsm_csr_prev) R(lsm_csr_valid) R(lsm_csr_key)             \
  R(lsm_csr_value) R(lsm_csr_cmp)                                                                              \
  O(lsmlite_version) O(lsmlite_error_message) O(lsmlite_error_code) O(lsmlite_get) O(lsmlite_csr_rows)         \
  O(lsmlite_put_many) O(lsmlite_backup) O(lsmlite_key) O(lsmlite_open_count) O(lsmlite_prepare)                \
  O(lsmlite_finalize) O(lsmlite_bind_null) O(lsmlite_bind_int64) O(lsmlite_bind_double) O(lsmlite_bind_text)   \
  O(lsmlite_bind_blob) O(lsmlite_clear_bindings) O(lsmlite_step) O(lsmlite_reset) O(lsmlite_column_count)      \
  O(lsmlite_column_name) O(lsmlite_column_type) O(lsmlite_column_int64) O(lsmlite_column_double)               \
  O(lsmlite_column_bytes) O(lsmlite_changes)

struct library {
#define FIELD(name) __typeof__(&(name)) name;
  LIBRARY_FUNCTIONS(FIELD, FIELD)
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
extern PyType_Spec cursor_spec, rows_spec;

/* statement.c */
extern PyType_Spec statement_spec;

/* module.c */
extern PyObject *handle_type, *cursor_type;

/* Visits and drops the type of an object, which Python 3.9 and newer count. */
void free_object(PyObject *self);

#endif
