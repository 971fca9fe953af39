/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Foreign bytes are read and written through these only: bounds are checked inside, an error
 * sticks, the caller checks once at the end. Numbers are big-endian on the wire.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cleanup.h"

/* Borrows the bytes. After a read past the end `bad` is set and every read gives zeros. */
struct buf_reader {
	const uint8_t *data;
	size_t len;
	size_t pos;
	bool bad;
};

struct buf_reader buf_reader_new(const void *data, size_t len);
uint8_t buf_read_u8(struct buf_reader *r);
uint16_t buf_read_u16(struct buf_reader *r);
uint32_t buf_read_u32(struct buf_reader *r);
uint64_t buf_read_u64(struct buf_reader *r);
/* Fills `out`, with zeros if fewer than len bytes are left. */
void buf_read(struct buf_reader *r, void *out, size_t len);
/* The next len bytes in place, or NULL. */
const void *buf_read_ref(struct buf_reader *r, size_t len);
size_t buf_read_left(const struct buf_reader *r);
/* 0 if nothing failed and no byte is left, else -EBADMSG. */
int buf_read_end(const struct buf_reader *r);

/* Writes into the caller's bytes. After a write past the end `bad` is set and nothing is added. */
struct buf_writer {
	uint8_t *data;
	size_t size;
	size_t len;
	bool bad;
};

struct buf_writer buf_writer_new(void *data, size_t size);
void buf_write_u8(struct buf_writer *w, uint8_t v);
void buf_write_u16(struct buf_writer *w, uint16_t v);
void buf_write_u32(struct buf_writer *w, uint32_t v);
void buf_write_u64(struct buf_writer *w, uint64_t v);
void buf_write(struct buf_writer *w, const void *data, size_t len);
/* 0, or -ENOSPC if anything did not fit. */
int buf_write_end(const struct buf_writer *w);

/*
 * Text that grows up to a hard limit and always ends in NUL. An addition that does not fit (or
 * finds no memory) sets the sticky `error` and adds nothing.
 */
struct strbuf {
	char *data; /* NULL until the first addition */
	size_t len;
	size_t size;
	size_t max; /* of len */
	int error;  /* 0, -EMSGSIZE or -ENOMEM */
};

#define STRBUF_NEW(max_len) ((struct strbuf){.max = (max_len)})

void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_puts(struct strbuf *b, const char *text);
void strbuf_printf(struct strbuf *b, const char *fmt, ...) PRINTF(2, 3);
/* The text, "" if empty. Borrowed until the next call. */
const char *strbuf_text(const struct strbuf *b);
/* Drops the text and the error, keeps the memory. */
void strbuf_clear(struct strbuf *b);
/* Wipes and frees. The buffer can be used again. */
void strbuf_free(struct strbuf *b);

#define AUTO_STRBUF __attribute__((cleanup(strbuf_free)))

#endif
