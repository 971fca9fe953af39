/* SPDX-License-Identifier: GPL-2.0-only */
/* What is to be done next for one container: pure. The worker does it and asks again. */
#ifndef AGENT_PLAN_H
#define AGENT_PLAN_H

#include <stdbool.h>

struct plan_in {
	bool wanted;  /* runs, is labelled, nothing speaks against it */
	bool running; /* runs, at least */
	bool has_entry;
	/* The container's network namespace, held open by the helper. */
	bool has_handle;
	bool same_run; /* Docker shows the run that it was opened for */
	bool checked;  /* and did so after it was opened */
	bool touched;  /* a tunnel was made there, or half of one */
	bool attached; /* the tunnel is as has_config's configuration says */
	/* The relay. */
	bool has_config;	    /* it has said this container's configuration once */
	bool confirmed;		    /* and again, for what the container asks now */
	bool keyed;		    /* and has the tunnel's pre-shared key */
	bool readd;		    /* it must forget the peer before it adds it again */
	bool relay_down;	    /* did not answer when asked last */
	bool relay_due, helper_due; /* no back-off runs */
};

enum plan_step {
	PLAN_NOTHING,
	PLAN_OPEN,
	PLAN_CHECK, /* inspect again */
	PLAN_POST,
	PLAN_ATTACH,
	PLAN_DELETE, /* the peer, because of readd */
	PLAN_DETACH,
	PLAN_CLOSE,
	PLAN_FORGET, /* give the state's entry back: its peer is deleted by whoever looks after
			those */
};

enum plan_step plan_next(const struct plan_in *in);
const char *plan_step_name(enum plan_step step);

#endif
