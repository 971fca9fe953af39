/* SPDX-License-Identifier: GPL-2.0-only */
/* Wycheproof and CCTV: what OpenSSL makes of them through our own functions. */
#include "test.h"
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdio.h>
#include <zlib.h>
#include "lib/mlkem.h"
#include "lib/x25519.h"
#include "vectors.h"

#define MLKEM_DK_LEN 2400

DEFINE_CLEANUP(pkey, EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free)

static void get_dk(EVP_PKEY *key, uint8_t dk[static MLKEM_DK_LEN])
{
	size_t len = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PRIV_KEY, dk,
							 MLKEM_DK_LEN, &len),
			 1);
	assert_int_equal(len, MLKEM_DK_LEN);
}

/* The product keeps seeds only; expanded keys exist in vectors. */
static EVP_PKEY *key_of_dk(const struct bytes *dk)
{
	CLEANUP(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-KEM-768", NULL);
	struct bytes copy = *dk;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, copy.data, copy.len),
		OSSL_PARAM_construct_end()};
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	return EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1 ? key : NULL;
}

/* Calls one() for each test of each group; returns how many. */
static unsigned int each(const char *name, void (*one)(const json_t *test, bool valid))
{
	AUTO_JSON json_t *root = vectors_json(name);
	const json_t *group, *test;
	unsigned int n = 0;
	size_t i, j;

	json_array_foreach (json_object_get(root, "testGroups"), i, group) {
		json_array_foreach (json_object_get(group, "tests"), j, test) {
			const char *result = json_string_value(json_object_get(test, "result"));

			one(test, strcmp(result, "invalid") != 0);
			n++;
		}
	}
	return n;
}

static void keygen_one(const json_t *test, bool valid)
{
	struct bytes seed = vectors_get(test, "seed");
	struct bytes ek = vectors_get(test, "ek"), dk = vectors_get(test, "dk");
	CLEANUP(pkey) EVP_PKEY *key = NULL;
	uint8_t got_ek[MLKEM_EK_LEN], got_dk[MLKEM_DK_LEN];

	assert_true(valid);
	assert_int_equal(mlkem_key_new(seed.data, seed.len, &key, NULL), 0);
	assert_int_equal(mlkem_key_public(key, got_ek, NULL), 0);
	get_dk(key, got_dk);
	assert_true(vectors_equal(&ek, got_ek, sizeof(got_ek)));
	assert_true(vectors_equal(&dk, got_dk, sizeof(got_dk)));
}

static void wycheproof_keygen_100(void **state UNUSED)
{
	assert_int_equal(each("wycheproof/mlkem_768_keygen_seed_test.json", keygen_one), 100);
}

static void encaps_one(const json_t *test, bool valid)
{
	struct bytes ek = vectors_get(test, "ek"), m = vectors_get(test, "m");
	struct bytes c = vectors_get(test, "c"), k = vectors_get(test, "K");
	uint8_t ct[MLKEM_CT_LEN], ss[MLKEM_SS_LEN];
	int r;

	assert_int_equal(m.len, MLKEM_M_LEN);
	r = mlkem_encaps(ek.data, ek.len, m.data, ct, ss, NULL);
	assert_int_equal(r, valid ? 0 : -EINVAL);
	if (valid) {
		assert_true(vectors_equal(&c, ct, sizeof(ct)));
		assert_true(vectors_equal(&k, ss, sizeof(ss)));
	}
}

static void wycheproof_encaps_265(void **state UNUSED)
{
	assert_int_equal(each("wycheproof/mlkem_768_encaps_test.json", encaps_one), 265);
}

static void decaps_one(const json_t *test, bool valid)
{
	struct bytes seed = vectors_get(test, "seed"), c = vectors_get(test, "c");
	struct bytes k = vectors_get(test, "K");
	CLEANUP(pkey) EVP_PKEY *key = NULL;
	uint8_t ss[MLKEM_SS_LEN];
	int r;

	r = mlkem_key_new(seed.data, seed.len, &key, NULL);
	if (!r)
		r = mlkem_decaps(key, c.data, c.len, ss, NULL);
	assert_int_equal(r, valid ? 0 : -EINVAL);
	if (valid)
		assert_true(vectors_equal(&k, ss, sizeof(ss)));
}

static void wycheproof_decaps_193(void **state UNUSED)
{
	assert_int_equal(each("wycheproof/mlkem_768_test.json", decaps_one), 193);
}

static void semi_expanded_one(const json_t *test, bool valid)
{
	struct bytes dk = vectors_get(test, "dk"), c = vectors_get(test, "c");
	struct bytes k = vectors_get(test, "K");
	CLEANUP(pkey) EVP_PKEY *key = key_of_dk(&dk);
	uint8_t ss[MLKEM_SS_LEN];
	int r = key ? mlkem_decaps(key, c.data, c.len, ss, NULL) : -EINVAL;

	assert_int_equal(r, valid ? 0 : -EINVAL);
	if (valid)
		assert_true(vectors_equal(&k, ss, sizeof(ss)));
}

static void wycheproof_semi_expanded_9(void **state UNUSED)
{
	assert_int_equal(
		each("wycheproof/mlkem_768_semi_expanded_decaps_test.json", semi_expanded_one), 9);
}

static unsigned int zeros;

static void x25519_one(const json_t *test, bool valid)
{
	struct bytes pub = vectors_get(test, "public"), priv = vectors_get(test, "private");
	struct bytes want = vectors_get(test, "shared");
	static const uint8_t zero[X25519_LEN];
	uint8_t got[X25519_LEN];
	int r;

	assert_true(valid && pub.len == X25519_LEN && priv.len == X25519_LEN);
	r = x25519_shared(priv.data, pub.data, got, NULL);
	if (vectors_equal(&want, zero, sizeof(zero))) {
		assert_int_equal(r, -EINVAL);
		zeros++;
		return;
	}
	assert_int_equal(r, 0);
	assert_true(vectors_equal(&want, got, sizeof(got)));
}

static void wycheproof_x25519_518_of_which_31_zeros_are_refused(void **state UNUSED)
{
	zeros = 0;
	assert_int_equal(each("wycheproof/x25519_test.json", x25519_one), 518);
	assert_int_equal(zeros, 31);
}

static void cctv_780_unreduced_keys_are_refused(void **state UNUSED)
{
	gzFile file = gzopen("selftests/vectors/cctv-mlkem/modulus-ML-KEM-768.txt.gz", "rb");
	uint8_t m[MLKEM_M_LEN] = {}, ct[MLKEM_CT_LEN], ss[MLKEM_SS_LEN];
	char line[MLKEM_EK_LEN * 2 + 2];
	unsigned int n = 0;

	assert_non_null(file);
	while (gzgets(file, line, sizeof(line))) {
		struct bytes ek = vectors_hex(line);

		assert_int_equal(ek.len, MLKEM_EK_LEN);
		assert_int_equal(mlkem_encaps(ek.data, ek.len, m, ct, ss, NULL), -EINVAL);
		n++;
	}
	gzclose(file);
	assert_int_equal(n, 780);
}

static void check_decaps(const char *text, int dk_at, int c_at, const char *secret, int at)
{
	struct bytes dk = vectors_line(text, "dk", dk_at), c = vectors_line(text, "c", c_at);
	struct bytes k = vectors_line(text, secret, at);
	CLEANUP(pkey) EVP_PKEY *key = key_of_dk(&dk);
	uint8_t ss[MLKEM_SS_LEN];

	assert_non_null(key);
	assert_int_equal(mlkem_decaps(key, c.data, c.len, ss, NULL), 0);
	assert_true(vectors_equal(&k, ss, sizeof(ss)));
}

static void check_encaps(const char *text)
{
	struct bytes ek = vectors_line(text, "ek", 0), m = vectors_line(text, "m", 0);
	struct bytes c = vectors_line(text, "c", 0), k = vectors_line(text, "K", 0);
	uint8_t ct[MLKEM_CT_LEN], ss[MLKEM_SS_LEN];

	assert_int_equal(m.len, MLKEM_M_LEN);
	assert_int_equal(mlkem_encaps(ek.data, ek.len, m.data, ct, ss, NULL), 0);
	assert_true(vectors_equal(&c, ct, sizeof(ct)));
	assert_true(vectors_equal(&k, ss, sizeof(ss)));
}

static void cctv_implicit_rejection_ends_at_no_zero_byte(void **state UNUSED)
{
	AUTO_FREE char *text = vectors_text("cctv-mlkem/strcmp-ML-KEM-768.txt");

	check_decaps(text, 0, 0, "K", 0);
}

/* Key generation in these two files is that of the FIPS 203 draft: not used. */
static void cctv_unlucky_sampling(void **state UNUSED)
{
	AUTO_FREE char *text = vectors_text("cctv-mlkem/unluckysample-ML-KEM-768.txt");

	check_encaps(text);
	check_decaps(text, 0, 0, "K", 0);
}

static void cctv_intermediate_values(void **state UNUSED)
{
	AUTO_FREE char *text = vectors_text("cctv-mlkem/intermediate-ML-KEM-768.txt");

	check_encaps(text);
	check_decaps(text, 0, 0, "K", 0);
}

static EVP_MD_CTX *shake128(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL), 1);
	return ctx;
}

/* FIPS 203 as published; the value in the vectors' own README is for the draft. */
static void accumulated_10000_rounds(void **state UNUSED)
{
	CLEANUP(md_ctx) EVP_MD_CTX *source = shake128();
	CLEANUP(md_ctx) EVP_MD_CTX *sum = shake128();
	struct bytes want =
		vectors_hex("f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1");
	uint8_t seed[MLKEM_SEED_LEN], m[MLKEM_M_LEN], random_ct[MLKEM_CT_LEN];
	uint8_t ek[MLKEM_EK_LEN], dk[MLKEM_DK_LEN], ct[MLKEM_CT_LEN], ss[MLKEM_SS_LEN], got[32];

	for (int i = 0; i < 10000; i++) {
		CLEANUP(pkey) EVP_PKEY *key = NULL;

		EVP_DigestSqueeze(source, seed, sizeof(seed));
		EVP_DigestSqueeze(source, m, sizeof(m));
		EVP_DigestSqueeze(source, random_ct, sizeof(random_ct));
		assert_int_equal(mlkem_key_new(seed, sizeof(seed), &key, NULL), 0);
		assert_int_equal(mlkem_key_public(key, ek, NULL), 0);
		get_dk(key, dk);
		EVP_DigestUpdate(sum, ek, sizeof(ek));
		EVP_DigestUpdate(sum, dk, sizeof(dk));
		assert_int_equal(mlkem_encaps(ek, sizeof(ek), m, ct, ss, NULL), 0);
		EVP_DigestUpdate(sum, ct, sizeof(ct));
		EVP_DigestUpdate(sum, ss, sizeof(ss));
		assert_int_equal(mlkem_decaps(key, ct, sizeof(ct), got, NULL), 0);
		assert_memory_equal(got, ss, sizeof(ss));
		assert_int_equal(mlkem_decaps(key, random_ct, sizeof(random_ct), ss, NULL), 0);
		EVP_DigestUpdate(sum, ss, sizeof(ss));
	}
	assert_int_equal(EVP_DigestFinalXOF(sum, got, sizeof(got)), 1);
	assert_true(vectors_equal(&want, got, sizeof(got)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wycheproof_keygen_100),
		cmocka_unit_test(wycheproof_encaps_265),
		cmocka_unit_test(wycheproof_decaps_193),
		cmocka_unit_test(wycheproof_semi_expanded_9),
		cmocka_unit_test(wycheproof_x25519_518_of_which_31_zeros_are_refused),
		cmocka_unit_test(cctv_780_unreduced_keys_are_refused),
		cmocka_unit_test(cctv_implicit_rejection_ends_at_no_zero_byte),
		cmocka_unit_test(cctv_unlucky_sampling),
		cmocka_unit_test(cctv_intermediate_values),
		cmocka_unit_test(accumulated_10000_rounds),
	};

	return RUN_TESTS(tests);
}
