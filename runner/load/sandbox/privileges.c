// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/sandbox/seccomp.h"

#define ALL_CAPS 64
#define NOBODY 65534

struct caps {
	uint64_t effective, permitted, inheritable;
};

static int caps_get(struct caps *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int caps_set(const struct caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct data[2] = {
		{ (uint32_t)caps->effective, (uint32_t)caps->permitted,
		  (uint32_t)caps->inheritable },
		{ (uint32_t)(caps->effective >> 32), (uint32_t)(caps->permitted >> 32),
		  (uint32_t)(caps->inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* The kernel checks the permission before the descriptor. */
static bool may_read_maps(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = UINT32_MAX;
	return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) >= 0 || errno != EPERM;
}

/* The smallest set with which this kernel lets maps be read; found by trying. */
static int least(const struct caps *have, uint64_t *ret)
{
	static const uint64_t more[] = { 0, CAP_BIT(CAP_BPF), CAP_BIT(CAP_SYS_ADMIN) };
	struct caps trial = *have;
	int code = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(more) && code == 0; i++) {
		*ret = more[i] & have->permitted;
		trial.effective = *ret;
		code = caps_set(&trial);
		if (code == 0 && may_read_maps())
			break;
	}
	if (code == 0)
		code = caps_set(have); /* the bounding set takes CAP_SETPCAP */
	return code;
}

int privileges_to_read_maps(uint64_t *ret)
{
	struct caps caps = { 0 };
	int code = caps_get(&caps);

	return code < 0 ? code : least(&caps, ret);
}

/* Of the bounding and ambient sets, and for programs that are started. */
static void drop_bounds(uint64_t keep)
{
	for (int cap = 0; cap < ALL_CAPS; cap++)
		if (!(keep & CAP_BIT(cap)) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* without CAP_SETPCAP it stays */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Capabilities survive it, until caps_set(). */
static int become(const struct sandbox_user *user)
{
	int code = 0;

	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if ((user->has_groups ? initgroups(user->name, user->gid) : setgroups(0, NULL)) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		code = -errno;
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
#ifdef SANITIZER
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the search for leaks attaches to its own process */
#endif
	return code;
}

int privileges_drop(const struct sandbox_user *user, uint64_t keep, struct err *err)
{
	struct caps caps = { 0 };
	int code = caps_get(&caps);

	keep &= caps.permitted;
	drop_bounds(keep);
	if (code == 0 && user)
		code = become(user);
	if (code < 0 && user)
		return err_sys(err, -code, "cannot become the user %s", user->name);
	if (code == 0)
		code = caps_set(&(struct caps){ .effective = keep, .permitted = keep });
	if (code < 0)
		return err_sys(err, -code, "cannot drop privileges");
	log_debug("privileges dropped: %llx stay", (unsigned long long)keep);
	return 0;
}

void privileges_become(const struct sandbox_user *user, uint64_t keep)
{
	struct err err = { 0 };

	if (privileges_drop(user, keep, &err) < 0 && user)
		privileges_drop(NULL, keep, &err);
}

/* ---- users ---- */

static int parse_id(const char *text, uint32_t *ret)
{
	uint64_t number;

	if (parse_u64(text, &number) || number >= UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)number;
	return 0;
}

static int find_group(const char *name, gid_t *ret, struct err *err)
{
	const struct group *group = getgrnam(name);

	if (group)
		*ret = group->gr_gid;
	else if (parse_id(name, ret))
		return err_usage(err, "there is no group '%s'", name);
	return 0;
}

int sandbox_user_parse(struct sandbox_user *ret, const char *text, struct err *err)
{
	const char *colon = text ? strchr(text, ':') : NULL;
	const struct passwd *entry;

	*ret = (struct sandbox_user){ .uid = NOBODY, .gid = NOBODY };
	snprintf(ret->name, sizeof(ret->name), "%.*s",
		 text ? (int)(colon ? colon - text : (long)strlen(text)) : 6,
		 text ? text : "nobody");
	entry = getpwnam(ret->name);
	if (entry) {
		ret->uid = entry->pw_uid;
		ret->gid = entry->pw_gid;
		ret->has_groups = text && !colon;
	} else if (text) {
		if (parse_id(ret->name, &ret->uid))
			return err_usage(err, "there is no user '%s'", ret->name);
		ret->gid = ret->uid;
	}
	return colon ? find_group(colon + 1, &ret->gid, err) : 0;
}

bool sandbox_user_caller(struct sandbox_user *ret)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID"),
		   *name = getenv("SUDO_USER");

	*ret = (struct sandbox_user){ .has_groups = true };
	if (geteuid() != 0 || !uid || !gid || !name || !*name || parse_id(uid, &ret->uid) ||
	    parse_id(gid, &ret->gid) || ret->uid == 0)
		return false;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	return true;
}
