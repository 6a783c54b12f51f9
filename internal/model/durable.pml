/* SPDX-License-Identifier: Apache-2.0 */

/* durable.pml: commits, the log and its reuse, checkpoints on two meta pages, kills, losses of power, failed writes and
   failed syncs. README.md says how to read and run it, and what it leaves out.

   A transaction is a number, and PARENT its predecessor, so a state of the database is the number of its newest
   transaction. What recovery finds has to be on the way from what is promised to what was written. */

#define RULES \
	X(FULL_SYNCS_BEFORE_SHOWN) X(FULL_ENDS_SECTOR) X(SYNCED_BEFORE_SET_ASIDE) X(LOG_STAYS_BELOW_NEEDED) \
	X(LOG_FREE_AFTER_CHECKPOINT) X(MARK_AFTER_RECOVERY) X(MARK_AFTER_FAILURE) X(MARK_BEFORE_JUMP) X(VOID_FAILED_COMMIT) X(VOID_SYNCED) \
	X(FAILED_SYNC_ENDS_WRITING) X(DATA_SYNCED_BEFORE_FIRST) X(FIRST_SYNCED_BEFORE_COPY) X(COPY_SYNCED_BEFORE_REUSE) \
	X(DURABLE_PAGE_LAST) X(SUSPECT_PAGE_FIRST) X(HALF_STORED_COUNTS) X(NEW_NUMBER_FOR_RETRY) X(SETTLE_BEFORE_WRITING) \
	X(LOG_REPLACED_AFTER_CHECKPOINT) X(REBASE_TO_START)
#include "keeps.h"

#define MAX_PLACES 6       /* of the log at most; each holds a transaction, or a jump */
#define MAX_TXS 6          /* transactions at most that are begun in all */
byte places, txs;      /* of these, in this run */
byte maxCrashes;       /* kills and losses of power */
byte maxFaults;        /* writes and syncs that fail */
#define MIN_WRAP 2 /* free places at the beginning before the log wraps */
#define NONE 255

/* What is written is in the cache until it is synced. What a failed sync should have made durable is LOST: it can be
   read, and no later sync writes it. A loss of power leaves of all but CLEAN ones what is in the cache, what was on the
   disk, or garbage. */
#define CLEAN 0
#define DIRTY 1
#define LOST 2

byte parent[MAX_TXS + 1];
byte begun;      /* transactions, also those that failed */
byte written;    /* newest transaction in the log */
byte shown;      /* newest that readers can see, or whose commit has returned */
byte stored;     /* newest in a checkpoint that is complete */
bool safetyFull;       /* safety */
byte crashes, faults;

/* The log. kind: 0 nothing or garbage, 1 a transaction, 2 + n a jump to place n. before and after are the checksum's
   states: sum = stamp of the newest mark * 16 + (8 in a jump) + transactions since then. */
typedef Place { byte kind, before, after, tx };
Place cache[MAX_PLACES], disk[MAX_PLACES];
byte place[MAX_PLACES]; /* CLEAN, DIRTY or LOST */

/* Regions of the log, as in package wal, and the checksum at the end of region 2. */
byte r0, r0e, r1, r1e, r2, r2e;
byte sum, stamps;
bool mark;          /* the next transaction has to begin with a mark */
byte needless;      /* position before which nothing is needed, NONE if there is none */

/* The transaction whose jump is written, and that is not written itself. */
bool jumped;
byte jumpFrom, jumpSum;

/* The meta pages. id 0: torn, or never written. */
typedef Meta { byte id, tx, off, sum; bool copy };
Meta mcache[2], mdisk[2];
byte meta[2];       /* CLEAN, DIRTY or LOST */
bool syncFailed;    /* the note says so; it is in the cache only */

/* The pages of the segment that was flushed up to a transaction. */
#define NO_SEGMENT 0
#define IN_CACHE 1
#define IN_CACHE_ONLY 2 /* a sync has failed */
#define DURABLE 3
#define GARBAGE 4
byte segment[MAX_TXS + 1];

/* The session. */
mtype = { RUNNING, SETTLING, POISONED };
mtype mode;
byte disktx, diskoff, disksum, id;     /* the newest snapshot of the file */
bool hasOld; byte oldtx, oldoff, oldsum;
byte newest, synced;                   /* ids: the largest one ever put on a page; of the newest complete checkpoint */
byte durable;                          /* the page that must not be written first */
bool restore;
byte stage, ktx, koff, ksum, kid, first;

/* Scratch, 0 between steps. */
byte i, x, at, s, state, jumps, limit, hash, promised;
bool ok, keep, lost;

inline within(a, b) { /* ok: state a is b, or one before it */
	i = b;
	do
	:: i == a || i == 0 -> break
	:: else -> i = parent[i]
	od;
	ok = (i == a); i = 0
}

inline giveUp(off) { /* what comes before off */
	if
	:: r0e && r0 <= off && off <= r0e -> r0 = off
	:: else ->
		if
		:: r1e && r1 <= off && off <= r1e -> r1 = off; r0 = 0; r0e = 0
		:: else ->
			if
			:: r2e && r2 <= off && off <= r2e -> r2 = off; r0 = 0; r0e = 0; r1 = 0; r1e = 0
			:: else
			fi
		fi
	fi
}

inline put(off, k, b, a, t) {
	cache[off].kind = k; cache[off].before = b; cache[off].after = a; cache[off].tx = t; place[off] = DIRTY;
	/* The sector of what comes before is touched, too, unless that ends its sector. */
	if
	:: off > r2 && off == r2e && !(safetyFull && KEEPS(FULL_ENDS_SECTOR)) && place[off - 1] == CLEAN -> place[off - 1] = DIRTY
	:: else
	fi
}

/* The newest mark is the only one with its number; without it the same transactions have the same sums. */
inline nextSum(from) {
	if
	:: mark -> stamps++; hash = stamps * 16 + 1; mark = false
	:: else -> hash = (from & 247) + 1
	fi
}

inline syncLog() {
	for (i : 0 .. MAX_PLACES - 1) {
		if
		:: place[i] == DIRTY ->
			place[i] = CLEAN;
			disk[i].kind = cache[i].kind; disk[i].before = cache[i].before; disk[i].after = cache[i].after; disk[i].tx = cache[i].tx
		:: else
		fi
	}
	i = 0
}

inline loseLog() { /* a sync of it fails */
	for (i : 0 .. MAX_PLACES - 1) { if :: place[i] == DIRTY -> place[i] = LOST :: else fi }
	i = 0;
	if :: KEEPS(FAILED_SYNC_ENDS_WRITING) -> mode = POISONED :: else fi
}

inline toDisk(p) {
	mdisk[p].id = mcache[p].id; mdisk[p].tx = mcache[p].tx; mdisk[p].off = mcache[p].off; mdisk[p].sum = mcache[p].sum;
	mdisk[p].copy = mcache[p].copy
}

inline syncFile() {
	for (i : 0 .. 1) { if :: meta[i] == DIRTY -> meta[i] = CLEAN; toDisk(i) :: else fi }
	for (i : 1 .. MAX_TXS) { if :: segment[i] == IN_CACHE -> segment[i] = DURABLE :: else fi }
	i = 0
}

inline loseFile() {
	for (i : 0 .. 1) { if :: meta[i] == DIRTY -> meta[i] = LOST :: else fi }
	for (i : 1 .. MAX_TXS) { if :: segment[i] == IN_CACHE -> segment[i] = IN_CACHE_ONLY :: else fi }
	i = 0;
	syncFailed = true;
	if :: KEEPS(FAILED_SYNC_ENDS_WRITING) -> mode = POISONED :: else fi
}

inline writeMeta(p, isCopy) {
	mcache[p].id = kid; mcache[p].tx = ktx; mcache[p].off = koff; mcache[p].sum = ksum; mcache[p].copy = isCopy; meta[p] = DIRTY
}

inline tearMeta(p) {
	mcache[p].id = 0; mcache[p].tx = 0; mcache[p].off = 0; mcache[p].sum = 0; mcache[p].copy = false; meta[p] = DIRTY
}

/* A sync of the file that may fail. */
inline trySync(next) {
	if
	:: d_step { syncFile(); stage = next }
	:: faults < maxFaults -> d_step { faults++; loseFile(); stage = next }
	fi
}

inline clearLog() {
	for (i : 0 .. MAX_PLACES - 1) {
		cache[i].kind = 0; cache[i].before = 0; cache[i].after = 0; cache[i].tx = 0; place[i] = CLEAN;
		disk[i].kind = 0; disk[i].before = 0; disk[i].after = 0; disk[i].tx = 0
	}
	i = 0;
	r0 = 0; r0e = 0; r1 = 0; r1e = 0; r2 = 0; r2e = 0; mark = false; needless = NONE
}

/* What a loss of power makes of everything that is not CLEAN. */
inline losePower() {
	i = 0;
	do
	:: i < MAX_PLACES && place[i] == CLEAN -> i++
	:: i < MAX_PLACES && place[i] != CLEAN -> place[i] = CLEAN;
		disk[i].kind = cache[i].kind; disk[i].before = cache[i].before; disk[i].after = cache[i].after; disk[i].tx = cache[i].tx; i++
	:: i < MAX_PLACES && place[i] != CLEAN && disk[i].kind -> place[i] = CLEAN;
		cache[i].kind = disk[i].kind; cache[i].before = disk[i].before; cache[i].after = disk[i].after; cache[i].tx = disk[i].tx; i++
	:: i < MAX_PLACES && place[i] != CLEAN -> place[i] = CLEAN;
		cache[i].kind = 0; cache[i].before = 0; cache[i].after = 0; cache[i].tx = 0;
		disk[i].kind = 0; disk[i].before = 0; disk[i].after = 0; disk[i].tx = 0; i++
	:: i == MAX_PLACES -> break
	od;
	i = 0;
	do
	:: i < 2 && meta[i] == CLEAN -> i++
	:: i < 2 && meta[i] != CLEAN -> toDisk(i); meta[i] = CLEAN; i++
	:: i < 2 && meta[i] != CLEAN && mdisk[i].id -> meta[i] = CLEAN;
		mcache[i].id = mdisk[i].id; mcache[i].tx = mdisk[i].tx; mcache[i].off = mdisk[i].off; mcache[i].sum = mdisk[i].sum;
		mcache[i].copy = mdisk[i].copy; i++
	:: i < 2 && meta[i] != CLEAN -> tearMeta(i); toDisk(i); meta[i] = CLEAN; i++
	:: i == 2 -> break
	od;
	i = 1;
	do
	:: i <= MAX_TXS && (segment[i] == IN_CACHE || segment[i] == IN_CACHE_ONLY) -> segment[i] = DURABLE; i++
	:: i <= MAX_TXS && (segment[i] == IN_CACHE || segment[i] == IN_CACHE_ONLY) -> segment[i] = GARBAGE; i++
	:: i <= MAX_TXS && !(segment[i] == IN_CACHE || segment[i] == IN_CACHE_ONLY) -> i++
	:: i > MAX_TXS -> break
	od;
	i = 0;
	syncFailed = false
}

/* recover reads what is there, checks that it is a state that it may be, and begins a session. */
inline choosePage() {
	x = (mcache[1].id > mcache[0].id -> 1 : 0);
	assert(mcache[x].id);                       /* one page is whole */
	assert(mcache[0].id != mcache[1].id || (mcache[0].tx == mcache[1].tx && mcache[0].off == mcache[1].off &&
		mcache[0].sum == mcache[1].sum));       /* no two checkpoints have one number */
	durable = x;
	if
	:: mcache[1 - x].id == mcache[x].id && (mcache[x].copy || !mcache[1 - x].copy) -> durable = 1 - x
	:: mcache[1 - x].id && mcache[1 - x].id < mcache[x].id && !mcache[x].copy && syncFailed && KEEPS(SUSPECT_PAGE_FIRST) ->
		durable = 1 - x
	:: else
	fi;
	disktx = mcache[x].tx; diskoff = mcache[x].off; disksum = mcache[x].sum; id = mcache[x].id;
	newest = id; synced = 0; restore = true; needless = NONE
}

inline checkSegments() { /* those of the checkpoint are as they were written, and all others are gone */
	for (i : 1 .. MAX_TXS) {
		s = disktx;
		do
		:: s == i || s == 0 -> break
		:: else -> s = parent[s]
		od;
		if
		:: s == i -> assert(segment[i] != GARBAGE)
		:: else -> segment[i] = NO_SEGMENT
		fi
	}
	i = 0; s = 0
}

inline replay(from) {
	at = from; sum = disksum; state = disktx; jumps = 0; keep = false;
	r0 = 0; r0e = 0; r1 = 0; r1e = 0; r2 = at; r2e = at;
	do
	:: at < places && cache[at].kind == 1 && cache[at].before == sum ->
		assert(parent[cache[at].tx] == state); /* it follows what it was written after */
		state = cache[at].tx; sum = cache[at].after; at++; r2e = at; keep = true
	:: at < places && cache[at].kind > 1 && cache[at].before == sum && jumps < 2 ->
		i = cache[at].kind - 2; hash = cache[at].after;
		if
		:: i < places && cache[i].kind == 1 && cache[i].before == hash ->
			assert(parent[cache[i].tx] == state);
			state = cache[i].tx; sum = cache[i].after; keep = true; jumps++;
			if
			:: i == 0 -> r0 = r2; r0e = at + 1 /* it wraps */
			:: else -> r1 = r2; r1e = at + 1
			fi;
			r2 = i; at = i + 1; r2e = at
		:: else -> break
		fi
	:: else -> break
	od;
	i = 0; hash = 0; at = 0; jumps = 0
}

inline recover() {
	jumped = false; jumpFrom = 0; jumpSum = 0; hasOld = false; oldtx = 0; oldoff = 0; oldsum = 0;
	stage = 0; ktx = 0; koff = 0; ksum = 0; kid = 0; first = 0;
	choosePage();
	checkSegments();
	replay(diskoff);
	if
	:: !keep && diskoff && KEEPS(REBASE_TO_START) -> diskoff = 0; replay(0)
	:: else
	fi;
	if :: !keep -> r2 = 0; r2e = 0 :: else fi;
	within(state, written); assert(ok);      /* nothing is back that was lost, failed or undone */
	within(promised, state); assert(ok);     /* nothing is lost that was promised */
	written = state;
	if :: lost -> shown = state :: else fi;
	if :: KEEPS(MARK_AFTER_RECOVERY) -> mark = true :: else -> mark = false fi;
	diskoff = r2e; disksum = sum;
	if
	:: KEEPS(SETTLE_BEFORE_WRITING) ->
		mode = SETTLING;
		if :: written != disktx -> id++; segment[written] = IN_CACHE; disktx = written :: else fi;
		if :: !KEEPS(LOG_REPLACED_AFTER_CHECKPOINT) -> clearLog() :: else fi
	:: else -> mode = RUNNING; shown = written
	fi;
	keep = false; x = 0; state = 0; ok = false; promised = 0; lost = false
}

inline writeTx() { /* at the place after the jump, or where region 2 ends; it may fail */
	s = (jumped -> cache[jumpFrom].kind - 2 : r2e);
	hash = (jumped -> jumpSum : sum);
	x = hash;
	nextSum(x);
	begun++; parent[begun] = written;
	put(s, 1, x, hash, begun)
}

inline accept() {
	if
	:: jumped && s == 0 && !r0e -> r0 = r2; r0e = jumpFrom + 1; r2 = 0
	:: jumped && !(s == 0 && !r0e) -> r1 = r2; r1e = jumpFrom + 1; r2 = s
	:: else
	fi;
	r2e = s + 1; sum = hash; written = begun;
	if :: safetyFull && KEEPS(FULL_SYNCS_BEFORE_SHOWN) -> skip :: else -> shown = written fi;
	jumped = false; jumpFrom = 0; jumpSum = 0; s = 0; x = 0; hash = 0
}

inline fail() { /* the bytes of it may all be in the file */
	faults++;
	s = (jumped -> jumpFrom : s);
	if
	:: KEEPS(VOID_FAILED_COMMIT) -> cache[s].kind = 0; cache[s].before = 0; cache[s].after = 0; cache[s].tx = 0; place[s] = DIRTY
	:: else
	fi;
	if :: safetyFull && KEEPS(VOID_SYNCED) -> syncLog() :: else fi;
	if :: KEEPS(MARK_AFTER_FAILURE) -> mark = true :: else fi;
	jumped = false; jumpFrom = 0; jumpSum = 0; s = 0; x = 0; hash = 0
}

inline jumpTo(target) {
	jumpFrom = r2e;
	if :: mark && KEEPS(MARK_BEFORE_JUMP) -> stamps++; jumpSum = stamps * 16 + 8; mark = false
	:: else -> jumpSum = sum | 8
	fi;
	put(jumpFrom, 2 + target, sum, jumpSum, 0);
	jumped = true
}

#define ROOM (r2e < limit && (limit == places || r2e + 1 < limit))

init {
	READ_RULES;
	d_step {
		c_code {
			now.places = SIZE(PLACES, 3); now.txs = SIZE(TXS, 3);
			now.maxCrashes = SIZE(CRASHES, 2); now.maxFaults = SIZE(FAULTS, 1);
		};
		mcache[0].id = 1; mcache[1].id = 1; mcache[1].copy = true; toDisk(0); toDisk(1);
		id = 1; newest = 1; synced = 1; needless = NONE; mode = RUNNING
	}
	if :: safetyFull = true :: safetyFull = false fi;
	do
	/* A transaction, first its jump if it has one. */
	:: atomic { mode == RUNNING && !jumped && begun < txs ->
		d_step {
			if :: needless != NONE -> giveUp(needless) :: else fi;
			limit = (r0e && r0 >= r2e && KEEPS(LOG_STAYS_BELOW_NEEDED) -> r0 : places)
		}
		if
		:: d_step { !r0e && !r1e && r2 >= MIN_WRAP && r2e < places -> jumpTo(0); limit = 0 }
		:: d_step { !(!r0e && !r1e && r2 >= MIN_WRAP) && ROOM -> writeTx() }
			if
			:: d_step { accept(); limit = 0 }
			:: faults < maxFaults -> d_step { fail(); limit = 0 }
			fi
		:: d_step { r0e && r0 >= r2e && !ROOM && !r1e && r2e < r0 && r0e < places -> jumpTo(r0e); limit = 0 }
		:: else -> limit = 0
		fi }
	:: atomic { mode == RUNNING && jumped -> d_step { writeTx() }
		if
		:: d_step { accept() }
		:: faults < maxFaults -> d_step { fail() }
		fi }

	/* The sync of commits. */
	:: atomic { mode == RUNNING && safetyFull && shown != written ->
		if
		:: d_step { syncLog(); shown = written }
		:: faults < maxFaults -> d_step { faults++; loseLog() }
		fi }

	/* The live tree becomes the old one, and is flushed. */
	:: d_step { mode == RUNNING && !hasOld && written != disktx && !(safetyFull && shown != written && KEEPS(SYNCED_BEFORE_SET_ASIDE)) ->
		hasOld = true; oldtx = written; oldoff = r2e; oldsum = sum; shown = written }
	:: d_step { mode == RUNNING && hasOld ->
		segment[oldtx] = IN_CACHE; disktx = oldtx; diskoff = oldoff; disksum = oldsum; id++;
		hasOld = false; oldtx = 0; oldoff = 0; oldsum = 0 }

	/* A checkpoint. */
	:: d_step { mode != POISONED && stage == 0 && (id > synced || restore) ->
		if :: id <= newest && KEEPS(NEW_NUMBER_FOR_RETRY) -> id = newest + 1 :: else fi;
		newest = (id > newest -> id : newest);
		kid = id; ktx = disktx; koff = diskoff; ksum = disksum;
		if :: KEEPS(DURABLE_PAGE_LAST) -> first = 1 - durable :: else -> first = durable fi;
		if :: KEEPS(LOG_FREE_AFTER_CHECKPOINT) -> skip :: mode == RUNNING -> needless = koff :: else fi;
		stage = 1 }
	:: atomic { mode != POISONED && stage == 1 -> if :: KEEPS(DATA_SYNCED_BEFORE_FIRST) -> trySync(2) :: else -> stage = 2 fi }
	:: atomic { mode != POISONED && stage == 2 ->
		if
		:: d_step { writeMeta(first, false); stage = 3 }
		:: faults < maxFaults -> d_step { faults++; tearMeta(first); stage = 0; restore = true }
		:: faults < maxFaults -> d_step { faults++; writeMeta(first, false); stage = 0; restore = true }
		fi }
	:: atomic { mode != POISONED && stage == 3 -> if :: KEEPS(FIRST_SYNCED_BEFORE_COPY) -> trySync(4) :: else -> stage = 4 fi }
	:: atomic { mode != POISONED && stage == 4 ->
		if
		:: d_step { writeMeta(1 - first, true); stage = 5 }
		:: faults < maxFaults -> d_step { faults++; tearMeta(1 - first); stage = 0; restore = true;
			if :: KEEPS(HALF_STORED_COUNTS) -> durable = first :: else fi }
		fi }
	:: atomic { mode != POISONED && stage == 5 -> if :: KEEPS(COPY_SYNCED_BEFORE_REUSE) -> trySync(6) :: else -> stage = 6 fi }
	:: atomic { mode != POISONED && stage == 6 ->
		d_step { durable = first; synced = kid; stored = ktx; restore = false; needless = koff; stage = 0;
			kid = 0; ktx = 0; koff = 0; ksum = 0; first = 0 }
		if
		:: mode == RUNNING
		:: d_step { mode == SETTLING -> clearLog(); diskoff = 0; mode = RUNNING; shown = written }
		:: d_step { mode == SETTLING -> mode = RUNNING; shown = written } /* the log is kept */
		fi }

	:: atomic { crashes < maxCrashes -> d_step { crashes++; promised = shown; recover() } }
	:: atomic { crashes < maxCrashes ->
		if
		:: stage == 0 && mcache[0].id && mcache[1].id && meta[0] == CLEAN && meta[1] == CLEAN -> /* both pages are whole; damage takes one, or none */
			losePower();
			if :: skip :: tearMeta(0); toDisk(0) :: tearMeta(1); toDisk(1) fi;
			meta[0] = CLEAN; meta[1] = CLEAN
		:: else -> losePower()
		fi;
		d_step { crashes++; promised = (safetyFull -> shown : stored); lost = true; recover() } }
	od
}
