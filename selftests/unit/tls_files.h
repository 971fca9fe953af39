/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys and certificates in a temporary folder, for tests of all that speaks TLS. */
#ifndef TLS_FILES_H
#define TLS_FILES_H

#include "lib/tls.h"

struct tls_files {
	char folder[32];
	char key[48], cert[48];
	struct tls_pin pin;
};

int tls_files_make(struct tls_files *f); /* 0 or -1 */
void tls_files_remove(struct tls_files *f);

#endif
