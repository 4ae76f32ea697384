// SPDX-License-Identifier: Apache-2.0
/* The keys as they are, with those of the user's own. */
#include "base/util.h"
#include "runner/tui/screen/screen.h"

bool screen_bind(struct screen *s, uint32_t key, const struct binding *binding)
{
	if (s->nrebound == SCREEN_REBOUND)
		return false;
	s->rebound[s->nrebound++] = (struct rebound){ key, binding };
	return true;
}

const struct binding *screen_binding(const struct screen *s, uint32_t key)
{
	for (uint32_t i = s->nrebound; i-- > 0;)
		if (s->rebound[i].key == key)
			return s->rebound[i].binding;
	return binding_find(key);
}

void screen_key_names(const struct screen *s, const struct binding *binding, bool own, char *dst,
		      size_t room)
{
	char label[KEY_LABEL_ROOM];
	size_t len;

	if (own)
		binding_own_keys(dst, room, binding, s->utf8);
	else
		binding_keys(dst, room, binding, s->utf8);
	for (uint32_t i = 0; i < s->nrebound; i++) {
		len = strlen(dst);
		key_label(label, s->rebound[i].key, s->utf8);
		if (s->rebound[i].binding == binding)
			snprintf(dst + len, room - len, "%s%s", len ? " " : "", label);
	}
}
