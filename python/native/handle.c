/* SPDX-License-Identifier: Apache-2.0
**
** Handle: a database as one user of it sees it, with its transactions, and the methods that read and write
** without a cursor.
*/
#include "native.h"
#include <stdlib.h>
#include <string.h>

/* Takes the lock of a handle. If another thread has it, that one may need the GIL to go on. */
static PyThreadState *lock_handle(Handle *h) {
  PyThreadState *ts;
  if (PyThread_acquire_lock(h->lock, NOWAIT_LOCK)) return PyEval_SaveThread();
  ts = PyEval_SaveThread();
  PyThread_acquire_lock(h->lock, WAIT_LOCK);
  return ts;
}

static void unlock_handle(Handle *h, PyThreadState *ts) {
  PyThread_release_lock(h->lock);
  PyEval_RestoreThread(ts);
}

int call_begin(struct call *c, Handle *h) {
  if (library_ready() < 0) return -1;
  c->h = h;
  c->rc = LSM_OK;
  c->detail[0] = 0;
  c->ts = lock_handle(h);
  if (h->db == NULL) {
    unlock_handle(h, c->ts);
    raise_code(LSM_MISUSE, "the database is not open");
    return -1;
  }
  return 0;
}

/* The library's last error is the call's if its number is; another one, as of memory that this side did not get, has no
** message. */
static void take_detail(struct call *c, lsm_db *db) {
  int code = lib.lsmlite_error_code(db);
  if ((code & 255) != (c->rc & 255)) return;
  c->rc = code;
  strncpy(c->detail, lib.lsmlite_error_message(db), sizeof c->detail - 1);
  c->detail[sizeof c->detail - 1] = 0;
}

int call_end(struct call *c) {
  if (c->rc != LSM_OK) take_detail(c, c->h->db);
  unlock_handle(c->h, c->ts);
  if (c->rc == LSM_OK) return 0;
  raise_code(c->rc, c->detail);
  return -1;
}

static PyObject *handle_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  Handle *h = (Handle *)alloc(type, 0);
  (void)args;
  (void)kw;
  if (h == NULL) return NULL;
  h->lock = PyThread_allocate_lock();
  if (h->lock == NULL) {
    Py_DECREF(h);
    return PyErr_NoMemory();
  }
  return (PyObject *)h;
}

/* Gives up what was not committed, by calls or by statements, and closes. No cursor or statement is left. */
static void give_up(lsm_db *db, int depth) {
  lsmlite_stmt *stmt = NULL;
  if (depth > 0) lib.lsm_rollback(db, 0);
  if (lib.lsmlite_close(db, NULL) != LSM_MISUSE) return;
  if (lib.lsmlite_prepare(db, "ROLLBACK", -1, &stmt) == LSM_OK) lib.lsmlite_step(stmt);
  lib.lsmlite_finalize(stmt);
  lib.lsmlite_close(db, NULL);
}

/* A handle that is dropped gives up what it has not committed; no cursor is left, because each holds it. */
static void handle_dealloc(PyObject *self) {
  Handle *h = (Handle *)self;
  if (h->db != NULL && !library_lost()) {
    PyThreadState *ts = lock_handle(h);
    give_up(h->db, h->depth);
    h->db = NULL;
    unlock_handle(h, ts);
  }
  if (h->lock != NULL) PyThread_free_lock(h->lock);
  free_object(self);
}

/* C ends a path at a NUL, which would name another file. 0, or -1 with an exception. */
static int whole_path(PyObject *path) {
  if (strlen(PyBytes_AsString(path)) == (size_t)PyBytes_Size(path)) return 0;
  PyErr_SetString(PyExc_ValueError, "embedded null byte in the path");
  return -1;
}

/* open_file(path, settings): settings are pairs of a verb and a number, set before the file is opened. */
static PyObject *handle_open(PyObject *self, PyObject *args) {
  Handle *h = (Handle *)self;
  PyObject *path, *settings, *key = Py_None;
  struct text secret = {0};
  lsm_db *db = NULL;
  struct call c = {0};
  Py_ssize_t i, n;
  int kind = 0;
  if (!PyArg_ParseTuple(args, "SO!|Oi", &path, &PyList_Type, &settings, &key, &kind)) return NULL;
  if (library_ready() < 0) return NULL;
  if (whole_path(path) < 0) return NULL;
  if (h->db != NULL) return raise_code(LSM_MISUSE, "the database is open");
  c.rc = lib.lsm_new(NULL, &db);
  if (c.rc != LSM_OK) return raise_code(c.rc, "");
  n = PyList_Size(settings);
  for (i = 0; i < n; i++) {
    int verb, value;
    if (!PyArg_ParseTuple(PyList_GetItem(settings, i), "ii", &verb, &value)) goto refused;
    c.rc = lib.lsm_config(db, verb, &value);
    if (c.rc != LSM_OK) goto failed;
  }
  if (key != Py_None) {
    if (text_of(key, &secret) < 0) goto refused;
    c.rc = lib.lsmlite_key(db, kind, secret.data, secret.size);
    text_free(&secret);
    if (c.rc != LSM_OK) goto failed;
  }
  /* No other thread knows db yet, and the lock keeps a second open away. */
  c.h = h;
  c.ts = lock_handle(h);
  if (h->db != NULL) {
    unlock_handle(h, c.ts);
    raise_code(LSM_MISUSE, "the database is open");
    goto refused;
  }
  h->db = db;
  c.rc = lib.lsm_open(db, PyBytes_AsString(path));
  if (c.rc != LSM_OK) {
    call_end(&c); /* has the detail, and raises */
    c.ts = lock_handle(h);
    if (h->db == db) { /* another thread may have closed it meanwhile */
      h->db = NULL;
      lib.lsmlite_close(db, NULL);
    }
    unlock_handle(h, c.ts);
    return NULL;
  }
  h->depth = 0;
  unlock_handle(h, c.ts);
  Py_RETURN_NONE;
failed:
  take_detail(&c, db);
  raise_code(c.rc, c.detail);
refused:
  lib.lsmlite_close(db, NULL);
  return NULL;
}

/* close_file() -> whether it was open. The library refuses with LSM_MISUSE while something of the handle is open;
** after any other error the library's handle is gone, and only the message that it has left is used. */
static PyObject *handle_close(PyObject *self, PyObject *unused) {
  Handle *h = (Handle *)self;
  struct call c;
  char *text = NULL;
  (void)unused;
  if (h->db == NULL) Py_RETURN_FALSE;
  if (library_lost()) { /* what the parent has open stays the parent's */
    h->db = NULL;
    Py_RETURN_TRUE;
  }
  if (call_begin(&c, h) < 0) return NULL;
  c.rc = lib.lsmlite_close(h->db, &text);
  if (c.rc == LSM_MISUSE) {
    call_end(&c);
    return NULL;
  }
  h->db = NULL;
  h->depth = 0;
  unlock_handle(h, c.ts);
  if (text != NULL) strncpy(c.detail, text, sizeof c.detail - 1);
  c.detail[sizeof c.detail - 1] = 0;
  lib.lsm_free(NULL, text);
  if (c.rc != LSM_OK) return raise_code(c.rc, c.detail);
  Py_RETURN_TRUE;
}

static PyObject *handle_config(PyObject *self, PyObject *args) {
  struct call c;
  int verb, value;
  if (!PyArg_ParseTuple(args, "ii", &verb, &value) || call_begin(&c, (Handle *)self) < 0) return NULL;
  c.rc = lib.lsm_config(c.h->db, verb, &value);
  if (call_end(&c) < 0) return NULL;
  return PyLong_FromLong(value);
}

/* info(verb, two): one number, or two as a tuple. */
static PyObject *handle_info(PyObject *self, PyObject *args) {
  struct call c;
  int verb, two, a = 0, b = 0;
  if (!PyArg_ParseTuple(args, "ii", &verb, &two) || call_begin(&c, (Handle *)self) < 0) return NULL;
  c.rc = two ? lib.lsm_info(c.h->db, verb, &a, &b) : lib.lsm_info(c.h->db, verb, &a);
  if (call_end(&c) < 0) return NULL;
  return two ? Py_BuildValue("(ii)", a, b) : PyLong_FromLong(a);
}

static int insert(Handle *h, PyObject *key, PyObject *value) {
  struct text k, v;
  struct call c;
  if (text_of(key, &k) < 0) return -1;
  if (text_of(value, &v) < 0) {
    text_free(&k);
    return -1;
  }
  h->writes++;
  if (call_begin(&c, h) == 0) {
    c.rc = lib.lsm_insert(h->db, k.data, k.size, v.data, v.size);
    c.rc = call_end(&c);
  } else {
    c.rc = -1;
  }
  h->writes++;
  text_free(&k);
  text_free(&v);
  return c.rc;
}

static int delete(Handle *h, PyObject *key) {
  struct text k;
  struct call c;
  if (text_of(key, &k) < 0) return -1;
  h->writes++;
  if (call_begin(&c, h) == 0) {
    c.rc = lib.lsm_delete(h->db, k.data, k.size);
    c.rc = call_end(&c);
  } else {
    c.rc = -1;
  }
  h->writes++;
  text_free(&k);
  return c.rc;
}

static int delete_range(Handle *h, PyObject *from, PyObject *to) {
  struct text a, b;
  struct call c;
  if (text_of(from, &a) < 0) return -1;
  if (text_of(to, &b) < 0) {
    text_free(&a);
    return -1;
  }
  h->writes++;
  if (call_begin(&c, h) == 0) {
    c.rc = lib.lsm_delete_range(h->db, a.data, a.size, b.data, b.size);
    c.rc = call_end(&c);
  } else {
    c.rc = -1;
  }
  h->writes++;
  text_free(&a);
  text_free(&b);
  return c.rc;
}

/* A value on its way from the library to Python: copied while the handle is locked, because another thread
** may move what the library hands out. */
struct value {
  char room[1024];
  char *data; /* room, or malloc'ed */
  lsm_i64 size; /* -1: none */
};

static int value_copy(struct value *v, const void *data, lsm_i64 size) {
  v->data = v->room;
  if (size > (lsm_i64)sizeof v->room && (v->data = malloc((size_t)size)) == NULL) return LSM_NOMEM;
  memcpy(v->data, data, (size_t)size);
  v->size = size;
  return LSM_OK;
}

/* lookup_get: of the key itself, in one call, or two if the value is long. */
static int lookup_get(lsm_db *db, const struct text *k, struct value *v) {
  lsm_i64 room = sizeof v->room;
  int rc;
  v->data = v->room;
  for (;;) {
    rc = lib.lsmlite_get(db, k->data, k->size, v->data, room, &v->size);
    if (rc != LSM_OK || v->size <= room) return rc;
    if (v->data != v->room) free(v->data); /* another handle has written a longer one */
    room = v->size;
    v->data = malloc((size_t)room);
    if (v->data == NULL) {
      v->data = v->room;
      return LSM_NOMEM;
    }
  }
}

static int lookup_cursor(lsm_db *db, const struct text *k, int method, struct value *v) {
  lsm_cursor *csr = NULL;
  const void *data = NULL;
  int size = 0, rc;
  v->data = v->room;
  v->size = -1;
  rc = lib.lsm_csr_open(db, &csr);
  if (rc != LSM_OK) return rc;
  rc = lib.lsm_csr_seek(csr, k->data, k->size, method);
  if (rc == LSM_OK && method != LSM_SEEK_LEFAST && lib.lsm_csr_valid(csr)) { /* LEFAST finds no values */
    rc = lib.lsm_csr_value(csr, &data, &size);
    if (rc == LSM_OK) rc = value_copy(v, data, size);
  }
  lib.lsm_csr_close(csr);
  return rc;
}

/* find returns the value, or NULL: with an exception after an error, without one if there is no such key. */
static PyObject *find(Handle *h, PyObject *key, int method) {
  struct text k;
  struct value v;
  struct call c;
  PyObject *result = NULL;
  if (text_of(key, &k) < 0) return NULL;
  if (call_begin(&c, h) < 0) {
    text_free(&k);
    return NULL;
  }
  if (method == LSM_SEEK_EQ)
    c.rc = lookup_get(h->db, &k, &v);
  else
    c.rc = lookup_cursor(h->db, &k, method, &v);
  if (call_end(&c) == 0 && v.size >= 0) result = PyBytes_FromStringAndSize(v.data, (Py_ssize_t)v.size);
  if (v.data != v.room) free(v.data);
  text_free(&k);
  return result;
}

static PyObject *fetch(Handle *h, PyObject *key, int method) {
  PyObject *result = find(h, key, method);
  if (result == NULL && !PyErr_Occurred()) {
    /* A tuple as a key would become the arguments of the exception. */
    PyObject *e = PyObject_CallFunctionObjArgs(PyExc_KeyError, key, NULL);
    if (e != NULL) {
      PyErr_SetObject(PyExc_KeyError, e);
      Py_DECREF(e);
    }
  }
  return result;
}

static PyObject *handle_insert(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"key", "value", NULL};
  PyObject *key, *value;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "OO:insert", names, &key, &value)) return NULL;
  if (insert((Handle *)self, key, value) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *handle_delete(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"key", NULL};
  PyObject *key;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O:delete", names, &key)) return NULL;
  if (delete((Handle *)self, key) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *handle_delete_range(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"start", "end", NULL};
  PyObject *from, *to;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "OO:delete_range", names, &from, &to)) return NULL;
  if (delete_range((Handle *)self, from, to) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *handle_fetch(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"key", "seek_method", NULL};
  PyObject *key;
  int method = LSM_SEEK_EQ;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|i:fetch", names, &key, &method)) return NULL;
  return fetch((Handle *)self, key, method);
}

static PyObject *handle_get(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"key", "default", NULL};
  PyObject *key, *otherwise = Py_None, *result;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|O:get", names, &key, &otherwise)) return NULL;
  result = find((Handle *)self, key, LSM_SEEK_EQ);
  if (result == NULL && !PyErr_Occurred()) {
    Py_INCREF(otherwise);
    return otherwise;
  }
  return result;
}

static PyObject *handle_fetch_bulk(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"keys", "seek_method", NULL};
  PyObject *keys, *it, *key, *found;
  int method = LSM_SEEK_EQ;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|i:fetch_bulk", names, &keys, &method)) return NULL;
  it = PyObject_GetIter(keys);
  if (it == NULL) return NULL;
  found = PyDict_New();
  while (found != NULL && (key = PyIter_Next(it)) != NULL) {
    PyObject *value = find((Handle *)self, key, method);
    if (value != NULL ? PyDict_SetItem(found, key, value) < 0 : PyErr_Occurred() != NULL) Py_CLEAR(found);
    Py_XDECREF(value);
    Py_DECREF(key);
  }
  Py_DECREF(it);
  if (PyErr_Occurred()) Py_CLEAR(found);
  return found;
}

/* put_rows(pairs): all of them or none. */
static PyObject *handle_put_rows(PyObject *self, PyObject *rows) {
  Handle *h = (Handle *)self;
  PyObject *list, *result = NULL;
  struct text *texts;    /* key, value, key, ... */
  const void **data;     /* those of the keys, then of the values */
  int *sizes;
  struct call c;
  Py_ssize_t i, n, made = 0;
  list = PySequence_List(rows);
  if (list == NULL) return NULL;
  n = PyList_Size(list);
  texts = calloc((size_t)n * 2 + 1, sizeof *texts);
  data = calloc((size_t)n * 2 + 1, sizeof *data);
  sizes = calloc((size_t)n * 2 + 1, sizeof *sizes);
  if (texts == NULL || data == NULL || sizes == NULL || n > 0x7fffffff) {
    PyErr_NoMemory();
    goto done;
  }
  for (i = 0; i < n; i++) {
    PyObject *pair = PySequence_Tuple(PyList_GetItem(list, i));
    int j;
    if (pair == NULL) goto done;
    if (PyTuple_Size(pair) != 2) {
      PyErr_Format(PyExc_TypeError, "row %zd has %zd items; want a key and a value", i, PyTuple_Size(pair));
      Py_DECREF(pair);
      goto done;
    }
    for (j = 0; j < 2; j++, made++) {
      if (text_of(PyTuple_GetItem(pair, j), &texts[made]) < 0) {
        Py_DECREF(pair);
        goto done;
      }
      data[i + n * j] = texts[made].data;
      sizes[i + n * j] = texts[made].size;
    }
    Py_DECREF(pair);
  }
  h->writes++;
  if (call_begin(&c, h) == 0) {
    c.rc = lib.lsmlite_put_many(h->db, (int)n, data, sizes, data + n, sizes + n);
    if (call_end(&c) == 0) {
      Py_INCREF(Py_None);
      result = Py_None;
    }
  }
  h->writes++;
done:
  for (i = 0; i < made; i++) text_free(&texts[i]);
  free(texts);
  free(data);
  free(sizes);
  Py_DECREF(list);
  return result;
}

/* add_number(key, by): the sum, or None if the value there has no 8 bytes. One step for all threads of the handle. */
static PyObject *handle_add_number(PyObject *self, PyObject *args) {
  Handle *h = (Handle *)self;
  struct text k;
  struct value v;
  struct call c;
  PyObject *key;
  long long by, sum = 0;
  unsigned char image[8];
  int i, fits = 1, over = 0;
  if (!PyArg_ParseTuple(args, "OL", &key, &by) || text_of(key, &k) < 0) return NULL;
  h->writes++;
  v.data = v.room;
  if (call_begin(&c, h) < 0) {
    text_free(&k);
    return NULL;
  }
  c.rc = lookup_get(h->db, &k, &v);
  if (c.rc == LSM_OK) {
    fits = v.size == 8 || v.size < 0;
    if (v.size == 8) {
      unsigned long long u = 0;
      for (i = 0; i < 8; i++) u = u << 8 | (unsigned char)v.data[i];
      sum = (long long)u;
    }
    over = __builtin_add_overflow(sum, by, &sum);
    if (fits && !over) {
      for (i = 0; i < 8; i++) image[i] = (unsigned char)((unsigned long long)sum >> (56 - 8 * i));
      c.rc = lib.lsm_insert(h->db, k.data, k.size, image, 8);
    }
  }
  i = call_end(&c);
  h->writes++;
  if (v.data != v.room) free(v.data);
  text_free(&k);
  if (i < 0) return NULL;
  if (!fits) Py_RETURN_NONE;
  if (over) return PyErr_Format(PyExc_OverflowError, "the number would not fit into 64 bits");
  return PyLong_FromLongLong(sum);
}

static PyObject *handle_begin(PyObject *self, PyObject *unused) {
  struct call c;
  (void)unused;
  if (call_begin(&c, (Handle *)self) < 0) return NULL;
  c.rc = lib.lsm_begin(c.h->db, c.h->depth + 1);
  if (c.rc == LSM_OK) c.h->depth++;
  if (call_end(&c) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *handle_commit(PyObject *self, PyObject *unused) {
  struct call c;
  int depth;
  (void)unused;
  if (call_begin(&c, (Handle *)self) < 0) return NULL;
  depth = c.h->depth;
  if (depth > 0) {
    c.rc = lib.lsm_commit(c.h->db, depth - 1);
    if (c.rc == LSM_OK || depth == 1) c.h->depth--; /* a commit that fails rolls back, and there is no transaction */
  }
  if (call_end(&c) < 0) return NULL;
  return PyBool_FromLong(depth > 0);
}

static PyObject *handle_rollback(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"keep_transaction", NULL};
  struct call c;
  int keep = 1, depth;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "|p:rollback", names, &keep)) return NULL;
  ((Handle *)self)->writes++;
  if (call_begin(&c, (Handle *)self) < 0) return NULL;
  depth = c.h->depth;
  if (depth > 0) {
    /* The library leaves open the level that it goes back to. So to close one within another, it is emptied
    ** and then committed. */
    c.rc = lib.lsm_rollback(c.h->db, keep || depth > 1 ? depth : 0);
    if (c.rc == LSM_OK && !keep && depth > 1) c.rc = lib.lsm_commit(c.h->db, depth - 1);
    if ((c.rc == LSM_OK || depth == 1) && !keep) c.h->depth--;
  }
  c.rc = call_end(&c);
  ((Handle *)self)->writes++;
  if (c.rc < 0) return NULL;
  return PyBool_FromLong(depth > 0);
}

static PyObject *handle_flush(PyObject *self, PyObject *unused) {
  struct call c;
  (void)unused;
  if (call_begin(&c, (Handle *)self) < 0) return NULL;
  c.rc = lib.lsm_flush(c.h->db);
  if (call_end(&c) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *handle_work(PyObject *self, PyObject *args, PyObject *kw) {
  static char *names[] = {"nmerge", "nkb", NULL};
  struct call c;
  int nmerge = 1, nkb = 4096, written = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kw, "|ii:work", names, &nmerge, &nkb)) return NULL;
  if (call_begin(&c, (Handle *)self) < 0) return NULL;
  c.rc = lib.lsm_work(c.h->db, nmerge, nkb, &written);
  if (call_end(&c) < 0) return NULL;
  return PyLong_FromLong(written);
}

static PyObject *handle_checkpoint(PyObject *self, PyObject *unused) {
  struct call c;
  int written = 0;
  (void)unused;
  if (call_begin(&c, (Handle *)self) < 0) return NULL;
  c.rc = lib.lsm_checkpoint(c.h->db, &written);
  if (call_end(&c) < 0) return NULL;
  return PyLong_FromLong(written);
}

static PyObject *handle_backup(PyObject *self, PyObject *args) {
  struct call c;
  PyObject *path;
  int replace = 0;
  if (!PyArg_ParseTuple(args, "S|p", &path, &replace) || whole_path(path) < 0) return NULL;
  if (call_begin(&c, (Handle *)self) < 0) return NULL;
  c.rc = lib.lsmlite_backup(c.h->db, PyBytes_AsString(path), replace ? LSMLITE_BACKUP_REPLACE : 0, NULL, NULL);
  if (call_end(&c) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *handle_getitem(PyObject *self, PyObject *key) {
  if (PyTuple_Check(key)) {
    int method;
    if (PyTuple_Size(key) != 2) {
      PyErr_SetString(PyExc_ValueError, "want a key, or a key and a seek method");
      return NULL;
    }
    if (!PyArg_ParseTuple(key, "Oi", &key, &method)) return NULL;
    return fetch((Handle *)self, key, method);
  }
  if (Py_TYPE(key) == &PySlice_Type) {
    PyObject *from = PyObject_GetAttrString(key, "start"), *to = PyObject_GetAttrString(key, "stop"),
             *step = PyObject_GetAttrString(key, "step"), *result = NULL;
    if (from != NULL && to != NULL && step != NULL)
      result = PyObject_CallMethod(self, "fetch_range", "OOO", from, to, step);
    Py_XDECREF(from);
    Py_XDECREF(to);
    Py_XDECREF(step);
    return result;
  }
  return fetch((Handle *)self, key, LSM_SEEK_EQ);
}

static int handle_setitem(PyObject *self, PyObject *key, PyObject *value) {
  if (value != NULL) return insert((Handle *)self, key, value);
  if (Py_TYPE(key) == &PySlice_Type) {
    PyObject *from = PyObject_GetAttrString(key, "start"), *to = PyObject_GetAttrString(key, "stop");
    int rc = from != NULL && to != NULL ? delete_range((Handle *)self, from, to) : -1;
    Py_XDECREF(from);
    Py_XDECREF(to);
    return rc;
  }
  return delete((Handle *)self, key);
}

static int handle_contains(PyObject *self, PyObject *key) {
  PyObject *value = find((Handle *)self, key, LSM_SEEK_EQ);
  if (value == NULL) return PyErr_Occurred() ? -1 : 0;
  Py_DECREF(value);
  return 1;
}

/* statements_in_transaction(): other threads may be in a call, which can begin one or end it, so it waits for them. */
static PyObject *handle_statements_in_transaction(PyObject *self, PyObject *unused) {
  struct call c;
  int in;
  (void)unused;
  if (call_begin(&c, (Handle *)self) < 0) return NULL;
  in = lib.lsmlite_in_transaction(c.h->db);
  if (call_end(&c) < 0) return NULL;
  return PyBool_FromLong(in);
}

static PyObject *handle_is_open(PyObject *self, void *unused) {
  (void)unused;
  return PyBool_FromLong(((Handle *)self)->db != NULL);
}

static PyObject *handle_depth(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLong(((Handle *)self)->depth);
}

#define WITH_NAMES(f) (PyCFunction)(void (*)(void))(f), METH_VARARGS | METH_KEYWORDS
static PyMethodDef handle_methods[] = {
    {"open_file", handle_open, METH_VARARGS, NULL},
    {"close_file", handle_close, METH_NOARGS, NULL},
    {"config", handle_config, METH_VARARGS, NULL},
    {"info", handle_info, METH_VARARGS, NULL},
    {"insert", WITH_NAMES(handle_insert), "insert(key, value)\n--\n\nPuts a row; a value that is there is replaced."},
    {"delete", WITH_NAMES(handle_delete), "delete(key)\n--\n\nDeletes a row. That there is none is no error."},
    {"delete_range", WITH_NAMES(handle_delete_range),
     "delete_range(start, end)\n--\n\nDeletes the rows between two keys, which stay."},
    {"fetch", WITH_NAMES(handle_fetch),
     "fetch(key, seek_method=0)\n--\n\nReturns the value of a key, or of its neighbour, or raises KeyError."},
    {"get", WITH_NAMES(handle_get),
     "get(key, default=None)\n--\n\nReturns the value of a key, or the default if there is none."},
    {"fetch_bulk", WITH_NAMES(handle_fetch_bulk),
     "fetch_bulk(keys, seek_method=0)\n--\n\nReturns a dict of the keys that were found, with their values."},
    {"put_rows", handle_put_rows, METH_O, NULL},
    {"add_number", handle_add_number, METH_VARARGS, NULL},
    {"begin", handle_begin, METH_NOARGS, "begin()\n--\n\nBegins a transaction, within the one that is open, if any."},
    {"commit", handle_commit, METH_NOARGS,
     "commit()\n--\n\nCommits the innermost transaction. Returns whether there was one."},
    {"rollback", WITH_NAMES(handle_rollback),
     "rollback(keep_transaction=True)\n--\n\nUndoes the innermost transaction. Returns whether there was one."},
    {"flush", handle_flush, METH_NOARGS, "flush()\n--\n\nWrites what is in memory to the database file."},
    {"work", WITH_NAMES(handle_work),
     "work(nmerge=1, nkb=4096)\n--\n\nMerges segments, about nkb KB of them. Returns the KB that were written."},
    {"write_checkpoint", handle_checkpoint, METH_NOARGS, NULL},
    {"write_backup", handle_backup, METH_VARARGS, NULL},
    {"statements_in_transaction", handle_statements_in_transaction, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef handle_getset[] = {
    {"is_open", handle_is_open, NULL, "whether the database is open", NULL},
    {"transaction_depth", handle_depth, NULL, "how many transactions are open, one in another", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot handle_slots[] = {{Py_tp_new, handle_new},
                                     {Py_tp_dealloc, handle_dealloc},
                                     {Py_tp_methods, handle_methods},
                                     {Py_tp_getset, handle_getset},
                                     {Py_mp_subscript, handle_getitem},
                                     {Py_mp_ass_subscript, handle_setitem},
                                     {Py_sq_contains, handle_contains},
                                     {0, NULL}};

PyType_Spec handle_spec = {"lsmlite._native.Handle", sizeof(Handle), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                           handle_slots};
