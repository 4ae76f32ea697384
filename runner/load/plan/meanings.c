// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/meanings.h"

#include <time.h>

#include "base/util.h"

#define ANY_NUMBER (1 | 2 | 4 | 8)
#define ANY_BYTES MEANING_ANY_BYTES
#define TYPES(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define MEANING(id, param, text, names, find, ...) [MEAN_##id] = { .enumerator = #id, __VA_ARGS__ },

const struct meaning_traits meaning_table[MEAN_COUNT] = {
#include "runner/load/plan/meaning_rows.h"
};

static bool has_name(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (streq(*names, name))
			return true;
	return false;
}

enum meaning meaning_of_typedef(const char *name)
{
	for (unsigned i = 0; i < MEAN_COUNT; i++)
		if (has_name(meaning_table[i].types, name))
			return (enum meaning)i;
	return MEAN_NONE;
}

enum meaning meaning_of_struct(const char *name)
{
	for (unsigned i = 0; i < MEAN_COUNT; i++)
		if (has_name(meaning_table[i].structs, name))
			return (enum meaning)i;
	return MEAN_NONE;
}

enum meaning meaning_of_unit(const char *unit)
{
	for (unsigned i = 0; unit && i < MEAN_COUNT; i++)
		if (meaning_table[i].unit && streq(meaning_table[i].unit, unit))
			return (enum meaning)i;
	return MEAN_NONE;
}

enum meaning meaning_of_word(const char *word)
{
	for (unsigned i = 0; i < MEAN_COUNT; i++) {
		const struct meaning_traits *traits = &meaning_table[i];

		if (strcasecmp(word, traits->enumerator) == 0 ||
		    (traits->word && streq(word, traits->word)) || has_name(traits->types, word))
			return (enum meaning)i;
	}
	return MEAN_COUNT;
}

bool meaning_fits_number(enum meaning meaning, uint32_t size_bytes)
{
	bool one_bit = size_bytes && !(size_bytes & (size_bytes - 1));

	return one_bit && (meaning_table[meaning].numbers & size_bytes);
}

bool meaning_fits_bytes(enum meaning meaning, uint32_t size_bytes)
{
	uint32_t want = meaning_table[meaning].bytes;

	return size_bytes && (want == ANY_BYTES || want == size_bytes);
}

const char *meaning_type(enum meaning meaning)
{
	const char *const *types = meaning_table[meaning].types;

	return types ? *types : NULL;
}
