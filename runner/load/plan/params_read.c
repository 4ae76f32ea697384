// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <ctype.h>
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/load/plan/params.h"
#include "runner/load/plan/params_number.h"

#define MAX_SHOWN 1024

static void read_ip(const struct field *f, const uint8_t *src, struct strbuf *out)
{
	struct field family_field = { .size_bits = f->family_bytes * 8u };
	uint64_t family = f->meaning == MEAN_IPV4 ? AF_INET : AF_INET6;
	char text[NUM_IPV6_ROOM];

	if (f->meaning == MEAN_IP) {
		family = (uint64_t)number_load(&family_field, src + f->family_at).size;
		src += f->addr_at;
	}
	strbuf_add(out, text,
		   family == AF_INET || family == 4 ? num_ipv4(text, src) : num_ipv6(text, src));
}

static const char *read_enum(const struct field *f, struct number n)
{
	for (uint32_t i = 0; i < f->enums->count; i++) {
		struct number have = number_of_enum(f, f->enums->names[i].value);

		if (have.size == n.size && have.negative == n.negative)
			return f->enums->names[i].name;
	}
	return NULL;
}

static void read_float(const struct field *f, const uint8_t *src, struct strbuf *out)
{
	char buf[NUM_DOUBLE_ROOM];
	float narrow;
	double d;

	if (f->size_bits == 32) {
		memcpy(&narrow, src, sizeof(narrow));
		d = narrow;
	} else {
		memcpy(&d, src, sizeof(d));
	}
	strbuf_add(out, buf, num_double(buf, d));
}

static void read_hex(const uint8_t *src, uint32_t len, const char *between, struct strbuf *out)
{
	for (uint32_t i = 0; i < len; i++)
		strbuf_addf(out, "%s%02x", i ? between : "", src[i]);
}

static void read_mac(const struct field *f, const uint8_t *src, struct strbuf *out)
{
	read_hex(src, f->size_bits / 8, ":", out);
}

static void read_kind(const struct field *f, const uint8_t *src, struct strbuf *out)
{
	char buf[NUM_U128_ROOM + 2];
	struct number n;

	if (f->kind == KIND_BYTES) {
		read_hex(src, f->size_bits / 8, "", out);
		return;
	}
	if (f->kind == KIND_FLOAT) {
		read_float(f, src, out);
		return;
	}
	n = number_load(f, src);
	if (f->kind == KIND_BOOL)
		strbuf_adds(out, n.size ? "true" : "false");
	else if (f->kind == KIND_ENUM && read_enum(f, n))
		strbuf_adds(out, read_enum(f, n));
	else
		strbuf_adds(out, number_text(buf, n.negative, n.size));
}

static void read_char(const struct field *f, const uint8_t *src, struct strbuf *out)
{
	if (f->kind <= KIND_INT && isgraph(*src) && !isdigit(*src) && *src != ',')
		strbuf_addc(out, (char)*src);
	else
		read_kind(f, src, out);
}

static void read_net(const struct field *f, const uint8_t *src, struct strbuf *out)
{
	const struct field host = { .size_bits = field_net_bits(f) };
	char text[NUM_U128_ROOM + 2];
	uint8_t number[sizeof(uint64_t)];

	memcpy(number, src, host.size_bits / 8);
	number_net(&host, number);
	strbuf_adds(out, number_text(text, false, number_load(&host, number).size));
}

/* Numbers without their unit are what both are written as. */
#define read_duration read_kind
#define read_size read_kind
#define read_ns read_kind

typedef void (*read_fn)(const struct field *f, const uint8_t *src, struct strbuf *out);

#define MEANING(id, param, ...) [MEAN_##id] = read_##param,
static const read_fn readers[MEAN_COUNT] = {
#include "runner/load/plan/meaning_rows.h"
};

size_t param_read(const struct field *field, const void *src, char *text, size_t size)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT(MAX_SHOWN);
	size_t len, width = field->size_bits / 8, last = 0;

	if (field->kind == KIND_TEXT) {
		strbuf_add(&out, src, strnlen(src, MIN(width, (size_t)MAX_SHOWN - 1)));
	} else {
		/* A list begins with all zeros, so those at its end need no text. */
		for (uint32_t i = 0; i < field->count && i < MAX_SHOWN; i++)
			for (size_t k = 0; k < width; k++)
				if (((const uint8_t *)src)[i * width + k])
					last = i;
		for (size_t i = 0; i <= last; i++) {
			if (i)
				strbuf_addc(&out, ',');
			readers[field->meaning](field, (const uint8_t *)src + i * width, &out);
		}
	}
	if (!size)
		return 0;
	len = MIN(out.len, size - 1);
	if (len)
		memcpy(text, out.buf, len);
	text[len] = '\0';
	return len;
}
