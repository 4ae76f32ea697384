// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus convert`: a configuration for ebpf_exporter as declarations with tags for the program's
 * source, and a list of the rest, which no tag expresses.
 */
#include <stdio.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "runner/compat/exporter_config.h"

#define TEXT_MAX_BYTES (4u << 20)

/* Escaped for a literal of C; without the quotes. */
static void add_literal(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			strbuf_addf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			strbuf_addf(out, "\\%03o", c);
		else
			strbuf_addc(out, *text);
	}
}

static void add_tag(struct strbuf *out, const char *tag, const char *text)
{
	strbuf_addf(out, " %s(\"", tag);
	add_literal(out, text);
	strbuf_adds(out, "\")");
}

/* A member of the label's size, with a tag for the decoders that its type does not imply. */
static void add_member(struct strbuf *out, const struct recipe_label *label, const char *name)
{
	static const char number[] = "uint | ";
	const char *words = label->decode;
	uint32_t size = label->size_bytes;
	bool power = size <= 8 && !(size & (size - 1));

	if (streq(words, "string")) {
		strbuf_addf(out, "\tchar %s[%u]", name, size);
	} else if (streq(words, "inet_ip")) {
		strbuf_addf(out, "\t%s %s", size == 4 ? "ipv4_addr" : "ipv6_addr", name);
	} else if (power && has_prefix(words, "uint")) {
		strbuf_addf(out, "\t__u%u %s", size * 8, name);
		if (has_prefix(words, number))
			add_tag(out, "BOMBUS_DECODE", words + strlen(number));
	} else {
		if (has_prefix(words, "string"))
			strbuf_addf(out, "\tchar %s[%u]", name, size);
		else if (power)
			strbuf_addf(out, "\t__u%u %s", size * 8, name);
		else
			strbuf_addf(out, "\t__u8 %s[%u]", name, size);
		add_tag(out, "BOMBUS_DECODE", words);
	}
	strbuf_adds(out, ";\n");
}

/* Names of members have no dots; the last one of a histogram is called bucket. */
static void add_label(struct strbuf *out, const struct recipe_label *label, bool bucket, size_t n)
{
	_cleanup_free_ char *name = xstrdup(bucket ? "bucket" : label->name);

	for (char *p = name; *p; p++)
		if (*p == '.')
			*p = '_';
	add_member(out, label, name);
	if (label->padding_bytes)
		strbuf_addf(out, "\t__u8 padding_%zu[%u] BOMBUS_HIDE;\n", n, label->padding_bytes);
}

static bool is_cpu(const struct plan_recipe *r, size_t i)
{
	return r->role == ROLE_COUNTER && i + 1 == r->nlabels &&
	       streq(r->labels[i].name, RECIPE_CPU) && r->labels[i].size_bytes == RECIPE_CPU_BYTES;
}

static bool has_cpu(const struct plan_recipe *r)
{
	return r->nlabels && is_cpu(r, r->nlabels - 1);
}

static void add_struct(struct strbuf *out, const struct plan_recipe *r, const char *what)
{
	bool any = r->nlabels > has_cpu(r);

	if (!any)
		return;
	strbuf_addf(out, "struct %s_%s {\n", r->map, what);
	for (size_t i = 0; i < r->nlabels; i++)
		if (!is_cpu(r, i))
			add_label(out, &r->labels[i],
				  r->role == ROLE_HISTOGRAM && i + 1 == r->nlabels, i);
	strbuf_adds(out, "} __attribute__((packed));\n");
}

static void add_recipe(struct strbuf *out, const struct plan_recipe *r)
{
	bool stream = r->is_stream || r->role == ROLE_SPANS;

	strbuf_addf(out, "\n/* --- %s --- */\n", r->map);
	add_struct(out, r, stream ? "record" : "key");
	strbuf_adds(out, "struct {\n\t/* as it is */\n");
	if (stream)
		strbuf_addf(out, "\t__type(value, struct %s_record);\n", r->map);
	else if (r->nlabels > has_cpu(r))
		strbuf_addf(out, "\t__type(key, struct %s_key);\n\t__type(value, __u64);\n",
			    r->map);
	else
		strbuf_adds(out, "\t__type(key, __u32);\n\t__type(value, __u64);\n");
	strbuf_addf(out, "} %s SEC(\".maps.%s\")", r->map, map_role_name(r->role));
	if (r->help)
		add_tag(out, "BOMBUS_HELP", r->help);
	if (r->buckets)
		add_tag(out, "BOMBUS_BUCKETS", r->buckets);
	if (r->service)
		add_tag(out, "BOMBUS_SERVICE", r->service);
	if (r->span)
		add_tag(out, "BOMBUS_SPAN", r->span);
	strbuf_adds(out, ";\n");
}

/* The rest, which no tag expresses. */
static void add_rest(struct strbuf *out, const struct exporter_config *c)
{
	strbuf_adds(out, "\n/*\n * Tags do not express:\n"
			 " * - a metric's name begins with ebpf_, not ebpf_exporter_: --namespace "
			 "ebpf_exporter\n"
			 " * - a counter's name gets _total where it has none\n"
			 " * - entries of an array that are zero are left out\n");
	for (size_t i = 0; i < c->nrecipes; i++) {
		const struct plan_recipe *r = &c->recipes[i];

		if (has_cpu(r))
			strbuf_addf(out, " * - %s is split by CPU: --per-cpu\n", r->map);
		if (r->flush_ns)
			strbuf_addf(out,
				    " * - %s is emptied every %gs: --series-ttl forgets series "
				    "that did not change\n",
				    r->map, (double)r->flush_ns / 1e9);
		for (size_t k = 0; k < r->nlabels; k++)
			if (strchr(r->labels[k].name, '.'))
				strbuf_addf(out, " * - %s.%s: BOMBUS_NAME(\"%s\")\n", r->map,
					    r->labels[k].name, r->labels[k].name);
	}
	for (size_t i = 0; i < c->nkaddrs; i++)
		strbuf_addf(out,
			    " * - the address of %s: extern const void %s __ksym, or --set "
			    "kaddr_%s=0x...\n",
			    c->kaddrs[i].symbol, c->kaddrs[i].symbol, c->kaddrs[i].symbol);
	if (c->cgroups.map)
		strbuf_addf(out,
			    " * - cgroup_id_map %s: the configuration has to stay, or another "
			    "program fills the map\n",
			    c->cgroups.map);
	strbuf_adds(out, " */\n");
}

static int run_convert(const struct global_args *global, void *args, const struct words *words,
		       struct err *err)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT(TEXT_MAX_BYTES);
	struct exporter_config *config = NULL;
	int ret = exporter_config_read(&config, words->words[0], err);

	if (ret < 0)
		return ret;
	strbuf_addf(&out, "/* %s, as declarations: each takes the place of the map's own. */\n",
		    words->words[0]);
	strbuf_adds(&out, "#include <bombus/bombus.bpf.h>\n");
	for (size_t i = 0; i < config->nrecipes; i++)
		add_recipe(&out, &config->recipes[i]);
	add_rest(&out, config);
	exporter_config_free(config);
	fwrite(strbuf_str(&out), 1, out.len, stdout);
	return 0;
}

const struct command cmd_convert = {
	.name = "convert",
	.usage = "NAME.yaml",
	.summary = "print a configuration for ebpf_exporter as tags for the program",
	.about = "convert prints declarations of the program's maps. Their types and tags "
		 "replace the configuration; a comment lists the parts that tags cannot express. "
		 "Put them in the place of the declarations in the program's source; the type "
		 "and size of a map stay as they are.",
	.examples = "bombus convert biolatency.yaml",
	.min_words = 1,
	.max_words = 1,
	.complete = "file",
	.run = run_convert,
};
