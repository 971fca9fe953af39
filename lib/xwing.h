/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * X-Wing (draft-connolly-cfrg-xwing-kem, also called MLKEM768-X25519): one key agreement of which
 * both X25519 and ML-KEM-768 must be broken before its secret is known. A private key is its seed.
 */
#ifndef LIB_XWING_H
#define LIB_XWING_H

#include <stdint.h>
#include "err.h"

#define XWING_SEED_LEN 32
#define XWING_PK_LEN 1216
#define XWING_ESEED_LEN 64 /* what an encapsulation draws: ML-KEM's m, X25519's ephemeral key */
#define XWING_CT_LEN 1120
#define XWING_SS_LEN 32

int xwing_public(const uint8_t seed[static XWING_SEED_LEN], uint8_t ret_pk[static XWING_PK_LEN],
		 struct err *err);
/* eseed: NULL = random; given by tests. -EINVAL and in err the part of pk that is malformed. */
int xwing_encaps(const uint8_t pk[static XWING_PK_LEN], const uint8_t *eseed,
		 uint8_t ret_ct[static XWING_CT_LEN], uint8_t ret_ss[static XWING_SS_LEN],
		 struct err *err);
/* A ciphertext that was not made for this key gives a secret that nobody else has. */
int xwing_decaps(const uint8_t seed[static XWING_SEED_LEN], const uint8_t ct[static XWING_CT_LEN],
		 uint8_t ret_ss[static XWING_SS_LEN], struct err *err);

#endif
