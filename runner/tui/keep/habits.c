// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/keep/habits.h"

#include "base/util.h"

#define COLUMNS "columns."
#define KEY "key."

const struct theme *habits_theme(const struct settings *settings)
{
	const char *name = settings_get(settings, "theme");
	const struct theme *theme = name ? theme_find(name) : NULL;

	if (name && !theme)
		settings_warn(settings, "theme", "the themes are " THEME_NAMES);
	return theme;
}

void habits_keys(const struct settings *settings, struct screen *screen)
{
	const char *name, *action;
	size_t at = 0;

	while ((name = settings_next(settings, KEY, &at, &action))) {
		const struct binding *binding = binding_named(action);
		uint32_t key = key_labelled(name + strlen(KEY));

		if (key == KEY_CODE_NONE)
			settings_warn(settings, name, "no key is called so; ? shows all");
		else if (!binding && !streq(action, "none"))
			settings_warn(settings, name, "no action is called so; : shows all");
		else if (!screen_bind(screen, key, binding))
			settings_warn(settings, name, "there are too many keys");
	}
}

void habits_columns(const struct settings *settings, struct model *model)
{
	const char *name, *text;
	size_t at = 0;

	while ((name = settings_next(settings, COLUMNS, &at, &text)))
		model_set_columns(model, name + strlen(COLUMNS), text);
}

void habits_keep_columns(struct settings *settings, const struct model *model)
{
	for (uint32_t i = 0; i < model_tabs((struct model *)model); i++) {
		_cleanup_free_ char *map = NULL, *text = NULL, *name = NULL;

		if (!model_columns(model, i, &map, &text))
			continue;
		name = xasprintf(COLUMNS "%s", map);
		settings_set(settings, name, text);
	}
}
