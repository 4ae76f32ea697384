// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/decoding.h"

#include <errno.h>
#include <inttypes.h>
#include <pcre2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/num.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/read/text/names.h"
#include "runner/read/text/pci.h"
#include "runner/read/text/resolve.h"

/* An expression that needs more counts as not matching. */
#define MATCH_LIMIT 100000
#define HEAP_LIMIT_KIB 256
#define KERNEL_MINOR_BITS 20
#define ERRNO_LAST 133 /* behind it are those that the kernel keeps to itself */

/* What goes from one decoder to the next. The text is in `room`, or what it was made of. */
struct piece {
	const char *at;
	size_t len;
	char *room;
	struct resolver *resolver;
	const struct decoder *decoder;
};

static bool give(struct piece *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool give(struct piece *p, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(p->room, DECODE_MAX, fmt, ap);
	va_end(ap);
	p->at = p->room;
	p->len = MIN((size_t)MAX(len, 0), (size_t)DECODE_MAX - 1);
	return true;
}

static uint64_t bytes_u64(const struct piece *p)
{
	uint64_t v = 0;

	switch (p->len) {
	case 1:
		return (uint8_t)p->at[0];
	case 2:
		return *(const uint16_t *)memcpy(&(uint16_t){ 0 }, p->at, 2);
	case 4:
		return *(const uint32_t *)memcpy(&(uint32_t){ 0 }, p->at, 4);
	case 8:
		memcpy(&v, p->at, 8);
	}
	return v;
}

/* The text is a number that a decoder made. */
static uint64_t number(const struct piece *p)
{
	char text[NUM_U64_ROOM + 1];
	size_t len = MIN(p->len, sizeof(text) - 1);

	memcpy(text, p->at, len);
	text[len] = '\0';
	return strtoull(text, NULL, 10);
}

static const char *name(const struct piece *p, enum meaning meaning, uint64_t id)
{
	return p->resolver ? resolve(p->resolver, meaning, id) : NULL;
}

static bool decode_uint(struct piece *p)
{
	return give(p, "%" PRIu64, bytes_u64(p));
}

static bool decode_string(struct piece *p)
{
	p->len = strnlen(p->at, p->len);
	return true;
}

static bool decode_hex(struct piece *p)
{
	p->len = num_hex_bytes(p->room, p->at, MIN(p->len, (size_t)DECODE_MAX / 2));
	p->at = p->room;
	return true;
}

static bool decode_inet_ip(struct piece *p)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	const uint8_t *at = (const uint8_t *)p->at;

	if (p->len == 16 && memcmp(at, mapped, sizeof(mapped)) == 0) {
		at += sizeof(mapped);
		p->len = 4;
	}
	p->len = p->len == 4 ? num_ipv4(p->room, at) : num_ipv6(p->room, at);
	p->at = p->room;
	return true;
}

/* Labels with their length before them. What is none of it stays as it is. */
static bool decode_dname(struct piece *p)
{
	size_t at = 0, len = 0;

	while (at < p->len && p->at[at]) {
		size_t n = (uint8_t)p->at[at++];

		if (n > p->len - at || len + n + 1 > DECODE_MAX)
			return true;
		if (len)
			p->room[len++] = '.';
		memcpy(p->room + len, p->at + at, n);
		len += n;
		at += n;
	}
	if (!len)
		p->room[len++] = '.';
	p->at = p->room;
	p->len = len;
	return true;
}

/* Two numbers have two names each, of which ebpf_exporter takes the other one. */
static const char *errno_name(uint64_t n)
{
	switch (n) {
	case EOPNOTSUPP:
		return "ENOTSUP";
	case EUCLEAN:
		return "EFSCORRUPTED";
	default:
		return n && n <= ERRNO_LAST ? name_of(MEAN_ERRNO, (int64_t)n) : NULL;
	}
}

static bool decode_errno(struct piece *p)
{
	uint64_t n = number(p);
	const char *found = errno_name(n);

	return found ? give(p, "%s", found) : give(p, "unknown:%" PRIu64, n);
}

static bool decode_syscall(struct piece *p)
{
	uint64_t n = number(p);
	const char *found = n <= INT32_MAX ? name_of(MEAN_SYSCALL, (int64_t)n) : NULL;

	return found ? give(p, "%s", found) : give(p, "unknown_syscall:%" PRIu64, n);
}

static bool decode_cgroup(struct piece *p)
{
	uint64_t id = number(p);
	const char *path = name(p, MEAN_CGROUP, id);

	return path ? give(p, "/sys/fs/cgroup%s", streq(path, "/") ? "" : path)
		    : give(p, "unknown_cgroup_id:%" PRIu64, id);
}

static bool decode_ifname(struct piece *p)
{
	uint64_t id = bytes_u64(p);
	const char *found = name(p, MEAN_IFINDEX, id);

	return found ? give(p, "%s", found) : give(p, "unknown:%" PRIu64, id);
}

/* The kernel's new_encode_dev(): minor 8 bits, major 12, the rest of the minor. */
static bool decode_majorminor(struct piece *p)
{
	uint32_t dev = (uint32_t)bytes_u64(p), major = dev >> 8 & 0xfff;
	uint32_t minor = (dev & 0xff) | (dev >> 12 & 0xfff00);
	const char *found = name(p, MEAN_DEV, (uint64_t)major << KERNEL_MINOR_BITS | minor);

	return found ? give(p, "%s", found) : give(p, "unknown:%u:%u", major, minor);
}

/* A function begins at this address. */
static bool decode_ksym(struct piece *p)
{
	uint64_t addr = bytes_u64(p);
	const char *found = name(p, MEAN_KSYM, addr);

	return found && !strchr(found, '+') ? give(p, "%s", found)
					    : give(p, "unknown_addr:0x%" PRIx64, addr);
}

/* The innermost frame first, one a line. */
static bool decode_kstack(struct piece *p)
{
	size_t len = 0;

	for (size_t at = 0; at + 8 <= p->len; at += 8) {
		const char *found;
		uint64_t addr;
		size_t n;

		memcpy(&addr, p->at + at, 8);
		if (!addr)
			break;
		found = name(p, MEAN_KSYM, addr);
		n = found ? strcspn(found, "+") : 2;
		if (len + n + 1 > DECODE_MAX)
			break;
		if (len)
			p->room[len++] = '\n';
		memcpy(p->room + len, found ? found : "??", n);
		len += n;
	}
	p->at = p->room;
	p->len = len;
	return true;
}

/* --- names of PCI devices --- */

#define NO_PCI_IDS "missing pci.ids db"

static const struct pci_ids *pci_ids_of(const struct piece *p)
{
	return p->resolver ? resolver_pci(p->resolver) : NULL;
}

static bool give_name(struct piece *p, const char *found, size_t len)
{
	p->at = found;
	p->len = MIN(len, (size_t)DECODE_MAX);
	return true;
}

/* `kind` and `digits` are for a number without a name. */
static bool give_pci(struct piece *p, const char *kind, int digits,
		     const char *(*find)(const struct pci_ids *ids, uint32_t n, size_t *ret_len))
{
	const struct pci_ids *ids = pci_ids_of(p);
	uint32_t n = (uint32_t)number(p);
	const char *found;
	size_t len;

	if (!ids)
		return give(p, NO_PCI_IDS);
	found = find(ids, n, &len);
	return found ? give_name(p, found, len)
		     : give(p, "unknown pci %s: 0x%0*x", kind, digits, n);
}

static bool decode_pci_vendor(struct piece *p)
{
	return give_pci(p, "vendor", 2, pci_vendor);
}

static bool decode_pci_class(struct piece *p)
{
	return give_pci(p, "class", 2, pci_class);
}

/* The vendor in the upper half, the device in the lower one. */
static const char *find_device(const struct pci_ids *ids, uint32_t n, size_t *ret_len)
{
	return pci_device(ids, n >> 16, n & 0xffff, ret_len);
}

static bool decode_pci_device(struct piece *p)
{
	return give_pci(p, "device", 4, find_device);
}

/* The class in the upper byte, the subclass in the lower one. */
static bool decode_pci_subclass(struct piece *p)
{
	const struct pci_ids *ids = pci_ids_of(p);
	uint32_t n = (uint32_t)number(p), class = n >> 8, subclass = n & 0xff;
	const char *found;
	size_t len;

	if (!ids)
		return give(p, NO_PCI_IDS);
	if (!pci_class(ids, class, &len))
		return give(p, "unknown pci class: 0x%02x", class);
	found = pci_subclass(ids, class, subclass, &len);
	return found ? give_name(p, found, len)
		     : give(p, "unknown pci subclass: 0x%02x (class 0x%02x)", subclass, class);
}

static bool decode_static_map(struct piece *p)
{
	const struct decoder *d = p->decoder;

	for (uint32_t i = 0; i < d->npairs; i++) {
		if (strlen(d->pairs[i].from) == p->len &&
		    memcmp(d->pairs[i].from, p->at, p->len) == 0) {
			p->at = d->pairs[i].to;
			p->len = MIN(strlen(p->at), (size_t)DECODE_MAX);
			return true;
		}
	}
	return d->allow_unknown || give(p, "unknown:%.*s", (int)MIN(p->len, 4000), p->at);
}

/* The first group of the first expression that matches, else all that it matched. */
static bool decode_regexp(struct piece *p)
{
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	pcre2_match_data *match = pcre2_match_data_create(16, NULL);
	bool found = false;

	if (limits) {
		pcre2_set_match_limit(limits, MATCH_LIMIT);
		pcre2_set_heap_limit(limits, HEAP_LIMIT_KIB);
	}
	for (uint32_t i = 0; limits && match && i < p->decoder->nregexps && !found; i++) {
		const pcre2_code *code = p->decoder->codes[i];
		int n = pcre2_match(code, (PCRE2_SPTR)p->at, p->len, 0, 0, match, limits);
		const PCRE2_SIZE *at = pcre2_get_ovector_pointer(match);

		if (n < 0)
			continue;
		found = true;
		at += n > 1 && at[2] != PCRE2_UNSET ? 2 : 0;
		p->len = at[1] > at[0] ? at[1] - at[0] : 0;
		p->at += at[0];
	}
	pcre2_match_data_free(match);
	pcre2_match_context_free(limits);
	return found;
}

#define DECODER(word, ...) [DECODER_##word] = decode_##word,
static bool (*const decodes[DECODER_COUNT])(struct piece *p) = {
#include "runner/load/decode/decoder_rows.h"
};

int decoding_run(const struct decoder_chain *chain, const uint8_t *bytes, uint32_t len,
		 struct resolver *resolver, char *dst)
{
	char rooms[2][DECODE_MAX];
	struct piece p = { .at = (const char *)bytes, .len = len, .resolver = resolver };

	for (uint32_t i = 0; i < chain->count; i++) {
		p.decoder = &chain->all[i];
		/* Not into what it reads. */
		p.room = rooms[p.at >= rooms[0] && p.at < rooms[1] ? 1 : 0];
		if (!decodes[p.decoder->id](&p))
			return -1;
	}
	p.len = MIN(p.len, (size_t)DECODE_MAX);
	memcpy(dst, p.at, p.len);
	return (int)p.len;
}

bool decoding_drops(const struct layout *layout, const void *base, struct resolver *resolver)
{
	char text[DECODE_MAX];

	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *f = &layout->fields[i];

		if (f->decoders && f->decoders->drops &&
		    decoding_run(f->decoders, (const uint8_t *)base + f->off_bits / 8,
				 f->size_bits / 8, resolver, text) < 0)
			return true;
	}
	return false;
}
