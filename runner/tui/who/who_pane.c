// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/who/who_pane.h"

#include "base/utf8.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/raw.h"
#include "runner/read/who/who.h"

#define LINES_MAX 200
#define SUBJECTS_MAX 8
#define INDENT "  "

struct pane {
	struct tab *tab; /* with the names of its source */
	struct arena *arena;
	struct who *who; /* NULL: a recording, or names cannot be found */
	uint64_t now_ns;
	struct model_detail *ret;
	uint32_t subjects;
};

static const struct {
	unsigned part;
	const char *name;
	bool of_process;
} parts[] = {
	{ WHO_PROCESS(PROCESS_EXE), "exe", true },
	{ WHO_PROCESS(PROCESS_CMDLINE), "cmdline", true },
	{ WHO_PROCESS(PROCESS_PARENTS), "parents", true },
	{ WHO_PROCESS(PROCESS_USER), "user", true },
	{ WHO_PROCESS(PROCESS_STARTED), "started", true },
	{ WHO_PROCESS(PROCESS_UNIT), "unit", false },
	{ CONTAINER_NAME, "container", false },
	{ CONTAINER_ID, "container id", false },
	{ CONTAINER_IMAGE, "image", false },
	{ CONTAINER_POD, "pod", false },
	{ CONTAINER_NAMESPACE, "namespace", false },
	{ CONTAINER_OWNER, "owner", false },
};

static struct page_cell clean(struct pane *pane, const char *text)
{
	size_t len = strlen(text);
	_cleanup_free_ char *safe = xmalloc(UTF8_TERM_ROOM(len) + 1);

	return tab_cell(pane->tab, pane->arena, safe, utf8_term_escape(safe, text, len),
			UINT32_MAX);
}

static void add(struct pane *pane, const char *indent, const char *name, const char *text)
{
	struct detail_line *line = &pane->ret->lines[pane->ret->count];
	_cleanup_free_ char *both = xasprintf("%s%s", indent, name);
	struct page_cell cell = clean(pane, both);

	if (pane->ret->count == LINES_MAX)
		return;
	line->name = cell.text;
	line->name_cells = cell.cells;
	cell = clean(pane, text);
	line->text = cell.text;
	line->text_cells = cell.cells;
	pane->ret->name_cells = MAX(pane->ret->name_cells, line->name_cells);
	pane->ret->count++;
}

/* --- what is asked of the keeper of names --- */

static void add_parts(struct pane *pane, enum who_id kind, uint64_t id)
{
	char text[CONTAINER_TEXT];
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].of_process && kind != WHO_PID)
			continue;
		if (!who_part(pane->who, kind, id, parts[i].part, 0, text))
			continue;
		known = true;
		if (text[0])
			add(pane, INDENT, parts[i].name, text);
	}
	if (!known)
		add(pane, INDENT, "", "?");
}

static void add_look(struct pane *pane, const struct question *what)
{
	char bytes[LOOK_BYTES];
	size_t len;

	who_look(pane->who, what, pane->now_ns);
	len = who_looked(pane->who, what, bytes);
	for (size_t at = 0; at < len;) {
		const char *name = bytes + at, *text = name + strlen(name) + 1;

		add(pane, INDENT, name, text);
		at = (size_t)(text + strlen(text) + 1 - bytes);
	}
}

/* --- the fields of a row --- */

static bool is_inode(const struct field *field)
{
	return field->meaning == MEAN_NONE && raw_is_number(field) &&
	       (streq(field->name, "ino") || streq(field->name, "inode") ||
		streq(field->name, "i_ino"));
}

/* False: it is no address, or one that is not set. */
static bool read_address(const struct field *field, const uint8_t *at, uint8_t ret[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t any = 0;
	bool v4 = field->meaning == MEAN_IPV4;
	uint32_t family = 0;

	if (field->meaning == MEAN_IP) {
		memcpy(&family, at + field->family_at, MIN(field->family_bytes, 4));
		v4 = family == 2 || family == 4;
		at += field->addr_at;
	}
	memset(ret, 0, 16);
	if (v4)
		memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + (v4 ? 12 : 0), at, v4 ? 4 : 16);
	for (size_t i = v4 ? 12 : 0; i < 16; i++)
		any |= ret[i];
	return any;
}

static bool is_subject(const struct field *field)
{
	switch ((enum meaning)field->meaning) {
	case MEAN_PID:
	case MEAN_CGROUP:
	case MEAN_MNTNS:
	case MEAN_NETNS:
	case MEAN_IPV4:
	case MEAN_IPV6:
	case MEAN_IP:
	case MEAN_IFINDEX:
		return field->count == 1 && !field->is_bits;
	default:
		return field->count == 1 && !field->is_bits && is_inode(field);
	}
}

static void add_facts(struct pane *pane, const struct field *field, const uint8_t *base)
{
	struct question what = { 0 };

	switch ((enum meaning)field->meaning) {
	case MEAN_PID:
		add_parts(pane, WHO_PID, field_u64(field, base, 0));
		what = (struct question){ field_u64(field, base, 0), LOOK_PEERS, { 0 } };
		break;
	case MEAN_CGROUP:
		add_parts(pane, WHO_CGROUP, field_u64(field, base, 0));
		return;
	case MEAN_MNTNS:
		add_parts(pane, WHO_MNTNS, field_u64(field, base, 0));
		return;
	case MEAN_NETNS:
		add_parts(pane, WHO_NETNS, field_u64(field, base, 0));
		return;
	case MEAN_IFINDEX:
		what = (struct question){ field_u64(field, base, 0), LOOK_INTERFACE, { 0 } };
		break;
	case MEAN_IPV4:
	case MEAN_IPV6:
	case MEAN_IP:
		what.look = LOOK_ADDRESS;
		if (!read_address(field, base + field->off_bits / 8, what.address))
			return;
		break;
	default:
		what = (struct question){ field_u64(field, base, 0), LOOK_INODE, { 0 } };
	}
	add_look(pane, &what);
}

static void add_subjects(struct pane *pane, const struct layout *layout, const void *base)
{
	for (uint32_t i = 0; base && i < layout->nfields && pane->subjects < SUBJECTS_MAX; i++) {
		const struct field *field = &layout->fields[i];
		char *text = pane->tab->scratch;

		if (!is_subject(field) || field->id_of)
			continue;
		text[field_text(text, field, base, STYLE_TABLE,
				sink_names_get(&pane->tab->env->names))] = '\0';
		if (!text[0])
			continue;
		add(pane, "", field->path, text);
		if (pane->who)
			add_facts(pane, field, base);
		else
			add(pane, INDENT, "", "?");
		pane->subjects++;
	}
}

void who_pane(struct tab *tab, struct arena *arena, uint64_t now_ns, struct model_detail *ret)
{
	struct pane pane = { .tab = tab, .arena = arena, .now_ns = now_ns, .ret = ret };
	struct item item;

	*ret = (struct model_detail){ .title = "" };
	tab_prepare(tab);
	if (!tab->total || tab->gone)
		return;
	tab->ops->item(tab, tab->cursor, &item);
	if (item.note ||
	    (tab->ops->origin && !tab->ops->origin(tab, tab->cursor, &pane.tab, &item)))
		return;
	if (!pane.tab->env->source)
		return;
	pane.who = pane.tab->env->source->who;
	ret->lines = arena_array(arena, struct detail_line, LINES_MAX);
	if (pane.tab->shown->has_key)
		add_subjects(&pane, &pane.tab->shown->key, item.record.part[PART_KEY]);
	add_subjects(&pane, &pane.tab->shown->value, item.record.part[PART_VALUE]);
}
