// SPDX-License-Identifier: Apache-2.0
/* Numbers whose bits have names: flags of an enum, those of open(2), modes of files. */
#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/util.h"
#include "runner/read/raw.h"
#include "runner/read/text/names.h"
#include "runner/read/text/text_put.h"

/* The name of the most bits that are all there, which go. NULL: none is. */
static const char *take_bits(const struct field *f, uint64_t *bits)
{
	const struct enum_name *best = NULL;

	if (!f->enums)
		return name_of_bits((enum meaning)f->meaning, bits);
	for (uint32_t i = 0; i < f->enums->count; i++) {
		const struct enum_name *e = &f->enums->names[i];
		uint64_t value = (uint64_t)e->value;

		if (value && (*bits & value) == value &&
		    (!best ||
		     __builtin_popcountll(value) > __builtin_popcountll((uint64_t)best->value)))
			best = e;
	}
	if (best)
		*bits &= ~(uint64_t)best->value;
	return best ? best->name : NULL;
}

/* "first|A|B|0x40": bits without a name are one number. `first` may be NULL. */
static char *put_bits(char *d, const struct value *v, const char *first, uint64_t bits)
{
	char text[FLAGS_MAX + WORD_MAX];
	const char *name = first ? first : take_bits(v->field, &bits);
	size_t len = 0;

	for (; name; name = bits ? take_bits(v->field, &bits) : NULL) {
		size_t more = strlen(name);

		if (len + 1 + more > FLAGS_MAX)
			return put_hex_number(d, v, raw_u64(v->field, v->at));
		if (len)
			text[len++] = '|';
		memcpy(text + len, name, more);
		len += more;
	}
	if (bits && len)
		text[len++] = '|';
	if (bits || !len)
		len += format_hex(text + len, bits);
	return put_quoted(d, v, text, len);
}

char *put_flags(char *d, const struct value *v)
{
	if (!raw_is_number(v->field))
		return put_kind(d, v);
	return put_bits(d, v, NULL, raw_u64(v->field, v->at));
}

/* The lowest two bits are a number. */
char *put_open_flags(char *d, const struct value *v)
{
	static const char *const access[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
	uint64_t flags;

	if (!shows_name(v))
		return put_kind(d, v);
	flags = raw_u64(v->field, v->at);
	return put_bits(d, v, access[flags & O_ACCMODE], flags & ~(uint64_t)O_ACCMODE);
}

/* As ls shows it: "-rw-r--r--"; without a type it is what open(2) was given: "rw-r--r--". */
char *put_file_mode(char *d, const struct value *v)
{
	static const struct {
		uint32_t type;
		char letter;
	} types[] = { { S_IFREG, '-' }, { S_IFDIR, 'd' },  { S_IFLNK, 'l' }, { S_IFCHR, 'c' },
		      { S_IFBLK, 'b' }, { S_IFSOCK, 's' }, { S_IFIFO, 'p' } };
	static const char all[] = "rwxrwxrwx", extra[] = "sst";
	uint32_t mode;
	size_t len = 0;
	char text[16];

	if (!shows_name(v))
		return put_kind(d, v);
	mode = (uint32_t)raw_u64(v->field, v->at);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if ((mode & S_IFMT) == types[i].type)
			text[len++] = types[i].letter;
	for (unsigned i = 0; i < 9; i++) {
		bool on = mode & (0400u >> i), special = i % 3 == 2 && (mode & (04000u >> i / 3));

		text[len] = on ? all[i] : '-';
		if (special)
			text[len] = on ? extra[i / 3] : (char)toupper(extra[i / 3]);
		len++;
	}
	return put_word(d, v, text, len);
}
