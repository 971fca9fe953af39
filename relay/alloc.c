/* SPDX-License-Identifier: GPL-2.0-only */
#include "alloc.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include "../lib/buf.h"

#define DIGEST_LEN 32

/* Every text ends in NUL, so that no two identities make the same bytes. */
static int derive(const uint8_t *key, const char *purpose, const struct alloc_id *id,
		  const void *extra, size_t extra_len, uint8_t ret_digest[static DIGEST_LEN])
{
	uint8_t bytes[512];
	struct buf_writer w = buf_writer_new(bytes, sizeof(bytes));
	unsigned int len = 0;

	buf_write(&w, purpose, strlen(purpose) + 1);
	buf_write(&w, id->account, strlen(id->account) + 1);
	buf_write(&w, id->machine, strlen(id->machine) + 1);
	buf_write(&w, id->name, strlen(id->name) + 1);
	buf_write(&w, extra, extra_len);
	if (buf_write_end(&w))
		return -EINVAL;
	if (!HMAC(EVP_sha256(), key, ALLOC_KEY_LEN, bytes, w.len, ret_digest, &len))
		return -ENOMEM;
	return 0;
}

static uint32_t digest_u32(const uint8_t digest[static DIGEST_LEN], uint32_t n)
{
	struct buf_reader r = buf_reader_new(digest, DIGEST_LEN);

	/* 64 bits against at most 2^17: the bias is below 2^-46. */
	return (uint32_t)(buf_read_u64(&r) % n);
}

int alloc_slot(const uint8_t key[static ALLOC_KEY_LEN], const struct alloc_id *id, uint32_t slots,
	       alloc_slot_taken *taken, void *ctx, uint32_t *ret_slot)
{
	uint8_t digest[DIGEST_LEN];
	uint32_t slot;
	int r;

	r = derive(key, "slot", id, NULL, 0, digest);
	if (r)
		return r;
	slot = digest_u32(digest, slots);
	for (uint32_t i = 0; i < slots; i++, slot = (slot + 1) % slots) {
		r = taken(slot, ctx);
		if (r < 0)
			return r;
		if (r)
			continue;
		*ret_slot = slot;
		return 0;
	}
	return -ENOSPC;
}

static bool bit(const uint8_t *bytes, unsigned int i)
{
	return bytes[i / 8] & (0x80 >> (i % 8));
}

static void set_bit(uint8_t *bytes, unsigned int i)
{
	bytes[i / 8] |= (uint8_t)(0x80 >> (i % 8));
}

/* Bits 0..prefix are the pool's, the last slot_bits the slot's, those between the digest's. */
static struct addr6 join_v6(const struct conf_pool6 *pool, const uint8_t *digest, uint32_t slot)
{
	struct addr6 v6 = pool->prefix.addr;
	unsigned int low = 128 - pool->slot_bits;

	for (unsigned int i = pool->prefix.len; i < low; i++) {
		if (bit(digest, i))
			set_bit(v6.b, i);
	}
	for (unsigned int i = low; i < 128; i++) {
		/* cppcheck-suppress shiftTooManyBits ; slot_bits is at most 32 */
		if ((uint64_t)slot >> (127 - i) & 1)
			set_bit(v6.b, i);
	}
	return v6;
}

/*
 * Not the prefix itself, which is the subnet-router anycast address (RFC 4291 section 2.6.1), and
 * not the relay's own address, which may well be in an on-link pool.
 */
static bool v6_usable(const struct conf *conf, const struct prefix6 *prefix, const struct addr6 *v6)
{
	return !addr6_eq(v6, &prefix->addr) && !(conf->has_public6 && addr6_eq(v6, &conf->public6));
}

int alloc_v6(const uint8_t key[static ALLOC_KEY_LEN], const struct alloc_id *id,
	     const struct conf *conf, uint32_t slot, struct addr6 *ret_v6)
{
	uint8_t digest[DIGEST_LEN];

	/* Every pool has room for every slot, so the first one serves, and a further one only where
	 * this slot of it is not usable. */
	for (size_t i = 0; i < conf->n_pool6; i++) {
		const struct conf_pool6 *pool = &conf->pool6[i];
		struct addr6 v6;
		int r;

		r = derive(key, "v6", id, &pool->prefix.addr, sizeof(pool->prefix.addr), digest);
		if (r)
			return r;
		v6 = join_v6(pool, digest, slot);
		if (!v6_usable(conf, &pool->prefix, &v6))
			continue;
		*ret_v6 = v6;
		return 0;
	}
	return -ENOSPC;
}

static uint32_t pool4_size(const struct prefix4 *p)
{
	return (uint32_t)1 << (32 - p->len);
}

/* A /31 or /32 has no network or broadcast address (RFC 3021). */
static bool v4_usable(const struct conf *conf, const struct prefix4 *p, uint32_t host)
{
	struct addr4 v4 = addr4_from_u32(addr4_to_u32(p->addr) + host);

	if (p->len < 31 && (host == 0 || host == pool4_size(p) - 1))
		return false;
	return !(conf->has_public4 && addr4_eq(v4, conf->public4));
}

/* Index over all pools in the configuration's order, to pool and address in it. */
static struct addr4 v4_at(const struct conf *conf, uint32_t index, bool *ret_usable)
{
	size_t i = 0;

	while (index >= pool4_size(&conf->pool4[i].prefix))
		index -= pool4_size(&conf->pool4[i++].prefix);
	*ret_usable = v4_usable(conf, &conf->pool4[i].prefix, index);
	return addr4_from_u32(addr4_to_u32(conf->pool4[i].prefix.addr) + index);
}

int alloc_v4(const uint8_t key[static ALLOC_KEY_LEN], const struct alloc_id *id,
	     const struct conf *conf, alloc_v4_taken *taken, void *ctx, struct addr4 *ret_v4)
{
	uint8_t digest[DIGEST_LEN];
	uint32_t total = 0, index;
	int r;

	for (size_t i = 0; i < conf->n_pool4; i++)
		total += pool4_size(&conf->pool4[i].prefix);
	if (!total)
		return -ENOSPC;
	r = derive(key, "v4", id, NULL, 0, digest);
	if (r)
		return r;
	index = digest_u32(digest, total);
	for (uint32_t i = 0; i < total; i++, index = (index + 1) % total) {
		bool usable;
		struct addr4 v4 = v4_at(conf, index, &usable);

		if (!usable)
			continue;
		r = taken(v4, ctx);
		if (r < 0)
			return r;
		if (r)
			continue;
		*ret_v4 = v4;
		return 0;
	}
	return -ENOSPC;
}

bool alloc_v6_ours(const struct conf *conf, const struct addr6 *v6, uint32_t slot)
{
	for (size_t i = 0; i < conf->n_pool6; i++) {
		const struct conf_pool6 *pool = &conf->pool6[i];
		struct addr6 same;

		if (!prefix6_has(&pool->prefix, v6))
			continue;
		same = join_v6(pool, v6->b, slot);
		return addr6_eq(v6, &same) && v6_usable(conf, &pool->prefix, v6);
	}
	return false;
}

bool alloc_v4_ours(const struct conf *conf, struct addr4 v4)
{
	for (size_t i = 0; i < conf->n_pool4; i++) {
		const struct prefix4 *p = &conf->pool4[i].prefix;

		if (prefix4_has(p, v4))
			return v4_usable(conf, p, addr4_to_u32(v4) - addr4_to_u32(p->addr));
	}
	return false;
}
