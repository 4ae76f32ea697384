// SPDX-License-Identifier: Apache-2.0
/*
 * One table of answers for all meanings: small sets of a few ways, in which the oldest answer goes
 * when a new one comes. Answers are kept for as long as they can be expected to hold; that there
 * is no answer is remembered too, so that a look-up that cannot work is not tried for every row.
 */
#include "runner/read/text/resolve.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <time.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/text/cgroup.h"
#include "runner/read/text/frames.h"
#include "runner/read/text/ksyms.h"
#include "runner/read/text/pci.h"

#define SETS 256
#define WAYS 4
#define NS_PER_S 1000000000ULL
#define KEEP_NOTHING_NS (10 * NS_PER_S)
#define KEEP_NS (60 * NS_PER_S)
#define KEEP_PART_NS (NS_PER_S / 10)
#define MAX_FRAMES 1024
#define DEV_MINOR_BITS 20
#define ACCOUNT_BYTES 4096 /* of a line in the user database; longer ones stay numbers */

struct answer {
	uint64_t id;
	uint64_t until_ns; /* 0: free */
	uint64_t made;	   /* counts up: less is older */
	char *text;	   /* NULL: there is no name */
	uint8_t meaning;
};

/* A STACK_TRACE map. */
struct stack_map {
	int fd; /* -1: none */
	uint32_t max_frames;
};

struct resolver {
	struct wallclock *clock;
	const struct name_source *source; /* NULL: the running system */
	char *told;			  /* the source's last answer */
	struct answer (*sets)[WAYS];	  /* NULL until first used */
	uint64_t made;
	struct ksyms *ksyms;
	struct cgroup_tree *cgroups;
	struct pci_ids *pci;
	bool asked_pci;
	struct who *who; /* NULL: nothing is known of containers */
	unsigned wait_ms;
	struct stacks *user;	/* NULL: frames of users stay addresses */
	struct stack_map *maps; /* by their number */
	uint32_t nmaps;
	uint64_t frames[MAX_FRAMES];
};

struct resolver *resolver_new(struct wallclock *clock)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->clock = clock;
	/* Both only open something: later, without privileges, they could not. */
	r->ksyms = ksyms_new();
	r->cgroups = cgroup_tree_new();
	return r;
}

void resolver_use_opener(struct resolver *resolver, struct opener *opener)
{
	cgroup_tree_use_opener(resolver->cgroups, opener);
}

struct resolver *resolver_new_from(const struct name_source *source, struct wallclock *clock)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->clock = clock;
	r->source = source;
	r->told = xcalloc(1, RESOLVE_STACK_MAX);
	return r;
}

const struct pci_ids *resolver_pci(struct resolver *resolver)
{
	if (!resolver->asked_pci)
		resolver->pci = pci_ids_open();
	resolver->asked_pci = true;
	return resolver->pci;
}

void resolver_set_who(struct resolver *resolver, struct who *who, unsigned wait_ms)
{
	resolver->who = who;
	resolver->wait_ms = wait_ms;
}

void resolver_set_user_stacks(struct resolver *resolver, struct stacks *stacks)
{
	resolver->user = stacks;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	for (size_t set = 0; resolver->sets && set < SETS; set++)
		for (size_t way = 0; way < WAYS; way++)
			free(resolver->sets[set][way].text);
	free(resolver->sets);
	ksyms_free(resolver->ksyms);
	pci_ids_free(resolver->pci);
	cgroup_tree_free(resolver->cgroups);
	free(resolver->maps);
	free(resolver->told);
	free(resolver);
}

/* The kernel writes as much as the map's values have: max_frames has to be the map's own. */
static bool is_stack_map(int fd, uint32_t max_frames)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return fd >= 0 && max_frames > 0 && max_frames <= MAX_FRAMES &&
	       bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
	       info.type == BPF_MAP_TYPE_STACK_TRACE && info.key_size == sizeof(uint32_t) &&
	       info.value_size == max_frames * sizeof(uint64_t);
}

void resolver_set_stacks(struct resolver *resolver, uint8_t number, int stack_map_fd,
			 uint32_t max_frames)
{
	while (resolver->nmaps <= number) {
		resolver->maps =
			xreallocarray(resolver->maps, resolver->nmaps + 1, sizeof(*resolver->maps));
		resolver->maps[resolver->nmaps++] = (struct stack_map){ .fd = -1 };
	}
	resolver->maps[number] = (struct stack_map){
		.fd = is_stack_map(stack_map_fd, max_frames) ? stack_map_fd : -1,
		.max_frames = max_frames,
	};
}

struct wallclock *resolver_clock(const struct resolver *resolver)
{
	return resolver->clock;
}

static bool user_name(struct resolver *r, uint64_t id, char text[RESOLVE_MAX])
{
	char line[ACCOUNT_BYTES];
	struct passwd user, *found = NULL;

	(void)r;
	if (id >= UINT32_MAX || getpwuid_r((uid_t)id, &user, line, sizeof(line), &found) || !found)
		return false;
	return snprintf(text, RESOLVE_MAX, "%s", user.pw_name) > 0;
}

static bool group_name(struct resolver *r, uint64_t id, char text[RESOLVE_MAX])
{
	char line[ACCOUNT_BYTES];
	struct group group, *found = NULL;

	(void)r;
	if (id >= UINT32_MAX || getgrgid_r((gid_t)id, &group, line, sizeof(line), &found) || !found)
		return false;
	return snprintf(text, RESOLVE_MAX, "%s", group.gr_name) > 0;
}

/* /sys/dev/block/253:0 is a link to .../block/vda. */
static bool device_name(struct resolver *r, uint64_t id, char text[RESOLVE_MAX])
{
	char path[64], target[RESOLVE_MAX];
	const char *base;
	ssize_t len;

	(void)r;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", (unsigned)(id >> DEV_MINOR_BITS),
		 (unsigned)(id & ((1u << DEV_MINOR_BITS) - 1)));
	if (id > UINT32_MAX)
		return false;
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = '\0';
	base = strrchr(target, '/');
	return snprintf(text, RESOLVE_MAX, "%s", base ? base + 1 : target) > 0;
}

static bool interface_name(struct resolver *r, uint64_t id, char text[RESOLVE_MAX])
{
	char name[IF_NAMESIZE];

	(void)r;
	if (id == 0 || id > INT32_MAX || !if_indextoname((unsigned)id, name))
		return false;
	return snprintf(text, RESOLVE_MAX, "%s", name) > 0;
}

static bool fold_kernel(struct resolver *r, uint32_t count, char text[RESOLVE_STACK_MAX])
{
	char frame[KSYM_MAX];
	struct frames frames;

	frames_begin(&frames, text, RESOLVE_STACK_MAX);
	for (uint32_t i = 0; i < count; i++) {
		if (!ksyms_name(r->ksyms, r->frames[i], true, frame))
			snprintf(frame, sizeof(frame), "0x%llx", (unsigned long long)r->frames[i]);
		if (!frames_add(&frames, frame, strlen(frame)))
			break;
	}
	return frames_end(&frames) > 0;
}

/* Without its process, or without the helper that knows it. */
static bool fold_addresses(struct resolver *r, uint32_t count, char text[RESOLVE_STACK_MAX])
{
	struct frames frames;
	char frame[32];

	frames_begin(&frames, text, RESOLVE_STACK_MAX);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(frame, sizeof(frame), "0x%llx", (unsigned long long)r->frames[i]);
		if (!frames_add(&frames, frame, strlen(frame)))
			break;
	}
	return frames_end(&frames) > 0;
}

/* The addresses of a stack. *ret_count 0, and a text: its map does not have it any more. */
static bool read_stack(struct resolver *r, uint64_t id, uint32_t *ret_count, char *text)
{
	uint64_t number = id >> 32 & UINT8_MAX;
	uint32_t key = (uint32_t)id, count = 0;
	const struct stack_map *from = number < r->nmaps ? &r->maps[number] : NULL;

	if (!from || from->fd < 0)
		return false;
	memset(r->frames, 0, from->max_frames * sizeof(*r->frames));
	if (bpf_map_lookup_elem(from->fd, &key, r->frames) == 0)
		while (count < from->max_frames && r->frames[count])
			count++;
	if (!count)
		snprintf(text, RESOLVE_STACK_MAX, "[lost: stack %u is no longer in its map]", key);
	*ret_count = count;
	return true;
}

static bool kernel_stack_name(struct resolver *r, uint64_t id, char text[RESOLVE_STACK_MAX])
{
	uint32_t count;

	return read_stack(r, id, &count, text) && (!count || fold_kernel(r, count, text));
}

static bool user_stack_name(struct resolver *r, uint64_t id, char text[RESOLVE_STACK_MAX])
{
	uint32_t count, pid = (uint32_t)(id >> RESOLVE_PID_SHIFT);

	if (!read_stack(r, id, &count, text))
		return false;
	if (!count)
		return true;
	if (!pid || !r->user)
		return fold_addresses(r, count, text);
	return stacks_fold(r->user, pid, r->frames, count, text) > 0;
}

static bool cgroup_name(struct resolver *r, uint64_t id, char text[RESOLVE_MAX])
{
	return cgroup_tree_path(r->cgroups, id, text, RESOLVE_MAX);
}

static bool symbol_name(struct resolver *r, uint64_t id, char text[RESOLVE_MAX])
{
	return ksyms_name(r->ksyms, id, false, text);
}

static bool part_name(struct resolver *r, uint64_t id, unsigned part, char text[RESOLVE_MAX])
{
	enum who_id kind = (enum who_id)(id >> RESOLVE_KIND_SHIFT & 3);

	id &= (1ULL << RESOLVE_KIND_SHIFT) - 1;
	return r->who && who_part(r->who, kind, id, part, r->wait_ms, text);
}

static bool user_value(const char *name, uint64_t *ret)
{
	char line[ACCOUNT_BYTES];
	struct passwd user, *found = NULL;

	if (getpwnam_r(name, &user, line, sizeof(line), &found) || !found)
		return false;
	*ret = user.pw_uid;
	return true;
}

static bool group_value(const char *name, uint64_t *ret)
{
	char line[ACCOUNT_BYTES];
	struct group group, *found = NULL;

	if (getgrnam_r(name, &group, line, sizeof(line), &found) || !found)
		return false;
	*ret = group.gr_gid;
	return true;
}

static bool interface_value(const char *name, uint64_t *ret)
{
	*ret = if_nametoindex(name);
	return *ret != 0;
}

/* "253:0" is what a device without a name is shown as. */
static bool device_number(const char *text, uint64_t *ret)
{
	char *end;
	unsigned long major = strtoul(text, &end, 10), minor;

	if (*end != ':' || end == text || !isdigit((unsigned char)end[1]))
		return false;
	minor = strtoul(end + 1, &end, 10);
	if (*end || major >= 1u << 12 || minor >> DEV_MINOR_BITS)
		return false;
	*ret = (uint64_t)major << DEV_MINOR_BITS | minor;
	return true;
}

/* /sys/class/block/vda/dev holds "253:0". */
static bool device_value(const char *name, uint64_t *ret)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ void *text = NULL;
	unsigned major, minor;

	if (device_number(name, ret))
		return true;
	if (name[0] == '.' || strchr(name, '/'))
		return false;
	path = xasprintf("/sys/class/block/%s/dev", name);
	if (read_file(path, 64, &text, NULL, NULL) < 0 ||
	    sscanf(text, "%u:%u", &major, &minor) != 2 || minor >> DEV_MINOR_BITS)
		return false;
	*ret = (uint64_t)major << DEV_MINOR_BITS | minor;
	return true;
}

/* The two ways between an id and its name, and for how long what was found holds. */
struct finder {
	bool (*name)(struct resolver *r, uint64_t id, char text[]); /* resolve_max(); NULL: none */
	bool (*value)(const char *name, uint64_t *ret);		    /* NULL: none */
	uint64_t keep_ns, keep_nothing_ns;
};

static const struct finder find_none = { NULL };
static const struct finder find_user = { user_name, user_value, KEEP_NS, KEEP_NOTHING_NS };
static const struct finder find_group = { group_name, group_value, KEEP_NS, KEEP_NOTHING_NS };
static const struct finder find_device = { device_name, device_value, KEEP_NS, KEEP_NOTHING_NS };
static const struct finder find_interface = { interface_name, interface_value, KEEP_NS,
					      KEEP_NOTHING_NS };
static const struct finder find_symbol = { symbol_name, NULL, KEEP_NS, KEEP_NOTHING_NS };
/* A group is often gone before its last event is shown: its path is worth keeping. One that is not
 * found may only be too new for the list of them. */
static const struct finder find_cgroup = { cgroup_name, NULL, UINT64_MAX / 2, NS_PER_S };
/* The program may use its id again for another stack. */
static const struct finder find_kernel_stack = { kernel_stack_name, NULL, NS_PER_S, NS_PER_S };
static const struct finder find_user_stack = { user_stack_name, NULL, NS_PER_S, NS_PER_S };

/* Names may come later, and who.h remembers them. */
#define PART(word, part)                                                                           \
	static bool name_##word(struct resolver *r, uint64_t id, char text[RESOLVE_MAX])           \
	{                                                                                          \
		return part_name(r, id, part, text);                                               \
	}                                                                                          \
	static const struct finder find_##word = { name_##word, NULL, KEEP_PART_NS, KEEP_PART_NS };
PART(container_id, CONTAINER_ID)
PART(container_name, CONTAINER_NAME)
PART(container_image, CONTAINER_IMAGE)
PART(pod, CONTAINER_POD)
PART(pod_namespace, CONTAINER_NAMESPACE)
PART(node, WHO_NODE)
PART(exe, WHO_PROCESS(PROCESS_EXE))
PART(cmdline, WHO_PROCESS(PROCESS_CMDLINE))
PART(process_user, WHO_PROCESS(PROCESS_USER))
PART(unit, WHO_PROCESS(PROCESS_UNIT))
#undef PART

#define MEANING(id, param, text, names, find, ...) [MEAN_##id] = &find_##find,
static const struct finder *const finders[MEAN_COUNT] = {
#include "runner/load/plan/meaning_rows.h"
};

static uint64_t coarse_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct answer *set_of(struct resolver *r, enum meaning meaning, uint64_t id)
{
	uint64_t mixed = (id ^ (uint64_t)meaning << 56) * 0x9e3779b97f4a7c15ULL;

	if (!r->sets)
		r->sets = xcalloc(SETS, sizeof(*r->sets));
	return r->sets[mixed >> 56];
}

_Static_assert(SETS == 1 << 8, "set_of() takes the top 8 bits");

const char *resolve(struct resolver *resolver, enum meaning meaning, uint64_t id)
{
	struct answer *set, *oldest;
	const struct finder *finder;
	uint64_t now;
	char text[RESOLVE_STACK_MAX];
	bool found;

	if (resolver->source)
		return resolver->source->find(resolver->source->ctx, meaning, id, resolver->told)
			       ? resolver->told
			       : NULL;
	set = oldest = set_of(resolver, meaning, id);
	now = coarse_now_ns();
	for (size_t way = 0; way < WAYS; way++) {
		struct answer *a = &set[way];

		if (a->until_ns && a->id == id && a->meaning == meaning) {
			if (now < a->until_ns)
				return a->text;
			oldest = a;
			break;
		}
		if (a->made < oldest->made)
			oldest = a;
	}
	finder = finders[meaning];
	found = finder->name && finder->name(resolver, id, text);
	free(oldest->text);
	*oldest = (struct answer){
		.id = id,
		.meaning = (uint8_t)meaning,
		.made = ++resolver->made,
		.until_ns = now + (found ? finder->keep_ns : finder->keep_nothing_ns),
		.text = found ? xstrdup(text) : NULL,
	};
	return oldest->text;
}

bool resolve_value(enum meaning meaning, const char *name, uint64_t *ret)
{
	return finders[meaning]->value && finders[meaning]->value(name, ret);
}
