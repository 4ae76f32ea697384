/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and addresses as text, written straight into a buffer. Each returns the bytes written
 * and writes no NUL; dst has at least the room named beside it. The locale does not matter.
 */
#ifndef BOMBUS_BASE_NUM_H
#define BOMBUS_BASE_NUM_H

#include <locale.h>
#include <stddef.h>
#include <stdint.h>

#define NUM_U64_ROOM 20
#define NUM_I64_ROOM 20
#define NUM_U128_ROOM 39
#define NUM_DOUBLE_ROOM 24
#define NUM_HEX_ROOM(len) (2 * (len))
#define NUM_IPV4_ROOM 15
#define NUM_IPV6_ROOM 39

size_t num_u64(char *dst, uint64_t v);
size_t num_i64(char *dst, int64_t v);
size_t num_u128(char *dst, unsigned __int128 v);

/*
 * The fewest digits that read back as the same double: "0.1", "1e-07", "12345678". Integers below
 * 2^53 have neither point nor exponent; -0 is "-0". Other values are "NaN", "+Inf" or
 * "-Inf", as Prometheus spells it: a caller whose format has no such thing asks isfinite() first.
 */
size_t num_double(char *dst, double v);

/* Lower case, two digits a byte, nothing between them. */
#define NUM_HEX_DIGITS "0123456789abcdef"
size_t num_hex_bytes(char *dst, const void *bytes, size_t len);

size_t num_ipv4(char *dst, const uint8_t addr[4]);
/* RFC 5952; IPv4-mapped addresses end in dotted form ("::ffff:10.0.0.1"). */
size_t num_ipv6(char *dst, const uint8_t addr[16]);

/* The "C" locale, for the *_l functions. Made once, never freed. */
locale_t num_c_locale(void);

#endif
