/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP messages, written once for both of their encodings: protobuf, and JSON as OTLP maps it
 * (lowerCamelCase names, ids in hex, other bytes in base64, enums as integers, 64-bit integers as
 * strings). A key has the field's number and its JSON name; the writer chooses between them.
 *
 *	size_t span = otlp_item(w, OTLP_KEY(2, "spans"));	// an element of the open list
 *	otlp_id(w, OTLP_KEY(1, "traceId"), id, 16);
 *	otlp_list(w, OTLP_KEY(9, "attributes"));
 *	otlp_attr_int(w, 9, "process.pid", pid);
 *	otlp_list_end(w);
 *	otlp_end(w, span);
 *
 * Only the growing buffer allocates. When the buffer is full the functions do nothing and
 *`out->full` is set: check it at the end of an item.
 *
 * Strings of protobuf are UTF-8. A byte that is not part of a valid character is written as the
 * character of that number (as in all JSON here), so that no receiver refuses a whole batch.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_WRITER_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"

struct otlp_writer {
	struct strbuf *out;
	bool json;
};

struct otlp_key {
	uint32_t number;
	const char *name;
};
#define OTLP_KEY(number, name) ((struct otlp_key){ number, name })

/* A message: in a field of its own, or as the next element of a list. otlp_end() takes what
 * these returned. A whole JSON document begins with otlp_document() (protobuf: no bytes). */
size_t otlp_document(struct otlp_writer *w);
size_t otlp_message(struct otlp_writer *w, struct otlp_key key);
size_t otlp_item(struct otlp_writer *w, struct otlp_key key);
void otlp_end(struct otlp_writer *w, size_t message);

/* A repeated field, messages inside: one list per field and message, without others between its
 * elements. */
void otlp_list(struct otlp_writer *w, struct otlp_key key);
void otlp_list_end(struct otlp_writer *w);

/* Fields, by the type that the .proto gives them. Zeroes are written too: leave out what is not
 * wanted. */
void otlp_string(struct otlp_writer *w, struct otlp_key key, const char *text, size_t len);
void otlp_bytes(struct otlp_writer *w, struct otlp_key key, const void *bytes, size_t len);
void otlp_id(struct otlp_writer *w, struct otlp_key key, const void *bytes, size_t len);
void otlp_bool(struct otlp_writer *w, struct otlp_key key, bool v);
void otlp_enum(struct otlp_writer *w, struct otlp_key key, uint32_t v);	 /* uint32 as well */
void otlp_sint32(struct otlp_writer *w, struct otlp_key key, int32_t v); /* zigzag */
void otlp_int64(struct otlp_writer *w, struct otlp_key key, int64_t v);	 /* varint */
void otlp_fixed32(struct otlp_writer *w, struct otlp_key key, uint32_t v);
void otlp_fixed64(struct otlp_writer *w, struct otlp_key key, uint64_t v);
void otlp_sfixed64(struct otlp_writer *w, struct otlp_key key, int64_t v);
void otlp_double(struct otlp_writer *w, struct otlp_key key, double v);

/* Packed numbers: between otlp_packed() and otlp_packed_end(), one of these a number. */
size_t otlp_packed(struct otlp_writer *w, struct otlp_key key);
void otlp_packed_fixed64(struct otlp_writer *w, uint64_t v);
void otlp_packed_uint64(struct otlp_writer *w, uint64_t v); /* varint */
void otlp_packed_double(struct otlp_writer *w, double v);
void otlp_packed_end(struct otlp_writer *w, size_t packed);

/* Bytes of this encoding, written before: a message's field with its key, or an element. */
void otlp_raw(struct otlp_writer *w, const void *bytes, size_t len);

/* --- values and attributes ------------------------------------------------------------------- */

/* One of AnyValue's fields, inside an open AnyValue message. */
#define OTLP_ANY_STRING OTLP_KEY(1, "stringValue")
#define OTLP_ANY_BOOL OTLP_KEY(2, "boolValue")
#define OTLP_ANY_INT OTLP_KEY(3, "intValue")
#define OTLP_ANY_DOUBLE OTLP_KEY(4, "doubleValue")
#define OTLP_ANY_ARRAY OTLP_KEY(5, "arrayValue")   /* a message; values: OTLP_VALUES */
#define OTLP_ANY_KVLIST OTLP_KEY(6, "kvlistValue") /* a message; KeyValues: OTLP_VALUES */
#define OTLP_ANY_BYTES OTLP_KEY(7, "bytesValue")
#define OTLP_VALUES OTLP_KEY(1, "values")

/*
 * A KeyValue as the next element of an open list; its number in the .proto is the list's. The
 * value is written between, as one OTLP_ANY_* field:
 *
 *	struct otlp_attr attr = otlp_attr(w, 9, "net.peer", 8);
 *	otlp_string(w, OTLP_ANY_STRING, text, len);
 *	otlp_attr_end(w, attr);
 */
struct otlp_attr {
	size_t pair, value;
};
struct otlp_attr otlp_attr(struct otlp_writer *w, uint32_t number, const char *name, size_t len);
void otlp_attr_end(struct otlp_writer *w, struct otlp_attr attr);

void otlp_attr_text(struct otlp_writer *w, uint32_t number, const char *name, const char *text);
void otlp_attr_int(struct otlp_writer *w, uint32_t number, const char *name, int64_t v);
void otlp_attr_bool(struct otlp_writer *w, uint32_t number, const char *name, bool v);
void otlp_attr_double(struct otlp_writer *w, uint32_t number, const char *name, double v);

#endif
