/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/xwing.h"
#include "vectors.h"

static json_t *vectors;

static int load(void **state UNUSED)
{
	vectors = vectors_json("xwing/test-vectors.json");
	return 0;
}

static int unload(void **state UNUSED)
{
	json_decref(vectors);
	return 0;
}

static void the_draft_has_three_vectors(void **state UNUSED)
{
	assert_int_equal(json_array_size(vectors), 3);
}

static void public_keys_are_those_of_the_draft(void **state UNUSED)
{
	uint8_t pk[XWING_PK_LEN];
	const json_t *v;
	size_t i;

	json_array_foreach (vectors, i, v) {
		struct bytes seed = vectors_get(v, "seed"), want = vectors_get(v, "pk");

		assert_int_equal(seed.len, XWING_SEED_LEN);
		assert_int_equal(xwing_public(seed.data, pk, NULL), 0);
		assert_true(vectors_equal(&want, pk, sizeof(pk)));
	}
}

static void encapsulations_are_those_of_the_draft(void **state UNUSED)
{
	uint8_t ct[XWING_CT_LEN], ss[XWING_SS_LEN];
	const json_t *v;
	size_t i;

	json_array_foreach (vectors, i, v) {
		struct bytes pk = vectors_get(v, "pk"), eseed = vectors_get(v, "eseed");
		struct bytes want_ct = vectors_get(v, "ct"), want_ss = vectors_get(v, "ss");

		assert_int_equal(eseed.len, XWING_ESEED_LEN);
		assert_int_equal(xwing_encaps(pk.data, eseed.data, ct, ss, NULL), 0);
		assert_true(vectors_equal(&want_ct, ct, sizeof(ct)));
		assert_true(vectors_equal(&want_ss, ss, sizeof(ss)));
	}
}

static void decapsulations_are_those_of_the_draft(void **state UNUSED)
{
	uint8_t ss[XWING_SS_LEN];
	const json_t *v;
	size_t i;

	json_array_foreach (vectors, i, v) {
		struct bytes seed = vectors_get(v, "seed"), ct = vectors_get(v, "ct");
		struct bytes want = vectors_get(v, "ss");

		assert_int_equal(xwing_decaps(seed.data, ct.data, ss, NULL), 0);
		assert_true(vectors_equal(&want, ss, sizeof(ss)));
	}
}

static void two_ends_agree_and_no_two_runs_are_alike(void **state UNUSED)
{
	uint8_t seed[XWING_SEED_LEN] = {1, 2, 3}, pk[XWING_PK_LEN];
	uint8_t ct[2][XWING_CT_LEN], ss[2][XWING_SS_LEN], got[XWING_SS_LEN];

	assert_int_equal(xwing_public(seed, pk, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(xwing_encaps(pk, NULL, ct[i], ss[i], NULL), 0);
		assert_int_equal(xwing_decaps(seed, ct[i], got, NULL), 0);
		assert_memory_equal(got, ss[i], sizeof(got));
	}
	assert_memory_not_equal(ct[0], ct[1], sizeof(ct[0]));
	assert_memory_not_equal(ss[0], ss[1], sizeof(ss[0]));
}

static void either_half_changed_changes_the_secret(void **state UNUSED)
{
	static const size_t at[] = {0, XWING_CT_LEN - 32 - 1, XWING_CT_LEN - 32, XWING_CT_LEN - 2};
	uint8_t seed[XWING_SEED_LEN] = {7}, pk[XWING_PK_LEN];
	uint8_t ct[XWING_CT_LEN], ss[XWING_SS_LEN], got[XWING_SS_LEN];

	assert_int_equal(xwing_public(seed, pk, NULL), 0);
	assert_int_equal(xwing_encaps(pk, NULL, ct, ss, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		ct[at[i]] ^= 1;
		assert_int_equal(xwing_decaps(seed, ct, got, NULL), 0);
		assert_memory_not_equal(got, ss, sizeof(got));
		ct[at[i]] ^= 1;
	}
}

static void a_malformed_half_is_named(void **state UNUSED)
{
	uint8_t seed[XWING_SEED_LEN] = {9}, pk[XWING_PK_LEN], bad[XWING_PK_LEN];
	uint8_t ct[XWING_CT_LEN], ss[XWING_SS_LEN];
	struct err err;

	assert_int_equal(xwing_public(seed, pk, NULL), 0);
	/* A coefficient of 4095 is not below 3329. */
	memcpy(bad, pk, sizeof(bad));
	bad[0] = 0xff;
	bad[1] |= 0x0f;
	assert_int_equal(xwing_encaps(bad, NULL, ct, ss, &err), -EINVAL);
	assert_string_equal(err.text,
			    "X-Wing encapsulation: ML-KEM-768: the public key is malformed");
	/* A point of order 1. */
	memcpy(bad, pk, sizeof(bad));
	memset(bad + XWING_PK_LEN - 32, 0, 32);
	assert_int_equal(xwing_encaps(bad, NULL, ct, ss, &err), -EINVAL);
	assert_non_null(strstr(err.text, "small order"));
	memset(ct + XWING_CT_LEN - 32, 0, 32);
	assert_int_equal(xwing_decaps(seed, ct, ss, &err), -EINVAL);
	assert_non_null(strstr(err.text, "small order"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_draft_has_three_vectors),
		cmocka_unit_test(public_keys_are_those_of_the_draft),
		cmocka_unit_test(encapsulations_are_those_of_the_draft),
		cmocka_unit_test(decapsulations_are_those_of_the_draft),
		cmocka_unit_test(two_ends_agree_and_no_two_runs_are_alike),
		cmocka_unit_test(either_half_changed_changes_the_secret),
		cmocka_unit_test(a_malformed_half_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, load, unload);
}
