/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading Protocol Buffers' wire format, one field after the other, from
 * untrusted bytes. Pure.
 *
 *	struct bytes rest = bytes_of(bytes, len);
 *	while (proto_take(&rest, &field))
 *		if (field.number == 2) ...
 */
#ifndef BOMBUS_BASE_PROTO_READ_H
#define BOMBUS_BASE_PROTO_READ_H

#include <stdbool.h>
#include <stdint.h>
#include "base/bytes.h"

struct proto_field {
	uint32_t number;
	uint64_t value;	    /* of a varint */
	struct bytes bytes; /* of a message, a string, or a fixed number */
	struct bytes whole; /* all of it, with its key and length */
};

/* The next field; false at the end, and where the bytes are not a message. */
bool proto_take(struct bytes *from, struct proto_field *ret);

#endif
