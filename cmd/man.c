// SPDX-License-Identifier: Apache-2.0
/*
 * Manual pages in mdoc(7), made from the command and option tables as the help is. The build adds
 * the line with the date.
 *
 * Text is filled: words are wrapped, a sentence begins on a line of its own, and what a formatter
 * would take for a request is escaped.
 */
#include "cmd/man.h"

#include <ctype.h>

#include "base/err.h"
#include "base/util.h"
#include "cmd/agent/keys.h"
#include "cmd/cmd.h"

#define LINE_BYTES 78
#define NAMES_MAX_BYTES (16u << 10)

/* The column at which the next word of a text stands. */
struct fill {
	size_t column;
};

static void fill_break(struct fill *fill)
{
	if (fill->column)
		putchar('\n');
	fill->column = 0;
}

/* Whether a word ends a sentence, in quotes or parentheses or not. */
static bool ends_sentence(const char *word, size_t len)
{
	while (len && strchr(")'\"", word[len - 1]))
		len--;
	return len > 1 && strchr(".!?", word[len - 1]) && word[len - 2] != '.';
}

static void print_escaped(const char *text, size_t len, bool starts_line)
{
	if (starts_line && len && (*text == '.' || *text == '\''))
		fputs("\\&", stdout);
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else if (i + 1 < len && text[i] == '(' && text[i + 1] == ')')
			/* Not the name of a function that wants a macro. */
			fputs("\\&(", stdout);
		else
			putchar(text[i]);
}

static void fill_word(struct fill *fill, const char *word, size_t len)
{
	if (fill->column && fill->column + 1 + len > LINE_BYTES)
		fill_break(fill);
	if (fill->column)
		fill->column += (size_t)printf(" ");
	print_escaped(word, len, !fill->column);
	/* Each hyphen is written as two bytes. */
	fill->column += len;
	for (size_t i = 0; i < len; i++)
		fill->column += word[i] == '-' || word[i] == '\\';
	if (ends_sentence(word, len))
		fill_break(fill);
}

/* A newline begins a paragraph. */
static void print_text(const char *text)
{
	struct fill fill = { 0 };

	while (*text) {
		size_t len = strcspn(text, " \n");

		if (len)
			fill_word(&fill, text, len);
		text += len;
		if (*text == '\n' && text[1]) {
			fill_break(&fill);
			printf(".Pp\n");
		}
		text += *text != '\0';
	}
	fill_break(&fill);
}

/* A word as the argument of a macro. */
static void print_arg(const char *text)
{
	printf(" \"");
	for (; *text; text++)
		if (*text == '"')
			fputs("\\(dq", stdout);
		else
			print_escaped(text, 1, false);
	putchar('"');
}

static void print_opt(const struct opt *o)
{
	_cleanup_free_ char *dashed = xasprintf("-%s", o->name);

	printf(".It");
	if (o->letter)
		printf(" Fl %c ,", o->letter);
	printf(" Fl");
	print_arg(dashed);
	if (o->kind == OPT_OPTIONAL)
		printf(" Ns Oo Ns = Ns Ar");
	else if (o->arg)
		printf(" Ar");
	if (o->arg)
		print_arg(o->arg);
	printf(o->kind == OPT_OPTIONAL ? " Oc\n" : "\n");
	print_text(o->help);
	if (o->kind == OPT_CHOICE) {
		_cleanup_free_ char *text = xasprintf("One of: %s.", o->choices);

		print_text(text);
	}
}

static void print_opts(const struct opt *opts, const char *heading)
{
	bool open = false;

	for (const struct opt *o = opts; o && o->kind != OPT_END; o++) {
		if (o->kind == OPT_GROUP || !open) {
			if (open)
				printf(".El\n");
			if (o->kind == OPT_GROUP || heading)
				printf(".Ss %s\n", o->kind == OPT_GROUP ? o->help : heading);
			printf(".Bl -tag -width Ds\n");
			open = true;
		}
		if (o->kind != OPT_GROUP)
			print_opt(o);
	}
	if (open)
		printf(".El\n");
}

/* Lines "NAME  what"; two spaces or more stand between. */
static void print_environment(const char *lines)
{
	if (!lines)
		return;
	printf(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n");
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		_cleanup_free_ char *line = xstrndup(lines, len);
		char *text = strstr(line, "  ");

		if (text)
			*text++ = '\0';
		printf(".It Ev");
		print_arg(line);
		printf("\n");
		print_text(text ? text + strspn(text, " ") : "");
		lines += len + (lines[len] == '\n');
	}
	printf(".El\n");
}

/* A line of a shell. A long one goes on behind a backslash, and its comment moves in front. */
static void print_shell(const char *line, size_t len)
{
	const char *comment = memmem(line, len, " # ", 3);
	size_t room = LINE_BYTES - strlen(" \\e");

	if (len > LINE_BYTES && comment) {
		size_t end = (size_t)(comment - line);

		print_escaped(comment + 1, len - end - 1, true);
		putchar('\n');
		while (end && line[end - 1] == ' ')
			end--;
		print_shell(line, end);
		return;
	}
	while (len > LINE_BYTES) {
		size_t cut = room;

		while (cut && line[cut] != ' ')
			cut--;
		if (!cut)
			break;
		print_escaped(line, cut, true);
		fputs(" \\e\n\t", stdout);
		line += cut + 1;
		len -= cut + 1;
	}
	print_escaped(line, len, true);
	putchar('\n');
}

static void print_examples(const char *lines)
{
	if (!lines)
		return;
	printf(".Sh EXAMPLES\n.Bd -literal\n");
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		print_shell(lines, len);
		lines += len + (lines[len] == '\n');
	}
	printf(".Ed\n");
}

static void print_exit_status(void)
{
	static const char *const statuses[][2] = {
		{ "0", "done" },
		{ "1", "failed" },
		{ "2", "wrong usage" },
		{ "3", "the kernel refused" },
		{ "4", "registry or credentials" },
		{ "5", "an image is not trusted: its signatures, or the policy" },
		{ "130", "interrupted before it ran" },
	};

	printf(".Sh EXIT STATUS\n.Bl -tag -width 130x -compact\n");
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		printf(".It %s\n%s\n", statuses[i][0], statuses[i][1]);
	printf(".El\n");
}

static void print_head(const char *title, int section, const char *name, const char *summary)
{
	printf(".Dt ");
	for (const char *c = title; *c; c++)
		putchar(toupper((unsigned char)*c));
	printf(" %d\n.Os bombus %s\n.Sh NAME\n.Nm %s\n.Nd ", section, BOMBUS_VERSION, name);
	print_text(summary);
}

void man_print_command(const struct command *c)
{
	_cleanup_free_ char *name = xasprintf("bombus-%s", c->name);
	struct opt_table tables[COMMAND_TABLES_MAX];
	size_t count = command_tables(c, tables);

	print_head(name, 1, name, c->summary);
	printf(".Sh SYNOPSIS\n.Nm bombus %s\n", c->name);
	if (c->opts)
		printf(".Op Ar options\n");
	print_text(c->usage);
	printf(".Sh DESCRIPTION\n");
	if (c->about)
		print_text(c->about);
	else
		print_text(c->summary);
	if (c->alias)
		printf(".Pp\n.Nm bombus %s\nis the same command.\n", c->alias);
	if (c->opts) {
		printf(".Sh OPTIONS\n");
		/* The last table is that of every command. */
		for (size_t i = 0; i + 1 < count; i++)
			print_opts(tables[i].opts, i ? tables[i].heading : NULL);
	}
	printf(".Pp\nThe options of every command are in\n.Xr bombus 1 .\n");
	print_environment(c->environment);
	print_exit_status();
	print_examples(c->examples);
	printf(".Sh SEE ALSO\n.Xr bombus 1\n");
}

void man_print_overview(const struct command *const *commands)
{
	print_head("bombus", 1, "bombus", "run eBPF programs that are distributed as OCI images");
	printf(".Sh SYNOPSIS\n.Nm\n.Op Ar options\n.Ar command\n.Op Ar argument ...\n"
	       ".Sh DESCRIPTION\n"
	       "The commands are:\n.Bl -tag -width Ds\n");
	for (size_t i = 0; commands[i]; i++) {
		printf(".It Xr bombus-%s 1\n", commands[i]->name);
		print_text(commands[i]->summary);
	}
	printf(".El\n.Sh OPTIONS\nThese stand before or after any command.\n");
	print_opts(global_opts, NULL);
	printf(".Sh FILES\n.Bl -tag -width Ds\n"
	       ".It Pa ~/.local/share/bombus/store\nthe images of a user; those of root are in\n"
	       ".Pa /var/lib/bombus/store\n"
	       ".It Pa PREFIX/share/bombus/images\nthe images that were installed with bombus\n"
	       ".It Pa /etc/bombus/bombus.yaml\nthe agent's configuration\n"
	       ".It Pa /etc/bombus/policy.json\nwhich signatures images need\n.El\n");
	print_exit_status();
	printf(".Sh SEE ALSO\n.Xr bombus-run 1 ,\n.Xr bombus-agent.yaml 5 ,\n"
	       ".Xr bombus-image 5 ,\n.Xr bombus-maps 7\n");
}

static void print_keys(unsigned place, const char *heading)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT(NAMES_MAX_BYTES);
	struct key keys[KEYS_MAX];
	size_t count = keys_of(place, keys, &names);

	if (!count)
		return;
	printf(".Ss %s\n.Bl -tag -width Ds\n", heading);
	for (size_t i = 0; i < count; i++) {
		printf(".It Ic");
		print_arg(keys[i].name);
		if (keys[i].opt->arg) {
			printf(" Ar");
			print_arg(keys[i].opt->arg);
		}
		printf("\n");
		print_text(keys[i].opt->help);
	}
	printf(".El\n");
}

void man_print_keys(void)
{
	printf(".Sh ALL KEYS\n");
	print_keys(KEY_TOP, "Of the file");
	print_keys(KEY_PROGRAM, "Of a program");
	for (size_t i = 0; i < EXPORTERS_COUNT; i++) {
		_cleanup_free_ char *heading = xasprintf("Of the exporter %s", exporters[i]->name);

		if (exporters[i]->type)
			print_keys(KEY_EXPORT(i), heading);
	}
}
