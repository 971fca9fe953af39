/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_replica.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include "../lib/mono.h"
#include "../lib/parse.h"
#include "place.h"

/* The role holds the lock as long as it lives. #syscalls(api): flock */
bool api_replica_up(const struct conf *conf)
{
	char path[PLACE_LEN];
	AUTO_FD int fd = open(place_db(path, conf, PLACE_LOCK), O_RDWR | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

uint64_t api_replica_behind_s(const struct conf *conf)
{
	char path[PLACE_LEN], text[32] = "";
	AUTO_FD int fd = open(place_db(path, conf, PLACE_BEHIND), O_RDONLY | O_CLOEXEC);
	uint64_t ns = 0;
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	const char *digits;

	if (n <= 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	digits = text + strspn(text, "0");
	if (parse_u64(*digits ? digits : "0", 0, INT64_MAX, &ns) || !ns)
		return 0;
	return (uint64_t)mono_ms_since((struct mono){.ns = (int64_t)ns}) / 1000;
}
