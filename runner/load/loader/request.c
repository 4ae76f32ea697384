// SPDX-License-Identifier: Apache-2.0
#include "runner/load/loader/request.h"

#include <errno.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/sandbox/packet.h"

#define MAX_ITEMS 65536
#define NO_TEXT UINT32_MAX

/* One description serves both directions: `out` is written to, or `in` is read and checked. */
struct pack {
	struct strbuf *out; /* NULL: reading */
	const uint8_t *in, *end;
	struct arena *arena;
	bool bad;
};

static void pack_bytes(struct pack *p, void *bytes, size_t len)
{
	if (p->out) {
		strbuf_add(p->out, bytes, len);
		return;
	}
	if (p->bad || len > (size_t)(p->end - p->in)) {
		p->bad = true;
		memset(bytes, 0, len);
		return;
	}
	memcpy(bytes, p->in, len);
	p->in += len;
}

#define pack_value(p, value) pack_bytes(p, &(value), sizeof(value))

static void pack_bool(struct pack *p, bool *value)
{
	uint8_t byte = *value;

	pack_value(p, byte);
	p->bad = p->bad || byte > 1;
	*value = byte == 1;
}

/* A blob is borrowed from the bytes. */
static void pack_blob(struct pack *p, const void **blob, size_t *len)
{
	uint64_t bytes = *len;

	pack_value(p, bytes);
	if (p->out) {
		strbuf_add(p->out, *blob, *len);
		return;
	}
	if (p->bad || bytes > (size_t)(p->end - p->in)) {
		p->bad = true;
		bytes = 0;
	}
	*blob = p->in;
	*len = bytes;
	p->in += bytes;
}

/* With its NUL; NULL is kept. */
static void pack_text(struct pack *p, const char **text)
{
	uint32_t len = *text ? (uint32_t)strlen(*text) : NO_TEXT;

	pack_value(p, len);
	if (p->out) {
		strbuf_add(p->out, *text ? *text : "", *text ? len + 1 : 0);
		return;
	}
	*text = NULL;
	if (p->bad || len == NO_TEXT)
		return;
	if (len >= (size_t)(p->end - p->in) || memchr(p->in, 0, (size_t)len + 1) != p->in + len) {
		p->bad = true;
		return;
	}
	*text = (const char *)p->in;
	p->in += len + 1;
}

/* A text that has to be there. */
static void pack_word(struct pack *p, const char **text)
{
	pack_text(p, text);
	if (!*text) {
		p->bad = true;
		*text = "";
	}
}

static size_t pack_count(struct pack *p, size_t count)
{
	uint32_t items = (uint32_t)count;

	pack_value(p, items);
	if (items > MAX_ITEMS || (!p->out && items > (size_t)(p->end - p->in)))
		p->bad = true;
	return p->bad ? 0 : items;
}

/* The array of `count` items, for reading a new one. The reader owns what it points to. */
#define pack_array(p, array, count)                                                                \
	({                                                                                         \
		(count) = pack_count(p, count);                                                    \
		if (!(p)->out)                                                                     \
			(array) = arena_array((p)->arena, __typeof__(*(array)), (count) + 1);      \
		(void *)(uintptr_t)(array);                                                        \
	})

static void pack_words(struct pack *p, struct word_list *list)
{
	const char **words = (const char **)(uintptr_t)list->words;

	list->count = pack_count(p, list->count);
	if (!p->out)
		list->words = words = arena_array(p->arena, const char *, list->count + 1);
	for (size_t i = 0; i < list->count; i++)
		pack_word(p, &words[i]);
}

static void pack_sizes(struct pack *p, const struct object_size **sizes, size_t *count)
{
	struct object_size *all = pack_array(p, *sizes, *count);

	for (size_t i = 0; i < *count; i++) {
		pack_word(p, &all[i].map);
		pack_value(p, all[i].size);
	}
}

static void pack_roles(struct pack *p, struct plan_opts *plan)
{
	struct plan_role *roles = pack_array(p, plan->roles, plan->nroles);

	for (size_t i = 0; i < plan->nroles; i++) {
		uint32_t role = roles[i].role;

		pack_word(p, &roles[i].map);
		pack_value(p, role);
		pack_text(p, &roles[i].type);
		p->bad = p->bad || role > ROLE_SPANS;
		roles[i].role = p->bad ? ROLE_INTERNAL : (enum map_role)role;
	}
}

static void pack_fields(struct pack *p, struct object_opts *opts)
{
	struct plan_fields *fields = pack_array(p, opts->fields, opts->nfields);

	for (size_t i = 0; i < opts->nfields; i++) {
		struct word_list names = { fields[i].fields, fields[i].nfields };

		pack_word(p, &fields[i].map);
		pack_words(p, &names);
		fields[i].fields = names.words;
		fields[i].nfields = names.count;
	}
}

static void pack_targets(struct pack *p, struct object_opts *opts)
{
	struct object_param *params = pack_array(p, opts->params, opts->nparams);
	struct object_target *targets;
	struct object_kaddr *kaddrs;

	for (size_t i = 0; i < opts->nparams; i++) {
		pack_word(p, &params[i].name);
		pack_word(p, &params[i].value);
	}
	kaddrs = pack_array(p, opts->kaddrs, opts->nkaddrs);
	for (size_t i = 0; i < opts->nkaddrs; i++) {
		pack_word(p, &kaddrs[i].symbol);
		pack_word(p, &kaddrs[i].at.path);
		pack_value(p, kaddrs[i].at.line);
		pack_value(p, kaddrs[i].at.column);
	}
	targets = pack_array(p, opts->targets, opts->ntargets);
	for (size_t i = 0; i < opts->ntargets; i++) {
		pack_word(p, &targets[i].prog);
		pack_word(p, &targets[i].target);
	}
}

static void pack_aim(struct pack *p, struct object_aim *aim)
{
	uint64_t *cgroups, *processes;

	pack_text(p, &aim->pid);
	pack_text(p, &aim->uid);
	pack_text(p, &aim->comm);
	pack_bool(p, &aim->by_cgroup);
	cgroups = pack_array(p, aim->cgroups, aim->ncgroups);
	for (size_t i = 0; i < aim->ncgroups; i++)
		pack_value(p, cgroups[i]);
	processes = pack_array(p, aim->processes, aim->nprocesses);
	for (size_t i = 0; i < aim->nprocesses; i++)
		pack_value(p, processes[i]);
}

static void pack_request(struct pack *p, struct object_request *request)
{
	struct object_opts *opts = &request->opts;

	pack_word(p, &request->name);
	pack_blob(p, &request->elf, &request->elf_bytes);
	pack_bool(p, &request->statistics);
	pack_value(p, request->log_level);
	pack_roles(p, &opts->plan);
	pack_words(p, &opts->plan.names);
	pack_words(p, &opts->plan.labels);
	pack_words(p, &opts->plan.as);
	pack_words(p, &opts->plan.spans);
	pack_bool(p, &opts->plan.all_maps);
	pack_value(p, opts->plan.enrich);
	pack_targets(p, opts);
	pack_sizes(p, &opts->rings, &opts->nrings);
	pack_sizes(p, &opts->entries, &opts->nentries);
	pack_sizes(p, &opts->value_sizes, &opts->nvalue_sizes);
	pack_fields(p, opts);
	pack_aim(p, &opts->aim);
	pack_words(p, &opts->only);
	pack_text(p, &opts->pin_maps);
	pack_text(p, &opts->pin_progs);
	pack_text(p, &opts->btf);
	pack_bool(p, &opts->skip_missing);
}

int object_request_pack(const struct object_request *request)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT(REQUEST_MAX_BYTES);
	struct object_request copy = *request;
	struct pack p = { .out = &out };

	pack_request(&p, &copy);
	if (p.bad || out.full)
		return -EFBIG;
	return packet_file(out.buf, out.len);
}

int object_request_unpack(struct object_request *ret, const void *bytes, size_t len,
			  struct arena *arena)
{
	struct pack p = { .in = bytes, .end = (const uint8_t *)bytes + len, .arena = arena };
	struct object_request request = { 0 };

	pack_request(&p, &request);
	if (p.bad || p.in != p.end)
		return -EINVAL;
	*ret = request;
	return 0;
}
