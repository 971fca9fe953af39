/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS 1.3 only, over OpenSSL with memory BIOs, so that any libuv stream can carry it. Server
 * identity is the SHA-256 of its SubjectPublicKeyInfo (a pin), checked by OpenSSL's DANE-EE(3,1,1)
 * (RFC 7671): certificates' names and dates do not matter, no CA is asked.
 */
#ifndef LIB_TLS_H
#define LIB_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "b64.h"
#include "err.h"

#define TLS_MAX_PINS 4
#define TLS_AGENT_GROUPS "X25519MLKEM768"
#define TLS_PUBLIC_GROUPS "X25519MLKEM768:X25519"

struct tls_ctx;	 /* settings, shared by connections */
struct tls_conn; /* one connection */

struct tls_pin {
	uint8_t sha256[KEY_LEN];
};

/* Server: PEM key and certificate files. groups: one of TLS_*_GROUPS. */
struct tls_ctx *tls_ctx_new_server(const char *key_file, const char *cert_file, const char *groups,
				   struct err *err);
/* Client: accepts a server whose key matches one of the pins, nothing else. n_pins >= 1. */
struct tls_ctx *tls_ctx_new_client(const struct tls_pin *pins, size_t n_pins, const char *groups,
				   struct err *err);
/* Later connections have the settings of `with`, which is freed; those that are open keep theirs.
 * Both must be of the same kind. */
void tls_ctx_replace(struct tls_ctx *ctx, struct tls_ctx *with);
void tls_ctx_free(struct tls_ctx *ctx);

/* Makes an ECDSA P-256 key (0600, atomic) and a self-signed certificate beside it. Existing files
 * are left alone. */
int tls_key_make(const char *key_file, const char *cert_file, const char *name, struct err *err);
/* The pin of a private key file. */
int tls_key_pin(const char *key_file, struct tls_pin *ret_pin, struct err *err);

/*
 * Sans-I/O connection: feed what came from the network, send what tls_conn_pending() gives.
 * All return 0 or a negative errno with err set; after an error the connection is dead, but
 * pending bytes (the alert) should still be sent.
 */
struct tls_conn *tls_conn_new(struct tls_ctx *ctx, const char *server_name, struct err *err);
int tls_conn_feed(struct tls_conn *c, const void *data, size_t len, struct err *err);
/* Up to len decrypted bytes; 0 = none now, -ECONNRESET on close_notify. */
int tls_conn_read(struct tls_conn *c, void *data, size_t len, struct err *err);
int tls_conn_write(struct tls_conn *c, const void *data, size_t len, struct err *err);
int tls_conn_shutdown(struct tls_conn *c); /* queues close_notify */
/* Ciphertext to send: borrows the bytes until tls_conn_sent(). */
size_t tls_conn_pending(struct tls_conn *c, const void **ret_data);
void tls_conn_sent(struct tls_conn *c, size_t len);
bool tls_conn_established(const struct tls_conn *c);
const char *tls_conn_group(const struct tls_conn *c); /* negotiated key exchange group */
/* RFC 8446 section 7.5 exporter. */
int tls_conn_export(struct tls_conn *c, const char *label, void *out, size_t len, struct err *err);
void tls_conn_free(struct tls_conn *c);

#endif
