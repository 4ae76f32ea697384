// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/build_notes.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "cmd/author/git.h"
#include "cmd/source_date.h"
#include "runner/load/plan/plan.h"

#define NOTE(word) "org.opencontainers.image." word
#define SPDX "SPDX-License-Identifier:"
/* It stands at the top of a file. */
#define SPDX_BYTES 4096
#define SPDX_CHARS                                                                                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"                           \
	".-+() "

void notes_release(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++) {
		free((char *)notes->pairs[i].name);
		free((char *)notes->pairs[i].value);
	}
	free(notes->pairs);
	*notes = (struct notes){ 0 };
}

static void take(struct notes *notes, char *name, char *value)
{
	notes->pairs = xreallocarray(notes->pairs, notes->count + 1, sizeof(*notes->pairs));
	notes->pairs[notes->count++] = (struct image_pair){ name, value };
}

static void add(struct notes *notes, const char *name, const char *value)
{
	if (value)
		take(notes, xstrdup(name), xstrdup(value));
}

static void add_time(struct notes *notes, uint64_t unix_s)
{
	char text[RFC3339_SECONDS_ROOM];

	format_rfc3339_seconds(unix_s, text);
	take(notes, xstrdup(NOTE("created")), xstrdup(text));
}

int notes_given(struct notes *notes, const char *description, const struct words *annotations,
		struct err *err)
{
	uint64_t seconds = 0;
	int rc = source_date(&seconds, err);

	if (rc < 0)
		return rc;
	if (rc)
		add_time(notes, seconds);
	add(notes, NOTE("description"), description);
	for (size_t i = 0; i < annotations->count; i++) {
		const char *word = annotations->words[i], *value = strchr(word, '=');

		if (!value || value == word) {
			err_hint(err, "such as --annotation " NOTE("authors") "='Jo Doe'");
			return err_usage(err, "--annotation wants KEY=VALUE, not '%s'", word);
		}
		take(notes, xstrndup(word, (size_t)(value - word)), xstrdup(value + 1));
	}
	return 0;
}

/* "SPDX-License-Identifier: Apache-2.0" and what follows up to the comment's end. */
static char *spdx_licence(const char *source)
{
	_cleanup_file_ FILE *file = fopen(source, "re");
	char text[SPDX_BYTES + 1], *at;
	size_t len = file ? fread(text, 1, SPDX_BYTES, file) : 0;

	text[len] = '\0';
	at = strstr(text, SPDX);
	if (!at)
		return NULL;
	at += strlen(SPDX);
	at += strspn(at, " \t");
	len = strspn(at, SPDX_CHARS);
	while (len && at[len - 1] == ' ')
		len--;
	return len ? xstrndup(at, len) : NULL;
}

void notes_of_source(struct notes *notes, const char *source, const char *title)
{
	_cleanup_free_ char *licence = spdx_licence(source);
	_cleanup_(git_info_release) struct git_info git = { 0 };
	uint64_t seconds = 0;

	git_look(source, &git);
	add(notes, NOTE("title"), title);
	add(notes, NOTE("licenses"), licence);
	add(notes, NOTE("revision"), git.revision);
	add(notes, NOTE("source"), git.origin);
	if (git.time && is_unix_time(git.time, &seconds))
		add_time(notes, seconds);
}

void notes_of_plan(struct notes *notes, const struct plan *plan)
{
	add(notes, NOTE("title"), plan->title);
	add(notes, NOTE("description"), plan->help);
	add(notes, NOTE("authors"), plan->authors);
}

static bool is_repeated(const struct notes *notes, size_t at)
{
	for (size_t i = at + 1; i < notes->count; i++)
		if (streq(notes->pairs[i].name, notes->pairs[at].name))
			return true;
	return false;
}

void notes_join(struct notes *notes, struct notes *more)
{
	size_t kept = 0;

	for (size_t i = 0; i < more->count; i++)
		take(notes, (char *)more->pairs[i].name, (char *)more->pairs[i].value);
	free(more->pairs);
	*more = (struct notes){ 0 };
	for (size_t i = 0; i < notes->count; i++) {
		struct image_pair *pair = &notes->pairs[i];

		if (!is_repeated(notes, i) && *pair->value) {
			notes->pairs[kept++] = *pair;
			continue;
		}
		free((char *)pair->name);
		free((char *)pair->value);
		*pair = (struct image_pair){ "", NULL };
	}
	notes->count = kept;
}
