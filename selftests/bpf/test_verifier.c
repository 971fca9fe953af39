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

static void test_half_of_the_limit(void **state UNUSED)
{
	struct bpf_program *prog;
	struct utsname kernel;
	struct rig rig;
	int n = 0;

	assert_int_equal(uname(&kernel), 0);
	rig_conf(&rig);
	rig_open(&rig);
	bpf_object__for_each_program(prog, rig.dp->skel->obj)
	{
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		assert_int_equal(bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len), 0);
		printf("# %s: %s: %u of %d instructions read, %u bytes of machine code\n",
		       kernel.release, bpf_program__name(prog), info.verified_insns, VERIFIER_LIMIT,
		       info.jited_prog_len);
		assert_in_range(info.verified_insns, 1, VERIFIER_LIMIT / 2);
		n++;
	}
	assert_int_equal(n, 8);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_half_of_the_limit)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
}
