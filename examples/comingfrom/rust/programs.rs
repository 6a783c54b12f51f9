// The five programs for lsmlite-rs 0.2, as docs/coming-from.md shows them. They are not
// built here, because that takes Rust, C and crates.

use lsmlite_rs::{Cursor, DbConf, Disk, LsmCursorSeekOp, LsmDb, LsmErrorCode};

// open makes a handle of the file dir/name.lsm.
fn open(dir: &str, name: &str) -> Result<LsmDb, LsmErrorCode> {
    let mut db = LsmDb::default();
    db.initialize(DbConf::new(dir, name.to_string()))?;
    db.connect()?;
    Ok(db)
}

// get reads one key. A cursor is the only way to read.
fn get(db: &LsmDb, key: &[u8]) -> Result<Option<Vec<u8>>, LsmErrorCode> {
    let mut cursor = db.cursor_open()?;
    cursor.seek(key, LsmCursorSeekOp::LsmCursorSeekEq)?;
    if cursor.valid().is_err() {
        return Ok(None);
    }
    cursor.get_value().map(Some)
}

// print shows the record that a cursor is on.
fn print(cursor: &impl Cursor) -> Result<(), LsmErrorCode> {
    let (key, value) = (cursor.get_key()?, cursor.get_value()?);
    println!("{} {}", String::from_utf8_lossy(&key), String::from_utf8_lossy(&value));
    Ok(())
}

fn bulk_key(i: usize) -> Vec<u8> {
    format!("event/{i:06}").into_bytes()
}

fn rust_basics(dir: &str) -> Result<(), LsmErrorCode> {
    let mut db = open(dir, "basics")?;

    db.persist(b"user/1", b"Ada")?;
    db.persist(b"user/2", b"Grace")?;
    db.delete(b"user/2")?;

    for key in ["user/1", "user/2"] {
        match get(&db, key.as_bytes())? {
            Some(value) => println!("{key} is {}", String::from_utf8_lossy(&value)),
            None => println!("{key} is missing"),
        }
    }
    db.disconnect()
}

fn rust_nested(dir: &str) -> Result<(), LsmErrorCode> {
    let mut db = open(dir, "nested")?;

    db.begin_transaction()?;
    db.persist(b"user/1", b"Ada")?;

    // lsm1 has nested transactions, but begin_transaction opens the outermost one only.
    // What may have to be undone is kept apart until it is known to stay.
    let risky: [(&[u8], Option<&[u8]>); 2] = [(b"user/1", None), (b"user/2", Some(b"nobody"))];
    let keep = false;
    for (key, value) in risky.iter().filter(|_| keep) {
        match value {
            Some(value) => db.persist(key, value)?,
            None => db.delete(key)?,
        }
    }

    db.persist(b"user/3", b"Barbara")?;
    db.commit_transaction()?;

    let mut cursor = db.cursor_open()?;
    cursor.first()?;
    while cursor.valid().is_ok() {
        print(&cursor)?;
        cursor.next()?;
    }
    Ok(())
}

fn rust_scan(dir: &str) -> Result<(), LsmErrorCode> {
    let mut db = open(dir, "scan")?;
    let rows = [("user/2", "Grace"), ("usher", "Tom"), ("user/1", "Ada"), ("fruit/fig", "12"), ("user/3", "Barbara")];
    for (key, value) in rows {
        db.persist(key.as_bytes(), value.as_bytes())?;
    }

    let (prefix, after) = (b"user/", b"user0");
    let mut cursor = db.cursor_open()?;
    cursor.seek(prefix, LsmCursorSeekOp::LsmCursorSeekGe)?;
    while cursor.valid().is_ok() && cursor.get_key()?.starts_with(prefix) {
        print(&cursor)?;
        cursor.next()?;
    }
    cursor.seek(after, LsmCursorSeekOp::LsmCursorSeekLe)?;
    if cursor.valid().is_ok() && cursor.get_key()? == after {
        cursor.prev()?;
    }
    while cursor.valid().is_ok() && cursor.get_key()?.starts_with(prefix) {
        print(&cursor)?;
        cursor.prev()?;
    }
    Ok(())
}

fn rust_snapshot(dir: &str) -> Result<(), LsmErrorCode> {
    let mut db = open(dir, "snapshot")?;
    db.persist(b"user/1", b"Ada")?;

    // A cursor is a snapshot. It borrows its handle, so the writer needs another one.
    let reader = open(dir, "snapshot")?;
    let mut cursor = reader.cursor_open()?;
    db.persist(b"user/1", b"Augusta")?;
    db.persist(b"user/2", b"Grace")?;

    cursor.seek(b"user/1", LsmCursorSeekOp::LsmCursorSeekEq)?;
    let then = cursor.get_value()?;
    let now = get(&db, b"user/1")?.unwrap_or_default();
    println!("then {} now {}", String::from_utf8_lossy(&then), String::from_utf8_lossy(&now));
    Ok(())
}

fn rust_bulk(dir: &str) -> Result<(), LsmErrorCode> {
    let mut db = open(dir, "bulk")?;

    db.begin_transaction()?;
    for i in 0..10_000 {
        db.persist(&bulk_key(i), b"x")?;
    }
    db.commit_transaction()?;
    let before = count(&db)?;

    // Both ends of delete_range stay.
    db.delete(&bulk_key(1000))?;
    db.delete_range(&bulk_key(1000), &bulk_key(9000))?;
    db.optimize()?;

    let left = count(&db)?;
    println!("deleted {} left {}", before - left, left);
    Ok(())
}

fn count(db: &LsmDb) -> Result<usize, LsmErrorCode> {
    let mut cursor = db.cursor_open()?;
    let mut n = 0;
    cursor.first()?;
    while cursor.valid().is_ok() {
        n += 1;
        cursor.next()?;
    }
    Ok(n)
}

fn main() -> Result<(), LsmErrorCode> {
    let dir = std::env::temp_dir();
    let dir = dir.to_str().unwrap_or(".");
    rust_basics(dir)?;
    rust_nested(dir)?;
    rust_scan(dir)?;
    rust_snapshot(dir)?;
    rust_bulk(dir)
}
