/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verifier had to read, per program and kernel: far from its limit, so that another
 * kernel's verifier, which prunes less, still takes them. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <cmocka.h>
#include "../../relay/dp_impl.h"
#include "rig.h"
#include "sidecar.skel.h"

#define VERIFIER_LIMIT 1000000 /* BPF_COMPLEXITY_LIMIT_INSNS, since 5.2 */

#define N_PROGS 8
#define N_SWITCHES 6

static char names[N_PROGS][32];
static uint32_t read_most[N_PROGS], machine_bytes[N_PROGS];

static void look_at(const struct rig *rig)
{
	struct bpf_program *prog;
	int n = 0;

	bpf_object__for_each_program(prog, rig->dp->skel->obj)
	{
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		assert_in_range(n, 0, N_PROGS - 1);
		assert_int_equal(bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len), 0);
		assert_in_range(info.verified_insns, 1, VERIFIER_LIMIT);
		if (info.verified_insns > read_most[n])
			read_most[n] = info.verified_insns;
		if (info.jited_prog_len > machine_bytes[n])
			machine_bytes[n] = info.jited_prog_len;
		snprintf(names[n++], sizeof(names[0]), "%s", bpf_program__name(prog));
	}
	assert_int_equal(n, N_PROGS);
}

/* With every switch on and off: what is switched off is not read at all. */
static void test_half_of_the_limit(void **state UNUSED)
{
	struct utsname kernel;

	for (unsigned int on = 0; on < 1 << N_SWITCHES; on++) {
		struct rig rig;

		/* Pace and isolation are in the tunnels' programs, xdp: proxy in the uplink's. */
		if (on & 32 && on & (8 | 16))
			continue;
		rig_conf(&rig);
		rig.conf.slots = SC_SLOTS_MAX;
		rig.conf.wg_l2_len = 0;
		rig.conf.answer_ndp = on & 1;
		rig.conf.handshakes_per_s = on & 2 ? 100 : 0;
		rig.conf.hairpin_deny = on & 4;
		rig.conf.isolation_account = on & 8;
		rig.conf.pace = on & 16;
		rig.conf.xdp_mode = on & 32 ? DP_XDP_PROXY : DP_XDP_AUTO;
		rig_open(&rig);
		look_at(&rig);
		rig_close(&rig);
	}
	assert_int_equal(uname(&kernel), 0);
	for (int i = 0; i < N_PROGS; i++) {
		printf("# %s: %s: %u of %d instructions read, %u bytes of machine code\n",
		       kernel.release, names[i], read_most[i], VERIFIER_LIMIT, machine_bytes[i]);
		assert_in_range(read_most[i], 1, VERIFIER_LIMIT / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_half_of_the_limit)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
}
