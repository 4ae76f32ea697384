// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/recording/replay_names.h"

#include <pthread.h>

#include "base/util.h"
#include "runner/sink/recording/replay.h"

#define FIRST_SLOTS 256u

struct name {
	uint64_t id;
	char *text; /* NULL: none */
	uint8_t meaning;
	bool used;
};

/* Open addressing, at most half full. */
struct replay_names {
	struct name_source source;
	pthread_mutex_t lock;
	struct name *slots;
	uint32_t count, mask;
	size_t bytes;
};

static struct name *place(struct name *slots, uint32_t mask, enum meaning meaning, uint64_t id)
{
	uint64_t mixed = (id ^ (uint64_t)meaning << 56) * 0x9e3779b97f4a7c15ull;
	uint32_t i = (uint32_t)(mixed >> 32) & mask;

	while (slots[i].used && (slots[i].id != id || slots[i].meaning != meaning))
		i = (i + 1) & mask;
	return &slots[i];
}

static bool find(void *ctx, enum meaning meaning, uint64_t id, char text[])
{
	struct replay_names *n = ctx;
	const struct name *name;
	bool found;

	pthread_mutex_lock(&n->lock);
	name = place(n->slots, n->mask, meaning, id);
	found = name->text != NULL;
	if (found)
		snprintf(text, RESOLVE_MAX, "%s", name->text);
	pthread_mutex_unlock(&n->lock);
	return found;
}

static void grow(struct replay_names *n)
{
	uint32_t mask = 2 * n->mask + 1;
	struct name *slots = xcalloc((size_t)mask + 1, sizeof(*slots));

	for (uint32_t i = 0; i <= n->mask; i++)
		if (n->slots[i].used)
			*place(slots, mask, n->slots[i].meaning, n->slots[i].id) = n->slots[i];
	free(n->slots);
	n->slots = slots;
	n->mask = mask;
}

struct replay_names *replay_names_new(void)
{
	struct replay_names *n = xcalloc(1, sizeof(*n));

	n->source = (struct name_source){ find, n };
	n->mask = FIRST_SLOTS - 1;
	n->slots = xcalloc(FIRST_SLOTS, sizeof(*n->slots));
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void replay_names_free(struct replay_names *n)
{
	if (!n)
		return;
	for (uint32_t i = 0; i <= n->mask; i++)
		free(n->slots[i].text);
	free(n->slots);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

void replay_names_put(struct replay_names *n, enum meaning meaning, uint64_t id, const char *text,
		      size_t len)
{
	struct name *name;

	len = MIN(len, (size_t)RESOLVE_MAX - 1);
	pthread_mutex_lock(&n->lock);
	if (2 * n->count > n->mask)
		grow(n);
	name = place(n->slots, n->mask, meaning, id);
	if (name->used || n->count < REPLAY_MAX_NAMES) {
		n->count += !name->used;
		n->bytes -= name->text ? strlen(name->text) : 0;
		free(name->text);
		*name = (struct name){ .id = id, .meaning = (uint8_t)meaning, .used = true };
		if (text && n->bytes + len <= REPLAY_MAX_NAME_BYTES) {
			name->text = xstrndup(text, len);
			n->bytes += strlen(name->text);
		}
	}
	pthread_mutex_unlock(&n->lock);
}

const struct name_source *replay_names_source(const struct replay_names *n)
{
	return &n->source;
}
