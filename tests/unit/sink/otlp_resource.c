// SPDX-License-Identifier: Apache-2.0
/* Who spans come from: what OpenTelemetry's variables say, the machine, the container. As JSON,
 * which a test can look through; the machine's files are a folder of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_resource.h"
#include "runner/source.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "6d1f1c9a-1111-2222-3333-0123456789ab"

/* Cgroup N has the path of paths[N]. */
static const char *const paths[] = {
	NULL,
	"/system.slice/docker-" ID ".scope",
	"/kubepods.slice/kubepods-burstable.slice/"
	"kubepods-burstable-pod6d1f1c9a_1111_2222_3333_0123456789ab.slice/cri-containerd-" ID
	".scope",
	"/kubepods/besteffort/pod" POD "/" ID,
	"/user.slice/user-1000.slice",
	"/kubepods/pod" POD,
	"/machine.slice/libpod-" ID ".scope/container",
	"/a/" ID "0/b", /* 65 digits are no id */
};

static bool find_path(void *ctx, enum meaning meaning, uint64_t id, char text[])
{
	assert_int_equal(meaning, MEAN_CGROUP);
	if (id >= ARRAY_LEN(paths) || !paths[id])
		return false;
	snprintf(text, RESOLVE_MAX, "%s", paths[id]);
	return true;
}

static const struct name_source names_of_paths = { .find = find_path };

struct run {
	struct source source;
	struct otlp_config config;
	struct otlp_resources *resources;
	struct resolver *resolver;
	char dir[64];
};

struct variables {
	const char *service, *attributes;
};

static const char *get(void *ctx, const char *name)
{
	const struct variables *v = ctx;

	return streq(name, "OTEL_SERVICE_NAME")		 ? v->service
	       : streq(name, "OTEL_RESOURCE_ATTRIBUTES") ? v->attributes
							 : NULL;
}

static void write_file(const struct run *r, const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", r->dir, name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, strlen(text)), 0);
}

static void begin(struct run *r, const char *service, const char *attributes)
{
	struct variables v = { service, attributes };
	struct otlp_flags flags = { .url = "http://127.0.0.1:1" };
	struct err err = { 0 };

	snprintf(r->dir, sizeof(r->dir), "%s/res-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(r->dir));
	write_file(r, "machine-id", "5eed\n");
	write_file(r, "os-release", "NAME=x\nPRETTY_NAME=\"An OS 1\"\nID=x\n");
	write_file(r, "web-1_shop_nginx-" ID ".log", "");
	write_file(r, "web-2_shop_other-" ID "0.log", "");
	assert_int_equal(otlp_config_read(&r->config, &flags, get, &v, &err), 0);
	r->resolver = resolver_new_from(&names_of_paths, NULL);
	source_set_name(&r->source, "example.org/x/demo:1");
	r->resources = otlp_resources_new(&r->config, true,
					  (struct otlp_resource_paths){ "/proc", r->dir, r->dir });
}

static void end(struct run *r)
{
	static const char *const names[] = { "machine-id", "os-release",
					     "web-1_shop_nginx-" ID ".log",
					     "web-2_shop_other-" ID "0.log" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", r->dir, names[i]);

		unlink(path);
	}
	rmdir(r->dir);
	otlp_resources_free(r->resources);
	resolver_free(r->resolver);
	otlp_config_release(&r->config);
}

static const struct otlp_origin *origin(struct run *r, const char *service, bool is_member,
					uint64_t cgroup)
{
	return otlp_resources_get(r->resources, &r->source,
				  (struct span_text){ service, strlen(service) }, is_member, cgroup,
				  r->resolver);
}

/* `want` NULL: there is no such attribute. */
static void assert_text(const struct otlp_origin *o, const char *name, const char *want)
{
	_cleanup_free_ char *all = xstrndup(o->resource, o->resource_bytes);
	_cleanup_free_ char *key = xasprintf("{\"key\":\"%s\",\"value\":{", name);
	_cleanup_free_ char *pair = xasprintf("%s\"stringValue\":\"%s\"}}", key, want ? want : "");
	const char *at = strstr(all, key);

	if (!want ? at != NULL : !at || strstr(all, pair) != at)
		fail_msg("%s is not '%s' in %s", name, want ? want : "(none)", all);
	if (at && strstr(at + 1, key))
		fail_msg("%s is there twice in %s", name, all);
}

static void test_resource_of_this_machine(void **state)
{
	struct utsname name;
	struct run r = { 0 };
	const struct otlp_origin *o;
	_cleanup_free_ char *os = NULL, *pid = NULL, *all = NULL;

	uname(&name);
	begin(&r, NULL, NULL);
	o = origin(&r, "", false, 0);
	assert_text(o, "service.name", "demo");
	assert_text(o, "host.name", name.nodename);
	assert_text(o, "host.id", "5eed");
	assert_text(o, "os.type", "linux");
	assert_text(o, "os.version", name.release);
	os = xasprintf("An OS 1 (Linux %s)", name.release);
	assert_text(o, "os.description", os);
	assert_text(o, "process.executable.name", "otlp_resource");
	assert_text(o, "telemetry.sdk.name", "bombus");
	assert_text(o, "telemetry.sdk.version", BOMBUS_VERSION);
	assert_text(o, "container.id", NULL);
	pid = xasprintf("{\"key\":\"process.pid\",\"value\":{\"intValue\":\"%d\"}}", getpid());
	all = xstrndup(o->resource, o->resource_bytes);
	assert_non_null(strstr(all, pid));
	assert_memory_equal(all, "\"resource\":{\"attributes\":[{", 27);
	assert_string_equal(all + o->resource_bytes - 3, "}]}");
	end(&r);
}

/* Who says what the service is, from the strongest on. */
static void test_resource_service(void **state)
{
	static const struct {
		const char *env, *attributes, *service;
		bool is_member;
		const char *want;
	} cases[] = {
		{ NULL, NULL, "", false, "demo" },
		{ NULL, NULL, "tag", false, "tag" },
		{ NULL, "service.name=attr", "tag", false, "attr" },
		{ "env", "service.name=attr", "tag", false, "env" },
		{ "env", NULL, "", false, "env" },
		{ "env", "service.name=attr", "member", true, "member" },
		{ NULL, "service.name=attr", "member", true, "member" },
	};
	struct run r = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(&r, cases[i].env, cases[i].attributes);
		assert_text(origin(&r, cases[i].service, cases[i].is_member, 0), "service.name",
			    cases[i].want);
		end(&r);
	}
}

static void test_resource_attributes_on_top(void **state)
{
	struct run r = { 0 };
	const struct otlp_origin *o;

	begin(&r, NULL,
	      "host.name=other,deployment.environment=a%20b,process.pid=x,container.id=mine");
	o = origin(&r, "", false, 1);
	assert_text(o, "host.name", "other");
	assert_text(o, "deployment.environment", "a b");
	assert_text(o, "process.pid", "x");
	assert_text(o, "container.id", "mine");
	assert_text(o, "os.type", "linux");
	end(&r);
}

static void test_resource_container(void **state)
{
	static const struct {
		uint64_t cgroup;
		const char *id, *pod_uid, *pod;
	} cases[] = {
		{ 1, ID, NULL, "web-1" }, { 2, ID, POD, "web-1" },  { 3, ID, POD, "web-1" },
		{ 4, NULL, NULL, NULL },  { 5, NULL, POD, NULL },   { 6, ID, NULL, "web-1" },
		{ 7, NULL, NULL, NULL },  { 99, NULL, NULL, NULL },
	};
	struct run r = { 0 };

	begin(&r, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct otlp_origin *o = origin(&r, "s", false, cases[i].cgroup);

		assert_text(o, "container.id", cases[i].id);
		assert_text(o, "k8s.pod.uid", cases[i].pod_uid);
		assert_text(o, "k8s.pod.name", cases[i].pod);
		assert_text(o, "k8s.namespace.name", cases[i].pod ? "shop" : NULL);
		assert_text(o, "k8s.container.name", cases[i].pod ? "nginx" : NULL);
	}
	end(&r);
}

static void test_resource_ids(void **state)
{
	struct run r = { 0 };
	uint64_t plain, container, first;

	begin(&r, NULL, NULL);
	plain = origin(&r, "s", false, 0)->id;
	container = origin(&r, "s", false, 1)->id;
	assert_int_not_equal(plain, container);
	assert_int_equal(origin(&r, "s", false, 0)->id, plain);
	assert_int_equal(origin(&r, "s", false, 1)->id, container);
	assert_int_equal(origin(&r, "s", false, 4)->id, plain); /* in no container */
	assert_int_not_equal(origin(&r, "t", false, 0)->id, plain);
	/* More than are kept: the id of what is made again is a new one, never one of another. */
	first = origin(&r, "0", true, 0)->id;
	for (int i = 0; i < 3 * OTLP_ORIGINS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i % (OTLP_ORIGINS_MAX + 1));
		assert_text(origin(&r, name, true, 0), "service.name", name);
	}
	assert_int_not_equal(origin(&r, "0", true, 0)->id, first);
	/* Every cgroup of one service, again and again, in no more room. */
	for (uint64_t i = 0; i < 5000; i++)
		assert_text(origin(&r, "s", false, 1000 + i), "service.name", "s");
	end(&r);
}

/* Programs of one service share its resource, but have a scope each. */
static void test_resource_of_several_programs(void **state)
{
	const struct otlp_origin *o;
	struct source other = { .several = true };
	uint64_t first, second, alone;
	struct run r = { 0 };

	begin(&r, "fleet", NULL);
	source_set_name(&other, "./second.bpf.o");
	alone = origin(&r, "", false, 0)->id;
	assert_null(origin(&r, "", false, 0)->program);
	r.source.several = true;
	o = origin(&r, "", false, 0);
	first = o->id;
	assert_string_equal(o->program, "demo");
	assert_text(o, "service.name", "fleet");
	o = otlp_resources_get(r.resources, &other, (struct span_text){ "", 0 }, false, 0, NULL);
	second = o->id;
	assert_string_equal(o->program, "second");
	assert_text(o, "service.name", "fleet");
	assert_true(first != second && first != alone && second != alone);
	assert_int_equal(origin(&r, "", false, 0)->id, first);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resource_of_this_machine),
		cmocka_unit_test(test_resource_service),
		cmocka_unit_test(test_resource_attributes_on_top),
		cmocka_unit_test(test_resource_container),
		cmocka_unit_test(test_resource_ids),
		cmocka_unit_test(test_resource_of_several_programs),
	};

	return cmocka_run_group_tests_name("otlp resource", tests, NULL, NULL);
}
