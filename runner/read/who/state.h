/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of containers from files of the node, without a call to a runtime or an API server.
 *
 *	/run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json	annotations of CRI
 *	.../overlay-containers/ID/userdata/config.json		CRI-O's annotations
 *	.../overlay-containers/containers.json			podman's and CRI-O's names, images
 *	/var/lib/docker/containers/ID/config.v2.json		Docker's name, image, labels
 *	/run/runc/ID/state.json, /run/crun/ID/status		containers without a manager
 *	/var/log/containers/POD_NAMESPACE_NAME-ID.log		the kubelet's links
 *	/var/log/pods/NAMESPACE_POD_UID/NAME			the same by the pod's uid
 *
 * The files belong to root; their bytes are checked before use.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_STATE_H
#define BOMBUS_RUNNER_READ_WHO_STATE_H

#include "runner/read/who/container.h"

#define STATE_LOGS "/var/log/containers"
#define STATE_DIRS_MAX 16

/* Where to look. */
struct state_paths {
	const char *root; /* in front of all the others: "", or a test's folder */
	/* Folders of further runtimes: that of containerd's `state`, of runc's and crun's --root,
	 * of podman's storage (graphroot). */
	const char *dirs[STATE_DIRS_MAX];
	size_t ndirs;
};

/* Adds the parts that files have of a container or pod with a known id. True: its name is known. */
bool state_fill(const struct state_paths *paths, struct container *c);

/*
 * Finds the container of a path without an id: containers of runc and crun have any name, and any
 * cgroup. Looks for a state with the name of a folder, from the last folder to the first;
 * `thorough`: also reads all states for the one of this cgroup. False: none.
 */
bool state_find(const struct state_paths *paths, const char *cgroup, bool thorough,
		struct container *c);

/* From the kubelet's links in `logs` alone. */
void state_fill_from_logs(const char *logs, struct container *c);

#endif
