/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include "file.h"

static inline void cleanup_tls_ctx(struct tls_ctx **ctx)
{
	tls_ctx_free(*ctx);
}

int tls_err(struct err *err, int code, const char *what)
{
	unsigned long e = ERR_peek_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return err_set(err, code, "%s: %s", what, reason ? reason : "OpenSSL failed");
}

/*
 * No tickets and no session cache: every connection proves the key anew, and there is no ticket
 * key to steal. No compression and no renegotiation exist in TLS 1.3.
 */
static struct tls_ctx *ctx_new(const SSL_METHOD *method, const char *groups, struct err *err)
{
	__attribute__((cleanup(cleanup_tls_ctx))) struct tls_ctx *ctx = calloc(1, sizeof(*ctx));

	ERR_clear_error();
	if (!ctx) {
		err_sys(err, -ENOMEM, "TLS");
		return NULL;
	}
	ctx->ssl = SSL_CTX_new(method);
	if (!ctx->ssl || SSL_CTX_set_min_proto_version(ctx->ssl, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx->ssl, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set1_groups_list(ctx->ssl, groups) != 1) {
		tls_err(err, -EINVAL, "TLS settings");
		return NULL;
	}
	SSL_CTX_set_options(ctx->ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(ctx->ssl, 0);
	SSL_CTX_set_session_cache_mode(ctx->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx->ssl, SSL_MODE_RELEASE_BUFFERS);
	return steal(&ctx);
}

/* The leaf, then the chain as in the file. */
static int use_cert_file(SSL_CTX *ssl, const char *cert_file, struct err *err)
{
	__attribute__((cleanup(cleanup_bio))) BIO *bio = NULL;
	__attribute__((cleanup(cleanup_x509))) X509 *leaf = NULL;
	AUTO_FREE char *pem = NULL;
	size_t len;
	int r;

	r = file_read(cert_file, TLS_MAX_PEM_BYTES, &pem, &len, err);
	if (r)
		return r;
	bio = BIO_new_mem_buf(pem, (int)len);
	leaf = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	if (!leaf || SSL_CTX_use_certificate(ssl, leaf) != 1)
		return tls_err(err, -EINVAL, cert_file);
	for (;;) {
		X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (!next)
			break;
		if (SSL_CTX_add0_chain_cert(ssl, next) != 1) {
			X509_free(next);
			return tls_err(err, -EINVAL, cert_file);
		}
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return tls_err(err, -EINVAL, cert_file);
	ERR_clear_error();
	return 0;
}

struct tls_ctx *tls_ctx_new_server(const char *key_file, const char *cert_file, const char *groups,
				   struct err *err)
{
	__attribute__((cleanup(cleanup_tls_ctx))) struct tls_ctx *ctx = NULL;
	__attribute__((cleanup(cleanup_pkey))) EVP_PKEY *key = NULL;

	ctx = ctx_new(TLS_server_method(), groups, err);
	if (!ctx || tls_key_load(key_file, &key, err) || use_cert_file(ctx->ssl, cert_file, err))
		return NULL;
	ctx->server = true;
	if (SSL_CTX_use_PrivateKey(ctx->ssl, key) != 1 ||
	    SSL_CTX_check_private_key(ctx->ssl) != 1) {
		tls_err(err, -EINVAL, cert_file);
		err_prefix(err, "%s does not belong to", key_file);
		return NULL;
	}
	return steal(&ctx);
}

struct tls_ctx *tls_ctx_new_client(const struct tls_pin *pins, size_t n_pins, const char *groups,
				   struct err *err)
{
	__attribute__((cleanup(cleanup_tls_ctx))) struct tls_ctx *ctx = NULL;

	if (!n_pins || n_pins > TLS_MAX_PINS) {
		err_set(err, -EINVAL, "TLS: 1 to %d pins are needed, not %zu", TLS_MAX_PINS,
			n_pins);
		return NULL;
	}
	ctx = ctx_new(TLS_client_method(), groups, err);
	if (!ctx)
		return NULL;
	memcpy(ctx->pins, pins, n_pins * sizeof(*pins));
	ctx->n_pins = n_pins;
	/* RFC 7671 section 5.1: with DANE-EE neither names nor dates are looked at. */
	if (SSL_CTX_dane_enable(ctx->ssl) != 1) {
		tls_err(err, -EINVAL, "TLS pins");
		return NULL;
	}
	SSL_CTX_dane_set_flags(ctx->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	SSL_CTX_set_verify(ctx->ssl, SSL_VERIFY_PEER, NULL);
	return steal(&ctx);
}

/* Each SSL holds a reference to the SSL_CTX that it came from. */
void tls_ctx_replace(struct tls_ctx *ctx, struct tls_ctx *with)
{
	struct tls_ctx old = *ctx;

	*ctx = *with;
	*with = old;
	tls_ctx_free(with);
}

void tls_ctx_free(struct tls_ctx *ctx)
{
	if (!ctx)
		return;
	SSL_CTX_free(ctx->ssl);
	free(ctx);
}
