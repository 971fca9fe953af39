/* SPDX-License-Identifier: GPL-2.0-only */
#include "canary.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include "../lib/parse.h"
#include "../lib/time_text.h"

#define SIGNATURE_TEXT_LEN 88 /* base64 of 64 bytes, padded */
#define VALUE_LEN 80
#define HEX_LEN (2 * CANARY_HASH_LEN)

static const char magic[] = "Sidecar warrant canary 1\n";
static const char tail[] = "Signature: ";

/* Lines of the head, each "NAME: VALUE". */
struct head {
	const char *text;
	size_t len, at;
	struct err *err;
};

static int take(struct head *h, const char *name, char value[static VALUE_LEN])
{
	const char *line = h->text + h->at;
	const char *end = memchr(line, '\n', h->len - h->at);
	size_t name_len = strlen(name), n;

	if (!end || (size_t)(end - line) <= name_len || memcmp(line, name, name_len))
		return err_set(h->err, -EINVAL, "canary: expected a line \"%s...\"", name);
	n = (size_t)(end - line) - name_len;
	if (n >= VALUE_LEN || memchr(line, '\0', (size_t)(end - line)))
		return err_set(h->err, -EINVAL, "canary: \"%s\": too long", name);
	memcpy(value, line + name_len, n);
	value[n] = '\0';
	h->at += (size_t)(end - line) + 1;
	return 0;
}

static int parse_hex(const char *text, uint8_t out[static CANARY_HASH_LEN])
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(text) != HEX_LEN || strspn(text, digits) != HEX_LEN)
		return -EINVAL;
	for (size_t i = 0; i < CANARY_HASH_LEN; i++)
		out[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
				   (strchr(digits, text[2 * i + 1]) - digits));
	return 0;
}

static int parse_signature(const char *text, uint8_t out[static CANARY_SIGNATURE_LEN])
{
	/* Three bytes a group: two more than there are. */
	unsigned char raw[SIGNATURE_TEXT_LEN / 4 * 3];
	char again[SIGNATURE_TEXT_LEN + 1];

	if (strlen(text) != SIGNATURE_TEXT_LEN ||
	    EVP_DecodeBlock(raw, (const unsigned char *)text, SIGNATURE_TEXT_LEN) < 0)
		return -EINVAL;
	/* One form for each signature. */
	EVP_EncodeBlock((unsigned char *)again, raw, CANARY_SIGNATURE_LEN);
	if (memcmp(again, text, SIGNATURE_TEXT_LEN))
		return -EINVAL;
	memcpy(out, raw, CANARY_SIGNATURE_LEN);
	return 0;
}

static int parse_head(struct head *h, struct canary *c)
{
	char sequence[VALUE_LEN], date[VALUE_LEN], next[VALUE_LEN], previous[VALUE_LEN];
	int r;

	r = take(h, "Sequence: ", sequence);
	if (!r)
		r = take(h, "Date: ", date);
	if (!r)
		r = take(h, "Next: ", next);
	if (!r)
		r = take(h, "Previous: ", previous);
	if (r)
		return r;
	if (parse_u32(sequence, 1, UINT32_MAX, &c->sequence))
		return err_set(h->err, -EINVAL, "canary: Sequence: expected a number from 1");
	if (parse_time(date, &c->date) || parse_time(next, &c->next_due) || c->next_due <= c->date)
		return err_set(h->err, -EINVAL,
			       "canary: Date, Next: expected two days like 2026-11-30, in order");
	c->first = !strcmp(previous, "-");
	if (!c->first && parse_hex(previous, c->previous))
		return err_set(h->err, -EINVAL,
			       "canary: Previous: expected %d lower-case hexadecimal digits or -",
			       HEX_LEN);
	if (h->at == h->len || h->text[h->at] != '\n')
		return err_set(h->err, -EINVAL, "canary: expected an empty line after the head");
	c->statement = h->at + 1;
	return 0;
}

/* Where the last line begins; -EINVAL if it is no signature. */
static int parse_tail(const char *text, size_t len, struct canary *c, struct err *err)
{
	char value[sizeof(tail) + SIGNATURE_TEXT_LEN];
	size_t start = len, n;

	if (!len || text[len - 1] != '\n')
		return err_set(err, -EINVAL, "canary: no newline at the end");
	for (start = len - 1; start && text[start - 1] != '\n'; start--)
		;
	n = len - 1 - start;
	if (n < sizeof(tail) || n >= sizeof(value) ||
	    memcmp(text + start, tail, sizeof(tail) - 1) || memchr(text + start, '\0', n))
		return err_set(err, -EINVAL, "canary: the last line is not \"%s...\"", tail);
	memcpy(value, text + start, n);
	value[n] = '\0';
	if (parse_signature(value + sizeof(tail) - 1, c->signature))
		return err_set(err, -EINVAL, "canary: Signature: expected base64 of %d bytes",
			       CANARY_SIGNATURE_LEN);
	c->signed_len = start;
	return 0;
}

int canary_parse(const char *text, size_t len, struct canary *ret_canary, struct err *err)
{
	struct head h = {.text = text, .at = sizeof(magic) - 1, .err = err};
	struct canary c = {};
	int r;

	if (len > CANARY_MAX_BYTES)
		return err_set(err, -EFBIG, "canary: larger than %d bytes", CANARY_MAX_BYTES);
	r = parse_tail(text, len, &c, err);
	if (r)
		return r;
	if (c.signed_len < sizeof(magic) || memcmp(text, magic, sizeof(magic) - 1))
		return err_set(err, -EINVAL, "canary: the first line is not \"%.*s\"",
			       (int)sizeof(magic) - 2, magic);
	h.len = c.signed_len;
	r = parse_head(&h, &c);
	if (r)
		return r;
	SHA256((const unsigned char *)text, c.signed_len, c.hash);
	*ret_canary = c;
	return 0;
}

int canary_verify(const struct canary *canary, const char *text, const uint8_t key[static KEY_LEN],
		  struct err *err)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, KEY_LEN);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = 0;

	if (pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
		ok = EVP_DigestVerify(ctx, canary->signature, sizeof(canary->signature),
				      (const unsigned char *)text, canary->signed_len);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok == 1 ? 0
		       : err_set(err, -EKEYREJECTED,
				 "canary: the signature is not of the configured key");
}

int canary_follows(const struct canary *canary, int64_t last_sequence,
		   const uint8_t last_hash[static CANARY_HASH_LEN], struct err *err)
{
	if (canary->sequence == last_sequence) {
		if (!memcmp(canary->hash, last_hash, CANARY_HASH_LEN))
			return 1;
		return err_set(err, -EINVAL,
			       "canary: another text with sequence %u was here before",
			       canary->sequence);
	}
	if (canary->sequence != last_sequence + 1)
		return err_set(err, -EINVAL, "canary: sequence %u, but %jd was expected",
			       canary->sequence, (intmax_t)last_sequence + 1);
	if (canary->first || memcmp(canary->previous, last_hash, CANARY_HASH_LEN))
		return err_set(err, -EINVAL, "canary: Previous is not the hash of sequence %jd",
			       (intmax_t)last_sequence);
	return 0;
}
