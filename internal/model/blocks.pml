/* SPDX-License-Identifier: Apache-2.0 */

/* blocks.pml: which block of the file may be written when: checkpoints, pinned snapshots, a foreign read-only process,
   kills and losses of power. README.md says how to read and run it, and what it leaves out.

   The database is one segment that lies in one block. A job writes the next one into another block and publishes it. What
   a block holds is a number that was never used before, so that whoever reads can tell whether it is still the same. */

#define RULES \
	X(CHECKPOINT_BLOCKS_STAY) X(PINNED_BLOCKS_STAY) X(FOREIGN_BLOCKS_STAY) X(OLDER_PAGE_COUNTS) \
	X(FREED_WITH_NEWEST_USER) X(BORN_WITH_NEXT) X(DATA_SYNCED_BEFORE_FIRST) \
	X(COPY_SYNCED_BEFORE_REUSE) X(DURABLE_PAGE_LAST) X(FIRST_SYNCED_BEFORE_COPY)
#include "keeps.h"

#define BLOCKS 4
#define READERS 2
#define USED 255      /* not in the free list */
#define NOBODY 0

byte maxWrites, maxCrashes; /* of this run */
byte writes, crashes;

/* The file: what each block holds in the cache and on the disk. 0 is garbage. */
byte cache[BLOCKS], disk[BLOCKS];
bool dirty[BLOCKS];

/* The meta pages: a checkpoint is its id, the block of the segment and what that holds, and the free list. */
typedef Meta { byte id, block, holds; bool copy; byte free[BLOCKS] };
Meta mcache[2], mdisk[2];
bool mdirty[2];

/* The session. */
bool open;
byte id, block, holds;        /* the newest snapshot */
byte free[BLOCKS];            /* the newest snapshot that may use a free block, or USED */
byte born[BLOCKS];            /* the first that may use what it holds, if known */
byte blocks;                  /* number of blocks that were ever given out */
bool working; byte target, content; /* a job: the block that it was given */
byte synced, newest, durable;
byte stage, kid, kblock, kholds, first;
byte kfree[BLOCKS];
bool restore;

/* Readers of this process, who have pinned a snapshot, and a read-only process. */
typedef Pin { byte id, block, holds };
Pin pin[READERS];
byte foreignBlock, foreignHolds;
bool foreign;

byte i, j, x, limit;
bool ok;

inline toDisk(p) {
	mdisk[p].id = mcache[p].id; mdisk[p].block = mcache[p].block; mdisk[p].holds = mcache[p].holds; mdisk[p].copy = mcache[p].copy;
	for (j : 0 .. BLOCKS - 1) { mdisk[p].free[j] = mcache[p].free[j] } j = 0
}

inline toCache(p) {
	mcache[p].id = mdisk[p].id; mcache[p].block = mdisk[p].block; mcache[p].holds = mdisk[p].holds; mcache[p].copy = mdisk[p].copy;
	for (j : 0 .. BLOCKS - 1) { mcache[p].free[j] = mdisk[p].free[j] } j = 0
}

inline clear(p) {
	mcache[p].id = 0; mcache[p].block = 0; mcache[p].holds = 0; mcache[p].copy = false;
	for (j : 0 .. BLOCKS - 1) { mcache[p].free[j] = 0 } j = 0
}

inline syncFile() {
	for (i : 0 .. 1) { if :: mdirty[i] -> mdirty[i] = false; toDisk(i) :: else fi }
	for (i : 0 .. BLOCKS - 1) { if :: dirty[i] -> dirty[i] = false; disk[i] = cache[i] :: else fi }
	i = 0
}

inline writeMeta(p, isCopy) {
	mcache[p].id = kid; mcache[p].block = kblock; mcache[p].holds = kholds; mcache[p].copy = isCopy; mdirty[p] = true;
	for (j : 0 .. BLOCKS - 1) { mcache[p].free[j] = kfree[j] } j = 0
}

inline losePower() {
	i = 0;
	do
	:: i < BLOCKS && !dirty[i] -> i++
	:: i < BLOCKS && dirty[i] -> dirty[i] = false; disk[i] = cache[i]; i++
	:: i < BLOCKS && dirty[i] -> dirty[i] = false; cache[i] = disk[i]; i++
	:: i < BLOCKS && dirty[i] -> dirty[i] = false; cache[i] = 0; disk[i] = 0; i++
	:: i == BLOCKS -> break
	od;
	i = 0;
	do
	:: i < 2 && !mdirty[i] -> i++
	:: i < 2 && mdirty[i] -> mdirty[i] = false; toDisk(i); i++
	:: i < 2 && mdirty[i] -> mdirty[i] = false; toCache(i); i++
	:: i < 2 && mdirty[i] -> mdirty[i] = false; clear(i); toDisk(i); i++
	:: i == 2 -> break
	od;
	i = 0; foreign = false; foreignBlock = 0; foreignHolds = 0
}

inline forget() { /* the process is gone */
	open = false; working = false; target = 0; content = 0; stage = 0; kid = 0; kblock = 0; kholds = 0; first = 0;
	id = 0; block = 0; holds = 0; synced = 0; newest = 0; durable = 0; restore = false; blocks = 0;
	for (i : 0 .. BLOCKS - 1) { free[i] = 0; born[i] = 0; kfree[i] = 0 }
	for (i : 0 .. READERS - 1) { pin[i].id = 0; pin[i].block = 0; pin[i].holds = 0 }
	i = 0
}

/* What a crash may lead to now: the checkpoint that is chosen is whole. */
inline choose() {
	x = (mcache[1].id > mcache[0].id -> 1 : 0);
	assert(mcache[x].id);
	assert(cache[mcache[x].block] == mcache[x].holds)
}

inline begin() {
	choose();
	syncFile();
	id = mcache[x].id; block = mcache[x].block; holds = mcache[x].holds; newest = id;
	durable = x;
	if
	:: mcache[1 - x].id == id && (mcache[x].copy || !mcache[1 - x].copy) -> durable = 1 - x
	:: else
	fi;
	synced = id;
	if
	:: mcache[1 - x].id && mcache[1 - x].id < id && KEEPS(OLDER_PAGE_COUNTS) -> synced = mcache[1 - x].id
	:: else
	fi;
	blocks = 0;
	for (i : 0 .. BLOCKS - 1) {
		free[i] = mcache[x].free[i]; born[i] = 0;
		if :: mcache[x].free[i] || i == block -> blocks = i + 1 :: else fi
	}
	i = 0; x = 0; restore = true; open = true
}

/* ok: block b may be given to a job. */
inline mayWrite(b) {
	ok = true;
	if
	:: b >= blocks -> ok = (b == blocks)                       /* a new one, at the end of the file */
	:: else ->
		limit = synced;
		if :: foreign && KEEPS(FOREIGN_BLOCKS_STAY) -> limit = 0 :: else fi;
		if
		:: free[b] == USED -> ok = false
		:: else ->
			if :: free[b] >= limit && KEEPS(CHECKPOINT_BLOCKS_STAY) -> ok = false :: else fi;
			if :: foreign && limit == 0 -> ok = false :: else fi;
			for (i : 0 .. READERS - 1) {
				if
				:: pin[i].id && born[b] <= pin[i].id && pin[i].id <= free[b] && KEEPS(PINNED_BLOCKS_STAY) -> ok = false
				:: else
				fi
			}
			i = 0
		fi
	fi;
	limit = 0
}

inline start(b) {
	mayWrite(b);
	if
	:: !ok
	:: else ->
		target = b; working = true; writes++; content = writes + 1;
		if :: b >= blocks -> blocks = b + 1; free[b] = 1 :: else fi;
		cache[b] = content; dirty[b] = true;
		/* Nobody may read what was there. */
		for (i : 0 .. READERS - 1) { assert(!pin[i].id || pin[i].block != b) }
		assert(!foreign || foreignBlock != b);
		i = 0
	fi;
	ok = false
}

inline publish() {
	free[block] = id;
	if :: KEEPS(FREED_WITH_NEWEST_USER) -> skip :: else -> free[block] = id - 1 fi;
	if :: KEEPS(BORN_WITH_NEXT) -> born[target] = id + 1 :: else -> born[target] = id + 2 fi;
	free[target] = USED;
	id++; block = target; holds = content;
	working = false; target = 0; content = 0
}

init {
	READ_RULES;
	d_step {
		c_code { now.maxWrites = SIZE(WRITES, 4); now.maxCrashes = SIZE(CRASHES, 2); };
		cache[0] = 1; disk[0] = 1; kid = 2; kholds = 1; kfree[0] = USED;
		writeMeta(0, false); writeMeta(1, true); syncFile(); forget()
	}
	do
	:: d_step { !open -> begin() }
	/* A read-only process: only where nobody writes, and it reads what is in the cache. */
	:: d_step { !open && !foreign -> choose(); foreign = true; foreignBlock = mcache[x].block; foreignHolds = mcache[x].holds; x = 0 }
	:: d_step { foreign -> assert(cache[foreignBlock] == foreignHolds); foreign = false; foreignBlock = 0; foreignHolds = 0 }

	/* A job. */
	:: d_step { open && !working && writes < maxWrites -> start(0) }
	:: d_step { open && !working && writes < maxWrites -> start(1) }
	:: d_step { open && !working && writes < maxWrites -> start(2) }
	:: d_step { open && !working && writes < maxWrites -> start(3) }
	:: d_step { open && working -> publish() }
	:: d_step { open && working -> working = false; target = 0; content = 0 } /* given up */

	/* Readers of this process. */
	:: d_step { open && !pin[0].id -> pin[0].id = id; pin[0].block = block; pin[0].holds = holds }
	:: d_step { open && !pin[1].id && pin[0].id -> pin[1].id = id; pin[1].block = block; pin[1].holds = holds }
	:: d_step { pin[0].id -> assert(cache[pin[0].block] == pin[0].holds);
		pin[0].id = pin[1].id; pin[0].block = pin[1].block; pin[0].holds = pin[1].holds; pin[1].id = 0; pin[1].block = 0; pin[1].holds = 0 }
	:: d_step { pin[1].id -> assert(cache[pin[1].block] == pin[1].holds); pin[1].id = 0; pin[1].block = 0; pin[1].holds = 0 }

	/* A checkpoint, see durable.pml. Where a job is under way its block is free for it. */
	:: d_step { open && stage == 0 && (id > synced || restore) ->
		if :: id <= newest -> id = newest + 1 :: else fi;
		newest = id; kid = id; kblock = block; kholds = holds;
		for (i : 0 .. BLOCKS - 1) { kfree[i] = free[i] } i = 0;
		if :: KEEPS(DURABLE_PAGE_LAST) -> first = 1 - durable :: else -> first = durable fi;
		stage = 1 }
	:: d_step { open && stage == 1 -> if :: KEEPS(DATA_SYNCED_BEFORE_FIRST) -> syncFile() :: else fi; stage = 2 }
	:: d_step { open && stage == 2 -> writeMeta(first, false); stage = 3 }
	:: d_step { open && stage == 3 -> if :: KEEPS(FIRST_SYNCED_BEFORE_COPY) -> syncFile() :: else fi; stage = 4 }
	:: d_step { open && stage == 4 -> writeMeta(1 - first, true); stage = 5 }
	:: d_step { open && stage == 5 -> if :: KEEPS(COPY_SYNCED_BEFORE_REUSE) -> syncFile() :: else fi;
		durable = first; synced = kid; restore = false; stage = 0; kid = 0; kblock = 0; kholds = 0; first = 0;
		for (i : 0 .. BLOCKS - 1) { kfree[i] = 0 } i = 0 }

	:: d_step { open && crashes < maxCrashes -> crashes++; forget() }
	:: atomic { crashes < maxCrashes ->
		if
		:: open && stage == 0 && mcache[0].id && mcache[1].id -> /* both pages are whole; damage takes one, or none */
			losePower();
			if :: skip :: clear(0); toDisk(0) :: clear(1); toDisk(1) fi
		:: else -> losePower()
		fi;
		d_step { crashes++; forget() } }
	od
}
