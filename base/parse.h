/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that people type, turned into values. Each returns 0, -EINVAL (not of the form) or
 * -ERANGE, sets *ret only on success, and demands that the whole text is used.
 */
#ifndef BOMBUS_BASE_PARSE_H
#define BOMBUS_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int parse_u64(const char *text, uint64_t *ret);	 /* decimal, 0x hex, 0o octal; no sign */
int parse_i64(const char *text, int64_t *ret);	 /* as parse_u64 after an optional - or + */
int parse_double(const char *text, double *ret); /* decimal, with exponent or not; always finite */
int parse_bool(const char *text, bool *ret);	 /* true false yes no on off 1 0, in any case */
/* 10s 1m30s 1.5h 250ms 5us 7ns 2h 1d, larger units first; a bare number is seconds. */
int parse_duration_ns(const char *text, uint64_t *ret);
/* Bytes; 4K 4M 1.5G = powers of 1024 (up to E, in any case); 4KiB, 4kB likewise. */
int parse_size(const char *text, uint64_t *ret);

/*
 * An address or prefix: "10.0.0.0/8", "2001:db8::1". IPv4 is written as 4 bytes, IPv6 as 16,
 * network order. *ret_bits is the prefix length (32 or 128 without a slash). Bits behind the
 * prefix are left as they were written.
 */
int parse_ip(const char *text, uint8_t ret_addr[16], unsigned *ret_len, unsigned *ret_bits);

/*
 * The name nearest to what was typed, or NULL when none is near enough to be worth saying.
 * next() returns the candidates one after the other, NULL at the end; what is returned is one
 * of them (of equally near ones the first). Case does not count, nor '-' against '_'.
 */
const char *suggest(const char *typed, const char *(*next)(void *ctx), void *ctx);
const char *suggest_from(const char *typed, const char *const *names, size_t count);

#endif
