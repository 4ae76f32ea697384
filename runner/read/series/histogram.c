// SPDX-License-Identifier: Apache-2.0
/*
 * Histograms: where the counts come from, and the upper bounds they are counted under.
 *
 * All bounds are inclusive whole numbers. What counts into [2^n, 2^(n+1)) is therefore exposed
 * as 2^(n+1) - 1, and the last slot, which by custom takes everything above, is +Inf's own.
 */
#include "runner/read/series/metric_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"

#define EXP2_LAST 64 /* buckets 0 .. 64: up to 2^63, then everything above */
#define MAX_SUB_BITS 4

enum scale_kind {
	SCALE_EXP2,	/* 2^min .. 2^max */
	SCALE_LOG2,	/* 2^(n+1) - 1 */
	SCALE_LINEAR,	/* min, min + step .. max */
	SCALE_LIST,	/* as written */
	SCALE_EXP2ZERO, /* 0, then 2^0 .. 2^(max - 1) */
};

/* How bounds were asked for. */
struct scale {
	enum scale_kind kind;
	uint64_t min, max, step;
	uint8_t sub_bits; /* SCALE_EXP2: 2^sub_bits bounds for each power of two */
	bool keys;	  /* the last member of the key is the bucket */
	double factor;	  /* of keys: exported = bound * factor */
	uint64_t list[METRIC_MAX_BOUNDS];
	uint32_t count;
};

static bool is_slots_name(const struct field *field)
{
	return (field->tags & TAG_SLOTS) || streq(field->name, "slots") ||
	       streq(field->name, "buckets");
}

static bool is_bucket(const struct field *field)
{
	return field->count == 1 && field->size_bits <= 64 && !field->is_bits &&
	       (field->kind == KIND_UINT || field->kind == KIND_INT || field->kind == KIND_ENUM);
}

static bool is_whole_list(const struct field *field)
{
	return field->count > 1 && field->kind == KIND_UINT && field->size_bits <= 64;
}

static int usage(struct metric_build *b, const char *what)
{
	err_exit(b->err, EXIT_USAGE);
	return err_set(b->err, EINVAL, "map %s: %s", b->map->name, what);
}

/* "exp2 0 27", "linear 10 0 100": the numbers after the word. */
static int parse_numbers(const char *text, uint64_t *ret, uint32_t max, uint32_t *ret_count)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;
	uint32_t n = 0;

	for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (n == max || parse_u64(word, &ret[n]) < 0)
			return -EINVAL;
		n++;
	}
	*ret_count = n;
	return 0;
}

static int parse_list(struct scale *scale, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;

	scale->kind = SCALE_LIST;
	for (char *word = strtok_r(copy, ", \t", &save); word;
	     word = strtok_r(NULL, ", \t", &save)) {
		uint64_t bound;

		if (scale->count == METRIC_MAX_BOUNDS || parse_u64(word, &bound) < 0)
			return -EINVAL;
		if (scale->count && bound <= scale->list[scale->count - 1])
			return -EINVAL;
		scale->list[scale->count++] = bound;
	}
	return scale->count ? 0 : -EINVAL;
}

static const char *after_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0 || (text[len] && text[len] != ' ' && text[len] != '\t'))
		return NULL;
	return text + len;
}

/* The rest behind "exp2" or "exp2/N", N being how many bounds there are to a power of two. */
static const char *after_exp2(const char *text, uint8_t *ret_bits)
{
	char word[] = "exp2/00";

	for (uint8_t bits = 0; bits <= MAX_SUB_BITS; bits++) {
		const char *rest;

		snprintf(word + 4, sizeof(word) - 4, "/%u", 1u << bits);
		rest = after_word(text, bits ? word : "exp2");
		if (rest) {
			*ret_bits = bits;
			return rest;
		}
	}
	return NULL;
}

/* The words behind "keys". */
static int parse_keys(struct scale *scale, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *times = strstr(copy, " times ");
	uint64_t numbers[2] = { 0 };
	const char *rest, *list;
	uint32_t count = 2;
	int rc;

	scale->keys = true;
	scale->factor = 1;
	if (times &&
	    (parse_double(times + strlen(" times "), &scale->factor) < 0 || scale->factor <= 0))
		return -EINVAL;
	if (times)
		*times = '\0';
	list = copy + strspn(copy, " ");
	if ((rest = after_word(list, "exp2")))
		scale->kind = SCALE_EXP2;
	else if ((rest = after_word(list, "exp2zero")))
		scale->kind = SCALE_EXP2ZERO;
	else if ((rest = after_word(list, "linear")))
		scale->kind = SCALE_LINEAR;
	else
		return parse_list(scale, list);
	rc = parse_numbers(rest, numbers, 2, &count);
	scale->min = numbers[0];
	scale->max = numbers[1];
	scale->step = 1;
	return rc == 0 && count == 2 && scale->min < scale->max &&
			       scale->max - scale->min < METRIC_MAX_BOUNDS
		       ? 0
		       : -EINVAL;
}

static int parse_scale(struct scale *scale, const char *text)
{
	uint64_t numbers[3];
	uint32_t count;
	const char *rest;

	text += strspn(text, " \t");
	if ((rest = after_word(text, "keys")))
		return parse_keys(scale, rest);
	if ((rest = after_exp2(text, &scale->sub_bits))) {
		scale->kind = SCALE_EXP2;
		scale->max = EXP2_LAST;
		if (parse_numbers(rest, numbers, 2, &count) < 0 || count == 1)
			return -EINVAL;
		if (count == 2) {
			scale->min = numbers[0];
			scale->max = numbers[1];
		}
		return scale->min < scale->max && scale->max <= EXP2_LAST ? 0 : -EINVAL;
	}
	if ((rest = after_word(text, "log2"))) {
		scale->kind = SCALE_LOG2;
		return parse_numbers(rest, numbers, 0, &count);
	}
	if ((rest = after_word(text, "linear"))) {
		scale->kind = SCALE_LINEAR;
		if (parse_numbers(rest, numbers, 3, &count) < 0 || count != 3)
			return -EINVAL;
		scale->step = numbers[0];
		scale->min = numbers[1];
		scale->max = numbers[2];
		return scale->step && scale->min < scale->max &&
				       (scale->max - scale->min) / scale->step < METRIC_MAX_BOUNDS
			       ? 0
			       : -EINVAL;
	}
	return parse_list(scale, text);
}

static int bad_words(struct metric_build *b, const char *words)
{
	err_hint(b->err, "use \"exp2\", \"exp2/8\", \"exp2 MIN MAX\", \"log2\", \"linear STEP MIN "
			 "MAX\" or ascending numbers \"1,5,10\"");
	if (b->opts && words == b->opts->buckets)
		err_exit(b->err, EXIT_USAGE);
	return err_set(b->err, EINVAL, "map %s: its buckets '%s' are not understood", b->map->name,
		       words);
}

static bool same_scale(const struct scale *a, const struct scale *b)
{
	if (a->kind != b->kind || a->sub_bits != b->sub_bits || a->count != b->count)
		return false;
	if (a->kind == SCALE_EXP2) /* less of them may be shown */
		return true;
	return a->min == b->min && a->max == b->max && a->step == b->step &&
	       memcmp(a->list, b->list, a->count * sizeof(*a->list)) == 0;
}

/* BumbleBee's histograms observe a member `le`, with bounds of their own. */
#define BEE_OBSERVED "le"
#define BEE_BOUNDS "0,10,20,50,100,200,500,1000,2000,5000"

static const char *asked_words(const struct metric_build *b)
{
	return b->opts && b->opts->buckets ? b->opts->buckets : b->map->buckets;
}

/* The map says how it is counted: what is asked for has to be that, or a part of it. */
static int choose_counted(struct metric_build *b, struct scale *scale)
{
	_cleanup_free_ struct scale *counted = xcalloc(1, sizeof(*counted));
	const char *words = asked_words(b) ? asked_words(b) : b->map->counted;

	*scale = (struct scale){ 0 };
	if (parse_scale(counted, b->map->counted) < 0)
		return bad_words(b, b->map->counted);
	if (parse_scale(scale, words) < 0)
		return bad_words(b, words);
	if (same_scale(scale, counted))
		return 0;
	if (words != b->map->buckets)
		return usage(b, "it is counted in other buckets than --hist-buckets says");
	err_hint(b->err, "leave BOMBUS_BUCKETS out, or declare the map with BOMBUS_HISTOGRAM_FINE, "
			 "_LINEAR or _FIXED");
	return err_set(b->err, EINVAL,
		       "map %s: BOMBUS_BUCKETS(\"%s\") contradicts how it is counted, \"%s\"",
		       b->map->name, words, b->map->counted);
}

/* The bounds that the words ask for, `by_default` where there are none. */
static int choose_scale(struct metric_build *b, enum scale_kind by_default, struct scale *scale)
{
	const char *words = asked_words(b);

	if (!words && b->plan->kind == METRIC_HIST_EVENTS &&
	    streq(b->plan->observe->name, BEE_OBSERVED))
		words = BEE_BOUNDS;
	*scale = (struct scale){ .kind = by_default, .max = EXP2_LAST };
	if (b->map->counted && b->plan->kind == METRIC_HIST_KEY)
		return choose_counted(b, scale);
	b->plan->is_guess = !words && b->plan->kind == METRIC_HIST_KEY;
	if (!words || parse_scale(scale, words) == 0)
		return 0;
	return bad_words(b, words);
}

/* 2^(i / 2^bits), cut off to a whole number; 0 where it needs more than 64 bits. */
static uint64_t exp2_bound(uint32_t i, uint8_t bits)
{
	/* 2^(63 + i/16) */
	static const uint64_t sixteenths[1 << MAX_SUB_BITS] = {
		0x8000000000000000ull, 0x85aac367cc487b14ull, 0x8b95c1e3ea8bd6e6ull,
		0x91c3d373ab11c336ull, 0x9837f0518db8a96full, 0x9ef5326091a111adull,
		0xa5fed6a9b15138eaull, 0xad583eea42a14ac6ull, 0xb504f333f9de6484ull,
		0xbd08a39f580c36beull, 0xc5672a115506daddull, 0xce248c151f8480e3ull,
		0xd744fccad69d6af4ull, 0xe0ccdeec2a94e111ull, 0xeac0c6e7dd24392eull,
		0xf5257d152486cc2cull,
	};
	uint32_t power = i >> bits, part = i & ((1u << bits) - 1);

	return power < 64 ? sixteenths[part << (MAX_SUB_BITS - bits)] >> (63 - power) : 0;
}

/* Bound number i, or false behind the last. */
static bool scale_bound(const struct scale *scale, uint32_t i, uint64_t *ret)
{
	switch (scale->kind) {
	case SCALE_EXP2:
		i += (uint32_t)scale->min << scale->sub_bits;
		*ret = exp2_bound(i, scale->sub_bits);
		return *ret && i <= scale->max << scale->sub_bits;
	case SCALE_LOG2:
		*ret = i < 63 ? (2ull << i) - 1 : 0;
		return i < 63;
	case SCALE_LINEAR:
		*ret = scale->min + scale->step * i;
		return i <= (scale->max - scale->min) / scale->step;
	case SCALE_LIST:
		*ret = i < scale->count ? scale->list[i] : 0;
		return i < scale->count;
	case SCALE_EXP2ZERO:
		i += (uint32_t)scale->min;
		*ret = i ? exp2_bound(i - 1, 0) : 0;
		return (!i || *ret) && i <= scale->max;
	}
	return false;
}

/* At most `max` bounds into the arena. */
static void make_bounds(struct metric_build *b, struct family *family, const struct scale *scale,
			uint32_t max)
{
	uint64_t *bounds, bound;
	uint32_t n = 0;

	while (n < max && scale_bound(scale, n, &bound))
		n++;
	bounds = arena_array(&b->plan->arena, uint64_t, n + 1);
	for (uint32_t i = 0; i < n; i++)
		scale_bound(scale, i, &bounds[i]);
	family->bounds = bounds;
	family->nbounds = n;
	family->shape = scale->kind == SCALE_EXP2   ? BOUNDS_EXP2
			: scale->kind == SCALE_LOG2 ? BOUNDS_LOG2
						    : BOUNDS_OTHER;
	family->sub_bits = scale->sub_bits;
	family->min_exponent = (uint32_t)scale->min;
}

static bool is_bucket_name(const struct field *field)
{
	return streq(field->name, "bucket") || streq(field->name, "slot");
}

/* The last member of that name, as most have it; else the first, else one between them. */
static const struct field *find_bucket(const struct layout *key)
{
	const struct field *first = &key->fields[0], *last = &key->fields[key->nfields - 1];

	if (key->is_scalar)
		return is_bucket(last) ? last : NULL;
	if (is_bucket(last) && is_bucket_name(last))
		return last;
	for (const struct field *field = first; field < last; field++)
		if (is_bucket(field) && is_bucket_name(field))
			return field;
	return NULL;
}

static const struct field *find_slots(const struct layout *value)
{
	const struct field *only = NULL;

	for (uint32_t i = 0; i < value->nfields; i++) {
		const struct field *field = &value->fields[i];

		if (!is_whole_list(field))
			continue;
		if (is_slots_name(field))
			return field;
		if (only)
			return NULL;
		only = field;
	}
	return only;
}

static const struct field *find_number(const struct layout *value, const char *name)
{
	for (uint32_t i = 0; i < value->nfields; i++) {
		const struct field *field = &value->fields[i];

		if (field->count == 1 && streq(field->name, name) &&
		    (field->kind == KIND_UINT || field->kind == KIND_INT) && !field->is_bits &&
		    field->size_bits <= 64)
			return field;
	}
	return NULL;
}

static int find_observed(struct metric_build *b)
{
	const struct layout *value = &b->map->value;

	if (b->opts && b->opts->observe) {
		b->plan->observe = layout_find(value, b->opts->observe);
		if (!b->plan->observe)
			return usage(b, "the member to observe is not among its fields");
	}
	for (uint32_t i = 0; !b->plan->observe && i < value->nfields; i++)
		if (value->fields[i].tags & TAG_OBSERVE)
			b->plan->observe = &value->fields[i];
	if (!b->plan->observe)
		b->plan->observe = layout_find(value, BEE_OBSERVED);
	if (!b->plan->observe) {
		err_hint(b->err, "name it with --hist-value-key %s,MEMBER or tag it BOMBUS_OBSERVE",
			 b->map->name);
		return usage(b, "a histogram of events needs a member to observe");
	}
	switch (b->plan->observe->kind) {
	case KIND_TEXT:
	case KIND_BYTES:
		return usage(b, "the member to observe is not a number");
	}
	return b->plan->observe->count == 1 ? 0 : usage(b, "the member to observe is a list");
}

int histogram_find(struct metric_build *b)
{
	const struct map_plan *map = b->map;

	if (!b->entries) {
		b->plan->kind = METRIC_HIST_EVENTS;
		return find_observed(b);
	}
	b->slots = find_slots(&map->value);
	if (b->slots) {
		b->plan->kind = METRIC_HIST_SLOTS;
		b->sum = find_number(&map->value, "sum");
		b->count = find_number(&map->value, "count");
		return 0;
	}
	if (map_is_exact(map)) {
		b->plan->kind = METRIC_HIST_KEY;
		b->plan->observe = b->bucket = &map->key.fields[map->key.nfields - 1];
		return 0;
	}
	if (map->has_key && map->key.nfields && map->value.nfields == 1 &&
	    map->value.fields[0].kind == KIND_UINT && map->value.fields[0].count == 1 &&
	    map->value.fields[0].size_bits <= 64)
		b->bucket = find_bucket(&map->key);
	if (b->bucket) {
		b->plan->kind = METRIC_HIST_KEY;
		b->plan->observe = b->bucket;
		return 0;
	}
	err_hint(b->err, "a histogram has a key member 'bucket' or 'slot', or a value with a list "
			 "'slots', or is a ring buffer");
	return err_set(b->err, EINVAL, "map %s: nothing in it is known as a histogram", map->name);
}

static void add_value(struct metric_plan *plan, const struct field *field, uint32_t n,
		      uint32_t cell)
{
	plan->values[plan->nvalues++] = (struct metric_value){
		.src = field->off_bits / 8,
		.n = n,
		.cell = cell,
		.op = metric_value_op(field),
		.field = field,
	};
}

static const char *unit_of(const struct field *field, const struct map_plan *map)
{
	return field && field->unit ? field->unit : map->unit;
}

static void make_slots(struct metric_build *b, struct family *family, const struct scale *scale)
{
	struct metric_plan *plan = b->plan;
	uint32_t n = b->slots->count, counted;

	make_bounds(b, family, scale, n - 1);
	counted = MIN(n, family->nbounds + 1);
	add_value(plan, b->slots, counted, family->cell);
	/* Slots that have no bound of their own, one value each, all into +Inf. */
	for (uint32_t i = counted; i < n && i - counted < METRIC_MAX_BOUNDS; i++) {
		add_value(plan, b->slots, 1, family->cell + family->nbounds);
		plan->values[plan->nvalues - 1].src += i * (b->slots->size_bits / 8);
	}
	if (b->sum)
		add_value(plan, b->sum, 1, family->cell + family->nbounds + 1);
	family->has_sum = b->sum != NULL;
}

/* The number of the lowest bucket. */
static uint32_t first_bucket(const struct scale *scale)
{
	if (scale->kind == SCALE_EXP2)
		return (uint32_t)scale->min << scale->sub_bits;
	if (scale->kind == SCALE_LINEAR)
		return (uint32_t)MIN(scale->min / scale->step, (uint64_t)UINT32_MAX);
	return 0;
}

static void make_key(struct metric_build *b, struct family *family, struct scale *scale)
{
	struct metric_plan *plan = b->plan;
	/* An array has no bucket behind its last entry. */
	bool array = b->map->source == SOURCE_ARRAY && b->map->max_entries;
	uint32_t end = array ? b->map->max_entries : UINT32_MAX;
	uint32_t first = first_bucket(scale), max = end - 1 > first ? end - 1 - first : 1;
	bool numbered = scale->kind == SCALE_EXP2 || scale->kind == SCALE_LINEAR;
	/* All powers of two are counted, whatever is shown of them. */
	bool whole = b->map->counted && scale->kind == SCALE_EXP2;
	uint64_t next;

	max = MIN(max, METRIC_MAX_BOUNDS);
	make_bounds(b, family, scale, max);
	/* The kernel side puts all that is larger into MAX, so that it is no bound. */
	if (numbered && !(scale->kind == SCALE_EXP2 && (scale->max == EXP2_LAST || whole)) &&
	    family->nbounds > 1 && !scale_bound(scale, family->nbounds, &next))
		family->nbounds--;
	plan->first_bucket = first;
	if (whole)
		plan->sum_bucket = (EXP2_LAST << scale->sub_bits) + 1;
	else if (scale->kind != SCALE_LOG2)
		plan->sum_bucket = first + family->nbounds + 1;
	if (plan->sum_bucket >= end)
		plan->sum_bucket = 0;
	family->has_sum = plan->sum_bucket != 0;
	/* Many programs that count so keep no sum. */
	family->sum_optional = family->has_sum && !b->map->counted;
	add_value(plan, &b->map->value.fields[0], 1, 0);
}

/* Every bound is real, and the sum of each series stands in the bucket behind the last. */
static void make_exact(struct metric_build *b, struct family *family, const struct scale *scale)
{
	struct metric_plan *plan = b->plan;

	make_bounds(b, family, scale, METRIC_MAX_BOUNDS);
	plan->bucket_is_bound = scale->kind == SCALE_LIST;
	plan->first_bucket = (uint32_t)scale->min;
	plan->sum_bucket =
		scale->kind == SCALE_LIST ? scale->list[scale->count - 1] + 1 : scale->max + 1;
	family->has_sum = true;
	add_value(plan, &b->map->value.fields[0], 1, 0);
}

int histogram_make(struct metric_build *b)
{
	struct metric_plan *plan = b->plan;
	struct family *family = &plan->families[0];
	_cleanup_free_ struct scale *scale = xcalloc(1, sizeof(*scale));
	bool exp2 = plan->kind == METRIC_HIST_EVENTS ||
		    (plan->kind == METRIC_HIST_KEY && streq(b->bucket->name, "bucket"));
	const char *unit;
	int r = choose_scale(b, exp2 ? SCALE_EXP2 : SCALE_LOG2, scale);

	if (r < 0)
		return r;
	*family = (struct family){ .type = METRIC_HISTOGRAM,
				   .cell_type = CELL_U64,
				   .help = b->map->help ? b->map->help : "",
				   .field = b->slots ? b->slots : plan->observe };
	if (b->slots) {
		make_slots(b, family, scale);
		unit = unit_of(b->slots, b->map);
		if (!unit && b->sum)
			unit = b->sum->unit;
	} else if (scale->keys) {
		if (plan->kind != METRIC_HIST_KEY)
			return usage(b, "no member of its key is a bucket, which \"keys\" needs");
		make_exact(b, family, scale);
		unit = unit_of(b->bucket, b->map);
	} else if (plan->kind == METRIC_HIST_KEY) {
		make_key(b, family, scale);
		unit = unit_of(b->bucket, b->map);
	} else {
		make_bounds(b, family, scale, METRIC_MAX_BOUNDS);
		family->has_sum = true;
		unit = unit_of(plan->observe, b->map);
	}
	if (b->opts && b->opts->unit)
		unit = b->opts->unit;
	metric_family_name(plan, family, b->map->name, "", unit);
	if (scale->keys)
		family->scale *= scale->factor;
	plan->ncells = family_cells(family);
	plan->nfamilies = 1;
	return 0;
}

/*
 * Other tools put the sum into the bucket behind their largest, and how large that is stands in a
 * file of theirs. It then looks like an observation far above all others, made as often as the sum
 * is high; what the lower buckets count says between which bounds the sum has to be.
 */
uint32_t histogram_suspect(const struct metric_plan *plan, const union cell *cells)
{
	const struct family *family = &plan->families[0];
	uint32_t last = family->nbounds, below;
	/* A key called slot, and an array's index, may be powers of two all the same. */
	uint32_t apart = family->shape == BOUNDS_LOG2 ? 2 : 1;
	double least = 0, most = 0;
	uint64_t count = 0;

	if (!plan->is_guess)
		return 0;
	while (last && !cells[last].u)
		last--;
	for (below = 0; below < last; below++) {
		count += cells[below].u;
		most += (double)cells[below].u * (double)family->bounds[below];
		if (below >= apart)
			least += (double)cells[below].u * (double)family->bounds[below - apart];
	}
	while (below && !cells[below - 1].u)
		below--;
	if (!below || last - below < 1 || count < 4)
		return 0;
	return (double)cells[last].u >= least && (double)cells[last].u <= most &&
			       cells[last].u > count
		       ? last + plan->first_bucket
		       : 0;
}
