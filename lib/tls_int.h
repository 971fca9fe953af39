/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the tls_*.c files only. */
#ifndef LIB_TLS_INT_H
#define LIB_TLS_INT_H

#include <openssl/ssl.h>
#include "tls.h"

#define TLS_MAX_PEM_BYTES 65536

struct tls_ctx {
	SSL_CTX *ssl;
	bool server;
	struct tls_pin pins[TLS_MAX_PINS];
	size_t n_pins;
};

/* Adds OpenSSL's own reason, the oldest of its queue, and empties the queue. */
int tls_err(struct err *err, int code, const char *what);

/* A PEM file's private key. An encrypted key is refused, never asked for on the terminal. */
int tls_key_load(const char *key_file, EVP_PKEY **ret_key, struct err *err);

static inline void cleanup_pkey(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static inline void cleanup_x509(X509 **cert)
{
	X509_free(*cert);
}

static inline void cleanup_bio(BIO **bio)
{
	BIO_free(*bio);
}

#endif
