/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of settings of the live table, tui.conf: lines "name = value", in the user's own order
 * and with comments.
 *
 *	theme = light
 *	key.x = compare			a key, and the name of an action as the palette has it
 *	columns.tcpconnect:events = time comm -pid daddr:wide
 *
 * The table writes `theme` and `columns`; what else stands in the file stays as it is.
 */
#ifndef BOMBUS_RUNNER_TUI_KEEP_SETTINGS_H
#define BOMBUS_RUNNER_TUI_KEEP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct files;
struct settings;

/* Of $XDG_CONFIG_HOME/bombus/tui.conf, or ~/.config of the user who called sudo. A file that is not
 * there is empty. Never NULL: what is wrong with the file is a warning. */
struct settings *settings_read(void);
void settings_free(struct settings *settings); /* takes NULL */

/* NULL: it is not set. */
const char *settings_get(const struct settings *settings, const char *name);
/* Names that begin so, one after the other; NULL at the end. *at is 0 at first. */
const char *settings_next(const struct settings *settings, const char *prefix, size_t *at,
			  const char **ret_value);
/* value NULL: it is not set any more. */
void settings_set(struct settings *settings, const char *name, const char *value);
/* What a setting is for is unknown, or its value is: a warning with its line. */
void settings_warn(const struct settings *settings, const char *name, const char *why);

/* Writes the file if anything has changed. */
int settings_write(struct settings *settings, struct files *files, struct err *err);

#endif
