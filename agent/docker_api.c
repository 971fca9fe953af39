/* SPDX-License-Identifier: GPL-2.0-only */
#include "docker.h"

#include <stdio.h>
#include <string.h>
#include "../lib/parse.h"

/* "1.43" -> 43. There has never been another major version. */
static int parse_minor(const char *text, uint32_t *ret_minor)
{
	if (strncmp(text, "1.", 2))
		return -EINVAL;
	return parse_u32(text + 2, 0, 9999, ret_minor);
}

int docker_api_negotiate(const json_t *version, char ret_api[static DOCKER_API_LEN],
			 struct err *err)
{
	const char *max_text, *min_text = "1.12";
	uint32_t min, max;
	int r;

	r = json_get_string(version, "ApiVersion", &max_text, err);
	if (r)
		return err_prefix(err, "Docker's version"), r;
	/* Old daemons do not say it. */
	json_get_string(version, "MinAPIVersion", &min_text, NULL);
	if (parse_minor(max_text, &max) || parse_minor(min_text, &min))
		return err_set(err, -EPROTONOSUPPORT,
			       "Docker's API version is not of the form 1.N");
	if (max < DOCKER_API_MIN_MINOR || min > DOCKER_API_MAX_MINOR)
		return err_set(err, -EPROTONOSUPPORT,
			       "Docker speaks API 1.%u to 1.%u, this agent 1.%d to 1.%d", min, max,
			       DOCKER_API_MIN_MINOR, DOCKER_API_MAX_MINOR);
	if (max > DOCKER_API_MAX_MINOR)
		max = DOCKER_API_MAX_MINOR;
	snprintf(ret_api, DOCKER_API_LEN, "/v1.%u", max);
	return 0;
}
