/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of the operator that the api role serves. Read once, before it gives up the file system:
 * a reload reads them again. */
#ifndef RELAY_API_FILE_H
#define RELAY_API_FILE_H

#include "conf.h"

#define API_FILE_MAX_BYTES 131072

struct api_file {
	char *text; /* NULL = not configured, or not readable: then `problem` says why */
	size_t len;
	char problem[ERR_TEXT_LEN];
};

struct api_files {
	struct api_file canary;
	struct api_file pages[CONF_PAGE_MAX];
};

/* What cannot be read is logged and left out: it must not keep a relay from running. */
void api_files_read(struct api_files *files, const struct conf *conf);
void api_files_free(struct api_files *files);

#endif
