/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include "lib/file.h"
#include "lib/tls.h"
#include "tls_files.h"

static struct tls_files files;

/* Two ends, joined by hand. */
struct pair {
	struct tls_ctx *server_ctx, *client_ctx;
	struct tls_conn *server, *client;
	struct err server_err, client_err;
};

static void pair_open(struct pair *p, const struct tls_pin *pins, size_t n_pins,
		      const char *server_groups, const char *client_groups)
{
	*p = (struct pair){};
	p->server_ctx = tls_ctx_new_server(files.key, files.cert, server_groups, &p->server_err);
	p->client_ctx = tls_ctx_new_client(pins, n_pins, client_groups, &p->client_err);
	assert_non_null(p->server_ctx);
	assert_non_null(p->client_ctx);
	p->server = tls_conn_new(p->server_ctx, NULL, &p->server_err);
	p->client = tls_conn_new(p->client_ctx, "relay.example", &p->client_err);
	assert_non_null(p->server);
	assert_non_null(p->client);
}

static void pair_close(struct pair *p)
{
	tls_conn_free(p->server);
	tls_conn_free(p->client);
	tls_ctx_free(p->server_ctx);
	tls_ctx_free(p->client_ctx);
}

/* Carries at most `step` bytes at once; returns the receiver's result, 1 if there was nothing. */
static int carry(struct tls_conn *from, struct tls_conn *to, size_t step, struct err *err)
{
	const void *data;
	size_t len = tls_conn_pending(from, &data);
	int r;

	if (!len)
		return 1;
	if (len > step)
		len = step;
	r = tls_conn_feed(to, data, len, err);
	tls_conn_sent(from, len);
	return r;
}

/* Until both have nothing to say, or one fails. */
static int carry_all(struct pair *p, size_t step)
{
	for (;;) {
		int a = carry(p->client, p->server, step, &p->server_err);
		int b = carry(p->server, p->client, step, &p->client_err);

		if (a < 0 || b < 0)
			return a < 0 ? a : b;
		if (a == 1 && b == 1)
			return 0;
	}
}

static void assert_text_passes(struct tls_conn *from, struct tls_conn *to, struct pair *p)
{
	char got[16] = "";

	assert_int_equal(tls_conn_write(from, "hello", 5, NULL), 0);
	assert_int_equal(carry_all(p, 4096), 0);
	assert_int_equal(tls_conn_read(to, got, sizeof(got), NULL), 5);
	assert_string_equal(got, "hello");
	assert_int_equal(tls_conn_read(to, got, sizeof(got), NULL), 0);
}

static void a_pinned_server_is_accepted_and_bytes_pass(void **state UNUSED)
{
	struct pair p;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_false(tls_conn_established(p.client));
	assert_int_equal(carry_all(&p, 4096), 0);
	assert_true(tls_conn_established(p.client));
	assert_true(tls_conn_established(p.server));
	assert_text_passes(p.client, p.server, &p);
	assert_text_passes(p.server, p.client, &p);
	pair_close(&p);
}

static void byte_by_byte_is_the_same(void **state UNUSED)
{
	struct pair p;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(carry_all(&p, 1), 0);
	assert_text_passes(p.client, p.server, &p);
	pair_close(&p);
}

static void any_of_the_pins_will_do(void **state UNUSED)
{
	struct tls_pin pins[TLS_MAX_PINS] = {};
	struct pair p;

	pins[0].sha256[0] = 1;
	pins[1].sha256[0] = 2;
	pins[2].sha256[0] = 3;
	pins[3] = files.pin;
	pair_open(&p, pins, 4, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(carry_all(&p, 4096), 0);
	assert_text_passes(p.client, p.server, &p);
	pair_close(&p);
}

static void a_wrong_pin_is_told_clearly(void **state UNUSED)
{
	struct tls_pin pins[2] = {files.pin, files.pin};
	struct pair p;

	pins[0].sha256[31] ^= 1;
	pins[1].sha256[0] ^= 1;
	pair_open(&p, pins, 2, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(carry_all(&p, 4096), -EKEYREJECTED);
	assert_string_equal(p.client_err.text,
			    "server key matches none of the 2 pins of the join string");
	assert_false(tls_conn_established(p.client));
	/* The alert tells the server. */
	assert_true(carry(p.client, p.server, 4096, &p.server_err) < 0 ||
		    tls_conn_read(p.server, pins, 1, &p.server_err) < 0);
	pair_close(&p);
}

static void groups_are_post_quantum(void **state UNUSED)
{
	struct pair p;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_PUBLIC_GROUPS);
	assert_int_equal(carry_all(&p, 4096), 0);
	assert_string_equal(tls_conn_group(p.client), "X25519MLKEM768");
	assert_string_equal(tls_conn_group(p.server), "X25519MLKEM768");
	pair_close(&p);
}

static void a_classic_client_reaches_the_public_groups_only(void **state UNUSED)
{
	struct pair p;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, "X25519");
	assert_int_equal(carry_all(&p, 4096), 0);
	/* OpenSSL writes it in small letters. */
	assert_int_equal(strcasecmp(tls_conn_group(p.server), "x25519"), 0);
	pair_close(&p);
	pair_open(&p, &files.pin, 1, TLS_AGENT_GROUPS, "X25519");
	assert_int_equal(carry_all(&p, 4096), -EPROTO);
	pair_close(&p);
}

static void the_agents_channel_is_post_quantum_or_none(void **state UNUSED)
{
	struct pair p;

	pair_open(&p, &files.pin, 1, "X25519:P-256", TLS_AGENT_GROUPS);
	assert_int_equal(carry_all(&p, 4096), -EPROTO);
	assert_false(tls_conn_established(p.client));
	pair_close(&p);
}

static void the_exporter_agrees_on_both_sides(void **state UNUSED)
{
	uint8_t a[32], b[32], c[32];
	struct pair p;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(tls_conn_export(p.client, "EXPORTER-x", a, 32, NULL), -EPROTO);
	assert_int_equal(carry_all(&p, 4096), 0);
	assert_int_equal(tls_conn_export(p.client, "EXPORTER-x", a, 32, NULL), 0);
	assert_int_equal(tls_conn_export(p.server, "EXPORTER-x", b, 32, NULL), 0);
	assert_int_equal(tls_conn_export(p.server, "EXPORTER-y", c, 32, NULL), 0);
	assert_memory_equal(a, b, 32);
	assert_memory_not_equal(a, c, 32);
	pair_close(&p);
}

static void close_notify_ends_the_stream(void **state UNUSED)
{
	struct pair p;
	char c;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(carry_all(&p, 4096), 0);
	assert_int_equal(tls_conn_shutdown(p.client), 0);
	assert_int_equal(carry_all(&p, 4096), 0);
	assert_int_equal(tls_conn_read(p.server, &c, 1, NULL), -ECONNRESET);
	pair_close(&p);
}

static void garbage_gets_an_alert_and_the_connection_is_dead(void **state UNUSED)
{
	struct pair p;
	const void *data;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(tls_conn_feed(p.server, "GET / HTTP/1.1\r\n\r\n", 18, &p.server_err),
			 -EPROTO);
	assert_string_equal(p.server_err.text, "TLS: http request");
	assert_int_equal(tls_conn_pending(p.server, &data), 7);
	assert_int_equal(((const uint8_t *)data)[0], 21); /* alert, RFC 8446 section 5.1 */
	assert_int_equal(tls_conn_feed(p.server, "x", 1, NULL), -EPROTO);
	assert_int_equal(tls_conn_write(p.server, "x", 1, NULL), -EPROTO);
	pair_close(&p);
}

static void a_changed_record_is_refused(void **state UNUSED)
{
	struct pair p;
	uint8_t copy[256];
	const void *data;
	size_t len;
	char c;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(carry_all(&p, 4096), 0);
	tls_conn_write(p.client, "hello", 5, NULL);
	len = tls_conn_pending(p.client, &data);
	assert_true(len < sizeof(copy));
	memcpy(copy, data, len);
	copy[len - 1] ^= 1;
	assert_int_equal(tls_conn_feed(p.server, copy, len, NULL), 0);
	assert_int_equal(tls_conn_read(p.server, &c, 1, NULL), -EPROTO);
	pair_close(&p);
}

static void writing_before_the_handshake_is_refused(void **state UNUSED)
{
	struct pair p;

	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(tls_conn_write(p.client, "x", 1, NULL), -ENOTCONN);
	pair_close(&p);
}

/* An old protocol version, spoken by OpenSSL's own client without our settings. */
static void tls_1_2_is_refused(void **state UNUSED)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	struct pair p;
	char *data;
	long len;

	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	ssl = SSL_new(ctx);
	SSL_set_bio(ssl, in, out);
	SSL_connect(ssl);
	len = BIO_get_mem_data(out, &data);
	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(tls_conn_feed(p.server, data, (size_t)len, &p.server_err), -EPROTO);
	assert_string_equal(p.server_err.text, "TLS: unsupported protocol");
	pair_close(&p);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

static void one_to_four_pins_are_needed(void **state UNUSED)
{
	struct tls_pin pins[TLS_MAX_PINS + 1] = {};

	assert_null(tls_ctx_new_client(pins, 0, TLS_AGENT_GROUPS, NULL));
	assert_null(tls_ctx_new_client(pins, TLS_MAX_PINS + 1, TLS_AGENT_GROUPS, NULL));
	assert_null(tls_ctx_new_client(pins, 1, "NoSuchGroup", NULL));
}

static void a_key_is_made_once_and_private(void **state UNUSED)
{
	struct tls_pin again;
	struct stat st;

	assert_int_equal(stat(files.key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(tls_key_make(files.key, files.cert, "relay.example", NULL), 0);
	assert_int_equal(tls_key_pin(files.key, &again, NULL), 0);
	assert_memory_equal(&again, &files.pin, sizeof(again));
}

static void a_missing_certificate_is_made_for_the_key(void **state UNUSED)
{
	struct tls_ctx *ctx;

	assert_int_equal(unlink(files.cert), 0);
	assert_int_equal(tls_key_make(files.key, files.cert, "2001:db8::1", NULL), 0);
	ctx = tls_ctx_new_server(files.key, files.cert, TLS_PUBLIC_GROUPS, NULL);
	assert_non_null(ctx);
	tls_ctx_free(ctx);
}

static void a_certificate_without_its_key_is_left_alone(void **state UNUSED)
{
	struct tls_files other = {};
	struct err err;

	assert_int_equal(tls_files_make(&other), 0);
	unlink(other.key);
	assert_int_equal(tls_key_make(other.key, other.cert, "x", &err), -ENOENT);
	tls_files_remove(&other);
}

static void a_key_of_another_certificate_is_refused(void **state UNUSED)
{
	struct tls_files other = {};
	struct err err;

	assert_int_equal(tls_files_make(&other), 0);
	assert_null(tls_ctx_new_server(other.key, files.cert, TLS_PUBLIC_GROUPS, &err));
	assert_non_null(strstr(err.text, "does not belong to"));
	assert_memory_not_equal(&other.pin, &files.pin, sizeof(other.pin));
	tls_files_remove(&other);
}

static void bad_files_are_named(void **state UNUSED)
{
	struct tls_pin pin;
	struct err err;

	assert_null(tls_ctx_new_server("/nowhere/key", files.cert, TLS_PUBLIC_GROUPS, &err));
	assert_string_equal(err.text, "/nowhere/key: No such file or directory");
	assert_int_equal(tls_key_pin(files.cert, &pin, &err), -EINVAL);
	assert_int_equal(strncmp(err.text, files.cert, strlen(files.cert)), 0);
	assert_null(tls_ctx_new_server(files.key, files.key, TLS_PUBLIC_GROUPS, &err));
}

static void an_encrypted_key_is_refused_without_asking(void **state UNUSED)
{
	char path[64];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct tls_pin pin;
	struct err err;
	FILE *f;

	snprintf(path, sizeof(path), "%s/locked.pem", files.folder);
	f = fopen(path, "w");
	assert_int_equal(
		PEM_write_PKCS8PrivateKey(f, key, EVP_aes_128_cbc(), "pass", 4, NULL, NULL), 1);
	fclose(f);
	assert_int_equal(tls_key_pin(path, &pin, &err), -EINVAL);
	unlink(path);
	EVP_PKEY_free(key);
}

/* The definition in words: SHA-256 over the certificate's SubjectPublicKeyInfo. */
static void the_pin_is_that_of_the_certificate(void **state UNUSED)
{
	FILE *f = fopen(files.cert, "r");
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
	unsigned char *der = NULL;
	uint8_t sha[KEY_LEN];
	int len;

	fclose(f);
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	EVP_Digest(der, (size_t)len, sha, NULL, EVP_sha256(), NULL);
	assert_memory_equal(sha, files.pin.sha256, KEY_LEN);
	OPENSSL_free(der);
	X509_free(cert);
}

static int setup(void **state UNUSED)
{
	return tls_files_make(&files);
}

static int teardown(void **state UNUSED)
{
	tls_files_remove(&files);
	return 0;
}

/* A roll of the relay's keys: the open connection goes on, the next one has the new key. */
static void a_replaced_key_is_for_later_connections(void **state UNUSED)
{
	char key[] = "/tmp/tls-roll-XXXXXX.key", cert[] = "/tmp/tls-roll-XXXXXX.crt";
	struct tls_ctx *server, *client;
	struct tls_pin pin;
	struct pair p;

	close(mkstemps(key, 4));
	unlink(key);
	close(mkstemps(cert, 4));
	unlink(cert);
	assert_int_equal(tls_key_make(key, cert, "relay.example", NULL), 0);
	assert_int_equal(tls_key_pin(key, &pin, NULL), 0);
	pair_open(&p, &files.pin, 1, TLS_PUBLIC_GROUPS, TLS_AGENT_GROUPS);
	assert_int_equal(carry_all(&p, 4096), 0);

	server = tls_ctx_new_server(key, cert, TLS_PUBLIC_GROUPS, NULL);
	client = tls_ctx_new_client(&pin, 1, TLS_AGENT_GROUPS, NULL);
	assert_non_null(server);
	assert_non_null(client);
	tls_ctx_replace(p.server_ctx, server);
	assert_text_passes(p.client, p.server, &p);

	tls_conn_free(p.server);
	tls_conn_free(p.client);
	p.server = tls_conn_new(p.server_ctx, NULL, &p.server_err);
	p.client = tls_conn_new(p.client_ctx, NULL, &p.client_err);
	assert_int_equal(carry_all(&p, 4096), -EKEYREJECTED);

	tls_ctx_replace(p.client_ctx, client);
	tls_conn_free(p.server);
	tls_conn_free(p.client);
	p.server = tls_conn_new(p.server_ctx, NULL, &p.server_err);
	p.client = tls_conn_new(p.client_ctx, NULL, &p.client_err);
	assert_int_equal(carry_all(&p, 4096), 0);
	assert_text_passes(p.client, p.server, &p);
	pair_close(&p);
	unlink(key);
	unlink(cert);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replaced_key_is_for_later_connections),
		cmocka_unit_test(a_pinned_server_is_accepted_and_bytes_pass),
		cmocka_unit_test(byte_by_byte_is_the_same),
		cmocka_unit_test(any_of_the_pins_will_do),
		cmocka_unit_test(a_wrong_pin_is_told_clearly),
		cmocka_unit_test(groups_are_post_quantum),
		cmocka_unit_test(a_classic_client_reaches_the_public_groups_only),
		cmocka_unit_test(the_agents_channel_is_post_quantum_or_none),
		cmocka_unit_test(the_exporter_agrees_on_both_sides),
		cmocka_unit_test(close_notify_ends_the_stream),
		cmocka_unit_test(garbage_gets_an_alert_and_the_connection_is_dead),
		cmocka_unit_test(a_changed_record_is_refused),
		cmocka_unit_test(writing_before_the_handshake_is_refused),
		cmocka_unit_test(tls_1_2_is_refused),
		cmocka_unit_test(one_to_four_pins_are_needed),
		cmocka_unit_test(a_key_is_made_once_and_private),
		cmocka_unit_test(a_missing_certificate_is_made_for_the_key),
		cmocka_unit_test(a_certificate_without_its_key_is_left_alone),
		cmocka_unit_test(a_key_of_another_certificate_is_refused),
		cmocka_unit_test(bad_files_are_named),
		cmocka_unit_test(an_encrypted_key_is_refused_without_asking),
		cmocka_unit_test(the_pin_is_that_of_the_certificate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
