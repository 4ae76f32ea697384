// SPDX-License-Identifier: Apache-2.0
#include "runner/read/stack/code_table.h"

#include <stdlib.h>

#include "base/util.h"

#define FIRST_ENTRIES 1024u
#define FIRST_BYTES 65536u
#define LOOK_BACK 16 /* functions with parts that lie behind the start of others */

bool code_table_add(struct code_table *t, uint64_t addr, uint64_t size, uint32_t rank,
		    const char *name, size_t len)
{
	len = MIN(len, (size_t)CODE_NAME_MAX);
	if (t->count == CODE_TABLE_MAX || len >= CODE_TABLE_MAX_NAMES_BYTES - t->names_bytes)
		return false;
	if (t->count == t->room) {
		t->room = MAX(2 * t->room, FIRST_ENTRIES);
		t->entries = xreallocarray(t->entries, t->room, sizeof(*t->entries));
	}
	if (len >= t->names_room - t->names_bytes) {
		t->names_room = MAX(2 * t->names_room, FIRST_BYTES);
		t->names = xreallocarray(t->names, t->names_room, 1);
	}
	t->entries[t->count++] = (struct code_entry){
		.addr = addr,
		.size = (uint32_t)MIN(size, (uint64_t)UINT32_MAX),
		.rank = rank,
		.name = t->names_bytes,
	};
	memcpy(t->names + t->names_bytes, name, len);
	t->names[t->names_bytes + len] = '\0';
	t->names_bytes += (uint32_t)len + 1;
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct code_entry *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->name < y->name ? 1 : x->name > y->name ? -1 : 0;
}

void code_table_sort(struct code_table *t)
{
	if (!t->count)
		return;
	qsort(t->entries, t->count, sizeof(*t->entries), by_place);
	t->entries = xreallocarray(t->entries, t->count, sizeof(*t->entries));
	t->names = xreallocarray(t->names, t->names_bytes, 1);
	t->room = t->count;
	t->names_room = t->names_bytes;
}

const char *code_table_find(const struct code_table *t, uint64_t addr, uint64_t *ret_offset)
{
	uint32_t low = 0, high = t->count;

	while (low < high) { /* the first one behind the address */
		uint32_t mid = low + (high - low) / 2;

		if (t->entries[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	for (uint32_t back = 1; back <= LOOK_BACK && back <= low; back++) {
		const struct code_entry *e = &t->entries[low - back];
		uint64_t offset = addr - e->addr;

		if (offset < e->size || (!e->size && back == 1)) {
			*ret_offset = offset;
			return t->names + e->name;
		}
	}
	return NULL;
}

size_t code_table_bytes(const struct code_table *t)
{
	return t->room * sizeof(*t->entries) + t->names_room;
}

void code_table_release(struct code_table *t)
{
	free(t->entries);
	free(t->names);
	*t = (struct code_table){ 0 };
}
