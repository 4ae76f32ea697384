// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/object_words.h"

#include <errno.h>
#include <pwd.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/decode/enrich.h"

#define MAX_RING_BYTES (1ull << 31)

/* A word in two: NAME=VALUE. */
struct pair {
	char *name, *value;
};

/* malloc'ed by the arena, one a word. */
static int split_pairs(const struct words *words, const char *form, const char *example,
		       struct arena *arena, struct pair **ret, struct err *err)
{
	struct pair *pairs = arena_array(arena, struct pair, words->count + 1);

	for (size_t i = 0; i < words->count; i++) {
		char *text = arena_strdup(arena, words->words[i]), *equals = strchr(text, '=');

		if (!equals || equals == text || !equals[1]) {
			err_hint(err, "for example %s", example);
			return err_usage(err, "%s, not '%s'", form, words->words[i]);
		}
		*equals = '\0';
		pairs[i] = (struct pair){ text, equals + 1 };
	}
	*ret = pairs;
	return 0;
}

/* A parameter may be set to an empty text. */
static int parse_params(const struct words *words, struct arena *arena, struct object_opts *ret,
			struct err *err)
{
	struct object_param *params = arena_array(arena, struct object_param, words->count + 1);

	for (size_t i = 0; i < words->count; i++) {
		char *name = arena_strdup(arena, words->words[i]), *equals = strchr(name, '=');

		if (!equals || equals == name) {
			err_hint(err, "for example --set min_us=1000");
			return err_usage(err, "--set wants NAME=VALUE, not '%s'", words->words[i]);
		}
		*equals = '\0';
		params[i] = (struct object_param){ name, equals + 1 };
	}
	ret->params = params;
	ret->nparams = words->count;
	return 0;
}

static int parse_roles(const struct words *words, struct arena *arena, struct plan_opts *ret,
		       struct err *err)
{
	struct plan_role *roles = arena_array(arena, struct plan_role, words->count + 1);
	struct pair *pairs;
	int rc = split_pairs(words, "--map wants MAP=ROLE", "--map events=counter", arena, &pairs,
			     err);

	for (size_t i = 0; i < words->count && rc == 0; i++) {
		char *type = strchr(pairs[i].value, ':');
		int role;

		if (type)
			*type++ = '\0';
		role = map_role_parse(pairs[i].value);
		if (role < 0) {
			err_hint(err, "roles are events, counter, gauge, histogram, spans, "
				      "internal");
			return err_usage(err, "--map %s: no role '%s'", pairs[i].name,
					 pairs[i].value);
		}
		roles[i] = (struct plan_role){ pairs[i].name, (enum map_role)role,
					       type && *type ? type : NULL };
	}
	ret->roles = roles;
	ret->nroles = words->count;
	return rc;
}

static int parse_targets(const struct words *words, struct arena *arena, struct object_opts *ret,
			 struct err *err)
{
	struct object_target *targets = arena_array(arena, struct object_target, words->count + 1);
	struct pair *pairs;
	int rc = split_pairs(words, "--attach wants PROG=TARGET", "--attach on_packet=eth0", arena,
			     &pairs, err);

	for (size_t i = 0; i < words->count && rc == 0; i++)
		targets[i] = (struct object_target){ pairs[i].name, pairs[i].value };
	ret->targets = targets;
	ret->ntargets = words->count;
	return rc;
}

static int parse_rings(const struct words *words, struct arena *arena, struct object_opts *ret,
		       struct err *err)
{
	struct object_size *rings = arena_array(arena, struct object_size, words->count + 1);
	struct pair *pairs;
	int rc =
		split_pairs(words, "--ring wants MAP=SIZE", "--ring events=4M", arena, &pairs, err);

	for (size_t i = 0; i < words->count && rc == 0; i++) {
		uint64_t size;

		if (parse_size(pairs[i].value, &size) < 0 || !size || size > MAX_RING_BYTES) {
			err_hint(err, "sizes are written 256K, 4M, 1G; 2G is the most");
			return err_usage(err, "--ring %s: '%s' is not a size for a ring buffer",
					 pairs[i].name, pairs[i].value);
		}
		rings[i] = (struct object_size){ pairs[i].name, size };
	}
	ret->rings = rings;
	ret->nrings = words->count;
	return rc;
}

/* "MAP=N" with N from 1 to max. */
static int parse_counts(const struct words *words, const char *option, uint64_t max,
			struct arena *arena, const struct object_size **ret, size_t *ret_count,
			struct err *err)
{
	struct object_size *counts = arena_array(arena, struct object_size, words->count + 1);
	_cleanup_free_ char *form = xasprintf("%s wants MAP=N", option);
	_cleanup_free_ char *example = xasprintf("%s start=64", option);
	struct pair *pairs;
	int rc = split_pairs(words, form, example, arena, &pairs, err);

	for (size_t i = 0; i < words->count && rc == 0; i++) {
		uint64_t count;

		if (parse_u64(pairs[i].value, &count) < 0 || !count || count > max)
			return err_usage(err, "%s %s: '%s' is not a number from 1 to %llu", option,
					 pairs[i].name, pairs[i].value, (unsigned long long)max);
		counts[i] = (struct object_size){ pairs[i].name, count };
	}
	*ret = counts;
	*ret_count = words->count;
	return rc;
}

static int parse_fields(const struct words *words, struct arena *arena, struct object_opts *ret,
			struct err *err)
{
	struct plan_fields *list = arena_array(arena, struct plan_fields, words->count + 1);
	const char *form = "--fields wants MAP=FIELD,FIELD";
	struct pair *pairs;
	int rc = split_pairs(words, form, "--fields events=pid,comm", arena, &pairs, err);

	for (size_t i = 0; i < words->count && rc == 0; i++) {
		size_t count = 0;
		const char **names = arena_array(arena, const char *, strlen(pairs[i].value) + 1);
		char *save = NULL;

		for (char *f = strtok_r(pairs[i].value, ",", &save); f;
		     f = strtok_r(NULL, ",", &save))
			names[count++] = f;
		if (!count)
			return err_usage(err, "%s, not '%s'", form, words->words[i]);
		list[i] = (struct plan_fields){ pairs[i].name, names, count };
	}
	ret->fields = list;
	ret->nfields = words->count;
	return rc;
}

static int parse_enrich(const struct words *words, struct object_opts *ret, struct err *err)
{
	for (size_t i = 0; i < words->count; i++) {
		if (streq(words->words[i], "container")) {
			ret->plan.enrich |= ENRICH_CONTAINER;
		} else if (streq(words->words[i], "pod")) {
			ret->plan.enrich |= ENRICH_POD;
		} else if (streq(words->words[i], "process")) {
			ret->plan.enrich |= ENRICH_PROCESS;
		} else {
			err_hint(err, "--enrich container,pod,process");
			return err_usage(err,
					 "--enrich: '%s' is neither container, pod nor process",
					 words->words[i]);
		}
	}
	return 0;
}

/* A user by name or number. */
static int parse_uid(const char *text, struct arena *arena, const char **ret, struct err *err)
{
	const struct passwd *user;
	uint64_t number;

	if (!text)
		return 0;
	if (parse_u64(text, &number) == 0 && number < UINT32_MAX) {
		*ret = text;
		return 0;
	}
	user = getpwnam(text);
	if (!user)
		return err_usage(err, "--uid: there is no user '%s'", text);
	*ret = arena_printf(arena, "%u", user->pw_uid);
	return 0;
}

/* Takes paths below /sys/fs/cgroup, and paths as /proc/PID/cgroup has them. */
static int parse_cgroups(const struct words *words, struct arena *arena, struct aim_opts *ret,
			 struct err *err)
{
	static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
	const char **paths = arena_array(arena, const char *, words->count + 1);

	for (size_t i = 0; i < words->count; i++) {
		const char *path = words->words[i];

		if (path[0] != '/') {
			err_hint(err,
				 "--cgroup /system.slice/ssh.service, as /proc/PID/cgroup has it");
			return err_usage(err, "--cgroup: '%s' does not begin with /", path);
		}
		for (size_t k = 0; k < ARRAY_LEN(roots); k++) {
			size_t len = strlen(roots[k]);

			if (has_prefix(path, roots[k]) && (!path[len] || path[len] == '/'))
				path += len;
		}
		paths[i] = path;
	}
	ret->cgroups = paths;
	ret->ncgroups = words->count;
	return 0;
}

int object_words_aim(const struct object_words *words, struct arena *arena, struct aim_opts *ret,
		     struct err *err)
{
	*ret = (struct aim_opts){
		.containers = words->containers.words,
		.ncontainers = words->containers.count,
		.pods = words->pods.words,
		.npods = words->pods.count,
	};
	return parse_cgroups(&words->cgroups, arena, ret, err);
}

static struct word_list list_of(const struct words *words)
{
	return (struct word_list){ words->words, words->count };
}

int object_words_parse(const struct object_words *words, struct arena *arena,
		       struct object_opts *ret, struct err *err)
{
	int rc;

	*ret = (struct object_opts){
		.plan = { .names = list_of(&words->names),
			  .labels = list_of(&words->field_names),
			  .as = list_of(&words->as),
			  .spans = list_of(&words->spans),
			  .all_maps = words->all_maps },
		.aim = { .pid = words->pid ? arena_printf(arena, "%llu",
							  (unsigned long long)words->pid)
					   : NULL,
			 .comm = words->comm },
		.only = list_of(&words->only),
		.pin_maps = words->pin_maps,
		.pin_progs = words->pin_progs,
		.btf = words->btf,
		.skip_missing = words->skip_missing,
	};
	if ((rc = parse_enrich(&words->enrich, ret, err)) < 0 ||
	    (rc = parse_uid(words->uid, arena, &ret->aim.uid, err)) < 0 ||
	    (rc = parse_roles(&words->map, arena, &ret->plan, err)) < 0 ||
	    (rc = parse_params(&words->set, arena, ret, err)) < 0 ||
	    (rc = parse_targets(&words->attach, arena, ret, err)) < 0 ||
	    (rc = parse_rings(&words->ring, arena, ret, err)) < 0 ||
	    (rc = parse_counts(&words->max_entries, "--max-entries", UINT32_MAX, arena,
			       &ret->entries, &ret->nentries, err)) < 0 ||
	    (rc = parse_counts(&words->value_size, "--value-size", LAYOUT_MAX_BYTES, arena,
			       &ret->value_sizes, &ret->nvalue_sizes, err)) < 0)
		return rc;
	return parse_fields(&words->fields, arena, ret, err);
}
