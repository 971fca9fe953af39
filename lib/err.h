/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why something failed, in words for a person. Functions return 0 or a negative errno; where a
 * person must learn the reason, the last parameter is a struct err (NULL allowed).
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include "cleanup.h"

#define ERR_TEXT_LEN 256

struct err {
	int code; /* negative errno, 0 = no error */
	char text[ERR_TEXT_LEN];
};

/* Sets code and text, returns code. `code` is a negative errno. */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);

/* Like err_set() with ": strerror(-code)" behind the text. */
int err_sys(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);

/* Puts the caller's context in front of the text: "CONTEXT: text". For failures only: returns
 * err->code, or -EIO without err. */
int err_prefix(struct err *err, const char *fmt, ...) PRINTF(2, 3);

#ifdef ANALYZE
/* Analysers see one file at a time: that what comes back is the code must be said here. */
#define err_set(err, code, ...)                                                                    \
	({                                                                                         \
		int err_code_ = (code);                                                            \
		(err_set)(err, err_code_, __VA_ARGS__);                                            \
		err_code_;                                                                         \
	})
#define err_sys(err, code, ...)                                                                    \
	({                                                                                         \
		int err_code_ = (code);                                                            \
		(err_sys)(err, err_code_, __VA_ARGS__);                                            \
		err_code_;                                                                         \
	})
#endif

#endif
