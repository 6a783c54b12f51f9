-- \copy from one database to another.
INSERT INTO kv VALUES ('a', 'one'), ('b', x'0001ff');
\copy lsmlite:test.lsm lsmlite:other.lsm 'SELECT key, value FROM kv' 'kv(key, value)'
\disconnect
\connect lsmlite:other.lsm
SELECT * FROM kv;
