// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/flame/flame_tree.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/text/frames.h"

#define FIRST_ROOM 256u
#define FRAME_MAX 2048

void flame_init(struct flame_tree *t)
{
	*t = (struct flame_tree){ 0 };
	t->nodes = xcalloc(FIRST_ROOM, sizeof(*t->nodes));
	t->names = xcalloc(FIRST_ROOM, sizeof(*t->names));
	t->room = t->names_room = FIRST_ROOM;
	t->bytes = xcalloc(1, FIRST_ROOM);
	t->bytes_room = FIRST_ROOM;
	t->count = t->nnames = t->nbytes = 1; /* the root, its empty name, its NUL */
}

void flame_release(struct flame_tree *t)
{
	free(t->nodes);
	free(t->names);
	free(t->bytes);
	id_map_release(&t->children);
	id_map_release(&t->by_hash);
	*t = (struct flame_tree){ 0 };
}

/* The number of a name; 0: there is no room. */
static uint32_t name_of(struct flame_tree *t, const char *name, size_t len)
{
	uint64_t hash = XXH3_64bits(name, len);
	uint32_t number;

	if (id_map_find(&t->by_hash, hash, &number))
		return number;
	if (len + 1 > FLAME_MAX_NAMES_BYTES - t->nbytes)
		return 0;
	if (t->nnames == t->names_room) {
		t->names_room *= 2;
		t->names = xreallocarray(t->names, t->names_room, sizeof(*t->names));
	}
	if (len + 1 > t->bytes_room - t->nbytes) {
		t->bytes_room = 2 * t->bytes_room + (uint32_t)len + 1;
		t->bytes = xreallocarray(t->bytes, t->bytes_room, 1);
	}
	number = t->nnames++;
	t->names[number] = t->nbytes;
	memcpy(t->bytes + t->nbytes, name, len);
	t->bytes[t->nbytes + len] = '\0';
	t->nbytes += (uint32_t)len + 1;
	id_map_set(&t->by_hash, hash, number);
	return number;
}

uint32_t flame_child(struct flame_tree *t, uint32_t parent, const char *name, size_t len,
		     enum flame_kind kind)
{
	char safe[UTF8_TERM_ROOM(FRAME_MAX)];
	size_t bytes = utf8_term_escape(safe, name, MIN(len, (size_t)FRAME_MAX));
	uint32_t number, at;
	uint64_t id;

	for (size_t i = 0; i < bytes; i++)
		safe[i] = safe[i] == ';' ? ':' : safe[i];
	number = name_of(t, safe, bytes);
	/* A function of the kernel and one of a program may have the same name. */
	id = (uint64_t)parent << 35 | (uint64_t)number << 3 | kind;

	if (number && id_map_find(&t->children, id, &at))
		return at;
	if (!number || t->count == FLAME_MAX_NODES) {
		t->cut++;
		return parent;
	}
	if (t->count == t->room) {
		t->room *= 2;
		t->nodes = xreallocarray(t->nodes, t->room, sizeof(*t->nodes));
	}
	at = t->count++;
	t->nodes[at] = (struct flame_node){
		.parent = parent,
		.name = number,
		.next = t->nodes[parent].child,
		.depth = t->nodes[parent].depth + 1,
		.kind = (uint8_t)kind,
	};
	t->nodes[parent].child = at;
	id_map_set(&t->children, id, at);
	return at;
}

static bool is_named(const struct flame_tree *t, uint32_t node, const char *name, size_t len)
{
	const char *own = flame_name(t, node);

	return strlen(own) == len && memcmp(own, name, len) == 0;
}

uint32_t flame_stack(struct flame_tree *t, uint32_t parent, const char *stack, enum flame_kind kind)
{
	const char *frame;
	size_t len;

	while ((frame = frames_next(&stack, &len))) {
		char plain[FRAME_MAX];
		size_t n = len ? frame_plain(plain, frame, MIN(len, sizeof(plain) - 16)) : 0;
		bool is_reason = n && (frame[0] == '[' || frame[0] == '0') && plain[0] == '[';

		/* "[libc.so.6]" is a file, "[process ended]" a reason. */
		is_reason = is_reason && (frame[0] == '0' || memchr(plain, ' ', n));
		/* Frames of one file that have no names are one. */
		if (n && !(plain[0] == '[' && is_named(t, parent, plain, n)))
			parent = flame_child(t, parent, plain, n, is_reason ? FLAME_NONE : kind);
	}
	return parent;
}

struct by_name {
	const char *name;
	uint32_t node;
};

static int compare(const void *a, const void *b)
{
	const struct by_name *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->node < y->node ? -1 : 1;
}

static void sort_children(struct flame_tree *t, uint32_t node)
{
	struct by_name *all = NULL;
	uint32_t count = 0;

	for (uint32_t at = t->nodes[node].child; at; at = t->nodes[at].next)
		count++;
	if (count < 2)
		return;
	all = xcalloc(count, sizeof(*all));
	count = 0;
	for (uint32_t at = t->nodes[node].child; at; at = t->nodes[at].next)
		all[count++] = (struct by_name){ flame_name(t, at), at };
	qsort(all, count, sizeof(*all), compare);
	t->nodes[node].child = all[0].node;
	for (uint32_t i = 0; i < count; i++)
		t->nodes[all[i].node].next = i + 1 < count ? all[i + 1].node : 0;
	free(all);
}

void flame_sum(struct flame_tree *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		t->nodes[i].total = t->nodes[i].self;
	for (uint32_t i = t->count; i-- > 1;)
		t->nodes[t->nodes[i].parent].total += t->nodes[i].total;
	for (uint32_t i = 0; i < t->count; i++)
		sort_children(t, i);
}
