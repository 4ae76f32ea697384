// SPDX-License-Identifier: Apache-2.0
/* Names from the files of each runtime, below a folder of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/util.h"
#include "runner/read/who/state.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "6d1f1c9a-1111-2222-3333-0123456789ab"

static char root[64];
static char *made[64];
static size_t nmade;

static void write_file(const char *path, const char *text)
{
	char *whole = xasprintf("%s%s", root, path);
	_cleanup_free_ char *dir = xstrndup(whole, (size_t)(strrchr(whole, '/') - whole));
	_cleanup_close_ int fd = -1;

	assert_int_equal(make_dirs(dir, NULL), 0);
	fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, strlen(text)), 0);
	assert_true(nmade < ARRAY_LEN(made));
	made[nmade++] = whole;
}

static int begin(void **state)
{
	snprintf(root, sizeof(root), "%s/state-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
	for (size_t i = 0; i < nmade; i++) {
		char *slash;

		unlink(made[i]);
		while ((slash = strrchr(made[i], '/')) && slash != made[i]) {
			*slash = '\0';
			rmdir(made[i]);
			if (streq(made[i], root))
				break;
		}
		free(made[i]);
	}
	nmade = 0;
	rmdir(root);
	return 0;
}

static struct container fill(const char *id, const char *pod_uid, bool want)
{
	const struct state_paths paths = { .root = root, .dirs = { "/mine" }, .ndirs = 1 };
	struct container c = { 0 };

	container_give(&c, CONTAINER_ID, id, strlen(id));
	container_give(&c, CONTAINER_POD_UID, pod_uid, strlen(pod_uid));
	assert_int_equal(state_fill(&paths, &c), want);
	return c;
}

static void assert_parts(const struct container *c, const char *runtime, const char *name,
			 const char *image, const char *namespace_, const char *pod)
{
	assert_string_equal(c->part[CONTAINER_RUNTIME], runtime);
	assert_string_equal(c->part[CONTAINER_NAME], name);
	assert_string_equal(c->part[CONTAINER_IMAGE], image);
	assert_string_equal(c->part[CONTAINER_NAMESPACE], namespace_);
	assert_string_equal(c->part[CONTAINER_POD], pod);
}

static void test_state_containerd(void **state)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.2\",\"annotations\":{"
		"\"io.kubernetes.cri.container-name\":\"nginx\","
		"\"io.kubernetes.cri.container-type\":\"container\","
		"\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.27\","
		"\"io.kubernetes.cri.sandbox-name\":\"web-1\","
		"\"io.kubernetes.cri.sandbox-namespace\":\"shop\","
		"\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"}}";
	struct container c;

	write_file("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json", text);
	c = fill(ID, "", true);
	assert_parts(&c, "containerd", "nginx", "docker.io/library/nginx:1.27", "shop", "web-1");
	assert_string_equal(c.part[CONTAINER_POD_UID], UID);
	/* The folder that the user names. */
	write_file("/mine/io.containerd.runtime.v2.task/x/abc/config.json", text);
	c = fill("abc", "", true);
	assert_parts(&c, "containerd", "nginx", "docker.io/library/nginx:1.27", "shop", "web-1");
	/* An id that would leave the folder, or match several. */
	c = fill("../k8s.io/" ID, "", false);
	assert_parts(&c, "", "", "", "", "");
	c = fill("*", "", false);
	assert_parts(&c, "", "", "", "", "");
}

static void test_state_docker(void **state)
{
	struct container c;

	write_file("/var/lib/docker/containers/" ID "/config.v2.json",
		   "{\"ID\":\"" ID "\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx:1.27\","
		   "\"Labels\":{\"a\":\"b\"}}}");
	c = fill(ID, "", true);
	assert_parts(&c, "docker", "web", "nginx:1.27", "", "");
	/* Kubernetes on Docker. */
	write_file(
		"/var/lib/docker/containers/" ID "/config.v2.json",
		"{\"Name\":\"/k8s_web_web-1_shop_x\",\"Config\":{\"Image\":\"nginx\",\"Labels\":{"
		"\"io.kubernetes.container.name\":\"web\",\"io.kubernetes.pod.name\":\"web-1\","
		"\"io.kubernetes.pod.namespace\":\"shop\"}}}");
	c = fill(ID, "", true);
	assert_parts(&c, "docker", "web", "nginx", "shop", "web-1");
}

static void test_state_storage(void **state)
{
	struct container c;

	write_file("/var/lib/containers/storage/overlay-containers/containers.json",
		   "[{\"id\":\"other\",\"names\":[\"no\"]},"
		   "{\"id\":\"" ID "\",\"names\":[\"web\"],\"metadata\":"
		   "\"{\\\"image-name\\\":\\\"localhost/web:1\\\",\\\"name\\\":\\\"web\\\"}\"}]");
	c = fill(ID, "", true);
	assert_parts(&c, "", "web", "localhost/web:1", "", "");
	/* CRI-O has a bundle beside it. */
	write_file("/var/lib/containers/storage/overlay-containers/" ID "/userdata/config.json",
		   "{\"annotations\":{\"io.kubernetes.container.name\":\"app\","
		   "\"io.kubernetes.pod.name\":\"web-1\",\"io.kubernetes.pod.namespace\":\"shop\","
		   "\"io.kubernetes.cri-o.ImageName\":\"quay.io/web:2\"}}");
	c = fill(ID, "", true);
	assert_parts(&c, "", "app", "quay.io/web:2", "shop", "web-1");
}

static void test_state_logs(void **state)
{
	struct container c;

	write_file("/var/log/containers/web-1_shop_nginx-" ID ".log", "");
	write_file("/var/log/containers/web-2_shop_other-" ID "0.log", "");
	c = fill(ID, "", true);
	assert_parts(&c, "", "nginx", "", "shop", "web-1");
	write_file("/var/log/pods/shop_web-3_" UID "/nginx/0.log", "");
	c = fill("", UID, true);
	assert_parts(&c, "", "", "", "shop", "web-3");
	c = fill("", "6d1f1c9a-1111-2222-3333-000000000000", false);
	assert_parts(&c, "", "", "", "", "");
}

static void assert_found(const char *cgroup, bool thorough, const char *runtime, const char *name)
{
	const struct state_paths paths = { .root = root, .dirs = { "/mine" }, .ndirs = 1 };
	struct container c = { 0 };

	assert_int_equal(state_find(&paths, cgroup, thorough, &c), *runtime != 0);
	assert_parts(&c, runtime, name, "", "", "");
	assert_string_equal(c.part[CONTAINER_ID], name);
}

static void test_state_find(void **state)
{
	write_file("/run/runc/box/state.json",
		   "{\"id\":\"box\",\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/unified/a/b\","
		   "\"memory\":\"/sys/fs/cgroup/memory/a/b\"}}");
	write_file("/run/runc/whole/state.json",
		   "{\"id\":\"whole\",\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/c/d\"}}");
	write_file("/run/crun/tin/status", "{\"pid\":1,\"cgroup-path\":\"/e/f\"}");
	write_file("/mine/can/state.json", "{}");
	assert_found("/box", false, "runc", "box");
	assert_found("/x/tin", false, "crun", "tin");
	assert_found("/can", false, "runc", "can");
	assert_found("/a/b", false, "", "");
	assert_found("/a/b", true, "runc", "box");
	assert_found("/a/b/below", true, "runc", "box");
	assert_found("/a/bc", true, "", "");
	assert_found("/c/d", true, "runc", "whole");
	assert_found("/e/f", true, "crun", "tin");
	assert_found("/system.slice/ssh.service", true, "", "");
	assert_found("/", true, "", "");
	assert_found("", true, "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_state_containerd, begin, end),
		cmocka_unit_test_setup_teardown(test_state_docker, begin, end),
		cmocka_unit_test_setup_teardown(test_state_storage, begin, end),
		cmocka_unit_test_setup_teardown(test_state_logs, begin, end),
		cmocka_unit_test_setup_teardown(test_state_find, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
