/* SPDX-License-Identifier: Apache-2.0
**
** Cursor; Rows, its iterator over keys, values or both; and Scan, an iterator over a range with a cursor of its
** own.
**
** A loop over rows reads ahead: one call fills a block of rows, which are then made into objects one at a
** time. The cursor's place is the row of the block that comes next; the library's own cursor is past the
** block by then. A change through the handle makes the block stale: the cursor seeks its place again, and
** sees what was written, as lsm1's cursors do.
*/
#include "native.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 256 };

typedef struct {
  PyObject_HEAD
  Handle *h;
  lsm_cursor *csr;      /* NULL: closed */
  char reverse;         /* which way a loop goes */
  char consumed;        /* the loop has returned the last row */
  int way;              /* 1: may move on by next, -1: by prev, 0: by neither */
  unsigned long writes; /* of the handle, when the block was filled */
  int rows, row;        /* of the block; row == rows: there is none, and csr is the place */
  char *bytes;          /* the rows' bytes, keys and values in turn */
  unsigned ends[2 * BLOCK_ROWS];
} Cursor;

/* A block that is filled while the GIL is not held. It becomes the cursor's when it is held again: so threads that
** share a cursor never see half a block. */
struct filled {
  int rows;
  unsigned long writes;
  char *bytes;
  unsigned ends[2 * BLOCK_ROWS];
};

#define AHEAD(c) ((c)->row < (c)->rows)

static void row_key(Cursor *c, const char **data, int *size) {
  unsigned from = c->row == 0 ? 0 : c->ends[2 * c->row - 1];
  *data = c->bytes + from;
  *size = (int)(c->ends[2 * c->row] - from);
}

static void row_value(Cursor *c, const char **data, int *size) {
  unsigned from = c->ends[2 * c->row];
  *data = c->bytes + from;
  *size = (int)(c->ends[2 * c->row + 1] - from);
}

/* The GIL is held. */
static void drop_block(Cursor *c) {
  c->rows = c->row = 0;
  free(c->bytes);
  c->bytes = NULL;
}

/* The GIL is held, and the call that has filled the block has succeeded. */
static void take_block(Cursor *c, struct filled *f) {
  drop_block(c);
  c->rows = f->rows;
  c->writes = f->writes;
  c->bytes = f->bytes;
  memcpy(c->ends, f->ends, sizeof c->ends);
}

/* begin starts a call with the cursor, which must be open. */
static int begin(struct call *call, Cursor *c) {
  if (call_begin(call, c->h) < 0) return -1;
  if (c->csr == NULL) {
    call->rc = LSM_MISUSE;
    strcpy(call->detail, "the cursor is closed");
    PyThread_release_lock(c->h->lock);
    PyEval_RestoreThread(call->ts);
    raise_code(call->rc, call->detail);
    return -1;
  }
  return 0;
}

/* The library hands out a block: as many rows as it has ready. The handle is locked. */
static int fill_block(lsm_cursor *csr, struct filled *f) {
  lsmlite_rows rows;
  size_t size;
  unsigned i;
  int rc = lib.lsmlite_csr_rows(csr, &rows);
  f->rows = 0;
  f->bytes = NULL;
  if (rc != LSM_OK || rows.nRow == 0) return rc;
  if (rows.nRow > BLOCK_ROWS) return LSM_ERROR;
  size = rows.aOff[2 * rows.nRow] - rows.aOff[0];
  f->bytes = malloc(size + 1);
  if (f->bytes == NULL) return LSM_NOMEM;
  memcpy(f->bytes, rows.aByte + rows.aOff[0], size);
  for (i = 0; i < 2 * rows.nRow; i++) f->ends[i] = rows.aOff[i + 1] - rows.aOff[0];
  f->rows = (int)rows.nRow;
  return LSM_OK;
}

/* Whether the library's cursor stands on a row. lsm_csr_valid does not tell the end from an error, and to move past
** a block that was handed out may be one. */
static int stands(lsm_cursor *csr, int *rc) {
  const void *key;
  int size;
  *rc = lib.lsm_csr_key(csr, &key, &size);
  if (*rc == LSM_OK) return 1;
  if (*rc == LSM_MISUSE) *rc = LSM_OK; /* it stands nowhere */
  return 0;
}

/* fill reads ahead from the cursor's place, which is not in a block. No rows: the end. */
static int fill(Cursor *c) {
  struct call call;
  struct filled f;
  f.writes = c->h->writes;
  if (begin(&call, c) < 0) return -1;
  call.rc = fill_block(c->csr, &f);
  if (call_end(&call) < 0) {
    drop_block(c);
    return -1;
  }
  take_block(c, &f);
  return 0;
}

/* refresh brings the library's cursor to the place in a stale block. *moved is set if that row has gone, and
** the cursor is at the one after it. */
static int refresh(Cursor *c, int *moved) {
  struct call call;
  const char *at;
  char *key;
  int size, cmp = 1;
  *moved = 0;
  if (!AHEAD(c) || c->writes == c->h->writes) return 0;
  row_key(c, &at, &size);
  key = malloc((size_t)size + 1);
  if (key == NULL) {
    PyErr_NoMemory();
    return -1;
  }
  memcpy(key, at, (size_t)size);
  drop_block(c);
  if (begin(&call, c) < 0) {
    free(key);
    return -1;
  }
  call.rc = lib.lsm_csr_seek(c->csr, key, size, c->way > 0 ? LSM_SEEK_GE : LSM_SEEK_LE);
  if (call.rc == LSM_OK && lib.lsm_csr_valid(c->csr)) call.rc = lib.lsm_csr_cmp(c->csr, key, size, &cmp);
  free(key);
  *moved = cmp != 0;
  return call_end(&call);
}

/* Whether the cursor stands on a row: 1 or 0, -1 with an exception. */
static int valid(Cursor *c) {
  struct call call;
  int moved, is;
  if (refresh(c, &moved) < 0) return -1;
  if (AHEAD(c)) return 1;
  if (c->csr == NULL && !library_lost()) return 0;
  if (begin(&call, c) < 0) return -1;
  is = stands(c->csr, &call.rc);
  return call_end(&call) < 0 ? -1 : is;
}

/* Moves by one row. Returns whether there is one, or -1 with an exception. */
static int step(Cursor *c, int way) {
  struct call call;
  int moved, is = 0;
  if (refresh(c, &moved) < 0) return -1;
  if (moved && way == c->way) return valid(c);
  if (AHEAD(c) && way == c->way) {
    c->row++;
    return AHEAD(c) ? 1 : valid(c);
  }
  if (begin(&call, c) < 0) return -1;
  call.rc = way > 0 ? lib.lsm_csr_next(c->csr) : lib.lsm_csr_prev(c->csr);
  if (call.rc == LSM_OK) is = lib.lsm_csr_valid(c->csr) != 0;
  return call_end(&call) < 0 ? -1 : is;
}

static PyObject *misplaced(void) {
  return raise_code(LSM_MISUSE, "the cursor is not on a row");
}

/* What a row is wanted as. */
enum { PAIR, KEY, VALUE };

/* A key and a value are made before their pair: nothing runs in between that could change the cursor. */
static PyObject *row_object(int what, const char *key, int nkey, const char *value, int nvalue) {
  PyObject *k = what == VALUE ? NULL : PyBytes_FromStringAndSize(key, nkey), *v, *row;
  if (what == KEY) return k;
  v = PyBytes_FromStringAndSize(value, nvalue);
  if (what == VALUE) return v;
  row = k != NULL && v != NULL ? PyTuple_New(2) : NULL;
  if (row == NULL) {
    Py_XDECREF(k);
    Py_XDECREF(v);
    return NULL;
  }
  PyTuple_SetItem(row, 0, k);
  PyTuple_SetItem(row, 1, v);
  return row;
}

/* The row of the block. */
static PyObject *block_row(Cursor *c, int what) {
  const char *key, *value;
  int nkey, nvalue;
  row_key(c, &key, &nkey);
  row_value(c, &value, &nvalue);
  return row_object(what, key, nkey, value, nvalue);
}

/* The row that the cursor stands on, whether it is in a block or not: key and value of one moment. */
static PyObject *row_of(Cursor *c, int what) {
  const void *key = NULL, *value = NULL;
  int nkey = 0, nvalue = 0, moved, is = 0;
  struct call call;
  char room[1024], *copy = room;
  PyObject *result = NULL;
  if (refresh(c, &moved) < 0) return NULL;
  if (AHEAD(c)) return block_row(c, what);
  if (begin(&call, c) < 0) return NULL;
  is = stands(c->csr, &call.rc);
  if (is && what != VALUE) call.rc = lib.lsm_csr_key(c->csr, &key, &nkey);
  if (is && what != KEY && call.rc == LSM_OK) call.rc = lib.lsm_csr_value(c->csr, &value, &nvalue);
  if (call.rc == LSM_OK && (size_t)nkey + (size_t)nvalue > sizeof room) {
    copy = malloc((size_t)nkey + (size_t)nvalue);
    if (copy == NULL) call.rc = LSM_NOMEM;
  }
  if (call.rc == LSM_OK && nkey > 0) memcpy(copy, key, (size_t)nkey);
  if (call.rc == LSM_OK && nvalue > 0) memcpy(copy + nkey, value, (size_t)nvalue);
  if (call_end(&call) == 0) result = is ? row_object(what, copy, nkey, copy + nkey, nvalue) : misplaced();
  if (copy != room) free(copy);
  return result;
}

/* Reads ahead if a loop goes the way that the cursor may go. */
static int ahead(Cursor *c) {
  int moved;
  if (refresh(c, &moved) < 0) return -1;
  if (AHEAD(c) || c->csr == NULL || c->way == 0 || (c->way < 0) != (c->reverse != 0)) return 0;
  return fill(c);
}

static int seek(Cursor *c, int first, PyObject *key, int method) {
  struct call call;
  struct text k = {0};
  int rc;
  if (key != NULL && text_of(key, &k) < 0) return -1;
  if (begin(&call, c) < 0) {
    text_free(&k);
    return -1;
  }
  if (key != NULL) {
    call.rc = lib.lsm_csr_seek(c->csr, k.data, k.size, method);
    c->way = method == LSM_SEEK_GE ? 1 : method == LSM_SEEK_LE ? -1 : 0;
  } else {
    call.rc = first ? lib.lsm_csr_first(c->csr) : lib.lsm_csr_last(c->csr);
    c->way = first ? 1 : -1;
  }
  if (call.rc != LSM_OK) c->way = 0;
  rc = call_end(&call); /* which takes the GIL again, that the others want */
  drop_block(c);
  text_free(&k);
  return rc;
}

static int open_cursor(Cursor *c) {
  struct call call;
  if (call_begin(&call, c->h) < 0) return -1;
  if (c->csr == NULL) call.rc = lib.lsm_csr_open(c->h->db, &c->csr);
  if (call.rc != LSM_OK) c->csr = NULL;
  c->way = 0;
  return call_end(&call);
}

/* close never raises: what is closed is gone, whatever the library thinks of it. */
static int close_cursor(Cursor *c) {
  struct call call;
  if (c->csr == NULL) return 0;
  if (library_lost()) {
    c->csr = NULL;
    return 1;
  }
  if (call_begin(&call, c->h) < 0) {
    PyErr_Clear();
    c->csr = NULL;
    return 1;
  }
  if (c->csr != NULL) lib.lsm_csr_close(c->csr);
  c->csr = NULL;
  call_end(&call);
  drop_block(c);
  return 1;
}

static PyObject *cursor_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  static char *names[] = {"lsm", "reverse", NULL};
  PyObject *h;
  int reverse = 0;
  Cursor *c;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|p:Cursor", names, &h, &reverse)) return NULL;
  if (!PyType_IsSubtype(Py_TYPE(h), (PyTypeObject *)handle_type))
    return PyErr_Format(PyExc_TypeError, "a cursor belongs to an LSM");
  c = (Cursor *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
  if (c == NULL) return NULL;
  Py_INCREF(h);
  c->h = (Handle *)h;
  c->reverse = (char)reverse;
  if (open_cursor(c) < 0) {
    Py_DECREF(c);
    return NULL;
  }
  return (PyObject *)c;
}

static void cursor_dealloc(PyObject *self) {
  Cursor *c = (Cursor *)self;
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  close_cursor(c);
  PyErr_Restore(type, value, trace);
  free(c->bytes);
  Py_XDECREF(c->h);
  free_object(self);
}

static PyObject *cursor_open(PyObject *self, PyObject *unused) {
  Cursor *c = (Cursor *)self;
  (void)unused;
  if (c->csr != NULL) Py_RETURN_FALSE;
  if (open_cursor(c) < 0) return NULL;
  Py_RETURN_TRUE;
}

static PyObject *cursor_close(PyObject *self, PyObject *unused) {
  (void)unused;
  return PyBool_FromLong(close_cursor((Cursor *)self));
}

static PyObject *cursor_seek(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"key", "method", NULL};
  Cursor *c = (Cursor *)self;
  PyObject *key;
  int method = LSM_SEEK_EQ, is;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|i:seek", names, &key, &method)) return NULL;
  if (seek(c, 0, key, method) < 0 || (is = valid(c)) < 0) return NULL;
  if (is) Py_RETURN_NONE;
  PyErr_SetObject(PyExc_KeyError, key);
  return NULL;
}

static PyObject *cursor_first(PyObject *self, PyObject *unused) {
  (void)unused;
  if (seek((Cursor *)self, 1, NULL, 0) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *cursor_last(PyObject *self, PyObject *unused) {
  (void)unused;
  if (seek((Cursor *)self, 0, NULL, 0) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *moved_to(int is) {
  if (is < 0) return NULL;
  if (is == 0) {
    PyErr_SetNone(PyExc_StopIteration);
    return NULL;
  }
  Py_RETURN_NONE;
}

static PyObject *cursor_next(PyObject *self, PyObject *unused) {
  (void)unused;
  return moved_to(step((Cursor *)self, 1));
}

static PyObject *cursor_previous(PyObject *self, PyObject *unused) {
  (void)unused;
  return moved_to(step((Cursor *)self, -1));
}

static PyObject *cursor_is_valid(PyObject *self, PyObject *unused) {
  int is = valid((Cursor *)self);
  (void)unused;
  return is < 0 ? NULL : PyBool_FromLong(is);
}

static PyObject *cursor_key(PyObject *self, PyObject *unused) {
  (void)unused;
  return row_of((Cursor *)self, KEY);
}

static PyObject *cursor_value(PyObject *self, PyObject *unused) {
  (void)unused;
  return row_of((Cursor *)self, VALUE);
}

/* order compares two keys byte by byte, as the database does: -1, 0 or 1. */
static int order(const char *a, int na, const char *b, int nb) {
  int cmp = memcmp(a, b, (size_t)(na < nb ? na : nb));
  if (cmp == 0) cmp = na - nb;
  return (cmp > 0) - (cmp < 0);
}

static PyObject *cursor_compare(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"key", "nlen", NULL};
  Cursor *c = (Cursor *)self;
  PyObject *key;
  struct text k;
  struct call call;
  const char *data;
  int size, n = 0, cmp = 0, moved;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|i:compare", names, &key, &n)) return NULL;
  if (refresh(c, &moved) < 0 || text_of(key, &k) < 0) return NULL;
  if (n < 0 || n > k.size) {
    text_free(&k);
    PyErr_SetString(PyExc_ValueError, "nlen is not within the key");
    return NULL;
  }
  if (n > 0) k.size = n;
  if (AHEAD(c)) {
    row_key(c, &data, &size);
    cmp = order(data, size, k.data, k.size);
  } else if (begin(&call, c) < 0) {
    text_free(&k);
    return NULL;
  } else {
    call.rc = lib.lsm_csr_cmp(c->csr, k.data, k.size, &cmp);
    if (call_end(&call) < 0) {
      text_free(&k);
      return NULL;
    }
  }
  text_free(&k);
  return PyLong_FromLong((cmp > 0) - (cmp < 0));
}

static PyObject *cursor_iter(PyObject *self) {
  Cursor *c = (Cursor *)self;
  int is = valid(c);
  if (is < 0) return NULL;
  c->consumed = !is;
  Py_INCREF(self);
  return self;
}

/* The cursor is past the row that a loop gets, as python-lsm-db has it. */
static PyObject *cursor_iternext(PyObject *self) {
  Cursor *c = (Cursor *)self;
  PyObject *row;
  int is;
  if (c->consumed || ahead(c) < 0) return NULL;
  if (!AHEAD(c) && (is = valid(c)) <= 0) return NULL;
  row = row_of(c, PAIR);
  if (row == NULL) return NULL;
  is = step(c, c->reverse ? -1 : 1);
  if (is < 0) Py_CLEAR(row);
  c->consumed = is == 0;
  return row;
}

static PyObject *cursor_get_open(PyObject *self, void *unused) {
  (void)unused;
  return PyBool_FromLong(((Cursor *)self)->csr != NULL);
}

static PyObject *cursor_get_reverse(PyObject *self, void *unused) {
  (void)unused;
  return PyBool_FromLong(((Cursor *)self)->reverse);
}

#define WITH_NAMES(f) (PyCFunction)(void (*)(void))(f), METH_VARARGS | METH_KEYWORDS
static PyMethodDef cursor_methods[] = {
    {"open", cursor_open, METH_NOARGS, "open()\n--\n\nOpens the cursor. Returns whether it was closed."},
    {"close", cursor_close, METH_NOARGS, "close()\n--\n\nCloses the cursor. Returns whether it was open."},
    {"seek", WITH_NAMES(cursor_seek),
     "seek(key, method=0)\n--\n\nMoves to a key, or to its neighbour; raises KeyError if there is none."},
    {"first", cursor_first, METH_NOARGS, "first()\n--\n\nMoves to the first key."},
    {"last", cursor_last, METH_NOARGS, "last()\n--\n\nMoves to the last key."},
    {"next", cursor_next, METH_NOARGS,
     "next()\n--\n\nMoves to the next key, after first() or SEEK_GE; raises StopIteration at the end."},
    {"previous", cursor_previous, METH_NOARGS,
     "previous()\n--\n\nMoves to the previous key, after last() or SEEK_LE; raises StopIteration at the end."},
    {"is_valid", cursor_is_valid, METH_NOARGS, "is_valid()\n--\n\nWhether the cursor is on a row."},
    {"key", cursor_key, METH_NOARGS, "key()\n--\n\nThe key of the row that the cursor is on."},
    {"value", cursor_value, METH_NOARGS, "value()\n--\n\nThe value of the row that the cursor is on."},
    {"compare", WITH_NAMES(cursor_compare),
     "compare(key, nlen=0)\n--\n\nThe cursor's key compared with another, or its first nlen bytes: -1, 0 or 1."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef cursor_getset[] = {
    {"is_open", cursor_get_open, NULL, "whether the cursor is open", NULL},
    {"_reverse", cursor_get_reverse, NULL, "whether loops go from the last key to the first", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot cursor_slots[] = {{Py_tp_new, cursor_new},
                                     {Py_tp_dealloc, cursor_dealloc},
                                     {Py_tp_methods, cursor_methods},
                                     {Py_tp_getset, cursor_getset},
                                     {Py_tp_iter, cursor_iter},
                                     {Py_tp_iternext, cursor_iternext},
                                     {0, NULL}};

PyType_Spec cursor_spec = {"lsmlite._native.Cursor", sizeof(Cursor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                           cursor_slots};

/* Rows: a loop from the cursor's place up to a key. The cursor stays on the row that was returned last, until
** the next one is wanted. */
typedef struct {
  PyObject_HEAD
  Cursor *c;
  int what; /* PAIR, KEY or VALUE */
  int started, finished;
  struct text end; /* owner NULL: no bound */
} Rows;

/* Rows(cursor, what, end) */
static PyObject *rows_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  static char *names[] = {"cursor", "what", "end", NULL};
  PyObject *c, *end;
  int what;
  Rows *r;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "OiO", names, &c, &what, &end)) return NULL;
  if (!PyType_IsSubtype(Py_TYPE(c), (PyTypeObject *)cursor_type)) return PyErr_Format(PyExc_TypeError, "no cursor");
  r = (Rows *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
  if (r == NULL) return NULL;
  Py_INCREF(c);
  r->c = (Cursor *)c;
  r->what = what;
  if (end != Py_None && text_of(end, &r->end) < 0) {
    Py_DECREF(r);
    return NULL;
  }
  return (PyObject *)r;
}

static void rows_dealloc(PyObject *self) {
  Rows *r = (Rows *)self;
  Py_XDECREF(r->c);
  text_free(&r->end);
  free_object(self);
}

/* Whether the cursor's row is past the end. */
static int past(Rows *r) {
  Cursor *c = r->c;
  const char *key;
  int size, cmp;
  PyObject *held = NULL;
  if (r->end.owner == NULL) return 0;
  if (AHEAD(c)) {
    row_key(c, &key, &size);
  } else {
    Py_ssize_t n;
    held = row_of(c, KEY);
    if (held == NULL || PyBytes_AsStringAndSize(held, (char **)&key, &n) < 0) return -1;
    size = (int)n;
  }
  cmp = order(key, size, r->end.data, r->end.size);
  Py_XDECREF(held);
  return c->reverse ? cmp < 0 : cmp > 0;
}

static PyObject *rows_iternext(PyObject *self) {
  Rows *r = (Rows *)self;
  Cursor *c = r->c;
  PyObject *row = NULL;
  int is, out;
  if (r->finished) return NULL;
  r->finished = 1; /* unless this call succeeds */
  is = r->started ? step(c, c->reverse ? -1 : 1) : valid(c);
  if (is <= 0 || ahead(c) < 0) return NULL;
  out = past(r);
  if (out != 0) return NULL;
  row = row_of(c, r->what);
  if (row != NULL) r->started = 1, r->finished = 0;
  return row;
}

static PyObject *rows_iter(PyObject *self) {
  Py_INCREF(self);
  return self;
}

static PyType_Slot rows_slots[] = {{Py_tp_new, rows_new},
                                   {Py_tp_dealloc, rows_dealloc},
                                   {Py_tp_iter, rows_iter},
                                   {Py_tp_iternext, rows_iternext},
                                   {0, NULL}};

PyType_Spec rows_spec = {"lsmlite._native.Rows", sizeof(Rows), 0, Py_TPFLAGS_DEFAULT, rows_slots};

/* Scan: the rows between two keys, inclusive. Its cursor is opened by the first row, and closed after the last.
** After a change through the handle it opens another one where it is: after the row that it has returned last,
** or, if it looks ahead, at the row that comes next, so that what a loop puts after its row does not come up. */
typedef struct {
  PyObject_HEAD
  Cursor *c;                /* row: the row returned last; if it looks ahead: the one that comes next */
  struct text lower, upper; /* owner NULL: no bound */
  int what, ahead;
  int started, finished;
} Scan;

/* scan_open opens a cursor on the part of the range from a key on; NULL: on all of it. */
static int scan_open(Scan *s, const struct text *at, int exclusive) {
  Cursor *c = s->c;
  const struct text *from = &s->lower, *to = &s->upper;
  struct call call;
  struct filled f;
  int flags = c->reverse ? LSMLITE_SCAN_REVERSE : 0;
  if (at != NULL && c->reverse) to = at, flags |= exclusive ? LSMLITE_SCAN_BEFORE : 0;
  if (at != NULL && !c->reverse) from = at, flags |= exclusive ? LSMLITE_SCAN_AFTER : 0;
  f.writes = c->h->writes;
  if (call_begin(&call, c->h) < 0) return -1;
  if (c->csr != NULL) lib.lsm_csr_close(c->csr);
  c->csr = NULL;
  call.rc = lib.lsmlite_scan(c->h->db, from->data, from->size, to->data, to->size, flags, &c->csr);
  if (call.rc != LSM_OK) c->csr = NULL;
  else call.rc = fill_block(c->csr, &f);
  if (call_end(&call) < 0) {
    drop_block(c);
    return -1;
  }
  take_block(c, &f);
  return 0;
}

/* Scan(handle, lower, upper, reverse, what, ahead) */
static PyObject *scan_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  PyObject *h, *lower, *upper;
  int reverse, what, ahead;
  Scan *s;
  (void)kw;
  if (!PyArg_ParseTuple(args, "OOOpip", &h, &lower, &upper, &reverse, &what, &ahead)) return NULL;
  if (!PyType_IsSubtype(Py_TYPE(h), (PyTypeObject *)handle_type)) return PyErr_Format(PyExc_TypeError, "no handle");
  s = (Scan *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
  if (s == NULL) return NULL;
  s->c = (Cursor *)((allocfunc)PyType_GetSlot((PyTypeObject *)cursor_type, Py_tp_alloc))((PyTypeObject *)cursor_type, 0);
  s->what = what;
  s->ahead = ahead;
  if (s->c != NULL) {
    Py_INCREF(h);
    s->c->h = (Handle *)h;
    s->c->reverse = (char)reverse;
  }
  if (s->c == NULL || (lower != Py_None && text_of(lower, &s->lower) < 0) ||
      (upper != Py_None && text_of(upper, &s->upper) < 0)) {
    Py_DECREF(s);
    return NULL;
  }
  return (PyObject *)s;
}

static void scan_dealloc(PyObject *self) {
  Scan *s = (Scan *)self;
  Py_XDECREF(s->c);
  text_free(&s->lower);
  text_free(&s->upper);
  free_object(self);
}

/* scan_refresh opens another cursor if the handle has written since the block was filled. */
static int scan_refresh(Scan *s) {
  Cursor *c = s->c;
  struct text at = {0};
  const char *key;
  int rc;
  if (c->writes == c->h->writes || !AHEAD(c)) return 0;
  row_key(c, &key, &at.size);
  at.data = malloc((size_t)at.size + 1);
  if (at.data == NULL) {
    PyErr_NoMemory();
    return -1;
  }
  memcpy(at.data, key, (size_t)at.size);
  rc = scan_open(s, &at, !s->ahead);
  free(at.data);
  return rc < 0 ? -1 : 1;
}

/* scan_step moves to the next row, and closes the cursor after the last one. */
static int scan_step(Scan *s) {
  Cursor *c = s->c;
  if (++c->row < c->rows) return 0;
  return fill(c);
}

static PyObject *scan_iternext(PyObject *self) {
  Scan *s = (Scan *)self;
  Cursor *c = s->c;
  PyObject *row = NULL;
  int moved = 0;
  if (s->finished) return NULL;
  if (!s->started) {
    if (scan_open(s, NULL, 0) < 0) goto end;
    s->started = 1;
  } else if ((moved = scan_refresh(s)) < 0 || (!s->ahead && !moved && scan_step(s) < 0)) {
    goto end;
  }
  if (!AHEAD(c)) goto end;
  row = block_row(c, s->what);
  if (row == NULL) goto end;
  if (s->ahead) {
    if (scan_step(s) < 0) {
      Py_CLEAR(row);
      goto end;
    }
    if (!AHEAD(c)) goto end;
  }
  return row;
end:
  s->finished = 1;
  close_cursor(c);
  return row;
}

static PyObject *scan_close(PyObject *self, PyObject *unused) {
  (void)unused;
  ((Scan *)self)->finished = 1;
  close_cursor(((Scan *)self)->c);
  Py_RETURN_NONE;
}

static PyMethodDef scan_methods[] = {
    {"close", scan_close, METH_NOARGS, "close()\n--\n\nEnds the loop, and closes its cursor."}, {NULL, NULL, 0, NULL}};

static PyType_Slot scan_slots[] = {{Py_tp_new, scan_new},           {Py_tp_dealloc, scan_dealloc},
                                   {Py_tp_methods, scan_methods},   {Py_tp_iter, rows_iter},
                                   {Py_tp_iternext, scan_iternext}, {0, NULL}};

PyType_Spec scan_spec = {"lsmlite._native.Scan", sizeof(Scan), 0, Py_TPFLAGS_DEFAULT, scan_slots};
