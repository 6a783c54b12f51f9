/* SPDX-License-Identifier: Apache-2.0 */

/* attach.pml: a process that reads the database of another one that writes it, with the locks and the page of package
   live, whose rules W1 to W5, R1 and R2 these are. README.md says how to read and run it, and what it leaves out.

   Checkpoints have numbers. Of the space of each it is known only whether it has been written over. A writer may close,
   or be killed at any step, and another one follows. */

#define RULES \
	X(W1_LIMIT_THEN_PINS) X(W1_PINS_THEN_USE) X(W2_SAID_THEN_SYNCED) X(W3_RECOVERY_THEN_LIFE) X(W4_LIFE_THEN_PINS) \
	X(W5_LIFE_THEN_IGNORED) X(R1_PIN_THEN_READ_AGAIN) X(R1_ALIVE_AT_LAST) X(R2_ALIVE_AFTER_READ)
#include "keeps.h"

#define IDS 10
byte maxLives;             /* of writers, in this run */
byte maxStores;            /* checkpoints of each of them */

/* What is shared. */
byte meta;                 /* the newest checkpoint on a meta page; the one before it is on the other */
byte pageId, pageEra;      /* NAME-live, of the writer of that era; 0: there is none */
byte lifeFrom, lifeEra;    /* LIFE is held for ids from lifeFrom on, by that one; era 0: it is not */
byte pins[IDS];            /* how many readers hold PIN(n) */
bool gone[IDS];            /* the space of n has been written over */
byte lives;
bool attached;             /* the reader counts on what it has pinned, also after the writer has closed */
bool killed;               /* the writer has to end here */
bool writing;              /* a writer has the lock that keeps out others */

#define ALIVE(r, n) (lifeEra == r && lifeFrom && n >= lifeFrom)

/* Everything that only checkpoints below lim use is written over, apart from what is in the list. */
inline useAgain(lim) {
	for (i : 1 .. IDS - 1) { if :: i < lim && !listed[i] -> gone[i] = true :: else fi }
	i = 0
}

inline list(from, below) {
	for (i : 1 .. IDS - 1) { if :: i >= from && i < below && pins[i] -> listed[i] = true :: else -> listed[i] = false fi }
	i = 0
}

proctype writer() {
	byte era, synced, newest, lim, i, first, stores;
	bool listed[IDS];
	bool ignored;
	{
		/* Recovery: another checkpoint, and what only earlier ones use is written over. */
		if
		:: KEEPS(W3_RECOVERY_THEN_LIFE)
		:: else -> d_step { era = lives; pageId = meta; pageEra = era; lifeFrom = meta; lifeEra = era }
		fi;
		d_step { useAgain(meta) }
		d_step { newest = meta + 1; meta = newest; synced = newest; first = newest }
		d_step { useAgain(newest) }
		d_step { era = lives; pageId = newest; pageEra = era }
		d_step { lifeFrom = newest; lifeEra = era }
		do
		/* A checkpoint: on one page, said, on the other page, synced. */
		:: stores < maxStores && newest + 1 < IDS ->
			d_step { stores++; newest++; meta = newest }
			if
			:: KEEPS(W2_SAID_THEN_SYNCED) -> pageId = newest; synced = newest
			:: else -> synced = newest; d_step { list(first, synced) } d_step { useAgain(synced) } pageId = newest
			fi
		/* Space is used again. */
		:: true ->
			if
			:: KEEPS(W1_LIMIT_THEN_PINS) ->
				lim = synced;
				if
				:: KEEPS(W1_PINS_THEN_USE) -> d_step { list(first, lim) } d_step { useAgain(lim) }
				:: else -> d_step { useAgain(lim); list(first, lim) }
				fi
			:: else ->
				d_step { list(first, IDS) }
				/* A checkpoint may be stored by another goroutine meanwhile. */
				if
				:: stores < maxStores && newest + 1 < IDS ->
					d_step { stores++; newest++; meta = newest } pageId = newest; synced = newest
				:: true
				fi;
				d_step { lim = synced; useAgain(lim) }
			fi;
			atomic { lim = 0; for (i : 1 .. IDS - 1) { listed[i] = false } i = 0 }
		/* A pin has been in the way for too long. */
		:: first < synced && !ignored ->
			ignored = true;
			if
			:: KEEPS(W5_LIFE_THEN_IGNORED) -> d_step { lifeFrom = synced; first = synced } d_step { useAgain(first) }
			:: else -> d_step { first = synced } d_step { useAgain(first) } lifeFrom = first
			fi
		/* It closes. */
		:: true ->
			if
			:: KEEPS(W4_LIFE_THEN_PINS) -> d_step { lifeEra = 0; lifeFrom = 0 } d_step { list(1, IDS) }
			:: else -> d_step { list(1, IDS) } d_step { lifeEra = 0; lifeFrom = 0 }
			fi;
			atomic {
				for (i : 1 .. IDS - 1) { lim = lim + listed[i] }
				if :: lim == 0 -> assert(!attached); gone[newest] = true; useAgain(newest) :: else fi; /* the file is cut, and the log is removed */
				i = 0; lim = 0
			}
			break
		od
	} unless { killed };
	atomic { lifeEra = 0; lifeFrom = 0; pageEra = (killed -> pageEra : 0); killed = false; writing = false }
}

proctype reader() {
	byte n, era;
	bool found, same, alive, was;
	do
	:: pageEra ->
		d_step { n = pageId; era = pageEra }
		if :: KEEPS(R1_PIN_THEN_READ_AGAIN) -> pins[n]++ :: else fi;
		found = (meta == n || meta == n + 1);
		same = (pageId == n && pageEra == era);
		if :: KEEPS(R1_PIN_THEN_READ_AGAIN) :: else -> pins[n]++ fi;
		if
		:: atomic { KEEPS(R1_ALIVE_AT_LAST) -> alive = ALIVE(era, n); attached = (found && same && alive) }
		:: else -> atomic { alive = true; attached = (found && same) }
		fi;
		if
		:: found && same && alive ->
			do
			:: was = gone[n];
				if :: KEEPS(R2_ALIVE_AFTER_READ) -> alive = ALIVE(era, n) :: else fi;
				atomic { assert(!alive || !was); was = false }
				if :: !alive -> break :: else fi
			:: break
			od
		:: else
		fi;
		atomic { pins[n]--; attached = false; n = 0; era = 0; found = false; same = false; alive = false }
	od
}

init {
	READ_RULES;
	d_step { c_code { now.maxLives = SIZE(LIVES, 2); now.maxStores = SIZE(STORES, 2); }; meta = 1 }
	run reader();
	do
	:: atomic { !writing && lives < maxLives -> lives++; writing = true; killed = false; run writer() }
	:: atomic { writing && !killed -> killed = true }
	od
}
