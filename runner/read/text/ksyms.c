// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/ksyms.h"

#include <fcntl.h>

#include "base/util.h"

#define MAX_SYMBOLS (1u << 20)
#define MAX_NAMES_BYTES (48u << 20)
#define READ_BYTES 65536
#define LINE_MAX_BYTES 1024
/* An address farther behind its symbol is in something that has no name. */
#define MAX_OFFSET (1u << 20)
#define MAX_MODULES 4096u
#define MODULE_NAME 64

struct symbol {
	uint64_t addr;
	uint32_t name;	 /* in names */
	uint16_t module; /* 0: none; else 1 + its number */
} __attribute__((packed));

struct ksyms {
	int fd;
	bool loaded;
	struct symbol *symbols; /* sorted by address */
	uint32_t count, cap;
	char *names;
	uint32_t names_bytes, names_cap;
	char (*modules)[MODULE_NAME];
	uint32_t nmodules;
};

struct ksyms *ksyms_new(void)
{
	struct ksyms *k = xcalloc(1, sizeof(*k));

	k->fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	return k;
}

void ksyms_free(struct ksyms *ksyms)
{
	if (!ksyms)
		return;
	close_fd(&ksyms->fd);
	free(ksyms->symbols);
	free(ksyms->names);
	free(ksyms->modules);
	free(ksyms);
}

/* Those of one module follow each other. `behind`: "\t[name]", or nothing. */
static uint16_t module_of(struct ksyms *k, const char *behind)
{
	char name[MODULE_NAME];

	if (sscanf(behind, " [%63[^]]]", name) != 1)
		return 0;
	for (uint32_t i = k->nmodules; i-- > 0;)
		if (streq(k->modules[i], name))
			return (uint16_t)(i + 1);
	if (k->nmodules == MAX_MODULES)
		return 0;
	k->modules = xreallocarray(k->modules, k->nmodules + 1, sizeof(*k->modules));
	memcpy(k->modules[k->nmodules++], name, sizeof(name));
	return (uint16_t)k->nmodules;
}

static bool add_symbol(struct ksyms *k, uint64_t addr, const char *name, size_t len)
{
	if (k->count == MAX_SYMBOLS || len >= MAX_NAMES_BYTES - k->names_bytes)
		return false;
	if (k->count == k->cap) {
		k->cap = k->cap ? k->cap + k->cap / 2 : 32768;
		k->symbols = xreallocarray(k->symbols, k->cap, sizeof(*k->symbols));
	}
	if (len >= k->names_cap - k->names_bytes) {
		k->names_cap =
			(k->names_cap ? k->names_cap + k->names_cap / 2 : 1u << 20) + (uint32_t)len;
		k->names = xreallocarray(k->names, k->names_cap, 1);
	}
	k->symbols[k->count++] = (struct symbol){ addr, k->names_bytes, module_of(k, name + len) };
	memcpy(k->names + k->names_bytes, name, len);
	k->names[k->names_bytes + len] = '\0';
	k->names_bytes += (uint32_t)len + 1;
	return true;
}

/* "ffffffff81000000 T _stext" and, in modules, "\t[name]" behind it. Text symbols only. */
static bool add_line(struct ksyms *k, const char *line)
{
	char *end;
	uint64_t addr = strtoull(line, &end, 16);
	size_t len;

	if (addr == 0 || end[0] != ' ' || !end[1] || !strchr("tTwW", end[1]) || end[2] != ' ')
		return true;
	/* The padding in front of functions, as many symbols again: nothing runs there. */
	if (has_prefix(end + 3, "__pfx_"))
		return true;
	len = strcspn(end + 3, " \t");
	return len == 0 || len > KSYM_MAX / 2 || add_symbol(k, addr, end + 3, len);
}

static int by_addr(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static void load(struct ksyms *k)
{
	_cleanup_free_ char *buf = xmalloc(READ_BYTES + 1);
	size_t have = 0;
	bool room = true;

	while (room && k->fd >= 0) {
		ssize_t n = read(k->fd, buf + have, READ_BYTES - have);
		char *line = buf, *end;

		if (n <= 0)
			break;
		have += (size_t)n;
		buf[have] = '\0';
		while (room && (end = memchr(line, '\n', (size_t)(buf + have - line)))) {
			*end = '\0';
			room = add_line(k, line);
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		if (have > LINE_MAX_BYTES)
			break;
		memmove(buf, line, have);
	}
	close_fd(&k->fd);
	k->fd = -1;
	if (k->count) {
		qsort(k->symbols, k->count, sizeof(*k->symbols), by_addr);
		k->symbols = xreallocarray(k->symbols, k->count, sizeof(*k->symbols));
		k->names = xreallocarray(k->names, k->names_bytes, 1);
	}
}

bool ksyms_name(struct ksyms *ksyms, uint64_t addr, bool with_module, char text[KSYM_MAX])
{
	uint32_t low = 0, high;
	const struct symbol *s;
	int len;

	if (!ksyms->loaded) {
		ksyms->loaded = true;
		load(ksyms);
	}
	high = ksyms->count;
	while (low < high) { /* the first one behind the address */
		uint32_t mid = low + (high - low) / 2;

		if (ksyms->symbols[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || addr - ksyms->symbols[low - 1].addr > MAX_OFFSET)
		return false;
	s = &ksyms->symbols[low - 1];
	/* Of several names for one address the first in the file is the usual one. */
	while (s > ksyms->symbols && s[-1].addr == s->addr)
		s--;
	len = snprintf(text, KSYM_MAX, "%s", ksyms->names + s->name);
	if (addr != s->addr)
		len += snprintf(text + len, KSYM_MAX - (size_t)len, "+0x%llx",
				(unsigned long long)(addr - s->addr));
	if (with_module && s->module)
		snprintf(text + len, KSYM_MAX - (size_t)len, " [%s]",
			 ksyms->modules[s->module - 1]);
	return true;
}
