/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls_files.h"

#include <stdio.h>
#include <stdlib.h>

int tls_files_make(struct tls_files *f)
{
	snprintf(f->folder, sizeof(f->folder), "/tmp/tls_files.XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	snprintf(f->key, sizeof(f->key), "%s/key.pem", f->folder);
	snprintf(f->cert, sizeof(f->cert), "%s/cert.pem", f->folder);
	if (tls_key_make(f->key, f->cert, "relay.example", NULL) ||
	    tls_key_pin(f->key, &f->pin, NULL))
		return -1;
	return 0;
}

void tls_files_remove(struct tls_files *f)
{
	unlink(f->key);
	unlink(f->cert);
	rmdir(f->folder);
}
