/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every error of the API: application/problem+json (RFC 9457) with a stable "code". One list; a
 * code is never renamed.
 */
#ifndef RELAY_API_ERROR_H
#define RELAY_API_ERROR_H

#include <jansson.h>

#define API_ERROR_LIST(X)                                                                          \
	X(INVALID_REQUEST, 400, "invalid_request")                                                 \
	X(INVALID_JSON, 400, "invalid_json")                                                       \
	X(MALFORMED, 400, "malformed_request")                                                     \
	X(INVALID_SCOPE, 400, "invalid_scope")                                                     \
	X(INVALID_GRANT, 400, "invalid_grant")                                                     \
	X(UNSUPPORTED_GRANT, 400, "unsupported_grant_type")                                        \
	X(EXPIRED_TOKEN, 400, "expired_token")                                                     \
	X(ACCESS_DENIED, 400, "access_denied")                                                     \
	X(NO_TOKEN, 401, "missing_token")                                                          \
	X(INVALID_TOKEN, 401, "invalid_token")                                                     \
	X(BILLING_EXPIRED, 403, "billing_expired")                                                 \
	X(INSUFFICIENT_SCOPE, 403, "insufficient_scope")                                           \
	X(PEER_QUOTA, 403, "peer_quota")                                                           \
	X(TOKEN_QUOTA, 403, "token_quota")                                                         \
	X(IPV4_QUOTA, 403, "ipv4_quota")                                                           \
	X(BANDWIDTH_TIER, 403, "bandwidth_tier")                                                   \
	X(PQ_REQUIRED, 403, "post_quantum_required")                                               \
	X(MACHINE_SESSION, 403, "machine_session_required")                                        \
	X(MACHINE_SIGNATURE, 403, "machine_signature")                                             \
	X(MACHINE_MISMATCH, 403, "machine_mismatch")                                               \
	X(MACHINE_QUOTA, 403, "machine_quota")                                                     \
	X(FORBIDDEN, 403, "forbidden")                                                             \
	X(NOT_FOUND, 404, "not_found")                                                             \
	X(PEER_NOT_FOUND, 404, "peer_not_found")                                                   \
	X(TOKEN_NOT_FOUND, 404, "token_not_found")                                                 \
	X(ACCOUNT_NOT_FOUND, 404, "account_not_found")                                             \
	X(MACHINE_NOT_FOUND, 404, "machine_not_found")                                             \
	X(CODE_NOT_FOUND, 404, "code_not_found")                                                   \
	X(CANARY_NOT_FOUND, 404, "canary_not_found")                                               \
	X(METHOD, 405, "method_not_allowed")                                                       \
	X(TIMEOUT, 408, "request_timeout")                                                         \
	X(KEY_IN_USE, 409, "key_in_use")                                                           \
	X(PSK_EPOCH, 409, "psk_epoch")                                                             \
	X(MACHINE_ENROLLED, 409, "machine_enrolled")                                               \
	X(PIN_YOUNG, 409, "pin_young")                                                             \
	X(CONFLICT, 409, "conflict")                                                               \
	X(NO_ROTATION, 409, "no_rotation")                                                         \
	X(ROTATION_UNPROVEN, 409, "rotation_unproven")                                             \
	X(ROTATED, 409, "rotated")                                                                 \
	X(BODY_TOO_LARGE, 413, "body_too_large")                                                   \
	X(URI_TOO_LONG, 414, "uri_too_long")                                                       \
	X(MEDIA_TYPE, 415, "unsupported_media_type")                                               \
	X(EXPECTATION, 417, "expectation_failed")                                                  \
	X(AUTHORIZATION_PENDING, 428, "authorization_pending")                                     \
	X(SLOW_DOWN, 429, "slow_down")                                                             \
	X(RATE_LIMITED, 429, "rate_limited")                                                       \
	X(HEAD_TOO_LARGE, 431, "headers_too_large")                                                \
	X(INTERNAL, 500, "internal_error")                                                         \
	X(NOT_IMPLEMENTED, 501, "not_implemented")                                                 \
	X(BUSY, 503, "busy")                                                                       \
	X(RELAY_FULL, 503, "relay_full")                                                           \
	X(IPV4_EXHAUSTED, 503, "ipv4_exhausted")                                                   \
	X(RELAY_REFUSED, 503, "relay_refused")                                                     \
	X(HTTP_VERSION, 505, "http_version_not_supported")

enum api_error {
#define X(NAME, status, code) API_ERROR_##NAME,
	API_ERROR_LIST(X)
#undef X
		API_ERROR_MAX
};

int api_error_status(enum api_error e);
const char *api_error_code(enum api_error e);
/* The problem as an object; NULL without memory. */
json_t *api_error_json(enum api_error e, const char *detail);
/* For requests that lib/http refuses by itself: an http_error_body. */
void api_error_body(int status, const char *detail, char *body, size_t body_len,
		    const char **ret_content_type, void *ctx);

#define API_PROBLEM_TYPE "application/problem+json"

#endif
