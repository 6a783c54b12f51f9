INSERT INTO kv VALUES ('a', 1), ('b', 2);
\begin
DELETE FROM kv;
SAVEPOINT s;
INSERT INTO kv VALUES ('c', 3);
SELECT key FROM kv;
ROLLBACK TO s;
SELECT key FROM kv;
\rollback
SELECT key FROM kv;
\begin
REPLACE INTO kv VALUES ('a', 'one');
\commit
SELECT * FROM kv;
