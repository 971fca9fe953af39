/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request's head must fulfil beyond its grammar. */
#ifndef LIB_HTTP_REQUEST_H
#define LIB_HTTP_REQUEST_H

#include "http_parser.h"

/* 0, or the status to answer and in ret_detail a static text. Sets msg.path and msg.query. */
int http_request_check(struct http_parser *p, const char **ret_detail);

#endif
