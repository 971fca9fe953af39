/* SPDX-License-Identifier: GPL-2.0-only */
#include "psk_relay.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

void psk_relay_init(struct psk_relay *r, uint64_t first)
{
	*r = (struct psk_relay){.next = first};
}

void psk_relay_wipe(struct psk_relay *r)
{
	explicit_bzero(r, sizeof(*r));
}

static void forget(struct psk_relay *r)
{
	explicit_bzero(&r->keys, sizeof(r->keys));
	explicit_bzero(r->eseed, sizeof(r->eseed));
	r->state = PSK_RELAY_IDLE;
	r->epoch = 0;
}

static int stale(struct err *err, uint64_t epoch)
{
	return err_set(err, -ESTALE, "epoch %llu is not the next one", (unsigned long long)epoch);
}

int psk_relay_offer(struct psk_relay *r, const struct psk_ids *ids, uint64_t epoch,
		    const uint8_t pk[static XWING_PK_LEN],
		    const uint8_t eseed[static XWING_ESEED_LEN], struct psk_answer *ret_answer,
		    struct err *err)
{
	bool again = r->state != PSK_RELAY_IDLE && epoch == r->epoch;
	const uint8_t *drawn = again ? r->eseed : eseed;
	uint8_t ss[XWING_SS_LEN], pk_hash[32];
	struct psk_keys keys;
	int ret = 0;

	if (!EVP_Digest(pk, XWING_PK_LEN, pk_hash, NULL, EVP_sha256(), NULL))
		return err_set(err, -EIO, "SHA-256 failed");
	/* The same epoch with another key: an agent that started anew, or a late message. */
	if (again ? memcmp(pk_hash, r->pk_hash, sizeof(pk_hash)) != 0 : epoch != r->next)
		return stale(err, epoch);
	ret = xwing_encaps(pk, drawn, ret_answer->ct, ss, err);
	if (!ret)
		ret = psk_derive(ids, epoch, pk, ret_answer->ct, ss, &keys, err);
	explicit_bzero(ss, sizeof(ss));
	if (ret)
		return ret;
	memcpy(ret_answer->confirm, keys.confirm_relay, PSK_CONFIRM_LEN);
	if (!again) {
		forget(r);
		r->state = PSK_RELAY_OFFERED;
		r->epoch = epoch;
		r->next = epoch < PSK_EPOCH_MAX ? epoch + 1 : 1;
		r->keys = keys;
		memcpy(r->pk_hash, pk_hash, sizeof(pk_hash));
		memcpy(r->eseed, eseed, XWING_ESEED_LEN);
	}
	explicit_bzero(&keys, sizeof(keys));
	return 0;
}

int psk_relay_commit(struct psk_relay *r, uint64_t epoch,
		     const uint8_t confirm[static PSK_CONFIRM_LEN], struct err *err)
{
	bool done = epoch && epoch == r->done_epoch;

	if (!done && (r->state == PSK_RELAY_IDLE || epoch != r->epoch))
		return stale(err, epoch);
	if (CRYPTO_memcmp(confirm, done ? r->done_confirm : r->keys.confirm_agent, PSK_CONFIRM_LEN))
		return err_set(err, -EKEYREJECTED, "the confirmation is wrong");
	if (done)
		return 0;
	if (r->state == PSK_RELAY_INSTALLING)
		return err_set(err, -EBUSY, "the key is being installed");
	r->state = PSK_RELAY_INSTALLING;
	return 1;
}

void psk_relay_installed(struct psk_relay *r, uint64_t epoch, bool ok)
{
	/* Another offer has come since: the key is in the kernel, but nobody waits for it. */
	if (r->state != PSK_RELAY_INSTALLING || epoch != r->epoch)
		return;
	if (!ok) {
		r->state = PSK_RELAY_OFFERED;
		return;
	}
	r->done_epoch = epoch;
	memcpy(r->done_confirm, r->keys.confirm_agent, PSK_CONFIRM_LEN);
	forget(r);
}
