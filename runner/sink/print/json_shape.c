// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/sink/print/json_shape.h"

/* Paths are untrusted; what is nested deeper keeps the rest of its path as its name. */
#define MAX_NESTING 32
#define MAX_TEXT_BYTES (16u << 20)

struct shaper {
	struct arena *arena;
	const struct json_member *members;
	uint32_t count;
	bool *done;
	struct json_shape *shape;
	struct strbuf text; /* since the last value */
};

void json_add_string(struct strbuf *sb, const char *text, size_t len)
{
	char *dst = strbuf_reserve(sb, UTF8_JSON_ROOM(len) + 2);
	size_t n;

	if (!dst)
		return;
	dst[0] = '"';
	n = utf8_json_escape(dst + 1, text, len);
	dst[n + 1] = '"';
	strbuf_advance(sb, n + 2);
}

static const char *take_text(struct shaper *s, size_t *ret_len)
{
	char *copy = arena_alloc(s->arena, s->text.len + JSON_CHUNK, 1);

	memcpy(copy, strbuf_str(&s->text), s->text.len);
	*ret_len = s->text.len;
	strbuf_reset(&s->text);
	return copy;
}

static void add_piece(struct shaper *s, const struct json_member *member)
{
	struct json_piece *piece = &s->shape->pieces[s->shape->npieces++];

	piece->text = take_text(s, &piece->len);
	piece->field = member->field;
	piece->part = member->part;
	piece->style = member->style;
	s->shape->max_bytes +=
		piece->len + MAX(field_text_max(member->field), (size_t)JSON_SAME_MAX);
}

/* The object of all members whose paths begin with the prefix (empty, or ending in '.'). */
static void add_object(struct shaper *s, const char *prefix, size_t prefix_len, int depth)
{
	const char *name, *dot;
	bool first = true;

	strbuf_addc(&s->text, '{');
	for (uint32_t i = 0; i < s->count; i++) {
		if (s->done[i] || strncmp(s->members[i].path, prefix, prefix_len) != 0)
			continue;
		name = s->members[i].path + prefix_len;
		dot = depth < MAX_NESTING ? strchr(name, '.') : NULL;
		if (!first)
			strbuf_addc(&s->text, ',');
		first = false;
		json_add_string(&s->text, name, dot ? (size_t)(dot - name) : strlen(name));
		strbuf_addc(&s->text, ':');
		if (dot) {
			add_object(s, s->members[i].path, dot + 1 - s->members[i].path, depth + 1);
		} else {
			add_piece(s, &s->members[i]);
			s->done[i] = true;
		}
	}
	strbuf_addc(&s->text, '}');
}

static bool has_path(const struct json_member *members, uint32_t count, const char *path)
{
	for (uint32_t i = 0; i < count; i++)
		if (streq(members[i].path, path))
			return true;
	return false;
}

uint32_t json_members_name(struct json_member *members, uint32_t count, struct arena *arena)
{
	_cleanup_free_ struct json_member *all = xcalloc(2 * (size_t)count + 1, sizeof(*all));
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct json_member name = members[i];

		all[n++] = members[i];
		if (!field_has_name(name.field))
			continue;
		name.path = arena_printf(arena, "%s_name", members[i].path);
		name.style = STYLE_NAME;
		if (!has_path(members, count, name.path))
			all[n++] = name;
	}
	memcpy(members, all, n * sizeof(*all));
	return n;
}

void json_shape_init(struct json_shape *ret, struct arena *arena, const struct json_member *members,
		     uint32_t count)
{
	_cleanup_free_ bool *done = xcalloc(count ? count : 1, sizeof(*done));
	struct shaper s = { .arena = arena,
			    .members = members,
			    .count = count,
			    .done = done,
			    .shape = ret,
			    .text = STRBUF_INIT(MAX_TEXT_BYTES) };

	*ret = (struct json_shape){ .pieces = arena_array(arena, struct json_piece,
							  count ? count : 1) };
	add_object(&s, "", 0, 0);
	ret->tail = take_text(&s, &ret->tail_len);
	ret->max_bytes += ret->tail_len + JSON_CHUNK;
	strbuf_release(&s.text);
}

static inline char *put(char *dst, const char *text, size_t len)
{
	memcpy(dst, text, len);
	return dst + len;
}

char *json_shape_write(char *dst, const struct json_shape *shape, const void *const bases[],
		       struct resolver *resolver)
{
	const struct json_piece *piece;

	for (uint32_t i = 0; i < shape->npieces; i++) {
		piece = &shape->pieces[i];
		dst = json_put_chunks(dst, piece->text, piece->len);
		if (bases[piece->part])
			dst += field_text(dst, piece->field, bases[piece->part], piece->style,
					  resolver);
		else
			dst = put(dst, "null", 4);
	}
	return json_put_chunks(dst, shape->tail, shape->tail_len);
}

char *json_shape_write_same(char *dst, const struct json_shape *shape, const char *value)
{
	size_t len = strlen(value);

	for (uint32_t i = 0; i < shape->npieces; i++) {
		dst = put(dst, shape->pieces[i].text, shape->pieces[i].len);
		dst = put(dst, value, len);
	}
	return put(dst, shape->tail, shape->tail_len);
}
