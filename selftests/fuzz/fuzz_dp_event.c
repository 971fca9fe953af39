/* SPDX-License-Identifier: GPL-2.0-only */
/* Drops out of the ring: what is accepted has a reason, a family that fits, ports only with IP. */
// link: relay/dp_event.c
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "relay/dp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = size < sizeof(struct sc_event) ? size : sizeof(struct sc_event);
	struct sc_event *raw = malloc(len ? len : 1); /* its bounds are watched */
	struct dp_event e;

	memcpy(raw, data, len);
	if (dp_event_parse(raw, len, &e)) {
		if (len != sizeof(*raw) || !e.reason || e.reason >= SC_DROP_MAX)
			abort();
		if (e.family && e.family != AF_INET && e.family != AF_INET6)
			abort();
		if (!e.family && (e.src_port || e.dst_port))
			abort();
	}
	free(raw);
	return 0;
}
