// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/print/csv_sheet.h"

#include "base/strbuf.h"
#include "base/util.h"

#define HEADER_MAX_BYTES (64u << 20)

/* The length of the first value; a comma in quotes is part of it. */
static size_t value_bytes(const char *text, size_t len)
{
	bool quoted = false;
	size_t n = 0;

	for (; n < len && (quoted || (text[n] != ',' && text[n] != '\n')); n++)
		quoted ^= text[n] == '"';
	return n;
}

void csv_sheet_release(struct csv_sheet *sheet)
{
	for (uint32_t i = 0; i < sheet->count; i++)
		free(sheet->names[i]);
	free(sheet->names);
	*sheet = (struct csv_sheet){ 0 };
}

static bool is_name(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && strncmp(name, text, len) == 0;
}

static void insert(struct csv_sheet *sheet, uint32_t at, const char *text, size_t len)
{
	sheet->names = xreallocarray(sheet->names, sheet->count + 1, sizeof(char *));
	memmove(&sheet->names[at + 1], &sheet->names[at], (sheet->count - at) * sizeof(char *));
	sheet->names[at] = xstrndup(text, len);
	sheet->count++;
}

/* The place of the first value of a header, from `next` on; sheet->count: none. */
static uint32_t find(const struct csv_sheet *sheet, uint32_t next, const char *header)
{
	size_t len = value_bytes(header, strlen(header));

	while (next < sheet->count && !is_name(sheet->names[next], header, len))
		next++;
	return next;
}

/* One of the columns of the header stands on the sheet. */
static bool any_follows(const struct csv_sheet *sheet, uint32_t next, const char *header)
{
	while (find(sheet, next, header) == sheet->count) {
		header += value_bytes(header, strlen(header));
		if (*header++ != ',')
			return false;
	}
	return true;
}

void csv_sheet_add(struct csv_sheet *sheet, const char *header)
{
	uint32_t next = 0, at;
	size_t len;

	for (;; header += len + 1) {
		len = value_bytes(header, strlen(header));
		at = find(sheet, next, header);
		if (at == sheet->count) {
			at = any_follows(sheet, next, header) ? next : sheet->count;
			insert(sheet, at, header, len);
		}
		next = at + 1;
		if (header[len] != ',')
			return;
	}
}

void csv_sheet_need(struct csv_sheet *sheet, const char *name)
{
	for (uint32_t i = 0; i < sheet->count; i++)
		if (streq(sheet->names[i], name))
			return;
	insert(sheet, sheet->count, name, strlen(name));
}

char *csv_sheet_header(const struct csv_sheet *sheet)
{
	struct strbuf sb = STRBUF_INIT(HEADER_MAX_BYTES);

	for (uint32_t i = 0; i < sheet->count; i++)
		strbuf_addf(&sb, "%s%s", i ? "," : "", sheet->names[i]);
	strbuf_addc(&sb, '\n');
	return strbuf_steal(&sb);
}

void csv_place_find(struct csv_place *place, const struct csv_sheet *sheet, const char *header)
{
	uint32_t at = 0;
	size_t len;

	place->count = 0;
	place->first = true;
	place->at = xreallocarray(place->at, sheet->count + 1, sizeof(*place->at));
	for (;; header += len + 1) {
		len = value_bytes(header, strlen(header));
		at = find(sheet, at, header);
		place->first &= at == place->count;
		place->at[place->count++] = at++;
		if (header[len] != ',')
			return;
	}
}

void csv_place_release(struct csv_place *place)
{
	free(place->at);
	*place = (struct csv_place){ 0 };
}

char *csv_sheet_spread(const struct csv_sheet *sheet, const struct csv_place *place, char *dst,
		       const char *line, size_t len)
{
	uint32_t at = 0;

	if (place->first) {
		dst = mempcpy(dst, line, len);
		at = place->count - 1;
	}
	for (uint32_t i = 0; !place->first && i < place->count; i++) {
		size_t n = value_bytes(line, len);

		for (; at < place->at[i]; at++)
			*dst++ = ',';
		memcpy(dst, line, n);
		dst += n;
		line += MIN(n + 1, len);
		len -= MIN(n + 1, len);
	}
	for (; at + 1 < sheet->count; at++)
		*dst++ = ',';
	return dst;
}
