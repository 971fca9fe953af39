/* SPDX-License-Identifier: GPL-2.0-only */
#include "plan.h"

static enum plan_step plan_leave(const struct plan_in *in)
{
	/* A namespace without processes goes by itself, with all that is in it. */
	if (in->has_handle && in->same_run && in->running && in->touched)
		return in->helper_due ? PLAN_DETACH : PLAN_NOTHING;
	if (in->has_handle)
		return PLAN_CLOSE;
	return in->has_entry ? PLAN_FORGET : PLAN_NOTHING;
}

enum plan_step plan_next(const struct plan_in *in)
{
	if (!in->wanted)
		return plan_leave(in);
	if (in->has_handle && !in->same_run)
		return PLAN_CLOSE;
	if (!in->has_handle)
		return in->helper_due ? PLAN_OPEN : PLAN_NOTHING;
	if (!in->checked)
		return PLAN_CHECK;
	if (in->readd && in->relay_due)
		return PLAN_DELETE;
	if (!in->readd && !in->confirmed && in->relay_due)
		return PLAN_POST;
	/* A relay that cannot be reached has not taken the addresses back, and the last key holds.
	 */
	if (!in->attached && in->has_config && ((in->confirmed && in->keyed) || in->relay_down))
		return in->helper_due ? PLAN_ATTACH : PLAN_NOTHING;
	return PLAN_NOTHING;
}

const char *plan_step_name(enum plan_step step)
{
	static const char *const names[] = {
		[PLAN_NOTHING] = "nothing", [PLAN_OPEN] = "open",     [PLAN_CHECK] = "check",
		[PLAN_POST] = "post",	    [PLAN_ATTACH] = "attach", [PLAN_DELETE] = "delete",
		[PLAN_DETACH] = "detach",   [PLAN_CLOSE] = "close",   [PLAN_FORGET] = "forget",
	};

	return names[step];
}
