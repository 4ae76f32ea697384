// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/pci.h"

#include <stdlib.h>

#include "base/util.h"

#define MAX_BYTES (16u << 20)
#define MAX_HEADS 65536 /* vendors and classes */
#define CLASS 0x10000	/* added to a class's number: vendors have 16 bits */

/* A vendor or class; the indented lines behind it are its devices or subclasses. */
struct head {
	uint32_t id;
	uint32_t at; /* of its line, in the text */
};

struct pci_ids {
	char *owned;
	const char *text;
	size_t len;
	struct head *heads; /* sorted by id */
	uint32_t nheads;
};

/* The length of the line at `at`, without its end. */
static size_t line_len(const struct pci_ids *ids, size_t at)
{
	const char *end = memchr(ids->text + at, '\n', ids->len - at);

	return end ? (size_t)(end - ids->text) - at : ids->len - at;
}

/* Reads a number of so many hexadecimal digits, and finds the name behind it and two blanks. */
static bool read_entry(const char *line, size_t len, size_t digits, uint32_t *ret_id,
		       size_t *ret_name)
{
	uint32_t id = 0;

	if (len < digits + 2 || line[digits] != ' ' || line[digits + 1] != ' ')
		return false;
	for (size_t i = 0; i < digits; i++) {
		char c = line[i];

		if (c >= '0' && c <= '9')
			id = id * 16 + (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			id = id * 16 + (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret_id = id;
	*ret_name = digits + 2;
	return true;
}

static int by_id(const void *a, const void *b)
{
	const struct head *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

struct pci_ids *pci_ids_new(const char *text, size_t len)
{
	struct pci_ids *ids = xcalloc(1, sizeof(*ids));
	uint32_t cap = 0, id;
	size_t name;

	ids->text = text;
	ids->len = MIN(len, (size_t)MAX_BYTES);
	for (size_t at = 0, n; at < ids->len && ids->nheads < MAX_HEADS; at += n + 1) {
		const char *line = text + at;
		bool class;

		n = line_len(ids, at);
		class = n > 2 && line[0] == 'C' && line[1] == ' ';
		if (!read_entry(line + 2 * class, n - 2 * class, class ? 2 : 4, &id, &name))
			continue;
		if (ids->nheads == cap) {
			cap = cap ? 2 * cap : 1024;
			ids->heads = xreallocarray(ids->heads, cap, sizeof(*ids->heads));
		}
		ids->heads[ids->nheads++] = (struct head){ id + (class ? CLASS : 0), (uint32_t)at };
	}
	if (ids->nheads)
		qsort(ids->heads, ids->nheads, sizeof(*ids->heads), by_id);
	return ids;
}

struct pci_ids *pci_ids_open(void)
{
	static const char *const paths[] = { "/usr/share/misc/pci.ids",
					     "/usr/share/hwdata/pci.ids" };
	struct pci_ids *ids;
	void *bytes;
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (read_file(paths[i], MAX_BYTES, &bytes, &len, NULL) < 0)
			continue;
		ids = pci_ids_new(bytes, len);
		ids->owned = bytes;
		return ids;
	}
	return NULL;
}

void pci_ids_free(struct pci_ids *ids)
{
	if (!ids)
		return;
	free(ids->owned);
	free(ids->heads);
	free(ids);
}

static const struct head *find_head(const struct pci_ids *ids, uint32_t id)
{
	const struct head want = { .id = id };

	return ids->nheads ? bsearch(&want, ids->heads, ids->nheads, sizeof(want), by_id) : NULL;
}

static const char *head_name(const struct pci_ids *ids, uint32_t id, size_t skip, size_t *ret_len)
{
	const struct head *head = find_head(ids, id);

	if (!head)
		return NULL;
	*ret_len = line_len(ids, head->at) - skip;
	return ids->text + head->at + skip;
}

/* Among the lines behind the head that begin with one tab. */
static const char *below(const struct pci_ids *ids, uint32_t id, uint32_t number, size_t digits,
			 size_t *ret_len)
{
	const struct head *head = find_head(ids, id);
	uint32_t found;
	size_t name;

	if (!head)
		return NULL;
	for (size_t at = head->at + line_len(ids, head->at) + 1, n; at < ids->len; at += n + 1) {
		const char *line = ids->text + at;

		n = line_len(ids, at);
		if (n && line[0] == '#')
			continue;
		if (!n || line[0] != '\t')
			return NULL;
		if (!read_entry(line + 1, n - 1, digits, &found, &name) || found != number)
			continue;
		*ret_len = n - 1 - name;
		return line + 1 + name;
	}
	return NULL;
}

const char *pci_vendor(const struct pci_ids *ids, uint32_t vendor, size_t *ret_len)
{
	return vendor < CLASS ? head_name(ids, vendor, strlen("8086  "), ret_len) : NULL;
}

const char *pci_device(const struct pci_ids *ids, uint32_t vendor, uint32_t device, size_t *ret_len)
{
	return vendor < CLASS ? below(ids, vendor, device, 4, ret_len) : NULL;
}

const char *pci_class(const struct pci_ids *ids, uint32_t class, size_t *ret_len)
{
	return class < CLASS ? head_name(ids, class + CLASS, strlen("C 02  "), ret_len) : NULL;
}

const char *pci_subclass(const struct pci_ids *ids, uint32_t class, uint32_t subclass,
			 size_t *ret_len)
{
	return class < CLASS ? below(ids, class + CLASS, subclass, 2, ret_len) : NULL;
}
