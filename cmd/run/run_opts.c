// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "cmd/run/exporters.h"
#include "cmd/run/run_args.h"

/* A shorter time between sweeps is a mistake in the unit. */
#define LEAST_INTERVAL_NS 1000000

#define ARG(member) offsetof(struct run_args, member)
const struct opt run_opts[] = {
	{ .kind = OPT_GROUP, .help = "Output" },
	EXPORT_FORM_OPT(ARG(output)),
	{ 0, "no-tty", NULL, OPT_FLAG, ARG(no_tty),
	  "on a terminal, print the plain table instead of the live table" },
	{ 'n', "count", "COUNT", OPT_U64, ARG(count),
	  "stop after this many records or rows (0: no limit)" },
	{ 0, "duration", "TIME", OPT_DURATION, ARG(duration_ns),
	  "leave after this time (0: do not)" },
	{ 0, "once", NULL, OPT_FLAG, ARG(once),
	  "read every map once and leave: at once, or after --duration" },
	{ 0, "interval", "TIME", OPT_DURATION, ARG(interval_ns), "time between map sweeps (1s)",
	  .min = LEAST_INTERVAL_NS },
	{ 0, "record", "FILE", OPT_TEXT, ARG(record),
	  "keep what was seen in this file, for 'bombus replay'; - is standard output", NULL,
	  "file" },
	{ 0, "force", NULL, OPT_FLAG, ARG(force), "--record replaces a file that exists" },
	{ .kind = OPT_GROUP, .help = "Choice" },
	{ 'f', "filter", "MAP,FIELD,REGEX", OPT_WORDS, ARG(select.filter),
	  "only records whose field matches the regular expression; repeat to narrow" },
	{ 0, "where", "[MAP:]EXPR", OPT_WORDS, ARG(select.where),
	  "only records for which this holds: 'delta_us > 1000 && comm ~ \"^ng\"'; repeat to "
	  "narrow" },
	{ 0, "map", "MAP=ROLE", OPT_WORDS, ARG(object.map),
	  "show a map as events, counter, gauge, histogram, spans or internal; MAP=ROLE:STRUCT "
	  "names its "
	  "record's type" },
	{ 0, "name", "MAP=NAME", OPT_WORDS, ARG(object.names),
	  "what a map is called in every output", .key = "map_name" },
	{ 0, "as", "MAP,FIELD=MEANING", OPT_WORDS, ARG(object.as),
	  "what a field means: errno, syscall, signal, uid, duration_us, ktime_ns, unix_ns, size, "
	  "address, port, dev, kstack:MAP, flags:ENUM, enum:ENUM, text, hex, number, ..." },
	{ 0, "label", "MAP,FIELD=NAME", OPT_WORDS, ARG(object.field_names),
	  "what a field is called in every output" },
	{ 0, "span", "MAP=NAME", OPT_WORDS, ARG(object.spans),
	  "what the spans of a map are called" },
	{ 0, "enrich", "WORD,...", OPT_CSV, ARG(object.enrich),
	  "container: each record's container (id, name, image); pod: its pod, namespace and node; "
	  "as columns, labels, attributes and in filters",
	  "container pod" },
	{ 0, "runtime-state", "DIR", OPT_WORDS, ARG(runtime_state),
	  "further folder of a container runtime, to find names in: containerd's state, runc's "
	  "--root, podman's storage",
	  NULL, "dir" },
	{ 0, "all-maps", NULL, OPT_FLAG, ARG(object.all_maps), "internal maps too" },
	{ 0, "fields", "MAP=A,B", OPT_WORDS, ARG(object.fields), "show only these fields" },
	{ 0, "labels", "MAP=A,B", OPT_WORDS, ARG(select.labels),
	  "exactly these fields are labels" },
	{ 0, "drop-label", "MAP=A,B", OPT_WORDS, ARG(select.drop_labels),
	  "do not use these fields as labels" },
	{ 0, "relabel", "MAP,FIELD,/REGEX/TEXT/", OPT_WORDS, ARG(select.relabels),
	  "if the regular expression matches the whole label, replace the label with this text; $1 "
	  "is the first group, and any character may take the place of /" },
	{ 0, "per-cpu", NULL, OPT_FLAG, ARG(select.per_cpu),
	  "split per-CPU values by a label cpu, do not add them up" },
	{ 'b', "hist-buckets", "MAP,BUCKETS", OPT_WORDS, ARG(select.hist_buckets),
	  "bounds of a histogram, or how the kernel side numbers them, and the unit: [1,2,3], "
	  "'exp2 0 27 us', 'linear 10 0 100'" },
	{ 'k', "hist-value-key", "MAP,FIELD", OPT_WORDS, ARG(select.hist_keys),
	  "the field that a histogram made of events observes" },
	{ .kind = OPT_GROUP, .help = "Aim, in the kernel (programs with BOMBUS_FILTERS)" },
	{ 0, "container", "NAME|ID", OPT_WORDS, ARG(object.containers),
	  "only this container, by its name or the beginning of its id; repeat for more" },
	{ 0, "pod", "[NAMESPACE/]NAME", OPT_WORDS, ARG(object.pods),
	  "only this pod; repeat for more" },
	{ 0, "cgroup", "PATH", OPT_WORDS, ARG(object.cgroups),
	  "only this cgroup of version 2 and those below it; repeat for more", NULL, "dir" },
	{ 0, "pid", "N", OPT_U64, ARG(object.pid), "only this process", .min = 1,
	  .max = INT32_MAX },
	{ 0, "comm", "NAME", OPT_TEXT, ARG(object.comm), "only threads of this name" },
	{ 0, "uid", "USER", OPT_TEXT, ARG(object.uid), "only processes of this user" },
	{ .kind = OPT_GROUP, .help = "Program" },
	{ 0, "object", "FILE", OPT_TEXT, ARG(config_object),
	  "the object of a configuration for ebpf_exporter (NAME.bpf.o beside NAME.yaml)", NULL,
	  "file" },
	{ 0, "set", "VAR=VALUE", OPT_WORDS, ARG(object.set), "set a parameter" },
	{ 0, "attach", "PROG=TARGET", OPT_WORDS, ARG(object.attach),
	  "where a program is attached: an interface, a cgroup's path, BINARY:FUNCTION[,pid=N]" },
	{ 0, "only", "PROG,...", OPT_CSV, ARG(object.only), "only these programs" },
	{ 0, "ring", "MAP=SIZE", OPT_WORDS, ARG(object.ring), "size of a ring buffer: events=4M" },
	{ 0, "max-entries", "MAP=N", OPT_WORDS, ARG(object.max_entries), "capacity of a map" },
	{ 0, "value-size", "MAP=BYTES", OPT_WORDS, ARG(object.value_size),
	  "size of the values of a map whose definition leaves it open, such as a stack map" },
	{ 0, "pin-maps", "DIR", OPT_TEXT, ARG(object.pin_maps), "pin the maps in this bpffs folder",
	  NULL, "dir" },
	{ 0, "pin-progs", "DIR", OPT_TEXT, ARG(object.pin_progs),
	  "pin the programs in this bpffs folder", NULL, "dir" },
	{ 0, "keep-caps", NULL, OPT_FLAG, ARG(keep_caps),
	  "keep all privileges while running; without this, run gives all of them up once "
	  "everything "
	  "is attached" },
	{ 0, "user", "USER[:GROUP]", OPT_TEXT, ARG(user),
	  "the user that a run of root becomes once everything is attached (nobody)" },
	{ 0, "usual-priority", NULL, OPT_FLAG, ARG(usual_priority),
	  "the thread that reads buffers keeps its priority; without this it runs before other "
	  "threads (SCHED_RR), so that a busy machine loses no records" },
	{ 0, "btf", "FILE", OPT_TEXT, ARG(object.btf),
	  "BTF of the kernel, for kernels that have none of their own", NULL, "file" },
	{ 0, "trace-pipe", NULL, OPT_FLAG, ARG(trace_pipe),
	  "also show, on standard error, what programs print with bpf_printk()" },
	{ 0, "skip-missing", NULL, OPT_FLAG, ARG(object.skip_missing),
	  "leave out programs whose hook this kernel or the target does not have" },
	{ 0, "keep-going", NULL, OPT_FLAG, ARG(keep_going),
	  "if one of several programs cannot start, run the others; the exit status is that of the "
	  "first program that could not start" },
	{ 0, "dry-run", NULL, OPT_FLAG, ARG(dry_run), "load, verify, attach, detach, report" },
	{ .kind = OPT_GROUP, .help = "Metrics" },
	{ 0, "namespace", "WORD", OPT_TEXT, ARG(name_space), "first part of metric names (ebpf)" },
	{ 0, "max-series", "N", OPT_U64, ARG(max_series),
	  "most series per map; further ones are counted in one overflow series (10000)", .min = 1,
	  .max = UINT32_MAX },
	{ 0, "max-memory", "SIZE", OPT_SIZE, ARG(max_memory_bytes),
	  "most memory for all series together; further ones are counted in the overflow series "
	  "too" },
	{ 0, "series-ttl", "TIME", OPT_DURATION, ARG(series_ttl_ns),
	  "forget series that did not change for this time" },
	{ 0, "compat", "TOOL", OPT_CHOICE, ARG(compat),
	  "name metrics as this tool does: bee; or have the metrics of ebpf_exporter about itself "
	  "too",
	  "bee ebpf_exporter" },
	{ .kind = OPT_GROUP, .help = "Image" },
	{ 0, "pull", "WHEN", OPT_CHOICE, ARG(pull),
	  "always; missing: if the store does not have the image and its name has a registry or a "
	  "'/' in it; or never (missing)",
	  "always missing never" },
	TRUST_OPTS(ARG(trust)),
	REMOTE_OPTS(ARG(remote)),
	{ 0 },
};
