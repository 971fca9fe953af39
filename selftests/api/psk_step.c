/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's steps of a PSK exchange (lib/psk.h), for curl:
 *
 *	psk_step offer				the X-Wing public key, base64
 *	psk_step commit RELAY PEER AGENT_KEY RELAY_KEY EPOCH CT CONFIRM
 *						checks the relay's proof, prints the agent's, base64
 *
 * The seed is always the same: nobody keeps a secret here.
 */
#include <stdio.h>
#include <string.h>
#include "lib/parse.h"
#include "lib/psk.h"

static const uint8_t seed[XWING_SEED_LEN] = {1, 2, 3};

static int fail(const char *what)
{
	fprintf(stderr, "psk_step: %s\n", what);
	return 1;
}

static void print(const uint8_t *data, size_t len)
{
	char text[B64_TEXT_LEN(XWING_PK_LEN)];

	puts(b64_text(text, sizeof(text), data, len));
}

static int commit(char *const arg[])
{
	uint8_t pk[XWING_PK_LEN], ct[XWING_CT_LEN], ss[XWING_SS_LEN], proof[PSK_CONFIRM_LEN];
	struct psk_ids ids = {};
	struct psk_keys keys;
	uint64_t epoch;
	struct err err;

	snprintf(ids.relay, sizeof(ids.relay), "%s", arg[0]);
	if (parse_addr6(arg[1], &ids.peer) || b64_key_parse(arg[2], ids.agent_key) ||
	    b64_key_parse(arg[3], ids.relay_key) || parse_u64(arg[4], 0, PSK_EPOCH_MAX, &epoch) ||
	    b64_parse(arg[5], ct, sizeof(ct)) || b64_parse(arg[6], proof, sizeof(proof)))
		return fail("an argument makes no sense");
	if (xwing_public(seed, pk, &err) || xwing_decaps(seed, ct, ss, &err) ||
	    psk_derive(&ids, epoch, pk, ct, ss, &keys, &err))
		return fail(err.text);
	if (memcmp(proof, keys.confirm_relay, sizeof(proof)) != 0)
		return fail("the relay has another secret");
	print(keys.confirm_agent, sizeof(keys.confirm_agent));
	return 0;
}

int main(int argc, char **argv)
{
	uint8_t pk[XWING_PK_LEN];
	struct err err;

	if (argc == 9 && !strcmp(argv[1], "commit"))
		return commit(argv + 2);
	if (argc != 2 || strcmp(argv[1], "offer") != 0)
		return fail(
			"usage: offer | commit RELAY PEER AGENT_KEY RELAY_KEY EPOCH CT CONFIRM");
	if (xwing_public(seed, pk, &err))
		return fail(err.text);
	print(pk, sizeof(pk));
	return 0;
}
