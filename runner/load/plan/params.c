// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/params.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/load/plan/params_number.h"

static int bad(struct err *err, const char *what, const char *text, const char *why)
{
	return err_usage(err, "%s: '%.128s' %s", what, text, why);
}

static int parse_u128(const char *text, u128 *ret)
{
	uint64_t small;
	u128 n = 0;
	int rc = parse_u64(text, &small);

	if (rc != -ERANGE) {
		*ret = rc ? 0 : small;
		return rc;
	}
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (digit > 9)
			return -EINVAL;
		if (n > (~(u128)0 - digit) / 10)
			return -ERANGE;
		n = n * 10 + digit;
	}
	*ret = n;
	return 0;
}

static int parse_number(const char *text, struct number *ret)
{
	ret->negative = text[0] == '-';
	if (ret->negative && !isdigit((unsigned char)text[1]))
		return -EINVAL;
	return parse_u128(text + ret->negative, &ret->size);
}

static int store_checked(const struct field *f, struct number n, const char *text, void *dst,
			 const char *what, struct err *err)
{
	char limit[NUM_U128_ROOM + 2];

	if (!n.negative && n.size > number_max(f))
		return err_usage(err, "%s: %.64s is more than %s", what, text,
				 number_text(limit, false, number_max(f)));
	if (n.negative && n.size > number_min(f))
		return err_usage(err, "%s: %.64s is less than %s", what, text,
				 number_text(limit, number_min(f) != 0, number_min(f)));
	number_store(f, n, dst);
	return 0;
}

static int write_number(const struct field *f, const char *text, void *dst, const char *what,
			struct err *err)
{
	struct number n;
	int rc = parse_number(text, &n);

	if (rc == -ERANGE)
		return bad(err, what, text, "is out of range");
	if (rc)
		return bad(err, what, text, "is not a number");
	return store_checked(f, n, text, dst, what, err);
}

static bool is_bare_number(const char *text)
{
	struct number n;

	return parse_number(text, &n) != -EINVAL;
}

static int write_duration(const struct field *f, const char *text, uint8_t *dst, const char *what,
			  struct err *err)
{
	uint64_t ns, unit = meaning_traits(f->meaning)->unit_ns;

	if (is_bare_number(text))
		return write_number(f, text, dst, what, err);
	if (parse_duration_ns(text, &ns))
		return bad(err, what, text, "is not a length of time, such as 10ms");
	if (ns % unit)
		return err_usage(err, "%s: %.64s is not a whole number of %s", what, text,
				 f->unit ? f->unit : "units");
	return store_checked(f, (struct number){ false, ns / unit }, text, dst, what, err);
}

static int write_size(const struct field *f, const char *text, uint8_t *dst, const char *what,
		      struct err *err)
{
	uint64_t bytes;

	if (is_bare_number(text))
		return write_number(f, text, dst, what, err);
	if (parse_size(text, &bytes))
		return bad(err, what, text, "is not a size, such as 4M");
	return store_checked(f, (struct number){ false, bytes }, text, dst, what, err);
}

static int write_ip(const struct field *f, const char *text, uint8_t *dst, const char *what,
		    struct err *err)
{
	uint8_t addr[16] = { 0 };
	unsigned len, bits;

	if (strchr(text, '/') || parse_ip(text, addr, &len, &bits))
		return bad(err, what, text, "is not an address");
	if (f->meaning == MEAN_IP) {
		struct field family = { .size_bits = f->family_bytes * 8u };

		memcpy(dst + f->addr_at, addr, sizeof(addr));
		number_store(&family, (struct number){ false, len == 4 ? AF_INET : AF_INET6 },
			     dst + f->family_at);
		return 0;
	}
	if (len != (f->meaning == MEAN_IPV4 ? 4u : 16u))
		return bad(err, what, text,
			   f->meaning == MEAN_IPV4 ? "is not an IPv4 address"
						   : "is not an IPv6 address");
	memcpy(dst, addr, len);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "deadbeef" or "de:ad:be:ef", no more bytes than there are; exact: no fewer either. */
static int write_hex(const char *text, uint8_t *dst, uint32_t size, bool exact, const char *what,
		     struct err *err)
{
	const char *at = text;
	uint32_t n = 0;

	while (*at) {
		int high = hex_digit(at[0]), low = high < 0 ? -1 : hex_digit(at[1]);

		if (low < 0)
			return bad(err, what, text, "is not in hex");
		if (n == size)
			return err_usage(err, "%s: '%.64s' is more than %u bytes", what, text,
					 size);
		dst[n++] = (uint8_t)(high << 4 | low);
		at += 2;
		if (*at == ':' && at[1])
			at++;
	}
	if (exact && n != size)
		return err_usage(err, "%s: '%.64s' is not %u bytes", what, text, size);
	return 0;
}

struct enum_walk {
	const struct enum_names *names;
	uint32_t next;
};

static const char *next_enum_name(void *arg)
{
	struct enum_walk *walk = arg;

	return walk->next < walk->names->count ? walk->names->names[walk->next++].name : NULL;
}

static int write_enum(const struct field *f, const char *text, void *dst, const char *what,
		      struct err *err)
{
	struct enum_walk walk = { f->enums, 0 };
	struct number n = { 0 };
	bool given = parse_number(text, &n) == 0;
	const char *near;

	for (uint32_t i = 0; i < f->enums->count; i++) {
		const struct enum_name *e = &f->enums->names[i];
		struct number have = number_of_enum(f, e->value);

		if (streq(e->name, text) ||
		    (given && have.size == n.size && (have.negative == n.negative || !n.size)))
			return store_checked(f, have, text, dst, what, err);
	}
	near = suggest(text, next_enum_name, &walk);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else if (f->enums->count)
		err_hint(err, "for example '%s'", f->enums->names[0].name);
	return bad(err, what, text, "is none of the enum's names");
}

static int write_float(const struct field *f, const char *text, void *dst, const char *what,
		       struct err *err)
{
	double d;
	float narrow;

	if (parse_double(text, &d))
		return bad(err, what, text, "is not a number");
	narrow = (float)d;
	if (f->size_bits == 32)
		memcpy(dst, &narrow, sizeof(narrow));
	else
		memcpy(dst, &d, sizeof(d));
	return 0;
}

static int write_bool(const char *text, void *dst, const char *what, struct err *err)
{
	bool on;
	uint8_t byte;

	if (parse_bool(text, &on))
		return bad(err, what, text, "is neither true nor false");
	byte = on;
	memcpy(dst, &byte, 1);
	return 0;
}

static int write_net(const struct field *f, const char *text, uint8_t *dst, const char *what,
		     struct err *err)
{
	const struct field host = { .size_bits = field_net_bits(f) };
	uint8_t number[sizeof(uint64_t)];
	int rc = write_number(&host, text, number, what, err);

	if (rc)
		return rc;
	number_net(&host, number);
	memcpy(dst, number, host.size_bits / 8);
	return 0;
}

static int write_mac(const struct field *f, const char *text, uint8_t *dst, const char *what,
		     struct err *err)
{
	return write_hex(text, dst, f->size_bits / 8, true, what, err);
}

static int write_kind(const struct field *f, const char *text, uint8_t *dst, const char *what,
		      struct err *err)
{
	switch (f->kind) {
	case KIND_BOOL:
		return write_bool(text, dst, what, err);
	case KIND_FLOAT:
		return write_float(f, text, dst, what, err);
	case KIND_ENUM:
		return write_enum(f, text, dst, what, err);
	case KIND_BYTES:
		return write_hex(text, dst, f->size_bits / 8, false, what, err);
	default:
		return write_number(f, text, dst, what, err);
	}
}

/* A namespace by its number, by a path, or the one that bombus is in. */
static int write_ns(const struct field *f, const char *text, uint8_t *dst, const char *what,
		    struct err *err)
{
	const char *path = text;
	struct stat st;

	if (streq(text, "self"))
		path = f->meaning == MEAN_NETNS ? "/proc/self/ns/net" : "/proc/self/ns/mnt";
	else if (text[0] != '/')
		return write_number(f, text, dst, what, err);
	if (stat(path, &st) < 0)
		return err_usage(err, "%s: %.64s: %s", what, path, strerror(errno));
	return store_checked(f, (struct number){ false, st.st_ino }, text, dst, what, err);
}

static int write_char(const struct field *f, const char *text, uint8_t *dst, const char *what,
		      struct err *err)
{
	if (f->kind > KIND_INT)
		return write_kind(f, text, dst, what, err);
	if (text[0] && !text[1] && !isdigit((unsigned char)text[0])) {
		*dst = (uint8_t)text[0];
		return 0;
	}
	return write_number(f, text, dst, what, err);
}

typedef int (*write_fn)(const struct field *f, const char *text, uint8_t *dst, const char *what,
			struct err *err);

#define MEANING(id, param, ...) [MEAN_##id] = write_##param,
static const write_fn writers[MEAN_COUNT] = {
#include "runner/load/plan/meaning_rows.h"
};

static int write_list(const struct field *f, const char *text, uint8_t *dst, const char *what,
		      struct err *err)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *element;
	uint32_t i = 0;

	while (*text && (element = strsep(&rest, ","))) {
		int rc;

		if (i == f->count)
			return err_usage(err, "%s: more than %u values", what, f->count);
		rc = writers[f->meaning](f, element, dst + (size_t)i++ * (f->size_bits / 8), what,
					 err);
		if (rc)
			return rc;
	}
	return 0;
}

int param_write(const struct field *field, const char *text, void *dst, size_t size,
		const char *what, struct err *err)
{
	size_t need = (size_t)field->size_bits / 8 * field->count;
	_cleanup_free_ uint8_t *value = xcalloc(1, need + sizeof(u128));
	int rc = 0;

	if (need > size || field->is_bits || field->kind == KIND_PTR)
		return err_usage(err, "%s: is of a type that cannot be set", what);
	if (field->kind == KIND_TEXT) {
		size_t len = strlen(text);

		if (len >= need)
			return err_usage(err, "%s: '%.64s' is longer than %zu bytes", what, text,
					 need - 1);
		memcpy(value, text, len);
	} else if (field->count > 1) {
		rc = write_list(field, text, value, what, err);
	} else {
		rc = writers[field->meaning](field, text, value, what, err);
	}
	if (rc)
		return rc;
	memset(dst, 0, size);
	memcpy(dst, value, need);
	return 0;
}

struct param_walk {
	const struct plan *plan;
	uint32_t next;
};

static const char *next_param_name(void *arg)
{
	struct param_walk *walk = arg;

	return walk->next < walk->plan->nparams ? walk->plan->params[walk->next++].name : NULL;
}

int params_set(const struct plan *plan, void *rodata, size_t rodata_bytes, const char *name,
	       const char *value, struct err *err)
{
	_cleanup_free_ char *what = NULL;
	struct param_walk walk = { plan, 0 };
	const struct param *param = plan_param(plan, name);
	const char *near;

	if (!param) {
		near = suggest(name, next_param_name, &walk);
		if (near)
			err_hint(err, "did you mean '%s'?", near);
		else if (!plan->nparams)
			err_hint(err, "this program has no parameters");
		return err_usage(err, "--set: no parameter '%s'", name);
	}
	if (param->section_off_bytes > rodata_bytes ||
	    param->size_bytes > rodata_bytes - param->section_off_bytes)
		return err_set(err, EINVAL, "parameter %s is outside its section", name);
	what = xasprintf("parameter %s", name);
	return param_write(&param->field, value, (char *)rodata + param->section_off_bytes,
			   param->size_bytes, what, err);
}
