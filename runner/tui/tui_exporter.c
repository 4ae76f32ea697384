// SPDX-License-Identifier: Apache-2.0
/* The live table as a form of -o, and its options. */
#include "base/util.h"
#include "runner/sink/exporter.h"
#include "runner/tui/keep/settings.h"
#include "runner/tui/screen/theme.h"
#include "runner/tui/tui.h"

struct tui_args {
	const char *theme;
	uint64_t history_bytes;
	bool no_settings;
};

static int tui_new(struct sink **ret, const void *args, const struct export_env *env,
		   struct err *err)
{
	const struct tui_args *a = args;
	struct tui_opts opts = {
		.in_fd = env->in_fd,
		.out_fd = env->out_fd,
		.theme = a->theme,
		.color = env->color,
		.history_bytes = a->history_bytes,
		.interval_ns = env->interval_ns,
		.files = env->files,
		.images = env->images,
		.nimages = env->nimages,
		.command = env->command,
		.settings = a->no_settings ? NULL : settings_read(),
	};

	*ret = sink_tui_new(&opts);
	return 0;
}

#define ARG(member) offsetof(struct tui_args, member)
static const struct opt tui_options[] = {
	{ .name = "theme",
	  .arg = "NAME",
	  .kind = OPT_CHOICE,
	  .offset = ARG(theme),
	  .help = "looks of the live table: default, light (for light grounds) or mono",
	  .choices = THEME_NAMES },
	{ .name = "history",
	  .arg = "SIZE",
	  .kind = OPT_SIZE,
	  .offset = ARG(history_bytes),
	  .help = "memory for what the live table can go back to: records, and what sweeps "
		  "changed (16M)" },
	{ .name = "no-settings",
	  .kind = OPT_FLAG,
	  .offset = ARG(no_settings),
	  .help = "neither read nor keep columns, theme and keys in bombus/tui.conf" },
	{ 0 },
};

const struct exporter exporter_tui = {
	.name = "tui",
	.group = "Live table",
	.opts = tui_options,
	.args_bytes = sizeof(struct tui_args),
	.records = true,
	.new = tui_new,
};
