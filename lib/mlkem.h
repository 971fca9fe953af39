/* SPDX-License-Identifier: GPL-2.0-only */
/* ML-KEM-768 (FIPS 203) by OpenSSL. A key is kept as its seed d || z (section 7.1). */
#ifndef LIB_MLKEM_H
#define LIB_MLKEM_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

#define MLKEM_SEED_LEN 64
#define MLKEM_EK_LEN 1184 /* encapsulation key: public */
#define MLKEM_M_LEN 32	  /* what an encapsulation draws */
#define MLKEM_CT_LEN 1088
#define MLKEM_SS_LEN 32

/* -EINVAL: wrong length. */
int mlkem_key_new(const uint8_t *seed, size_t len, EVP_PKEY **ret_key, struct err *err);
int mlkem_key_public(EVP_PKEY *key, uint8_t ret_ek[static MLKEM_EK_LEN], struct err *err);
/* -EINVAL: wrong length, or a coefficient that is not reduced (section 7.2). */
int mlkem_encaps(const uint8_t *ek, size_t len, const uint8_t m[static MLKEM_M_LEN],
		 uint8_t ret_ct[static MLKEM_CT_LEN], uint8_t ret_ss[static MLKEM_SS_LEN],
		 struct err *err);
/* -EINVAL: wrong length. A foreign ciphertext gives a secret that nobody else has (section 6.3). */
int mlkem_decaps(EVP_PKEY *key, const uint8_t *ct, size_t len, uint8_t ret_ss[static MLKEM_SS_LEN],
		 struct err *err);

#endif
