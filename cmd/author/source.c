// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/source.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "cmd/author/build_notes.h"
#include "runner/load/attach/object.h"
#include "runner/load/elf/strip.h"
#include "runner/load/plan/hook.h"

#define SOURCE_SUFFIX ".bpf.c"
#define OBJECT_SUFFIX ".o"

/* "dir/tcpconnlat.bpf.c" is called tcpconnlat. */
char *source_name(const char *source)
{
	const char *slash = strrchr(source, '/'), *base = slash ? slash + 1 : source;
	size_t len = strlen(base);

	if (has_suffix(base, SOURCE_SUFFIX) && len > strlen(SOURCE_SUFFIX))
		len -= strlen(SOURCE_SUFFIX);
	else if (has_suffix(base, ".c") && len > 2)
		len -= 2;
	return xstrndup(base, len);
}

/* What can be wrong with the words is found before clang is asked for anything. */
int source_check(const char *source, struct err *err)
{
	struct stat st;

	if (stat(source, &st) < 0) {
		int code = errno;

		if (code == ENOENT)
			err_hint(err, "'bombus init' writes a program to begin with");
		return err_sys(err, code, "cannot open %s", source);
	}
	if (S_ISDIR(st.st_mode))
		return err_sys(err, EISDIR, "cannot compile %s", source);
	if (has_suffix(source, OBJECT_SUFFIX)) {
		err_hint(err, "'bombus run %s' runs it as it is", source);
		return err_usage(err, "%s is an object file, not source code", source);
	}
	if (may_access(source, R_OK) < 0)
		return err_sys(err, errno, "cannot open %s", source);
	return 0;
}

static int no_program(const char *source, struct err *err)
{
	err_hint(err, "a program is a function behind SEC(\"...\"), such as "
		      "SEC(\"tracepoint/syscalls/sys_enter_openat\")");
	return err_set(err, EINVAL, "%s has no program", source);
}

/* libbpf takes a lone function without SEC() for one, of no type. */
static bool has_program(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (!streq(plan->progs[i].section, ".text"))
			return true;
	return false;
}

/* libbpf knows sections that bombus does not. */
static int check_sections(const char *source, const struct plan *plan, struct err *err)
{
	enum bpf_prog_type type;
	enum bpf_attach_type attach;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const char *section = plan->progs[i].section, *target, *near;

		if (streq(section, ".text") || hook_of(section, &target)->hook != HOOK_UNKNOWN ||
		    libbpf_prog_type_by_name(section, &type, &attach) == 0)
			continue;
		near = hook_nearest(section);
		if (near)
			err_hint(err, "SEC(\"%s%s%s\")", near, *target ? "/" : "", target);
		else
			err_hint(err, "'bombus hooks' lists what programs can be attached to");
		return err_set(
			err, EINVAL,
			"%s: program '%s': SEC(\"%s\") names no kind of program that there is",
			source, plan->progs[i].name, section);
	}
	return 0;
}

/* The first thing that a reader of the output would miss. */
static void warn_records(const char *source, const struct plan *plan)
{
	bool any = false;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];

		any |= map->found_type || map->is_raw || (map_is_ring(map) && !map->has_value);
		if (map->found_type)
			log_warn("%s: map '%s' does not say what its records are, and %s is taken: "
				 "write __type(value, %s); into it",
				 source, map->name, map->found_type, map->found_type);
		else if (map->is_raw)
			log_warn("%s: map '%s' does not say what its records are, and they are "
				 "shown as bytes: write __type(value, struct NAME); into it",
				 source, map->name);
		else if (map_is_ring(map) && map->has_value && *map->record_sizes)
			log_warn(
				"%s: map '%s' has records of %s bytes, struct %s has %u: write the "
				"type of its records into __type(value, ...)",
				source, map->name, map->record_sizes, map->value.type_name,
				map->value.size_bytes);
		else if (map_is_ring(map) && !map->has_value)
			log_warn("%s: map '%s' does not say what its records are, and is not "
				 "shown: write __type(value, struct NAME); into it",
				 source, map->name);
	}
	if (plan->advice && !any)
		log_warn("%s: %s", source, plan->advice);
	if (plan->stray_map && (!plan->advice || !strstr(plan->advice, plan->stray_map)))
		log_warn("%s: variable '%s' looks like a map, but stands in no section for maps: "
			 "write SEC(\".maps\") behind it",
			 source, plan->stray_map);
}

/* Refused here rather than where it is run: what bombus cannot read, or what does nothing. */
int source_check_object(const char *source, const void *bytes, size_t len, struct notes *notes,
			struct err *err)
{
	const struct object_opts strict = { .plan.strict = true };
	struct object *object = NULL;
	const struct plan *plan;
	int rc;

	/* There are no types where there is no code and no variable. */
	if (!elf_has_section(bytes, len, ".BTF"))
		return no_program(source, err);
	rc = object_open(&object, source, bytes, len, &strict, err);
	if (rc < 0 && err && strstr(err->msg, "map type isn't specified"))
		err_hint(err, "write __uint(type, BPF_MAP_TYPE_HASH); into it, or another type");
	if (rc)
		return rc;
	plan = object_plan(object);
	for (uint32_t i = 0; i < plan->nmaps && rc == 0; i++)
		if (plan->maps[i].fault)
			rc = err_set(err, EINVAL, "%s: %s", source, plan->maps[i].fault);
	if (rc == 0 && !has_program(plan))
		rc = no_program(source, err);
	else if (!plan->license || !*plan->license)
		log_warn("%s names no licence, so that the kernel refuses many helpers: char "
			 "LICENSE[] SEC(\"license\") = \"GPL\";",
			 source);
	if (rc == 0)
		rc = check_sections(source, plan, err);
	if (rc == 0)
		warn_records(source, plan);
	if (rc == 0 && notes)
		notes_of_plan(notes, plan);
	object_free(object);
	return rc;
}
