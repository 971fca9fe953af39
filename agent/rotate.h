/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tunnel goes over to a new key without losing a packet: what is to be done next, pure.
 *
 *	ASKING -> KEYING -> PREPARING -> PROVING -> COMMITTING -> SWITCHING -> SETTLING -> IDLE
 *	   |        |           |           |           |             ^
 *	   +--------+-----------+-----------+-----------+-> DROPPING -+ (the relay has the new key)
 *							       +---> UNDOING -> IDLE
 *
 * Until the relay has committed the old key leads, whatever happens. When the answer to a commit is
 * missing nobody knows, so the question is repeated until there is an answer: DROPPING asks for the
 * old key back, and hears which one it is.
 */
#ifndef AGENT_ROTATE_H
#define AGENT_ROTATE_H

#include <stdbool.h>
#include "../lib/mono.h"

#define ROTATE_LIMIT_MS 30000 /* from ASKING to COMMITTING; the relay forgets after 60 s */
#define ROTATE_SETTLE_MS 8000 /* the old tunnel stays for what is on its way; the relay's: 10 s */
#define ROTATE_RETRY_MS 500
#define ROTATE_DROPS 3 /* tries while nothing was committed: the relay forgets by itself */

enum rotate_state {
	ROTATE_IDLE,
	ROTATE_ASKING,	   /* the relay puts the new key beside the old one */
	ROTATE_KEYING,	   /* the new key gets its pre-shared key */
	ROTATE_PREPARING,  /* the second tunnel is made */
	ROTATE_PROVING,	   /* and has its handshake */
	ROTATE_COMMITTING, /* the relay turns over */
	ROTATE_SWITCHING,  /* and so do the container's routes */
	ROTATE_SETTLING,
	ROTATE_DROPPING,
	ROTATE_UNDOING, /* the second tunnel goes */
};

enum rotate_do {
	ROTATE_NOTHING,
	ROTATE_ASK,
	ROTATE_KEY,
	ROTATE_PREPARE,
	ROTATE_LOOK,
	ROTATE_COMMIT,
	ROTATE_SWITCH,
	ROTATE_FINISH, /* the second tunnel is the only one: done */
	ROTATE_DROP,
	ROTATE_UNDO, /* the first tunnel is the only one: failed */
};

enum rotate_result {
	ROTATE_OK,
	ROTATE_LATER,  /* no answer, or not yet */
	ROTATE_NO,     /* refused */
	ROTATE_TURNED, /* the relay has the new key */
};

struct rotate {
	enum rotate_state state;
	bool waiting;	/* what was to be done is being done */
	bool committed; /* a commit was sent: its answer may have been lost */
	unsigned int drops;
	struct mono begun, due;
};

void rotate_begin(struct rotate *r, struct mono now);
/* Do it, then call rotate_done() exactly once. FINISH and UNDO have no result: IDLE at once. */
enum rotate_do rotate_next(struct rotate *r, struct mono now);
/* true: the new key leads from now on: keep it. */
bool rotate_done(struct rotate *r, enum rotate_result result, struct mono now);
const char *rotate_state_name(enum rotate_state state);

#endif
