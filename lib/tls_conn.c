/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls_int.h"

#include <limits.h>
#include <openssl/err.h>
#include <string.h>
#include "addr.h"

/* RFC 7218: DANE-EE, SPKI, SHA2-256. */
enum { DANE_EE = 3, DANE_SPKI = 1, DANE_SHA256 = 1 };

struct tls_conn {
	SSL *ssl;
	BIO *in;  /* ciphertext from the network; owned by ssl */
	BIO *out; /* ciphertext for the network; owned by ssl */
	bool established;
	bool dead;
	size_t n_pins; /* client */
};

/* RFC 6066 section 3: literal addresses are not permitted in the server name extension. */
static bool is_dns_name(const char *name)
{
	struct addr6 a6;
	struct addr4 a4;

	return name && name[0] && parse_addr4(name, &a4) && parse_addr6(name, &a6);
}

static bool add_pins(SSL *ssl, const struct tls_ctx *ctx, const char *server_name)
{
	if (SSL_dane_enable(ssl, is_dns_name(server_name) ? server_name : NULL) <= 0)
		return false;
	for (size_t i = 0; i < ctx->n_pins; i++) {
		if (SSL_dane_tlsa_add(ssl, DANE_EE, DANE_SPKI, DANE_SHA256, ctx->pins[i].sha256,
				      KEY_LEN) <= 0)
			return false;
	}
	return true;
}

static int handshake(struct tls_conn *c, struct err *err);

struct tls_conn *tls_conn_new(struct tls_ctx *ctx, const char *server_name, struct err *err)
{
	struct tls_conn *c = calloc(1, sizeof(*c));

	ERR_clear_error();
	if (!c) {
		err_sys(err, -ENOMEM, "TLS");
		return NULL;
	}
	c->ssl = SSL_new(ctx->ssl);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	if (!c->ssl || !c->in || !c->out || (!ctx->server && !add_pins(c->ssl, ctx, server_name))) {
		BIO_free(c->in);
		BIO_free(c->out);
		tls_err(err, -EINVAL, "TLS connection");
		SSL_free(c->ssl);
		free(c);
		return NULL;
	}
	/* An empty memory BIO means "later", not end of file. */
	BIO_set_mem_eof_return(c->in, -1);
	SSL_set_bio(c->ssl, c->in, c->out);
	c->n_pins = ctx->n_pins;
	if (ctx->server) {
		SSL_set_accept_state(c->ssl);
		return c;
	}
	SSL_set_connect_state(c->ssl);
	if (handshake(c, err)) { /* makes the ClientHello */
		tls_conn_free(c);
		return NULL;
	}
	return c;
}

void tls_conn_free(struct tls_conn *c)
{
	if (!c)
		return;
	SSL_free(c->ssl);
	free(c);
}

/* OpenSSL says nothing to what was not TLS at all. RFC 8446 section 6: a fatal alert instead. */
static void alert_stranger(struct tls_conn *c)
{
	static const uint8_t unexpected_message[] = {21, 3, 3, 0, 2, 2, 10};

	if (SSL_is_server(c->ssl) && !SSL_is_init_finished(c->ssl) &&
	    SSL_get_state(c->ssl) == TLS_ST_BEFORE && !BIO_pending(c->out))
		BIO_write(c->out, unexpected_message, sizeof(unexpected_message));
}

static int fail(struct tls_conn *c, struct err *err)
{
	c->dead = true;
	alert_stranger(c);
	if (c->n_pins && SSL_get_verify_result(c->ssl) == X509_V_ERR_DANE_NO_MATCH) {
		ERR_clear_error();
		return err_set(err, -EKEYREJECTED,
			       "server key matches none of the %zu pins of the join string",
			       c->n_pins);
	}
	return tls_err(err, -EPROTO, "TLS");
}

static int handshake(struct tls_conn *c, struct err *err)
{
	int n;

	ERR_clear_error();
	n = SSL_do_handshake(c->ssl);
	if (n == 1) {
		c->established = true;
		return 0;
	}
	n = SSL_get_error(c->ssl, n);
	return n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE ? 0 : fail(c, err);
}

int tls_conn_feed(struct tls_conn *c, const void *data, size_t len, struct err *err)
{
	if (c->dead)
		return err_set(err, -EPROTO, "TLS: connection has failed before");
	if (len > INT_MAX || (len && BIO_write(c->in, data, (int)len) != (int)len)) {
		c->dead = true;
		return err_sys(err, -ENOMEM, "TLS");
	}
	return c->established ? 0 : handshake(c, err);
}

int tls_conn_read(struct tls_conn *c, void *data, size_t len, struct err *err)
{
	size_t n;
	int r;

	if (c->dead)
		return err_set(err, -EPROTO, "TLS: connection has failed before");
	if (!c->established || !len)
		return 0;
	ERR_clear_error();
	if (SSL_read_ex(c->ssl, data, len > INT_MAX ? INT_MAX : len, &n) == 1)
		return (int)n;
	r = SSL_get_error(c->ssl, 0);
	if (r == SSL_ERROR_WANT_READ || r == SSL_ERROR_WANT_WRITE)
		return 0;
	if (r == SSL_ERROR_ZERO_RETURN)
		return err_set(err, -ECONNRESET, "TLS: closed by the other side");
	return fail(c, err);
}

int tls_conn_write(struct tls_conn *c, const void *data, size_t len, struct err *err)
{
	size_t n;

	if (c->dead)
		return err_set(err, -EPROTO, "TLS: connection has failed before");
	if (!c->established)
		return err_set(err, -ENOTCONN, "TLS: handshake is not complete");
	ERR_clear_error();
	/* A memory BIO takes everything at once. */
	if (len && SSL_write_ex(c->ssl, data, len, &n) != 1)
		return fail(c, err);
	return 0;
}

int tls_conn_shutdown(struct tls_conn *c)
{
	if (c->dead || !c->established)
		return 0;
	ERR_clear_error();
	if (SSL_shutdown(c->ssl) < 0) {
		ERR_clear_error();
		return -EPROTO;
	}
	return 0;
}

size_t tls_conn_pending(struct tls_conn *c, const void **ret_data)
{
	char *data = NULL;
	long len = BIO_get_mem_data(c->out, &data);

	*ret_data = data;
	return len > 0 ? (size_t)len : 0;
}

void tls_conn_sent(struct tls_conn *c, size_t len)
{
	char skipped[4096];

	while (len) {
		int n = BIO_read(c->out, skipped, len < sizeof(skipped) ? (int)len : 4096);

		if (n <= 0)
			return;
		len -= (size_t)n;
	}
}

bool tls_conn_established(const struct tls_conn *c)
{
	return c->established;
}

const char *tls_conn_group(const struct tls_conn *c)
{
	const char *name = SSL_get0_group_name(c->ssl);

	return name ? name : "";
}

int tls_conn_export(struct tls_conn *c, const char *label, void *out, size_t len, struct err *err)
{
	ERR_clear_error();
	if (!c->established ||
	    SSL_export_keying_material(c->ssl, out, len, label, strlen(label), NULL, 0, 0) != 1)
		return tls_err(err, -EPROTO, "TLS exporter");
	return 0;
}
