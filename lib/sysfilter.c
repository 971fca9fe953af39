/* SPDX-License-Identifier: GPL-2.0-only */
#include "sysfilter.h"

#include <seccomp.h>

DEFINE_CLEANUP(scmp, scmp_filter_ctx, seccomp_release)

/* ENOSYS is what libuv knows from older kernels: it falls back to epoll_ctl(). */
int sysfilter_no_io_uring(struct err *err)
{
	CLEANUP(scmp) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!filter)
		return err_set(err, -ENOMEM, "seccomp: out of memory");
	r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
	if (!r)
		r = seccomp_load(filter);
	return r ? err_sys(err, r, "seccomp") : 0;
}

int sysfilter_only(const int *allowed, size_t n_allowed, struct err *err)
{
	CLEANUP(scmp) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!filter)
		return err_set(err, -ENOMEM, "seccomp: out of memory");
	for (size_t i = 0; i < n_allowed; i++) {
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
		if (r)
			return err_sys(err, r, "seccomp: system call %d", allowed[i]);
	}
	r = seccomp_load(filter);
	return r ? err_sys(err, r, "seccomp") : 0;
}
