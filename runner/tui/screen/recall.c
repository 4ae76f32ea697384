// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/recall.h"

#include "base/util.h"

void recall_release(struct recall *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		free(r->texts[i]);
	free(r->typed);
	*r = (struct recall){ 0 };
}

static void take_out(struct recall *r, uint32_t at)
{
	free(r->texts[at]);
	r->count--;
	memmove(&r->texts[at], &r->texts[at + 1], (r->count - at) * sizeof(*r->texts));
	memmove(&r->kinds[at], &r->kinds[at + 1], r->count - at);
}

void recall_add(struct recall *r, uint8_t kind, const char *text)
{
	if (!*text)
		return;
	for (uint32_t i = r->count; i-- > 0;)
		if (r->kinds[i] == kind && streq(r->texts[i], text))
			take_out(r, i);
	if (r->count == RECALL_MAX)
		take_out(r, 0);
	r->kinds[r->count] = kind;
	r->texts[r->count++] = xstrdup(text);
	recall_begin(r);
}

void recall_begin(struct recall *r)
{
	r->at = r->count;
	free(r->typed);
	r->typed = NULL;
}

const char *recall_step(struct recall *r, uint8_t kind, int step, const char *text)
{
	uint32_t at = r->at;

	do {
		at += (uint32_t)step;
		if (at > r->count) /* also below 0 */
			return NULL;
	} while (at < r->count && r->kinds[at] != kind);
	if (r->at == r->count) {
		free(r->typed);
		r->typed = xstrdup(text);
	}
	r->at = at;
	return at < r->count ? r->texts[at] : r->typed ? r->typed : "";
}
