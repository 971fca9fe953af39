/* SPDX-License-Identifier: GPL-2.0-only */
#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STRBUF_FIRST_SIZE 256

struct buf_reader buf_reader_new(const void *data, size_t len)
{
	return (struct buf_reader){.data = data, .len = len};
}

const void *buf_read_ref(struct buf_reader *r, size_t len)
{
	const void *p;

	if (r->bad || len > r->len - r->pos) {
		r->bad = true;
		return NULL;
	}
	p = r->data + r->pos;
	r->pos += len;
	return p;
}

void buf_read(struct buf_reader *r, void *out, size_t len)
{
	const void *p = buf_read_ref(r, len);

	if (!len)
		return;
	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

static uint64_t read_be(struct buf_reader *r, size_t len)
{
	const uint8_t *p = buf_read_ref(r, len);
	uint64_t v = 0;

	for (size_t i = 0; p && i < len; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t buf_read_u8(struct buf_reader *r)
{
	return (uint8_t)read_be(r, 1);
}

uint16_t buf_read_u16(struct buf_reader *r)
{
	return (uint16_t)read_be(r, 2);
}

uint32_t buf_read_u32(struct buf_reader *r)
{
	return (uint32_t)read_be(r, 4);
}

uint64_t buf_read_u64(struct buf_reader *r)
{
	return read_be(r, 8);
}

size_t buf_read_left(const struct buf_reader *r)
{
	return r->bad ? 0 : r->len - r->pos;
}

int buf_read_end(const struct buf_reader *r)
{
	return r->bad || r->pos != r->len ? -EBADMSG : 0;
}

struct buf_writer buf_writer_new(void *data, size_t size)
{
	return (struct buf_writer){.data = data, .size = size};
}

void buf_write(struct buf_writer *w, const void *data, size_t len)
{
	if (w->bad || len > w->size - w->len) {
		w->bad = true;
		return;
	}
	if (len)
		memcpy(w->data + w->len, data, len);
	w->len += len;
}

static void write_be(struct buf_writer *w, uint64_t v, size_t len)
{
	uint8_t b[8] = {};

	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)(v >> (len - 1 - i) * 8);
	buf_write(w, b, len);
}

void buf_write_u8(struct buf_writer *w, uint8_t v)
{
	write_be(w, v, 1);
}

void buf_write_u16(struct buf_writer *w, uint16_t v)
{
	write_be(w, v, 2);
}

void buf_write_u32(struct buf_writer *w, uint32_t v)
{
	write_be(w, v, 4);
}

void buf_write_u64(struct buf_writer *w, uint64_t v)
{
	write_be(w, v, 8);
}

int buf_write_end(const struct buf_writer *w)
{
	return w->bad ? -ENOSPC : 0;
}

/* Room for `more` bytes and a NUL. Old memory is wiped: it may hold a secret. */
static bool strbuf_grow(struct strbuf *b, size_t more)
{
	size_t need, size = b->size ? b->size : STRBUF_FIRST_SIZE;
	char *data;

	if (b->error)
		return false;
	if (more > b->max - b->len) {
		b->error = -EMSGSIZE;
		return false;
	}
	need = b->len + more + 1;
	if (need <= b->size)
		return true;
	while (size < need)
		size *= 2;
	if (size > b->max + 1)
		size = b->max + 1;
	data = malloc(size);
	if (!data) {
		b->error = -ENOMEM;
		return false;
	}
	if (b->data) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->size);
		free(b->data);
	}
	b->data = data;
	b->size = size;
	return true;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
	if (!strbuf_grow(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void strbuf_puts(struct strbuf *b, const char *text)
{
	strbuf_add(b, text, strlen(text));
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !strbuf_grow(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *strbuf_text(const struct strbuf *b)
{
	return b->data ? b->data : "";
}

void strbuf_clear(struct strbuf *b)
{
	if (b->data)
		b->data[0] = '\0';
	b->len = 0;
	b->error = 0;
}

void strbuf_free(struct strbuf *b)
{
	int saved = errno;

	if (b->data)
		explicit_bzero(b->data, b->size);
	free(b->data);
	*b = (struct strbuf){.max = b->max};
	errno = saved;
}
