// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/otlp/otlp_split.h"

#include <jansson.h>

#include "base/proto.h"
#include "base/proto_read.h"
#include "base/util.h"

/* request, ResourceX, ScopeX, and of metrics Metric and Gauge, Sum or a histogram. */
#define DEPTH_MAX 5

/* A copy of a request with some of its leaves: those from `from` on, before `to`. */
struct copy {
	const struct otlp_shape *shape;
	uint64_t seen, from, to;
};

static bool is_wanted(struct copy *copy)
{
	uint64_t nth = copy->seen++;

	return nth >= copy->from && nth < copy->to;
}

static unsigned depth_of(const struct otlp_shape *shape)
{
	return shape->has_points ? DEPTH_MAX : DEPTH_MAX - 2;
}

/* --- protobuf --------------------------------------------------------------------------------- */

/* Whether a field is what this level repeats, or, of a Metric, the message with its points. */
static bool leads_down(unsigned level, const struct proto_field *field)
{
	static const uint8_t repeated[DEPTH_MAX] = { 1, 2, 2, 0, 1 };
	bool of_metric = field->number == 5 || field->number == 7 || field->number == 9 ||
			 field->number == 10;

	return level == 3 ? of_metric : field->number == repeated[level];
}

/* True: some leaf of it was wanted. All others of its fields are in `out` in any case. */
static bool copy_message(struct copy *copy, struct strbuf *out, struct bytes from, unsigned level)
{
	bool last = level + 1 == depth_of(copy->shape), any = false;
	struct proto_field field;

	while (proto_take(&from, &field)) {
		size_t begin = out->len, at;
		bool wanted;

		if (!leads_down(level, &field)) {
			strbuf_add(out, field.whole.ptr, field.whole.len);
			continue;
		}
		if (last) {
			wanted = is_wanted(copy);
			if (wanted)
				strbuf_add(out, field.whole.ptr, field.whole.len);
		} else {
			at = proto_open(out, field.number);
			wanted = copy_message(copy, out, field.bytes, level + 1);
			proto_close(out, at);
			if (!wanted)
				out->len = begin;
		}
		any |= wanted;
	}
	return any;
}

static bool split_protobuf(struct copy *copy, struct bytes from, struct strbuf ret[2],
			   uint64_t *ret_first)
{
	struct strbuf nothing = STRBUF_INIT(ret[0].max);
	uint64_t count;

	copy_message(copy, &nothing, from, 0);
	strbuf_release(&nothing);
	count = copy->seen;
	*ret_first = count / 2;
	for (int i = 0; i < 2 && count > 1; i++) {
		copy->seen = 0;
		copy->from = i ? *ret_first : 0;
		copy->to = i ? count : *ret_first;
		copy_message(copy, &ret[i], from, 0);
	}
	return count > 1;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* The list that a message of this level repeats; of a Metric the object with its points. */
static json_t *way_down(const struct copy *copy, json_t *message, unsigned level)
{
	static const char *const datas[] = { "gauge", "sum", "histogram", "exponentialHistogram" };
	const char *const lists[DEPTH_MAX] = { copy->shape->resources, copy->shape->scopes,
					       copy->shape->items, NULL, "dataPoints" };
	json_t *data = NULL;

	if (level != 3)
		return json_object_get(message, lists[level]);
	for (size_t i = 0; i < ARRAY_LEN(datas) && !data; i++)
		data = json_object_get(message, datas[i]);
	return data;
}

/* Takes the leaves that are not wanted out. True: some are left. */
static bool prune(struct copy *copy, json_t *message, unsigned level)
{
	bool last = level + 1 == depth_of(copy->shape);
	json_t *list = way_down(copy, message, level);
	size_t i = 0;

	if (level == 3)
		return prune(copy, list, level + 1);
	while (i < json_array_size(list)) {
		json_t *element = json_array_get(list, i);

		if (last ? is_wanted(copy) : prune(copy, element, level + 1))
			i++;
		else
			json_array_remove(list, i);
	}
	return i > 0;
}

static int add_text(const char *text, size_t len, void *ctx)
{
	strbuf_add(ctx, text, len);
	return 0;
}

static bool split_json(struct copy *copy, struct bytes from, struct strbuf ret[2],
		       uint64_t *ret_first)
{
	json_t *root = json_loadb((const char *)from.ptr, from.len, JSON_ALLOW_NUL, NULL);
	uint64_t count;

	copy->to = UINT64_MAX;
	prune(copy, root, 0);
	count = copy->seen;
	*ret_first = count / 2;
	for (int i = 0; i < 2 && count > 1; i++) {
		json_t *half = json_deep_copy(root);

		copy->seen = 0;
		copy->from = i ? *ret_first : 0;
		copy->to = i ? count : *ret_first;
		prune(copy, half, 0);
		json_dump_callback(half, add_text, &ret[i], JSON_COMPACT | JSON_REAL_PRECISION(17));
		json_decref(half);
	}
	json_decref(root);
	return count > 1;
}

bool otlp_split(const struct otlp_shape *shape, bool json, size_t prefix, const struct strbuf *body,
		struct strbuf ret[2], uint64_t *ret_first)
{
	struct bytes from = bytes_of(body->buf + prefix, body->len - prefix);
	struct copy copy = { .shape = shape };

	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < prefix; k++)
			strbuf_addc(&ret[i], '\0');
	return json ? split_json(&copy, from, ret, ret_first)
		    : split_protobuf(&copy, from, ret, ret_first);
}
