package sqlitetest

import "testing"

// TestScripts runs statements that were written by hand for a place where the two could
// part. Each script has a database of its own.
func TestScripts(t *testing.T) {
	const letters = "INSERT INTO kv VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 5)"
	scripts := map[string][]string{
		"NULL cannot be stored": {
			letters,
			"INSERT INTO kv VALUES ('a', 1 / 0)", "INSERT OR REPLACE INTO kv VALUES ('a', 1 / 0)", "REPLACE INTO kv VALUES ('a', 1 / 0)",
			"INSERT OR IGNORE INTO kv VALUES ('a', 1 / 0), ('x', 2)", "INSERT OR ABORT INTO kv VALUES ('y', 1), ('a', 1 / 0)",
			"INSERT INTO kv VALUES ('z', 1 / 0) ON CONFLICT DO NOTHING", "INSERT INTO kv VALUES ('a', 1 / 0) ON CONFLICT DO NOTHING",
			"INSERT OR IGNORE INTO kv VALUES ('a', 1 / 0) ON CONFLICT DO NOTHING",
			"INSERT INTO kv VALUES ('a', 1 / 0) ON CONFLICT (key) DO UPDATE SET value = 'u'",
			"INSERT OR IGNORE INTO kv VALUES ('a', 1 / 0) ON CONFLICT (key) DO UPDATE SET value = 'u'",
			"INSERT OR IGNORE INTO kv VALUES ('a', 1) ON CONFLICT (key) DO UPDATE SET value = 1 / 0",
			"INSERT INTO kv VALUES (substr('x', 1 / 0), 1)", "INSERT OR IGNORE INTO kv VALUES (substr('x', 1 / 0), 1)",
			"UPDATE kv SET value = 1 / (value - 3)", "UPDATE kv SET value = 1 / (value - 3) WHERE key < 'c'",
		},
		"upsert": {
			letters,
			"INSERT INTO kv VALUES ('a', 1), ('a', 2), ('q', 3), ('q', 4) ON CONFLICT DO UPDATE SET value = value || excluded.value RETURNING *",
			"INSERT OR ABORT INTO kv VALUES ('a', 1), ('b', 2) ON CONFLICT DO NOTHING RETURNING key",
			"INSERT OR ABORT INTO kv VALUES ('n', 1), ('b', 2)", "INSERT OR ABORT INTO kv VALUES ('n', 1), ('n', 2)",
			"INSERT OR IGNORE INTO kv VALUES ('n', 1), ('n', 2), ('a', 3) RETURNING *",
			"REPLACE INTO kv (value, key) VALUES ('x', 'a') RETURNING value, key, value || key",
		},
		"three-valued logic": {
			letters,
			"SELECT key WHERE 6 / (value - 3) > 1", "SELECT key WHERE NOT 6 / (value - 3) > 1",
			"SELECT key WHERE 6 / (value - 3) > 1 OR key = 'c'", "SELECT key WHERE NOT (6 / (value - 3) > 1 AND key != 'c')",
			"SELECT key WHERE 6 / (value - 3) NOT IN (1, 3)", "SELECT key WHERE 1 NOT IN (2, 1 / (value - 3))",
			"SELECT key WHERE 1 / (value - 3) NOT IN ()", "SELECT key WHERE 2 NOT BETWEEN 1 / (value - 3) AND 1",
			"SELECT key WHERE substr(key, 1 / (value - 3)) LIKE '%'", "SELECT key WHERE key NOT GLOB substr('*', 1 / (value - 3))",
			"SELECT count(*), min(key), max(key) WHERE 1 / (value - 3) = 0", "SELECT min(key) WHERE 1 / 0 = 1",
		},
		"intervals": {
			letters,
			"SELECT key WHERE key IN ('e', 'a', 'x', 'a') ORDER BY key DESC", "SELECT key WHERE NOT key BETWEEN 'b' AND 'd'",
			"SELECT key WHERE NOT (key < 'b' OR key > 'd') AND key != 'c'", "SELECT key WHERE 'b' < key AND 'd' > key",
			"SELECT key WHERE key GLOB '[b-d]*'", "SELECT key WHERE key NOT GLOB 'b*'", "SELECT key WHERE key GLOB ''",
			"SELECT key WHERE key GLOB '*'", "SELECT key WHERE key = 'b' || ''", "SELECT key WHERE key >= substr('abc', -2, 1)",
			"SELECT max(key) WHERE key < 'd'", "SELECT min(key) WHERE key > 'd' AND key < 'd'", "SELECT key LIMIT 2 OFFSET 3",
			"SELECT key ORDER BY key DESC LIMIT -1 OFFSET -1", "DELETE WHERE key > 'a' AND key <= 'c'", "SELECT *",
		},
		"transactions": {
			letters, "BEGIN", "DELETE WHERE key > 'b'", "SAVEPOINT a", "UPDATE SET value = 'x'", "SAVEPOINT A", "DELETE FROM kv WHERE key = 'a'",
			"INSERT OR ABORT INTO kv VALUES ('n', 1), ('b', 1)", "SELECT *", "ROLLBACK TO a", "SELECT *", "RELEASE a", "ROLLBACK TO a", "SELECT *",
			"RELEASE none", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "SELECT *",
			"SAVEPOINT s", "DELETE FROM kv WHERE key >= ''", "SAVEPOINT t", "RELEASE s", "ROLLBACK", "SELECT *",
			letters, "SAVEPOINT s", "DELETE FROM kv WHERE key < 'c'", "ROLLBACK TO s", "COMMIT", "SELECT *",
		},
		"without the table": {
			letters, "SELECT 1", "SELECT 1 WHERE 1 = 2", "SELECT 'a' || 1 WHERE 'a' < 'b'", "SELECT 1 LIMIT 0", "SELECT 1, hex(1 / 0), -1.5 WHERE 1 / 0 = 1",
			"SELECT 1 WHERE key > 'c'", "SELECT 1 FROM kv LIMIT 2", "SELECT 1 ORDER BY key", "SELECT count(*) WHERE 1 = 2",
		},
		"numbers": {
			"INSERT INTO kv VALUES ('1', ' 12abc'), ('2', '1e3x'), ('3', '9223372036854775808'), ('4', ''), ('5', '-.5'), ('6', 'x'), ('7', '0x10')",
			"SELECT key, value + 0, value * 1.0, -value, + value, value % 7, value / 2, CAST(value AS INTEGER), CAST(value AS REAL)",
			"SELECT key WHERE value + 0 = 12 OR CAST(value AS REAL) >= 1000", "SELECT key WHERE CAST(value AS INTEGER) = 9223372036854775807",
			"UPDATE kv SET value = value + 1 RETURNING value", "SELECT *", "UPDATE kv SET value = value * 1.5", "SELECT *",
		},
		"characters": {
			"INSERT INTO kv VALUES ('é', 'ÄÖÜ'), ('ée', 'aÄ'), ('日本', 'x%y_z')",
			"SELECT key, upper(value), lower(value), length(value), hex(value), substr(value, 2)", "SELECT key WHERE key LIKE '_'", "SELECT key WHERE key LIKE 'É'",
			"SELECT key WHERE key GLOB '?'", "SELECT key WHERE key GLOB '[é日]*'", "SELECT key WHERE value LIKE '%Ä%'", "SELECT key WHERE value LIKE 'A%'",
			"SELECT key WHERE key GLOB '[^é]?'", "SELECT key WHERE value GLOB '*%*_*'", "SELECT key WHERE key GLOB 'é*'", "SELECT key WHERE key > 'é'",
		},
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			p := openPair(t, ":memory:")
			for _, query := range script {
				p.run(query)
			}
		})
	}
}
