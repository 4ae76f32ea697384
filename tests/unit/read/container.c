// SPDX-License-Identifier: Apache-2.0
/* Paths of cgroups as runtimes really make them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/util.h"
#include "runner/read/who/container.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "6d1f1c9a-1111-2222-3333-0123456789ab"
#define UID_ "6d1f1c9a_1111_2222_3333_0123456789ab"
#define HASH "d4878fc3bcf2d1f3ffb13d7ae8be29b3"

static void test_container_of_path(void **state)
{
	static const struct {
		const char *path, *runtime, *id, *pod_uid;
	} cases[] = {
		/* Docker */
		{ "/docker/" ID, "docker", ID, "" },
		{ "/system.slice/docker-" ID ".scope", "docker", ID, "" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope",
		  "docker", ID, "" },
		{ "/docker/" ID "/init.scope", "docker", ID, "" },
		{ "/docker/" ID "/docker/" ID2, "docker", ID2, "" },
		/* containerd */
		{ "/k8s.io/" ID, "containerd", ID, "" },
		{ "/default/" ID, "containerd", ID, "" },
		{ "/system.slice/nerdctl-" ID ".scope", "containerd", ID, "" },
		/* Kubernetes */
		{ "/kubepods/burstable/pod" UID "/" ID, "", ID, UID },
		{ "/kubepods/pod" UID "/" ID, "", ID, UID },
		{ "/kubepods/besteffort/pod" HASH "/" ID, "", ID, HASH },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
		  ".slice/cri-containerd-" ID ".scope",
		  "containerd", ID, UID },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope", "cri-o", ID,
		  UID },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/container", "cri-o",
		  ID, UID },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope", "", "",
		  UID },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" HASH
		  ".slice/docker-" ID ".scope",
		  "docker", ID, HASH },
		{ "/system.slice/containerd.service/kubepods-burstable-pod" UID_
		  ".slice:cri-containerd:" ID,
		  "containerd", ID, UID },
		{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
		  "kubelet-kubepods-besteffort-pod" UID_ ".slice/cri-containerd-" ID ".scope",
		  "containerd", ID, UID },
		{ "/docker/" ID2 "/kubelet/kubepods/besteffort/pod" UID "/" ID, "", ID, UID },
		{ "/docker/" ID2 "/kubelet/kubepods/besteffort/pod" UID, "", "", UID },
		{ "/kubepods/pod" UID, "", "", UID },
		/* podman */
		{ "/machine.slice/libpod-" ID ".scope", "podman", ID, "" },
		{ "/machine.slice/libpod-" ID ".scope/container", "podman", ID, "" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		  ".scope/container",
		  "podman", ID, "" },
		{ "/libpod_parent/libpod-" ID, "podman", ID, "" },
		{ "/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", "podman",
		  ID, "" },
		{ "/machine.slice/machine-libpod_pod_" ID2 ".slice", NULL, "", "" },
		{ "/machine.slice/libpod-conmon-" ID ".scope", NULL, "", "" },
		/* others */
		{ "/ecs/" HASH "/" HASH "-1234567890", "ecs", HASH "-1234567890", "" },
		{ "/ecs/task/" ID, "", ID, "" },
		{ "/lxc/web", "lxc", "web", "" },
		{ "/lxc.payload.web/init.scope", "lxc", "web", "" },
		{ "/machine.slice/systemd-nspawn@web.service/payload", "nspawn", "web", "" },
		/* none */
		{ "/", NULL, "", "" },
		{ "", NULL, "", "" },
		{ "/system.slice/docker.service", NULL, "", "" },
		{ "/user.slice/user-1000.slice/session-2.scope", NULL, "", "" },
		{ "/a/" ID "0/b", NULL, "", "" },
		{ "/k8s.io/" ID "-web", NULL, "", "" },
		{ "/kubepods/podx", NULL, "", "" },
		{ "/tripod" UID, NULL, "", "" },
		{ "/lxc.payload.", NULL, "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct container c = { 0 };
		bool found = container_of_path(&c, cases[i].path);

		if (found != (cases[i].runtime != NULL))
			fail_msg("%s", cases[i].path);
		assert_string_equal(c.part[CONTAINER_ID], cases[i].id);
		assert_string_equal(c.part[CONTAINER_POD_UID], cases[i].pod_uid);
		assert_string_equal(c.part[CONTAINER_RUNTIME],
				    cases[i].runtime ? cases[i].runtime : "");
	}
}

/* Version 1, hybrid, version 2, and a namespace of its own. */
static void test_container_of_cgroup_file(void **state)
{
	static const struct {
		const char *text, *id;
	} cases[] = {
		{ "12:memory:/docker/" ID "\n11:cpu,cpuacct:/docker/" ID
		  "\n1:name=systemd:/docker/" ID "\n",
		  ID },
		{ "5:pids:/\n1:name=systemd:/docker/" ID "\n0::/system.slice/containerd.service\n",
		  ID },
		{ "4:memory:/kubepods/pod" UID "/" ID "\n0::/kubepods/pod" UID "/" ID, ID },
		{ "0::/machine.slice/libpod-" ID ".scope/container\n", ID },
		{ "0::/\n", "" },
		{ "", "" },
		{ "nonsense\n::\n:", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct container c = { 0 };

		assert_int_equal(container_of_cgroup_file(&c, cases[i].text), cases[i].id[0] != 0);
		assert_string_equal(c.part[CONTAINER_ID], cases[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_container_of_path),
		cmocka_unit_test(test_container_of_cgroup_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
