/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_file.h"

#include <string.h>
#include "../lib/file.h"
#include "../lib/log.h"

static void read_one(struct api_file *file, const char *path)
{
	struct err err;

	if (!path[0] || !file_read(path, API_FILE_MAX_BYTES, &file->text, &file->len, &err))
		return;
	log_err("%s", err.text);
	snprintf(file->problem, sizeof(file->problem), "%s", err.text);
}

void api_files_read(struct api_files *files, const struct conf *conf)
{
	read_one(&files->canary, conf->canary);
	for (size_t i = 0; i < CONF_PAGE_MAX; i++)
		read_one(&files->pages[i], conf->pages[i]);
}

void api_files_free(struct api_files *files)
{
	free(files->canary.text);
	for (size_t i = 0; i < CONF_PAGE_MAX; i++)
		free(files->pages[i].text);
	memset(files, 0, sizeof(*files));
}
