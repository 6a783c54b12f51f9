-- A script as a user writes it: comments, several lines a statement, meta-commands.
CREATE TABLE IF NOT EXISTS kv (
  key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key) ON CONFLICT REPLACE
) WITHOUT ROWID;
INSERT INTO kv (key, value) VALUES
  ('user/1', 'Ada'),     -- the first
  ('user/2', 'Grace');   /* and
  the second */
SELECT * FROM kv;
select count(*) from kv where key between 'user/1' and 'user/9';
SELECT key AS name, value FROM kv ORDER BY key DESC LIMIT 1;

-- Bytes that are no text are shown escaped.
INSERT INTO kv VALUES ('bytes', x'00ff41');
SELECT value WHERE key = 'bytes';
DELETE FROM kv WHERE key = 'bytes';

-- Two statements on a line, variables, and other formats.
SELECT 1; SELECT 'two' AS two;
SELECT value FROM kv WHERE key = 'user/2' \gset v_
\echo :v_value
\set who user/1
SELECT value FROM kv WHERE key = :'who';
\pset format csv
SELECT * FROM kv;
\pset format json
SELECT * FROM kv;
\pset format aligned

-- What there is.
\dt
\d kv
PRAGMA safety;
PRAGMA integrity_check;
