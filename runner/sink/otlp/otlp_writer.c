// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include "base/base64.h"
#include "base/num.h"
#include "base/proto.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_writer.h"

/* --- JSON ------------------------------------------------------------------------------------ */

/* The text before decides whether a comma is due: nothing but an opening bracket or a name's
 * colon can end the text without a value behind it. */
static void json_comma(struct strbuf *out)
{
	if (out->len && !strchr("{[:", out->buf[out->len - 1]))
		strbuf_addc(out, ',');
}

/* An element of a list has no name. */
static void json_name(struct strbuf *out, const char *name)
{
	json_comma(out);
	strbuf_addc(out, '"');
	strbuf_adds(out, name);
	strbuf_add(out, "\":", 2);
}

static void json_text(struct strbuf *out, const char *text, size_t len)
{
	char *dst = len < SIZE_MAX / 8 ? strbuf_reserve(out, UTF8_JSON_ROOM(len) + 2) : NULL;
	size_t n = 0;

	if (!dst) {
		out->full = true;
		return;
	}
	dst[n++] = '"';
	n += utf8_json_escape(dst + n, text, len);
	dst[n++] = '"';
	strbuf_advance(out, n);
}

static void json_base64(struct strbuf *out, const uint8_t *src, size_t len)
{
	char *dst = len < SIZE_MAX / 2 ? strbuf_reserve(out, BASE64_ROOM(len) + 2) : NULL;
	size_t n = 0;

	if (!dst) {
		out->full = true;
		return;
	}
	dst[n++] = '"';
	n += base64_encode(dst + n, src, len);
	dst[n++] = '"';
	strbuf_advance(out, n);
}

static void json_hex(struct strbuf *out, const void *bytes, size_t len)
{
	char *dst = len < SIZE_MAX / 4 ? strbuf_reserve(out, NUM_HEX_ROOM(len) + 2) : NULL;
	size_t n = 0;

	if (!dst) {
		out->full = true;
		return;
	}
	dst[n++] = '"';
	n += num_hex_bytes(dst + n, bytes, len);
	dst[n++] = '"';
	strbuf_advance(out, n);
}

/* 64-bit integers are strings: a reader's doubles would round them. */
static void json_i64(struct strbuf *out, int64_t v, bool quoted)
{
	char text[NUM_I64_ROOM + 2];
	size_t n = 0;

	text[n++] = '"';
	n += num_i64(text + n, v);
	text[n++] = '"';
	strbuf_add(out, text + !quoted, quoted ? n : n - 2);
}

static void json_u64(struct strbuf *out, uint64_t v)
{
	char text[NUM_U64_ROOM + 2];
	size_t n = 0;

	text[n++] = '"';
	n += num_u64(text + n, v);
	text[n++] = '"';
	strbuf_add(out, text, n);
}

/* Protobuf's JSON spells what is not finite as a string. */
static void json_double(struct strbuf *out, double v)
{
	char text[NUM_DOUBLE_ROOM];

	if (isfinite(v))
		strbuf_add(out, text, num_double(text, v));
	else
		strbuf_adds(out, isnan(v) ? "\"NaN\"" : v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

/* --- protobuf -------------------------------------------------------------------------------- */

static size_t valid_prefix(const char *text, size_t len)
{
	size_t i = 0, size = 1;
	uint32_t c;

	while (i < len && size) {
		size = (uint8_t)text[i] < 0x80 ? 1 : utf8_decode(text + i, len - i, &c);
		i += size;
	}
	return i;
}

static void proto_text(struct strbuf *out, uint32_t number, const char *text, size_t len)
{
	size_t good = valid_prefix(text, len), at;

	if (likely(good == len)) {
		proto_bytes(out, number, text, len);
		return;
	}
	at = proto_open(out, number);
	for (;;) {
		strbuf_add(out, text, good);
		if (good == len)
			break;
		/* A byte that starts no character is 0x80 or more: two bytes in UTF-8. */
		strbuf_addc(out, (char)(0xc0 | (uint8_t)text[good] >> 6));
		strbuf_addc(out, (char)(0x80 | ((uint8_t)text[good] & 0x3f)));
		text += good + 1;
		len -= good + 1;
		good = valid_prefix(text, len);
	}
	proto_close(out, at);
}

/* --- both ------------------------------------------------------------------------------------ */

size_t otlp_document(struct otlp_writer *w)
{
	if (w->json)
		strbuf_addc(w->out, '{');
	return 0;
}

size_t otlp_message(struct otlp_writer *w, struct otlp_key key)
{
	if (!w->json)
		return proto_open(w->out, key.number);
	json_name(w->out, key.name);
	strbuf_addc(w->out, '{');
	return 0;
}

size_t otlp_item(struct otlp_writer *w, struct otlp_key key)
{
	if (!w->json)
		return proto_open(w->out, key.number);
	json_comma(w->out);
	strbuf_addc(w->out, '{');
	return 0;
}

void otlp_end(struct otlp_writer *w, size_t message)
{
	if (w->json)
		strbuf_addc(w->out, '}');
	else if (message)
		proto_close(w->out, message);
}

void otlp_list(struct otlp_writer *w, struct otlp_key key)
{
	if (!w->json)
		return;
	json_name(w->out, key.name);
	strbuf_addc(w->out, '[');
}

void otlp_list_end(struct otlp_writer *w)
{
	if (w->json)
		strbuf_addc(w->out, ']');
}

/* A field: the name and what JSON has for it, or what protobuf has. */
#define FIELD(json_part, proto_part)                                                               \
	do {                                                                                       \
		if (w->json) {                                                                     \
			json_name(w->out, key.name);                                               \
			json_part;                                                                 \
		} else {                                                                           \
			proto_part;                                                                \
		}                                                                                  \
	} while (0)

void otlp_string(struct otlp_writer *w, struct otlp_key key, const char *text, size_t len)
{
	FIELD(json_text(w->out, text, len), proto_text(w->out, key.number, text, len));
}

void otlp_bytes(struct otlp_writer *w, struct otlp_key key, const void *bytes, size_t len)
{
	FIELD(json_base64(w->out, bytes, len), proto_bytes(w->out, key.number, bytes, len));
}

void otlp_id(struct otlp_writer *w, struct otlp_key key, const void *bytes, size_t len)
{
	FIELD(json_hex(w->out, bytes, len), proto_bytes(w->out, key.number, bytes, len));
}

void otlp_bool(struct otlp_writer *w, struct otlp_key key, bool v)
{
	FIELD(strbuf_adds(w->out, v ? "true" : "false"), proto_u64(w->out, key.number, v));
}

void otlp_enum(struct otlp_writer *w, struct otlp_key key, uint32_t v)
{
	FIELD(json_i64(w->out, v, false), proto_u64(w->out, key.number, v));
}

void otlp_sint32(struct otlp_writer *w, struct otlp_key key, int32_t v)
{
	FIELD(json_i64(w->out, v, false), proto_sint(w->out, key.number, v));
}

void otlp_int64(struct otlp_writer *w, struct otlp_key key, int64_t v)
{
	FIELD(json_i64(w->out, v, true), proto_u64(w->out, key.number, (uint64_t)v));
}

void otlp_fixed32(struct otlp_writer *w, struct otlp_key key, uint32_t v)
{
	FIELD(json_i64(w->out, v, false), proto_fixed32(w->out, key.number, v));
}

void otlp_fixed64(struct otlp_writer *w, struct otlp_key key, uint64_t v)
{
	FIELD(json_u64(w->out, v), proto_fixed64(w->out, key.number, v));
}

void otlp_sfixed64(struct otlp_writer *w, struct otlp_key key, int64_t v)
{
	FIELD(json_i64(w->out, v, true), proto_fixed64(w->out, key.number, (uint64_t)v));
}

void otlp_double(struct otlp_writer *w, struct otlp_key key, double v)
{
	FIELD(json_double(w->out, v), proto_double(w->out, key.number, v));
}

size_t otlp_packed(struct otlp_writer *w, struct otlp_key key)
{
	otlp_list(w, key);
	return w->json ? 0 : proto_open(w->out, key.number);
}

void otlp_packed_fixed64(struct otlp_writer *w, uint64_t v)
{
	if (!w->json) {
		proto_raw64(w->out, v);
		return;
	}
	json_comma(w->out);
	json_u64(w->out, v);
}

void otlp_packed_uint64(struct otlp_writer *w, uint64_t v)
{
	if (w->json)
		otlp_packed_fixed64(w, v);
	else
		proto_varint(w->out, v);
}

void otlp_packed_double(struct otlp_writer *w, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	if (!w->json) {
		proto_raw64(w->out, bits);
		return;
	}
	json_comma(w->out);
	json_double(w->out, v);
}

void otlp_packed_end(struct otlp_writer *w, size_t packed)
{
	if (w->json)
		strbuf_addc(w->out, ']');
	else
		proto_close(w->out, packed);
}

void otlp_raw(struct otlp_writer *w, const void *bytes, size_t len)
{
	if (w->json)
		json_comma(w->out);
	strbuf_add(w->out, bytes, len);
}

/* --- values and attributes ------------------------------------------------------------------- */

struct otlp_attr otlp_attr(struct otlp_writer *w, uint32_t number, const char *name, size_t len)
{
	struct otlp_attr attr = { .pair = otlp_item(w, OTLP_KEY(number, NULL)) };

	otlp_string(w, OTLP_KEY(1, "key"), name, len);
	attr.value = otlp_message(w, OTLP_KEY(2, "value"));
	return attr;
}

void otlp_attr_end(struct otlp_writer *w, struct otlp_attr attr)
{
	otlp_end(w, attr.value);
	otlp_end(w, attr.pair);
}

void otlp_attr_text(struct otlp_writer *w, uint32_t number, const char *name, const char *text)
{
	struct otlp_attr attr = otlp_attr(w, number, name, strlen(name));

	otlp_string(w, OTLP_ANY_STRING, text, strlen(text));
	otlp_attr_end(w, attr);
}

void otlp_attr_int(struct otlp_writer *w, uint32_t number, const char *name, int64_t v)
{
	struct otlp_attr attr = otlp_attr(w, number, name, strlen(name));

	otlp_int64(w, OTLP_ANY_INT, v);
	otlp_attr_end(w, attr);
}

void otlp_attr_bool(struct otlp_writer *w, uint32_t number, const char *name, bool v)
{
	struct otlp_attr attr = otlp_attr(w, number, name, strlen(name));

	otlp_bool(w, OTLP_ANY_BOOL, v);
	otlp_attr_end(w, attr);
}

void otlp_attr_double(struct otlp_writer *w, uint32_t number, const char *name, double v)
{
	struct otlp_attr attr = otlp_attr(w, number, name, strlen(name));

	otlp_double(w, OTLP_ANY_DOUBLE, v);
	otlp_attr_end(w, attr);
}
