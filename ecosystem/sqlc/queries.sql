-- name: Get :one
SELECT value FROM kv WHERE key = ?;

-- name: Put :exec
INSERT INTO kv (key, value) VALUES (?, ?);

-- name: List :many
SELECT key, value FROM kv WHERE key >= sqlc.arg(first) AND key < sqlc.arg(behind) ORDER BY key;

-- name: DeleteList :execrows
DELETE FROM kv WHERE key >= sqlc.arg(first) AND key < sqlc.arg(behind);

-- name: Increment :one
INSERT INTO kv (key, value) VALUES (?, 1)
ON CONFLICT (key) DO UPDATE SET value = kv.value + 1 RETURNING value;

-- name: Count :one
SELECT count(*) FROM kv;
