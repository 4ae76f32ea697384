// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/otlp/otlp_resource.h"
#include "runner/source.h"

#include <sys/random.h>
#include <sys/utsname.h>

#include "base/num.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/print/span_view.h"

#define RESOURCE OTLP_KEY(1, "resource")
#define ATTRIBUTES 1
#define RESOURCE_MAX_BYTES (1u << 20)
#define FILE_MAX_BYTES (64u << 10)

struct origin {
	uint64_t hash; /* of service, cgroup and program */
	uint64_t cgroup;
	char *service;
	size_t service_len;
	char *program; /* NULL: the only one */
	char *bytes;
	struct otlp_origin given;
	uint64_t used; /* by the count of look-ups */
};

struct otlp_resources {
	const struct otlp_config *config;
	struct otlp_resource_paths paths;
	const char *env_service; /* of one variable or the other; NULL: none */
	bool json;
	struct arena arena;
	struct fixed { /* what is the same for all origins */
		const char *name, *text;
		int64_t number; /* where text is NULL */
	} fixed[16];
	size_t nfixed;
	struct origin origins[OTLP_ORIGINS_MAX];
	uint32_t norigins, last;
	uint64_t looked, next_id;
};

/* ---- This machine and process ---- */

static void add_text(struct otlp_resources *r, const char *name, const char *text)
{
	if (text && *text)
		r->fixed[r->nfixed++] = (struct fixed){ name, arena_strdup(&r->arena, text), 0 };
}

/* The file's bytes, NUL-ended; a trailing newline is cut off. NULL: it cannot be read. */
static char *file_text(const char *dir, const char *name, size_t *ret_len)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	void *bytes;
	size_t len;

	if (read_file(path, FILE_MAX_BYTES, &bytes, &len, NULL) < 0)
		return NULL;
	while (len && ((char *)bytes)[len - 1] == '\n')
		((char *)bytes)[--len] = '\0';
	if (ret_len)
		*ret_len = len;
	return bytes;
}

static const char *arch_of(const char *machine)
{
	static const char *const names[][2] = {
		{ "x86_64", "amd64" },
		{ "aarch64", "arm64" },
		{ "armv7l", "arm32" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (streq(machine, names[i][0]))
			return names[i][1];
	return machine;
}

/* PRETTY_NAME="..." of os-release, quotes taken off. */
static char *os_name(const char *etc)
{
	_cleanup_free_ char *text = file_text(etc, "os-release", NULL);
	const char *at = text;

	while (at && !has_prefix(at, "PRETTY_NAME=")) {
		at = strchr(at, '\n');
		at += at != NULL;
	}
	if (!at)
		return NULL;
	at += strlen("PRETTY_NAME=");
	at += strspn(at, "\"'");
	return xstrndup(at, strcspn(at, "\"'\n"));
}

static void add_host(struct otlp_resources *r)
{
	_cleanup_free_ char *id = file_text(r->paths.etc, "machine-id", NULL);
	_cleanup_free_ char *os = os_name(r->paths.etc);
	struct utsname name;

	add_text(r, "host.id", id);
	add_text(r, "os.type", "linux");
	if (uname(&name) < 0)
		return;
	add_text(r, "host.name", name.nodename);
	add_text(r, "host.arch", arch_of(name.machine));
	add_text(r, "os.version", name.release);
	add_text(r, "os.description",
		 os ? arena_printf(&r->arena, "%s (Linux %s)", os, name.release) : name.version);
}

static void add_process(struct otlp_resources *r)
{
	_cleanup_free_ char *self = xasprintf("%s/self", r->paths.proc);
	_cleanup_free_ char *exe = xasprintf("%s/exe", self);
	char path[4096];
	size_t len = 0;
	_cleanup_free_ char *words = file_text(self, "cmdline", &len);
	ssize_t n = readlink(exe, path, sizeof(path) - 1);

	r->fixed[r->nfixed++] = (struct fixed){ "process.pid", NULL, getpid() };
	if (n > 0) {
		path[n] = '\0';
		add_text(r, "process.executable.path", path);
		add_text(r, "process.executable.name",
			 strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	}
	for (size_t i = 0; i + 1 < len; i++)
		words[i] = words[i] ? words[i] : ' ';
	add_text(r, "process.command_line", words);
}

/* Version 4 of RFC 9562. */
static void add_instance(struct otlp_resources *r)
{
	uint8_t id[16] = { 0 };
	char hex[NUM_HEX_ROOM(16)];

	if (getrandom(id, sizeof(id), 0) != sizeof(id))
		return;
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	num_hex_bytes(hex, id, sizeof(id));
	add_text(r, "service.instance.id",
		 arena_printf(&r->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
			      hex + 16, hex + 20));
}

static const char *env_value(const struct otlp_resources *r, const char *name)
{
	for (size_t i = 0; i < r->config->nresource; i++)
		if (streq(r->config->resource[i].name, name))
			return r->config->resource[i].value;
	return NULL;
}

struct otlp_resources *otlp_resources_new(const struct otlp_config *config, bool json,
					  struct otlp_resource_paths paths)
{
	struct otlp_resources *r = xcalloc(1, sizeof(*r));

	r->config = config;
	r->json = json;
	r->paths = paths;
	r->env_service = config->service_name;
	if (!r->env_service)
		r->env_service = env_value(r, "service.name");
	add_text(r, "telemetry.sdk.name", "bombus");
	add_text(r, "telemetry.sdk.language", "c");
	add_text(r, "telemetry.sdk.version", BOMBUS_VERSION);
	add_instance(r);
	add_host(r);
	add_process(r);
	return r;
}

void otlp_resources_free(struct otlp_resources *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->norigins; i++) {
		free(r->origins[i].service);
		free(r->origins[i].program);
		free(r->origins[i].bytes);
	}
	arena_release(&r->arena);
	free(r);
}

/* ---- Containers ---- */

static bool container_of_cgroup(const struct otlp_resources *r, uint64_t cgroup,
				struct resolver *resolver, struct container *ret)
{
	const char *path = resolver && cgroup ? resolve(resolver, MEAN_CGROUP, cgroup) : NULL;

	*ret = (struct container){ 0 };
	if (!path || !container_of_path(ret, path))
		return false;
	state_fill_from_logs(r->paths.logs, ret);
	return true;
}

/* ---- Origins ---- */

static void put_text(const struct otlp_resources *r, struct otlp_writer *w, const char *name,
		     const char *text)
{
	if (*text && !env_value(r, name))
		otlp_attr_text(w, ATTRIBUTES, name, text);
}

static void put_resource(const struct otlp_resources *r, struct otlp_writer *w,
			 struct span_text service, const struct container *container)
{
	struct otlp_attr name;

	name = otlp_attr(w, ATTRIBUTES, "service.name", strlen("service.name"));
	otlp_string(w, OTLP_ANY_STRING, service.ptr, service.len);
	otlp_attr_end(w, name);
	for (size_t i = 0; i < r->nfixed; i++) {
		const struct fixed *f = &r->fixed[i];

		if (f->text)
			put_text(r, w, f->name, f->text);
		else if (!env_value(r, f->name))
			otlp_attr_int(w, ATTRIBUTES, f->name, f->number);
	}
	put_text(r, w, "container.id", container->part[CONTAINER_ID]);
	put_text(r, w, "k8s.pod.uid", container->part[CONTAINER_POD_UID]);
	put_text(r, w, "k8s.pod.name", container->part[CONTAINER_POD]);
	put_text(r, w, "k8s.namespace.name", container->part[CONTAINER_NAMESPACE]);
	put_text(r, w, "k8s.container.name", container->part[CONTAINER_NAME]);
	for (size_t i = 0; i < r->config->nresource; i++)
		if (!streq(r->config->resource[i].name, "service.name"))
			otlp_attr_text(w, ATTRIBUTES, r->config->resource[i].name,
				       r->config->resource[i].value);
}

static void encode(const struct otlp_resources *r, struct origin *origin,
		   const struct container *container)
{
	struct strbuf bytes = STRBUF_INIT(RESOURCE_MAX_BYTES);
	struct otlp_writer w = { &bytes, r->json };
	size_t resource = otlp_message(&w, RESOURCE);

	otlp_list(&w, OTLP_KEY(ATTRIBUTES, "attributes"));
	put_resource(r, &w, (struct span_text){ origin->service, origin->service_len }, container);
	otlp_list_end(&w);
	otlp_end(&w, resource);
	origin->given.resource_bytes = bytes.len;
	origin->bytes = strbuf_steal(&bytes);
	origin->given.resource = origin->bytes;
}

/* The identity of an origin. */
struct origin_key {
	struct span_text service;
	uint64_t cgroup;
	const char *program;
};

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 0x100000001b3; /* FNV-1a */
	return hash;
}

static uint64_t hash_of(const struct origin_key *key)
{
	uint64_t hash = 0xcbf29ce484222325 ^ key->cgroup;

	hash = hash_bytes(hash, key->service.ptr, key->service.len);
	return key->program ? hash_bytes(hash, key->program, strlen(key->program)) : hash;
}

static bool is_origin(const struct origin *o, uint64_t hash, const struct origin_key *key)
{
	return o->hash == hash && o->cgroup == key->cgroup && o->service_len == key->service.len &&
	       memcmp(o->service, key->service.ptr, key->service.len) == 0 &&
	       !o->program == !key->program && (!o->program || streq(o->program, key->program));
}

/* A free place, or that of the origin which was longest not used. */
static struct origin *place(struct otlp_resources *r)
{
	uint32_t oldest = 0;

	if (r->norigins < OTLP_ORIGINS_MAX)
		return &r->origins[r->last = r->norigins++];
	for (uint32_t i = 1; i < r->norigins; i++)
		if (r->origins[i].used < r->origins[oldest].used)
			oldest = i;
	free(r->origins[oldest].service);
	free(r->origins[oldest].program);
	free(r->origins[oldest].bytes);
	return &r->origins[r->last = oldest];
}

static struct origin *find(struct otlp_resources *r, const struct origin_key *key)
{
	uint64_t hash = hash_of(key);

	for (uint32_t n = 0; n < r->norigins; n++) {
		uint32_t i = (r->last + n) % r->norigins; /* most often the last one again */

		if (is_origin(&r->origins[i], hash, key)) {
			r->last = i;
			r->origins[i].used = ++r->looked;
			return &r->origins[i];
		}
	}
	return NULL;
}

static struct origin *origin_of(struct otlp_resources *r, const struct origin_key *key,
				struct resolver *resolver)
{
	const struct origin_key same = { key->service, 0, key->program };
	struct origin *o = find(r, key);
	struct container container;
	uint64_t same_id = 0;

	if (o)
		return o;
	/* A cgroup outside containers is the machine's. */
	if (!container_of_cgroup(r, key->cgroup, resolver, &container) && key->cgroup)
		same_id = origin_of(r, &same, NULL)->given.id;
	o = place(r);
	*o = (struct origin){
		.hash = hash_of(key),
		.cgroup = key->cgroup,
		.service = xstrndup(key->service.ptr, key->service.len),
		.service_len = key->service.len,
		.program = key->program ? xstrdup(key->program) : NULL,
		.given.id = same_id ? same_id : ++r->next_id,
		.used = ++r->looked,
	};
	encode(r, o, &container);
	return o;
}

const struct otlp_origin *otlp_resources_get(struct otlp_resources *r, const struct source *source,
					     struct span_text service, bool is_member,
					     uint64_t cgroup, struct resolver *resolver)
{
	const char *name = r->env_service && !is_member ? r->env_service : NULL;
	struct origin_key key = { service, cgroup, source->several ? source->program : NULL };
	struct origin *o;

	if (name)
		key.service = (struct span_text){ name, strlen(name) };
	else if (!service.len)
		key.service = program_service(source->name);
	o = origin_of(r, &key, resolver);
	o->given.program = key.program; /* the caller's, which outlives what it puts */
	return &o->given;
}
