/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which container a cgroup belongs to, by its path alone. Runtimes put the container's id of 64 hex
 * digits into the last folders, and kubelets the pod's uid before it:
 *
 *	/docker/ID					Docker, cgroupfs driver
 *	/system.slice/docker-ID.scope			Docker, systemd driver
 *	/kubepods/burstable/podUID/ID			Kubernetes, cgroupfs driver
 *	/kubepods.slice/.../kubepods-burstable-podU_I_D.slice/cri-containerd-ID.scope
 *							Kubernetes, systemd driver
 *	.../crio-ID.scope				CRI-O
 *	/machine.slice/libpod-ID.scope/container	podman
 *	/k8s.io/ID					containerd
 *	/ecs/TASK/ID, /lxc.payload.NAME, /machine.slice/machine-NAME.scope
 *
 * Of nested containers, the inner one counts. Folders below the container's belong to it.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_CONTAINER_H
#define BOMBUS_RUNNER_READ_WHO_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

enum container_part {
	CONTAINER_RUNTIME, /* "docker", "containerd", "cri-o", "podman", "runc" ... */
	CONTAINER_ID,
	CONTAINER_NAME,
	CONTAINER_IMAGE,
	CONTAINER_POD,
	CONTAINER_NAMESPACE,
	CONTAINER_POD_UID,
	CONTAINER_OWNER,  /* of the pod: "ReplicaSet/web-6d9f" */
	CONTAINER_LABELS, /* of the pod: "app=web,tier=front" */
	CONTAINER_PARTS
};

#define CONTAINER_TEXT 256 /* longer texts are cut */

/* "": not known, or there is none. */
struct container {
	char part[CONTAINER_PARTS][CONTAINER_TEXT];
};

/* Fills the parts that the path has. False: the path belongs to no container or pod. */
bool container_of_path(struct container *ret, const char *path);

/* The same of a whole /proc/PID/cgroup, "0::/PATH" and "4:memory:/PATH": the last line that has a
 * container counts. */
bool container_of_cgroup_file(struct container *ret, const char *text);

/* A part that is empty gets this text. */
void container_give(struct container *c, enum container_part part, const char *text, size_t len);

#endif
