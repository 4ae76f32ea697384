// SPDX-License-Identifier: Apache-2.0
/* Maps and programs that stay in the kernel because the user asked for it, as files on bpffs. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/attach/object_internal.h"

/* The longest part of the path that exists. */
static char *existing_part(const char *path)
{
	char *part = xstrdup(path);
	struct stat st;

	while (stat(part, &st) < 0) {
		char *slash = strrchr(part, '/');

		if (!slash || slash == part) {
			snprintf(part, strlen(part) + 1, slash ? "/" : ".");
			break;
		}
		*slash = '\0';
	}
	return part;
}

static int pin_dir(const char *path, bool *ret_made, struct err *err)
{
	_cleanup_free_ char *part = existing_part(path);
	struct statfs fs;
	int rc;

	if (statfs(part, &fs) < 0 || fs.f_type != BPF_FS_MAGIC) {
		err_hint(err, "pins live on bpffs: mount -t bpf bpf /sys/fs/bpf, then %s",
			 has_prefix(path, "/sys/fs/bpf/") ? "again" : "a folder below it");
		return err_usage(err, "%s is not on bpffs", path);
	}
	if (strchr(path + strlen(part), '.')) {
		err_hint(err, "use another character, such as '-'");
		return err_usage(err, "%s: bpffs takes no name with a '.'", path);
	}
	*ret_made = may_access(path, F_OK) != 0;
	rc = make_dirs(path, err);
	*ret_made = *ret_made && rc == 0;
	return rc;
}

static struct pin *add_pin(struct object *object, const char *dir, const char *name)
{
	struct pin *pin;

	object->pins = xreallocarray(object->pins, object->npins + 1, sizeof(*object->pins));
	pin = &object->pins[object->npins++];
	*pin = (struct pin){ .path = xasprintf("%s/%s", dir, name) };
	return pin;
}

static void forget_pins(struct object *object)
{
	for (size_t i = 0; i < object->npins; i++)
		free(object->pins[i].path);
	free(steal_ptr(&object->pins));
	object->npins = 0;
}

int pins_prepare(struct object *object, struct err *err)
{
	const struct object_opts *opts = &object->opts;
	struct bpf_map *map;
	bool made = false;
	int rc = 0;

	forget_pins(object);
	if (opts->pin_maps) {
		rc = pin_dir(opts->pin_maps, &made, err);
		object->made_pin_maps_dir |= rc == 0 && made;
	}
	if (opts->pin_progs && rc == 0) {
		rc = pin_dir(opts->pin_progs, &made, err);
		object->made_pin_progs_dir |= rc == 0 && made;
	}
	if (!opts->pin_maps || rc < 0)
		return rc;
	bpf_object__for_each_map(map, object->bpf) {
		struct pin *pin;

		if (bpf_map__is_internal(map))
			continue;
		pin = add_pin(object, opts->pin_maps, bpf_map__name(map));
		pin->made = may_access(pin->path, F_OK) != 0;
		rc = bpf_map__set_pin_path(map, pin->path);
		if (rc < 0)
			return err_sys(err, -rc, "pinning map '%s'", bpf_map__name(map));
	}
	return 0;
}

int pins_finish(struct object *object, struct err *err)
{
	const char *dir = object->opts.pin_progs;

	for (uint32_t i = 0; dir && i < object->plan.nprogs; i++) {
		struct pin *pin;
		int rc;

		if (bpf_program__fd(object->progs[i]) < 0)
			continue;
		pin = add_pin(object, dir, object->plan.progs[i].name);
		rc = bpf_program__pin(object->progs[i], pin->path);
		if (rc == -EEXIST) {
			err_hint(err, "remove it, or name another folder");
			return err_set(err, EEXIST, "pinning program '%s': %s exists",
				       object->plan.progs[i].name, pin->path);
		}
		if (rc < 0)
			return err_sys(err, -rc, "pinning program '%s' to %s",
				       object->plan.progs[i].name, pin->path);
		pin->made = true;
	}
	object->keep_pins = true;
	return 0;
}

void pins_release(struct object *object)
{
	if (!object->keep_pins) {
		for (size_t i = 0; i < object->npins; i++)
			if (object->pins[i].made)
				unlink(object->pins[i].path);
		if (object->made_pin_maps_dir)
			rmdir(object->opts.pin_maps);
		if (object->made_pin_progs_dir)
			rmdir(object->opts.pin_progs);
		object->made_pin_maps_dir = object->made_pin_progs_dir = false;
	}
	forget_pins(object);
}
