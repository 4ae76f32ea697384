/* SPDX-License-Identifier: Apache-2.0 */
/* Domain names as they stand in DNS messages (RFC 1035, 3.1): labels with their lengths in front.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_DNS_H
#define BOMBUS_RUNNER_READ_TEXT_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_MAX 255 /* bytes of a name */

/*
 * Joins the labels with dots, without NUL. Returns the length of the text, or -1 where the bytes
 * are not of that form. A name that was cut short, or goes on at another place of the message, is
 * given as far as it goes. *ret_whole: it ended with the root's zero.
 */
int dns_unpack(char dst[DNS_MAX + 1], const uint8_t *at, size_t room, bool *ret_whole);

#endif
