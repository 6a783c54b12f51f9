/* SPDX-License-Identifier: Apache-2.0
**
** Statement: one text of the dialect, prepared, with its parameters and its rows.
*/
#include "native.h"
#include <stdlib.h>
#include <string.h>

/* Rows that one call of fetch makes, at most: a call locks the handle once. */
enum { FETCH_ROWS = 64 };

typedef struct {
  PyObject_HEAD
  Handle *h;
  lsmlite_stmt *stmt; /* NULL: closed */
} Statement;

static int begin(struct call *c, Statement *s) {
  if (call_begin(c, s->h) < 0) return -1;
  if (s->stmt == NULL) {
    PyThread_release_lock(s->h->lock);
    PyEval_RestoreThread(c->ts);
    raise_code(LSM_MISUSE, "the statement is closed");
    return -1;
  }
  return 0;
}

/* Statement(handle, sql): sql are bytes. */
static PyObject *statement_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  PyObject *h, *sql;
  Statement *s;
  struct call c;
  (void)kw;
  if (!PyArg_ParseTuple(args, "OS", &h, &sql)) return NULL;
  if (!PyType_IsSubtype(Py_TYPE(h), (PyTypeObject *)handle_type)) return PyErr_Format(PyExc_TypeError, "no handle");
  if (library_ready() < 0) return NULL;
  s = (Statement *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
  if (s == NULL) return NULL;
  Py_INCREF(h);
  s->h = (Handle *)h;
  if (call_begin(&c, s->h) < 0) {
    Py_DECREF(s);
    return NULL;
  }
  c.rc = lib.lsmlite_prepare(s->h->db, PyBytes_AsString(sql), (int)PyBytes_Size(sql), &s->stmt);
  if (call_end(&c) < 0) {
    s->stmt = NULL;
    Py_DECREF(s);
    return NULL;
  }
  return (PyObject *)s;
}

static void finalize(Statement *s) {
  struct call c;
  if (s->stmt == NULL) return;
  if (library_lost() || call_begin(&c, s->h) < 0) {
    PyErr_Clear();
    s->stmt = NULL;
    return;
  }
  if (s->stmt != NULL) lib.lsmlite_finalize(s->stmt);
  s->stmt = NULL;
  call_end(&c);
}

static void statement_dealloc(PyObject *self) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  finalize((Statement *)self);
  PyErr_Restore(type, value, trace);
  Py_XDECREF(((Statement *)self)->h);
  free_object(self);
}

static PyObject *statement_close(PyObject *self, PyObject *unused) {
  (void)unused;
  finalize((Statement *)self);
  Py_RETURN_NONE;
}

/* bind_one binds what the module dbapi2 has brought down to None, int, float, str or bytes. */
static int bind_one(Statement *s, int i, PyObject *o) {
  struct call c;
  char *data = NULL;
  Py_ssize_t size = 0;
  lsm_i64 number = 0;
  double real = 0;
  PyObject *held = NULL;
  int kind;
  if (o == Py_None) {
    kind = LSMLITE_NULL;
  } else if (PyLong_Check(o)) {
    kind = LSMLITE_INTEGER;
    number = PyLong_AsLongLong(o);
    if (number == -1 && PyErr_Occurred()) return -1;
  } else if (PyFloat_Check(o)) {
    kind = LSMLITE_FLOAT;
    real = PyFloat_AsDouble(o);
  } else if (PyUnicode_Check(o)) {
    kind = LSMLITE_TEXT;
    held = PyUnicode_AsUTF8String(o);
    if (held == NULL || PyBytes_AsStringAndSize(held, &data, &size) < 0) return -1;
  } else if (PyBytes_Check(o)) {
    kind = LSMLITE_BLOB;
    held = o;
    Py_INCREF(o);
    if (PyBytes_AsStringAndSize(held, &data, &size) < 0) return -1;
  } else {
    PyErr_SetString(PyExc_TypeError, "this type cannot be a parameter");
    return -1;
  }
  if (size > 0x7fffffff) {
    Py_XDECREF(held);
    PyErr_SetString(PyExc_OverflowError, "a parameter has at most 2147483647 bytes");
    return -1;
  }
  if (begin(&c, s) < 0) {
    Py_XDECREF(held);
    return -1;
  }
  switch (kind) {
    case LSMLITE_NULL: c.rc = lib.lsmlite_bind_null(s->stmt, i); break;
    case LSMLITE_INTEGER: c.rc = lib.lsmlite_bind_int64(s->stmt, i, number); break;
    case LSMLITE_FLOAT: c.rc = lib.lsmlite_bind_double(s->stmt, i, real); break;
    case LSMLITE_TEXT: c.rc = lib.lsmlite_bind_text(s->stmt, i, data, (int)size); break;
    default: c.rc = lib.lsmlite_bind_blob(s->stmt, i, data, (int)size); break;
  }
  c.rc = call_end(&c);
  Py_XDECREF(held);
  return c.rc;
}

/* bind(sequence): the parameters, in place of those before. */
static PyObject *statement_bind(PyObject *self, PyObject *values) {
  Statement *s = (Statement *)self;
  struct call c;
  PyObject *list;
  Py_ssize_t i, n;
  if (begin(&c, s) < 0) return NULL;
  c.rc = lib.lsmlite_reset(s->stmt);
  c.rc = lib.lsmlite_clear_bindings(s->stmt);
  if (call_end(&c) < 0) return NULL;
  list = PySequence_List(values);
  if (list == NULL) return NULL;
  n = PyList_Size(list);
  for (i = 0; i < n; i++) {
    if (bind_one(s, (int)i + 1, PyList_GetItem(list, i)) < 0) {
      Py_DECREF(list);
      return NULL;
    }
  }
  Py_DECREF(list);
  Py_RETURN_NONE;
}

/* Cells are copied while the handle is locked, and become objects when it is not: making objects may start
** the garbage collector, whose finalizers may want the lock. */
struct cell {
  int type;
  lsm_i64 number;
  double real;
  size_t from; /* in the bytes */
  int size;
};
struct block {
  struct cell *cells;
  char *bytes;
  size_t used, room;
  int columns, rows;
};

static int take_bytes(struct block *b, struct cell *cell, const void *data, int size) {
  if (b->used + (size_t)size > b->room) {
    size_t room = b->room ? b->room : 4096;
    char *bytes;
    while (room < b->used + (size_t)size) room *= 2;
    bytes = realloc(b->bytes, room);
    if (bytes == NULL) return LSM_NOMEM;
    b->bytes = bytes;
    b->room = room;
  }
  if (size > 0) memcpy(b->bytes + b->used, data, (size_t)size);
  cell->from = b->used;
  cell->size = size;
  b->used += (size_t)size;
  return LSM_OK;
}

static int take_row(struct block *b, lsmlite_stmt *stmt) {
  int i, rc = LSM_OK;
  if (b->cells == NULL) {
    b->columns = lib.lsmlite_column_count(stmt);
    b->cells = calloc((size_t)b->columns * FETCH_ROWS + 1, sizeof *b->cells);
    if (b->cells == NULL) return LSM_NOMEM;
  }
  for (i = 0; i < b->columns && rc == LSM_OK; i++) {
    struct cell *cell = &b->cells[(size_t)b->rows * b->columns + i];
    const void *data;
    int size = 0;
    cell->type = lib.lsmlite_column_type(stmt, i);
    switch (cell->type) {
      case LSMLITE_INTEGER: cell->number = lib.lsmlite_column_int64(stmt, i); break;
      case LSMLITE_FLOAT: cell->real = lib.lsmlite_column_double(stmt, i); break;
      case LSMLITE_TEXT:
      case LSMLITE_BLOB:
        data = lib.lsmlite_column_bytes(stmt, i, &size);
        rc = take_bytes(b, cell, data, size);
        break;
    }
  }
  if (rc == LSM_OK) b->rows++;
  return rc;
}

static PyObject *cell_object(const struct block *b, const struct cell *cell) {
  const char *bytes = cell->size > 0 ? b->bytes + cell->from : "";
  switch (cell->type) {
    case LSMLITE_INTEGER: return PyLong_FromLongLong(cell->number);
    case LSMLITE_FLOAT: return PyFloat_FromDouble(cell->real);
    case LSMLITE_TEXT: return PyUnicode_DecodeUTF8(bytes, cell->size, "surrogateescape");
    case LSMLITE_BLOB: return PyBytes_FromStringAndSize(bytes, cell->size);
    default: Py_INCREF(Py_None); return Py_None;
  }
}

static PyObject *rows_object(const struct block *b) {
  PyObject *rows = PyList_New(b->rows);
  int i, j;
  for (i = 0; i < b->rows && rows != NULL; i++) {
    PyObject *row = PyTuple_New(b->columns);
    for (j = 0; j < b->columns && row != NULL; j++) {
      PyObject *o = cell_object(b, &b->cells[(size_t)i * b->columns + j]);
      if (o == NULL) Py_CLEAR(row);
      else PyTuple_SetItem(row, j, o);
    }
    if (row == NULL) Py_CLEAR(rows);
    else PyList_SetItem(rows, i, row);
  }
  return rows;
}

/* fetch(n) -> (rows, more): up to n rows as tuples, and whether others may follow. The first call runs the
** statement. A result shows the state at its beginning, so reading rows early changes nothing. */
static PyObject *statement_fetch(PyObject *self, PyObject *args) {
  Statement *s = (Statement *)self;
  struct block b = {0};
  struct call c;
  PyObject *rows = NULL;
  int n, more = 1;
  if (!PyArg_ParseTuple(args, "i", &n)) return NULL;
  if (n > FETCH_ROWS) n = FETCH_ROWS;
  s->h->writes++;
  if (begin(&c, s) < 0) return NULL;
  while (c.rc == LSM_OK && more && b.rows < n) {
    int rc = lib.lsmlite_step(s->stmt);
    if (rc == LSMLITE_ROW) c.rc = take_row(&b, s->stmt);
    else if (rc == LSMLITE_DONE) more = 0;
    else c.rc = rc;
  }
  n = call_end(&c);
  s->h->writes++;
  if (n == 0) rows = rows_object(&b);
  free(b.cells);
  free(b.bytes);
  return rows == NULL ? NULL : Py_BuildValue("(NO)", rows, more ? Py_True : Py_False);
}

/* columns() -> the names of the columns, after the first fetch; none if there is no result. */
static PyObject *statement_columns(PyObject *self, PyObject *unused) {
  Statement *s = (Statement *)self;
  struct call c;
  PyObject *names = NULL;
  char *copy = NULL;
  size_t used = 0;
  int i, n;
  (void)unused;
  if (begin(&c, s) < 0) return NULL;
  n = lib.lsmlite_column_count(s->stmt);
  for (i = 0; i < n && c.rc == LSM_OK; i++) {
    const char *name = lib.lsmlite_column_name(s->stmt, i);
    size_t size = strlen(name == NULL ? "" : name) + 1;
    char *more = realloc(copy, used + size);
    if (more == NULL) {
      c.rc = LSM_NOMEM;
      break;
    }
    copy = more;
    memcpy(copy + used, name == NULL ? "" : name, size);
    used += size;
  }
  if (call_end(&c) == 0) names = PyTuple_New(n);
  for (i = 0, used = 0; i < n && names != NULL; i++) {
    PyObject *name = PyUnicode_DecodeUTF8(copy + used, (Py_ssize_t)strlen(copy + used), "replace");
    used += strlen(copy + used) + 1;
    if (name == NULL) Py_CLEAR(names);
    else PyTuple_SetItem(names, i, name);
  }
  free(copy);
  return names;
}

static PyObject *statement_changes(PyObject *self, PyObject *unused) {
  struct call c;
  lsm_i64 n;
  (void)unused;
  if (begin(&c, (Statement *)self) < 0) return NULL;
  n = lib.lsmlite_changes(((Statement *)self)->stmt);
  if (call_end(&c) < 0) return NULL;
  return PyLong_FromLongLong(n);
}

static PyMethodDef statement_methods[] = {{"bind", statement_bind, METH_O, NULL},
                                          {"fetch", statement_fetch, METH_VARARGS, NULL},
                                          {"columns", statement_columns, METH_NOARGS, NULL},
                                          {"changes", statement_changes, METH_NOARGS, NULL},
                                          {"close", statement_close, METH_NOARGS, NULL},
                                          {NULL, NULL, 0, NULL}};

static PyType_Slot statement_slots[] = {{Py_tp_new, statement_new},
                                        {Py_tp_dealloc, statement_dealloc},
                                        {Py_tp_methods, statement_methods},
                                        {0, NULL}};

PyType_Spec statement_spec = {"lsmlite._native.Statement", sizeof(Statement), 0, Py_TPFLAGS_DEFAULT, statement_slots};
