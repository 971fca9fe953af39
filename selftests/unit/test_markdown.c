/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "relay/markdown.h"

static const struct {
	const char *text, *html;
} cases[] = {
	{"", ""},
	{"one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>\n"},
	{"# A\n## B\n### C\n#### D", "<h1>A</h1>\n<h2>B</h2>\n<h3>C</h3>\n<p>#### D</p>\n"},
	{"#no", "<p>#no</p>\n"},
	{"- a\n* b\nc", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>c</p>\n"},
	{"a **b** c **d", "<p>a <strong>b</strong> c <strong>d</strong></p>\n"},
	{"[x](https://e/?a&b)", "<p><a href=\"https://e/?a&amp;b\">x</a></p>\n"},
	{"[m](mailto:a@b) [p](/aup) [h](#top)",
	 "<p><a href=\"mailto:a@b\">m</a> <a href=\"/aup\">p</a> <a href=\"#top\">h</a></p>\n"},
	{"[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"},
	{"[x](http://e/)", "<p>[x](http://e/)</p>\n"},
	{"[x](https://e/\"><b>)", "<p><a href=\"https://e/&quot;&gt;&lt;b&gt;\">x</a></p>\n"},
	{"<script>&", "<p>&lt;script&gt;&amp;</p>\n"},
	{"[a] [b](", "<p>[a] [b](</p>\n"},
	{"a\r\n\r\nb\r\n", "<p>a</p>\n<p>b</p>\n"},
};

static void test_html(UNUSED void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_STRBUF struct strbuf out = STRBUF_NEW(4096);

		markdown_html(&out, cases[i].text, strlen(cases[i].text));
		assert_string_equal(strbuf_text(&out), cases[i].html);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_html)};

	return RUN_TESTS(tests);
}
