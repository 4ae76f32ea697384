// SPDX-License-Identifier: Apache-2.0
/* What all commands share: their options, and finding one by its name. */
#include "base/parse.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/exporters.h"

_Static_assert(EXPORTERS_COUNT + 2 <= COMMAND_TABLES_MAX, "room for all tables");

const struct opt global_opts[] = {
	{ 'v', "verbose", NULL, OPT_FLAG, offsetof(struct global_args, verbose),
	  "say more on standard error, libbpf's messages included" },
	{ 'q', "quiet", NULL, OPT_FLAG, offsetof(struct global_args, quiet),
	  "only names in listings, only errors on standard error" },
	{ 0, "store", "DIR", OPT_TEXT, offsetof(struct global_args, store),
	  "folder of the local images (~/.local/share/bombus/store; root's is "
	  "/var/lib/bombus/store)",
	  NULL, "dir" },
	{ 0, "color", "WHEN", OPT_CHOICE, offsetof(struct global_args, color),
	  "auto, always or never", "auto always never" },
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct global_args, help), "show help" },
	{ 0 },
};

size_t command_tables(const struct command *c, struct opt_table ret[COMMAND_TABLES_MAX])
{
	const char *group = "Options";
	size_t count = 0;

	ret[count++] = (struct opt_table){ group, c->opts };
	for (size_t i = 0; c->exports && i < EXPORTERS_COUNT; i++) {
		const struct exporter *e = exporters[i];

		if (!e->opts)
			continue;
		ret[count++] =
			(struct opt_table){ streq(e->group, group) ? NULL : e->group, e->opts };
		group = e->group;
	}
	ret[count++] = (struct opt_table){ "Options of every command", global_opts };
	return count;
}

const struct command *command_find(const struct command *const *commands, const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (streq(commands[i]->name, name) ||
		    (commands[i]->alias && streq(commands[i]->alias, name)))
			return commands[i];
	return NULL;
}

struct command_walk {
	const struct command *const *next;
	bool alias; /* the name is through */
};

static const char *next_command(void *ctx)
{
	struct command_walk *walk = ctx;
	const struct command *c = *walk->next;

	if (!c)
		return NULL;
	if (!walk->alias && c->alias) {
		walk->alias = true;
		return c->name;
	}
	walk->next++;
	if (!walk->alias)
		return c->name;
	walk->alias = false;
	return c->alias;
}

const char *command_suggest(const struct command *const *commands, const char *typed)
{
	struct command_walk walk = { .next = commands };

	return suggest(typed, next_command, &walk);
}
