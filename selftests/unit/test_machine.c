/* SPDX-License-Identifier: GPL-2.0-only */
/* The binding of an agent to its host: signatures and factors. */
#include "test.h"
#include "lib/machine.h"

static const uint8_t seed[KEY_LEN] = {1}, other_seed[KEY_LEN] = {2};

static struct machine_proof proof(void)
{
	struct machine_proof p = {.name = "web-7"};

	memset(p.exporter, 5, sizeof(p.exporter));
	memset(p.factors.hash, 6, sizeof(p.factors.hash));
	return p;
}

static int check(const struct machine_proof *signed_one, const struct machine_proof *shown,
		 const uint8_t of[static KEY_LEN])
{
	uint8_t public_key[KEY_LEN], sig[MACHINE_SIG_LEN];

	assert_int_equal(machine_public(of, public_key, NULL), 0);
	assert_int_equal(machine_sign(seed, signed_one, sig, NULL), 0);
	return machine_verify(public_key, shown, sig, NULL);
}

/* RFC 8032 section 7.1, test 1. */
static void the_public_key_is_ed25519s(UNUSED void **state)
{
	static const uint8_t secret[KEY_LEN] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
						0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
						0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
						0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
	static const uint8_t wanted[KEY_LEN] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
						0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
						0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
						0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
	uint8_t got[KEY_LEN];

	assert_int_equal(machine_public(secret, got, NULL), 0);
	assert_memory_equal(got, wanted, KEY_LEN);
}

static void a_proof_holds_for_what_was_signed(UNUSED void **state)
{
	struct machine_proof a = proof();

	assert_int_equal(check(&a, &a, seed), 0);
}

static void a_proof_holds_for_nothing_else(UNUSED void **state)
{
	struct machine_proof a = proof(), b = proof(), c = proof(), d = proof(), e = proof();

	b.exporter[31] ^= 1;
	c.name = "web-8";
	d.factors.hash[2][31] ^= 1;
	e.name = "web-";
	assert_int_equal(check(&a, &b, seed), -EKEYREJECTED);
	assert_int_equal(check(&a, &c, seed), -EKEYREJECTED);
	assert_int_equal(check(&a, &d, seed), -EKEYREJECTED);
	assert_int_equal(check(&a, &e, seed), -EKEYREJECTED);
	assert_int_equal(check(&a, &a, other_seed), -EKEYREJECTED);
}

static void a_name_too_long_is_refused(UNUSED void **state)
{
	char name[MACHINE_NAME_LEN + 1];
	struct machine_proof p = proof();
	uint8_t sig[MACHINE_SIG_LEN];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	p.name = name;
	assert_int_equal(machine_sign(seed, &p, sig, NULL), -EINVAL);
	name[MACHINE_NAME_LEN - 1] = '\0';
	assert_int_equal(machine_sign(seed, &p, sig, NULL), 0);
}

/* printf 'id\0abc' | openssl dgst -sha256 -mac HMAC -macopt key:pepper */
static void a_factor_is_an_hmac_of_kind_and_value(UNUSED void **state)
{
	static const uint8_t zero[MACHINE_FACTOR_LEN];
	uint8_t a[MACHINE_FACTOR_LEN], b[MACHINE_FACTOR_LEN];
	const uint8_t wanted[] = {0x82, 0x96, 0x0d, 0xa9, 0xfc, 0xc9, 0x6d, 0x7d, 0xa7, 0x73, 0xcd,
				  0x8c, 0xa9, 0x3d, 0x3a, 0xf6, 0x9a, 0x0c, 0xa5, 0x9d, 0xf9, 0xf7,
				  0x34, 0x50, 0x22, 0xd0, 0x1c, 0xdd, 0xa5, 0x2c, 0x4e, 0x1d};

	assert_int_equal(machine_factor("pepper", "id", "abc", a), 0);
	assert_memory_equal(a, wanted, sizeof(wanted));
	assert_int_equal(machine_factor("pepper", "ida", "bc", b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(machine_factor("paprika", "id", "abc", b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(machine_factor("pepper", "id", "", b), 0);
	assert_memory_equal(b, zero, sizeof(zero));
}

static void the_salt_changes_all_but_what_is_not_there(UNUSED void **state)
{
	static const uint8_t salt[KEY_LEN] = {1}, other[KEY_LEN] = {2};
	struct machine_factors inner = proof().factors, a, b;

	memset(inner.hash[1], 0, MACHINE_FACTOR_LEN);
	assert_int_equal(machine_factors_salt(&inner, salt, &a), 0);
	assert_int_equal(machine_factors_salt(&inner, other, &b), 0);
	assert_int_equal(machine_factors_count(&a), 2);
	assert_memory_not_equal(a.hash[0], inner.hash[0], MACHINE_FACTOR_LEN);
	assert_memory_not_equal(a.hash[0], b.hash[0], MACHINE_FACTOR_LEN);
	assert_memory_equal(a.hash[1], b.hash[1], MACHINE_FACTOR_LEN);
}

/* "112" against "113": a digit a factor, 0 = none. */
static void two_of_three_must_match(UNUSED void **state)
{
	static const struct {
		const char *was, *now;
		bool match, changed;
	} cases[] = {
		{"123", "123", true, false}, {"123", "124", true, true},
		{"123", "923", true, true},  {"123", "120", true, true},
		{"123", "199", false, true}, {"123", "999", false, true},
		{"123", "000", false, true}, {"123", "312", false, true},
		{"120", "120", true, false}, {"120", "125", true, true},
		{"120", "190", false, true}, {"100", "100", true, false},
		{"100", "123", true, true},  {"100", "900", false, true},
		{"100", "000", false, true}, {"000", "000", false, false},
		{"000", "123", false, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine_factors was = {}, now = {};
		bool changed;

		for (int f = 0; f < MACHINE_FACTORS; f++) {
			was.hash[f][31] = (uint8_t)(cases[i].was[f] - '0');
			now.hash[f][31] = (uint8_t)(cases[i].now[f] - '0');
		}
		if (machine_factors_match(&was, &now, &changed) != cases[i].match ||
		    changed != cases[i].changed)
			fail_msg("%s, then %s", cases[i].was, cases[i].now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_public_key_is_ed25519s),
		cmocka_unit_test(a_proof_holds_for_what_was_signed),
		cmocka_unit_test(a_proof_holds_for_nothing_else),
		cmocka_unit_test(a_name_too_long_is_refused),
		cmocka_unit_test(a_factor_is_an_hmac_of_kind_and_value),
		cmocka_unit_test(the_salt_changes_all_but_what_is_not_there),
		cmocka_unit_test(two_of_three_must_match),
	};

	return RUN_TESTS(tests);
}
