SELECT nosuch FROM kv;
SELECT * FROM users;
INSERT OR ABORT INTO kv VALUES ('a', 1), ('a', 2);
BEGIN;
COMMIT;
-- The script goes on after each.
SELECT count(*) FROM kv;
