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

#ifdef SAN
/* The sanitizers' own: memory, symbols, threads, the report. Only that build is given them. */
static const int sanitizer_calls[] = {
#define SC(name) SCMP_SYS(name)
	SC(sigaltstack),
	SC(madvise),
	SC(mprotect),
	SC(readlink),
	SC(readlinkat),
	SC(sched_yield),
	SC(sched_getaffinity),
	SC(prctl),
	SC(clone),
	SC(clone3),
	SC(wait4),
	SC(ptrace),
	SC(getdents64),
	SC(rt_sigaction),
	SC(prlimit64),
	SC(uname),
	SC(kill),
	SC(tkill),
	SC(set_robust_list),
	SC(rseq),
	SC(process_vm_readv),
	SC(pipe2),
	SC(dup2),
	SC(exit),
	SC(gettid),
	SC(getrlimit),
	SC(arch_prctl),
	SC(openat),
	SC(close),
	SC(newfstatat),
	SC(munmap),
	SC(mmap),
#undef SC
};
#else
static const int sanitizer_calls[] = {};
#endif

static int allow(scmp_filter_ctx filter, const int *calls, size_t n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
		if (r)
			err_sys(err, r, "seccomp: system call %d", calls[i]);
	}
	return r;
}

int sysfilter_only(const int *allowed, size_t n_allowed, struct err *err)
{
	CLEANUP(scmp) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!filter)
		return err_set(err, -ENOMEM, "seccomp: out of memory");
	r = allow(filter, allowed, n_allowed, err);
	if (!r)
		r = allow(filter, sanitizer_calls, ARRAY_SIZE(sanitizer_calls), err);
	if (r)
		return r;
	r = seccomp_load(filter);
	return r ? err_sys(err, r, "seccomp") : 0;
}
