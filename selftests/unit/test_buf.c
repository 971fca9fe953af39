/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <errno.h>
#include "lib/buf.h"

static void numbers_are_big_endian_both_ways(void **state UNUSED)
{
	static const uint8_t wire[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t out[15];
	struct buf_reader r = buf_reader_new(wire, sizeof(wire));
	struct buf_writer w = buf_writer_new(out, sizeof(out));

	buf_write_u8(&w, 0x01);
	buf_write_u16(&w, 0x0203);
	buf_write_u32(&w, 0x04050607);
	buf_write_u64(&w, 0x08090a0b0c0d0e0f);
	assert_int_equal(buf_write_end(&w), 0);
	assert_memory_equal(out, wire, sizeof(wire));
	assert_int_equal(buf_read_u8(&r), 0x01);
	assert_int_equal(buf_read_u16(&r), 0x0203);
	assert_int_equal(buf_read_u32(&r), 0x04050607);
	assert_true(buf_read_u64(&r) == 0x08090a0b0c0d0e0f);
	assert_int_equal(buf_read_end(&r), 0);
}

static void a_read_past_the_end_sticks(void **state UNUSED)
{
	struct buf_reader r = buf_reader_new("abc", 3);
	char out[4] = "zzzz";

	assert_int_equal(buf_read_u16(&r), 0x6162);
	assert_int_equal(buf_read_u16(&r), 0);
	assert_int_equal(buf_read_u8(&r), 0);
	assert_int_equal(buf_read_left(&r), 0);
	buf_read(&r, out, 4);
	assert_memory_equal(out, "\0\0\0\0", 4);
	assert_null(buf_read_ref(&r, 0));
	assert_int_equal(buf_read_end(&r), -EBADMSG);
}

static void bytes_left_are_an_error_at_the_end(void **state UNUSED)
{
	struct buf_reader r = buf_reader_new("ab", 2);

	buf_read_u8(&r);
	assert_int_equal(buf_read_left(&r), 1);
	assert_int_equal(buf_read_end(&r), -EBADMSG);
}

static void a_huge_length_does_not_wrap(void **state UNUSED)
{
	struct buf_reader r = buf_reader_new("ab", 2);
	struct buf_writer w = buf_writer_new((char[2]){}, 2);

	buf_read_u8(&r);
	assert_null(buf_read_ref(&r, SIZE_MAX));
	buf_write_u8(&w, 1);
	buf_write(&w, "x", SIZE_MAX);
	assert_int_equal(buf_write_end(&w), -ENOSPC);
}

static void a_write_past_the_end_adds_nothing(void **state UNUSED)
{
	uint8_t out[4] = {0, 0, 0, 9};
	struct buf_writer w = buf_writer_new(out, 3);

	buf_write_u16(&w, 1);
	buf_write_u16(&w, 1);
	buf_write_u8(&w, 1);
	assert_int_equal(w.len, 2);
	assert_int_equal(out[2], 0);
	assert_int_equal(out[3], 9);
	assert_int_equal(buf_write_end(&w), -ENOSPC);
}

static void strbuf_grows_up_to_its_limit(void **state UNUSED)
{
	AUTO_STRBUF struct strbuf b = STRBUF_NEW(1000);

	assert_string_equal(strbuf_text(&b), "");
	for (int i = 0; i < 1000; i++)
		strbuf_puts(&b, "x");
	assert_int_equal(b.error, 0);
	assert_int_equal(b.len, 1000);
	assert_int_equal(strlen(b.data), 1000);
	strbuf_puts(&b, "x");
	assert_int_equal(b.error, -EMSGSIZE);
	assert_int_equal(b.len, 1000);
}

static void strbuf_error_sticks_until_clear(void **state UNUSED)
{
	AUTO_STRBUF struct strbuf b = STRBUF_NEW(4);

	strbuf_printf(&b, "%s", "12345");
	assert_int_equal(b.error, -EMSGSIZE);
	strbuf_puts(&b, "1");
	assert_string_equal(strbuf_text(&b), "");
	strbuf_clear(&b);
	strbuf_printf(&b, "%d", 1234);
	assert_int_equal(b.error, 0);
	assert_string_equal(strbuf_text(&b), "1234");
}

static void strbuf_can_be_used_after_free(void **state UNUSED)
{
	AUTO_STRBUF struct strbuf b = STRBUF_NEW(4);

	strbuf_puts(&b, "1");
	strbuf_free(&b);
	assert_string_equal(strbuf_text(&b), "");
	strbuf_puts(&b, "2");
	assert_string_equal(strbuf_text(&b), "2");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_big_endian_both_ways),
		cmocka_unit_test(a_read_past_the_end_sticks),
		cmocka_unit_test(bytes_left_are_an_error_at_the_end),
		cmocka_unit_test(a_huge_length_does_not_wrap),
		cmocka_unit_test(a_write_past_the_end_adds_nothing),
		cmocka_unit_test(strbuf_grows_up_to_its_limit),
		cmocka_unit_test(strbuf_error_sticks_until_clear),
		cmocka_unit_test(strbuf_can_be_used_after_free),
	};

	return RUN_TESTS(tests);
}
