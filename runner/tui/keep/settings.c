// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/keep/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "base/new_file.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/sandbox/files.h"
#include "runner/load/sandbox/privileges.h"

#define FILE_MAX_BYTES (64u << 10)

struct line {
	char *name; /* NULL: a comment, or nothing */
	char *text; /* the value; without a name the whole line */
};

struct settings {
	char *path; /* NULL: there is no home */
	struct line *lines;
	size_t count;
	bool changed;
};

static char *path_of(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	const struct passwd *user = NULL;
	struct sandbox_user caller;

	if (config && *config)
		return xasprintf("%s/bombus/tui.conf", config);
	if (sandbox_user_caller(&caller))
		user = getpwuid(caller.uid);
	if (user)
		home = user->pw_dir;
	return home && *home ? xasprintf("%s/.config/bombus/tui.conf", home) : NULL;
}

static void add_line(struct settings *s, char *name, char *text)
{
	s->lines = xreallocarray(s->lines, s->count + 1, sizeof(*s->lines));
	s->lines[s->count++] = (struct line){ name, text };
}

static char *trimmed(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

static void parse(struct settings *s, char *text)
{
	char *rest = text, *line, *value;

	while ((line = strsep(&rest, "\n"))) {
		if (!rest && !*line)
			break;
		value = strchr(line, '=');
		if (!value || *trimmed(line) == '#') {
			add_line(s, NULL, xstrdup(line));
			if (*trimmed(line) && *trimmed(line) != '#')
				log_warn("%s: line %zu is no setting: NAME = VALUE", s->path,
					 s->count);
			continue;
		}
		*value++ = '\0';
		add_line(s, xstrdup(trimmed(line)), xstrdup(trimmed(value)));
	}
}

struct settings *settings_read(void)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	_cleanup_close_ int fd = -1;
	_cleanup_free_ void *text = NULL;
	struct err err = { 0 };
	struct stat st;

	s->path = path_of();
	fd = s->path ? open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd < 0 && s->path && errno != ENOENT)
		log_warn("cannot read %s: %s", s->path, strerror(errno));
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return s;
	if (read_fd(fd, s->path, FILE_MAX_BYTES, &text, NULL, &err) < 0)
		log_warn("%s", err.msg);
	else
		parse(s, text);
	return s;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->lines[i].name);
		free(s->lines[i].text);
	}
	free(s->lines);
	free(s->path);
	free(s);
}

/* The last one counts. */
static size_t find(const struct settings *s, const char *name)
{
	size_t i = s->count;

	while (i-- > 0)
		if (s->lines[i].name && streq(s->lines[i].name, name))
			return i;
	return SIZE_MAX;
}

const char *settings_get(const struct settings *s, const char *name)
{
	size_t i = find(s, name);

	return i == SIZE_MAX ? NULL : s->lines[i].text;
}

const char *settings_next(const struct settings *s, const char *prefix, size_t *at,
			  const char **ret_value)
{
	while (*at < s->count) {
		const struct line *line = &s->lines[(*at)++];

		if (!line->name || !has_prefix(line->name, prefix))
			continue;
		*ret_value = line->text;
		return line->name;
	}
	return NULL;
}

void settings_set(struct settings *s, const char *name, const char *value)
{
	size_t i = find(s, name);

	if (i == SIZE_MAX && !value)
		return;
	if (i != SIZE_MAX && value && streq(s->lines[i].text, value))
		return;
	s->changed = true;
	if (i == SIZE_MAX) {
		add_line(s, xstrdup(name), xstrdup(value));
		return;
	}
	free(s->lines[i].text);
	s->lines[i].text = value ? xstrdup(value) : NULL;
	if (value)
		return;
	free(s->lines[i].name);
	memmove(&s->lines[i], &s->lines[i + 1], (--s->count - i) * sizeof(*s->lines));
}

void settings_warn(const struct settings *s, const char *name, const char *why)
{
	log_warn("%s: line %zu: %s", s->path, find(s, name) + 1, why);
}

int settings_write(struct settings *s, struct files *files, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(4 * FILE_MAX_BYTES);
	struct new_file file;
	int ret;

	if (!s->changed || !s->path)
		return 0;
	for (size_t i = 0; i < s->count; i++)
		strbuf_addf(&text, "%s%s%s\n", s->lines[i].name ? s->lines[i].name : "",
			    s->lines[i].name ? " = " : "", s->lines[i].text);
	if (text.full || text.len > FILE_MAX_BYTES)
		return err_set(err, E2BIG, "%s would be too long", s->path);
	ret = files_replace_file(files, &file, s->path, err);
	if (ret < 0)
		return ret;
	ret = write_all(file.fd, strbuf_str(&text), text.len);
	if (ret >= 0)
		ret = new_file_commit(&file);
	new_file_release(&file);
	s->changed = false;
	return ret < 0 ? err_sys(err, -ret, "cannot write %s", s->path) : 0;
}
