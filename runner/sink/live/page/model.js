// SPDX-License-Identifier: Apache-2.0
// The data of the server: maps with their rows or events. Does not depend on the page.
import { secondsOf } from "./format.js";

const EVENTS_MAX = 10000, TICKS = 120, HEAT_ROWS = 256;

const byPath = (path) => {
	const steps = path.split(".");
	return (object) => {
		if (object?.[path] !== undefined) return object[path];
		let at = object;
		for (const step of steps) at = at?.[step];
		return at;
	};
};

// Numbers that a double does not hold stay exact, as BigInt.
const exact = (key, value, context) =>
	typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
		? BigInt(context.source) : value;
export const parse = (line) => /\d{16}/.test(line) ? JSON.parse(line, exact) : JSON.parse(line);

export function quantile(histogram, q) {
	const { count, buckets } = histogram;
	let last = 0, before = 0;
	for (const bucket of buckets ?? []) {
		const upTo = Number(bucket.count), bound = bucket.le === "+Inf" ? Infinity : bucket.le;
		if (upTo >= q * Number(count) && count > 0) {
			if (bound === Infinity) return before;
			return before + (bound - before) * (q * Number(count) - last) / Math.max(upTo - last, 1);
		}
		last = upTo;
		before = bound;
	}
	return undefined;
}

// The counts of single buckets, by their bound.
export function perBucket(histogram) {
	const counts = new Map();
	let last = 0;
	for (const bucket of histogram.buckets ?? []) {
		counts.set(bucket.le === "+Inf" ? Infinity : bucket.le, Number(bucket.count) - last);
		last = Number(bucket.count);
	}
	return counts;
}

// A value for each of the last seconds: a ring.
class Past {
	constructor() { this.values = new Float64Array(TICKS); this.tick = 0; }
	put(tick, value, fill) {
		for (let t = Math.max(this.tick + 1, tick - TICKS + 1); t < tick; t++) this.values[t % TICKS] = fill;
		this.values[tick % TICKS] = value;
		this.tick = tick;
	}
	// The last n ones up to `tick`, of which those behind the last put() are `fill`.
	read(tick, n, fill) {
		const all = new Array(n);
		for (let i = 0, t = tick - n + 1; i < n; i++, t++)
			all[i] = t < 0 || t <= this.tick - TICKS ? 0 : t > this.tick ? fill : this.values[t % TICKS];
		return all;
	}
}
export { TICKS };

class Row {
	constructor(map, key, id) {
		Object.assign(this, { map, key, id, time: 0, past: null, heat: null });
		this.order = map.keyColumns.map((c) => c.get(this));
	}
	put(line, time) {
		const map = this.map, old = this.values, since = this.time;
		this.values = map.families.map((f) => f.read(line));
		this.line = line;
		this.seen = map.beginning;
		if (time <= since && old) { this.more = 0; return; }
		this.time = time;
		this.more = 0;
		if (!old || map.begins) { this.rates = this.values.map(() => 0); return; }
		this.more = Math.max(map.families[0].amount(this.values[0]) - map.families[0].amount(old[0]), 0);
		const seconds = Math.max(time - Math.max(since, map.previous), 0.001);
		this.rates = this.values.map((value, i) => map.families[i].amount(value) - map.families[i].amount(old[i]))
			.map((change, i) => map.families[i].type === "gauge" ? change / seconds : Math.max(change, 0) / seconds);
		this.past ??= new Past();
		this.past.put(map.tick, map.gauge ? Number(this.values[0]) : this.rates[0], map.gauge ? Number(old[0]) : 0);
		if (map.heat && map.rows.size <= HEAT_ROWS) this.putHeat(old[0], this.values[0]);
	}
	putHeat(old, now) {
		const before = perBucket(old), columns = this.heat ??= [];
		let last = columns[columns.length - 1];
		if (last?.tick !== this.map.tick) columns.push(last = { tick: this.map.tick, counts: new Map() });
		if (columns.length > TICKS) columns.shift();
		for (const [bound, count] of perBucket(now)) {
			const more = count - (before.get(bound) ?? 0);
			if (more > 0) last.counts.set(bound, (last.counts.get(bound) ?? 0) + more);
		}
	}
	// A row that did not change in the last two sweeps has no rate. (Lines of the last sweep may be on their way.)
	rate(i) { return this.time < this.map.previous ? 0 : this.rates?.[i] ?? 0; }
	trend(n) {
		const last = this.map.gauge ? Number(this.values[0]) : 0;
		return this.past ? this.past.read(this.map.tick - 1, n, last) : new Array(n).fill(last);
	}
}

const fieldColumns = (fields, part) => (fields ?? []).map((f) => {
	const get = byPath(f.path);
	return { title: f.path, path: f.path, unit: f.unit, is: f.is, help: f.help, right: f.is === "amount" || f.unit !== null && f.is === null,
		get: (row) => get(part(row)) };
});

function family(description, all) {
	const { name, type } = description, alone = all.length === 1;
	const read = alone && type === "histogram" ? (line) => ({ count: line.count, sum: line.sum, buckets: line.buckets })
		: alone && !name ? (line) => line.value : (line) => line.value?.[name];
	return { ...description, read, amount: (value) => Number(type === "histogram" ? value?.count : value ?? 0) || 0 };
}

function familyColumns(f, i, alone) {
	const title = f.name || (f.type === "histogram" ? "" : "value"), of = (word) => title ? `${title} ${word}` : word;
	const base = { right: true, family: i };
	if (f.type !== "histogram") {
		const value = { ...base, title: title, path: f.name || "value", unit: f.unit, help: f.help, get: (row) => row.values[i] };
		return f.type === "gauge" ? [value] : [value, { ...base, rate: true, title: alone ? "/s" : of("/s"), path: of("rate").replace(" ", "_"),
			unit: f.unit === "bytes" || ["ns", "us", "ms", "s"].includes(f.unit) ? f.unit : null, get: (row) => row.rate(i) }];
	}
	const quantiles = [0.5, 0.99].map((q) => ({ ...base, title: of(`p${q * 100}`), path: of(`p${q * 100}`).replace(" ", "_"), unit: f.unit,
		get: (row) => { const v = quantile(row.values[i], q); return v === undefined ? undefined : Math.round(v); } }));
	const average = { ...base, title: of("avg"), path: of("avg").replace(" ", "_"), unit: f.unit,
		get: (row) => row.values[i].sum !== undefined && row.values[i].count > 0
			? Math.round(Number(row.values[i].sum) / Number(row.values[i].count)) : undefined };
	return [{ ...base, title: of("count"), path: of("count").replace(" ", "_"), get: (row) => row.values[i].count },
		{ ...base, rate: true, title: of("/s"), path: of("rate").replace(" ", "_"), get: (row) => row.rate(i) }, average, ...quantiles];
}

const SPAN = ["name", "service", "duration_ns", "status", "status_message", "span_kind", "trace_id", "span_id", "parent_span_id"];

class DataMap {
	constructor(program, description) {
		Object.assign(this, description, { program, id: program + "/" + description.map, name: description.map,
			tick: 0, last: 0, previous: 0, lost: 0, version: 0, shape: 0, cut: 0 });
		this.stream = this.kind === "events" || this.kind === "spans";
		this.past = new Past();
		this.sum = 0;
		if (this.stream) this.makeStream(); else this.makeRows();
		// The stack of the program is the outer part, that of the kernel the inner one.
		this.stacks = ["user stack", "stack"].flatMap((is) => this.columns.filter((c) => c.is === is));
	}
	makeStream() {
		this.events = [];
		this.serial = 0;
		this.columns = [{ title: "time", path: "time", is: "time", get: (row) => row.line.time },
			...(this.kind === "spans" ? SPAN.map((name) => ({ title: name.replace("_ns", ""), path: name, unit: name === "duration_ns" ? "ns" : null,
				right: name === "duration_ns", get: (row) => row.line[name], id: /_id$/.test(name) })) : []),
			...fieldColumns(this.key, (row) => row.line.key), ...fieldColumns(this.fields, (row) => row.line.fields)];
	}
	makeRows() {
		this.rows = new Map();
		this.families = this.values.map((v) => family(v, this.values));
		this.gauge = this.families.every((f) => f.type === "gauge");
		this.heat = this.families[0]?.type === "histogram";
		this.keyColumns = fieldColumns(this.key, (row) => row.key);
		this.columns = [...this.keyColumns,
			...this.families.flatMap((f, i) => familyColumns(f, i, this.values.length === 1))];
		this.columns.push({ title: "trend", path: null, trend: true, get: () => undefined });
	}
	begin() { this.begins = true; this.beginning = (this.beginning ?? 0) + 1; this.cut = 0; if (this.stream) this.events = []; }
	// Rows that the beginning does not have are not there any more.
	begun() {
		this.begins = false;
		if (this.rows) for (const [id, row] of this.rows) if (row.seen !== this.beginning) this.rows.delete(id);
		this.shape++;
		this.version++;
	}
	put(line) {
		const time = secondsOf(line.time);
		this.version++;
		if (line.kind === "lost") {
			this.note(line, `${line.count} lost${line.where === "queue" ? ": the page's queue was full" : ""}`);
			return;
		}
		this.sweep(time);
		if (this.stream) { this.event({ line, time, map: this, id: this.serial++ }); if (!this.begins) this.sum++; return; }
		const id = JSON.stringify(line.key, (k, v) => typeof v === "bigint" ? String(v) : v);
		if (line.kind === "gone") { this.rows.delete(id); this.shape++; return; }
		let row = this.rows.get(id);
		if (!row) {
			this.rows.set(id, row = new Row(this, line.key, id));
			this.shape++;
			// It was not there at the sweep before: all of it came since then.
			if (!this.begins && !this.gauge) {
				row.values = this.families.map((f) => f.type === "histogram" ? { count: 0, buckets: [] } : 0);
				row.time = this.previous;
			}
		}
		row.put(line, time);
		if (!this.begins && !this.gauge) this.sum += row.more;
	}
	// A state tells of a sweep in which nothing changed.
	sweep(time) {
		if (time <= this.last) return;
		this.previous = this.last || time - 1;
		this.last = time;
	}
	event(event) {
		this.events.push(event);
		if (this.events.length > EVENTS_MAX * 1.2) this.events.splice(0, this.events.length - EVENTS_MAX);
	}
	note(line, text) {
		if (this.stream) this.event({ line, note: text, map: this, time: secondsOf(line.time), id: this.serial++ });
	}
	// A second is over.
	advance(state, time, seconds) {
		this.state = state;
		this.sweep(time);
		this.lost = (state.lost ?? 0) + state.dropped;
		this.past.put(this.tick, this.sum / seconds, 0);
		this.sum = 0;
		this.tick++;
		this.version++;
	}
	// The seconds that charts show: all that there are, in a bounded window.
	get seconds() { return Math.min(TICKS, Math.max(30, this.tick)); }
	get size() { return this.stream ? this.events.length : this.rows.size; }
	list() { return this.stream ? this.events : [...this.rows.values()]; }
}

// Reads the events of the server. Calls changed() when there is something to be shown.
export class Model {
	constructor(changed) {
		Object.assign(this, { changed, maps: [], programs: [], byName: new Map(), status: "connecting", skipped: 0, ready: null, states: new Map() });
	}
	connect(url) {
		const source = this.source = new EventSource(url);
		const on = (name, f) => source.addEventListener(name, (e) => { f(e.data); this.changed(name); });
		source.onopen = () => { this.status = "live"; this.changed("status"); };
		source.onerror = () => { this.status = source.readyState === EventSource.CLOSED ? "ended" : "reconnecting"; this.changed("status"); };
		on("begin", () => { this.inBeginning = true; });
		on("programs", (data) => this.describe(JSON.parse(data)));
		on("data", (data) => { for (const line of data.split("\n")) this.line(parse(line)); });
		on("state", (data) => this.state(JSON.parse(data)));
		on("ready", (data) => { this.ready = JSON.parse(data); });
		on("cut", (data) => { const cut = JSON.parse(data), map = this.byName.get(cut.program + "/" + cut.map); if (map) map.cut = cut.rows; });
		on("begun", () => { this.inBeginning = false; for (const map of this.maps) map.begun(); });
		on("skipped", (data) => { this.skipped += JSON.parse(data).lines; });
	}
	describe({ version, programs }) {
		const old = this.byName;
		this.version = version;
		this.programs = programs;
		this.byName = new Map();
		this.maps = programs.flatMap((p) => p.maps.map((m) => {
			const known = old.get(p.program + "/" + m.map), words = JSON.stringify(m);
			const map = known?.words === words ? known : Object.assign(new DataMap(p.program, m), { words });
			this.byName.set(map.id, map);
			if (this.inBeginning) map.begin();
			return map;
		}));
		this.several = programs.length > 1;
		for (const name of this.states.keys()) if (!programs.some((p) => p.program === name)) this.states.delete(name);
	}
	line(line) {
		this.byName.get((line.program ?? this.programs[0]?.program) + "/" + line.map)?.put(line);
	}
	state(state) {
		const before = this.states.get(state.program), time = secondsOf(state.time);
		const seconds = before ? Math.max(time - before.seconds, 0.1) : 1;
		state.seconds = time;
		for (const prog of state.progs) {
			const old = before?.progs.find((p) => p.name === prog.name);
			if (prog.runs === undefined || old?.runs === undefined) continue;
			prog.rate = (prog.runs - old.runs) / seconds;
			prog.average = prog.runs > old.runs ? (prog.run_ns - old.run_ns) / (prog.runs - old.runs) : undefined;
			prog.cpu = (prog.run_ns - old.run_ns) / 1e9 / seconds * 100;
		}
		this.states.set(state.program, state);
		for (const m of state.maps) this.byName.get(state.program + "/" + m.map)?.advance(m, time, seconds);
	}
	lost() { return this.maps.reduce((n, m) => n + m.lost, 0); }
	unknownLoss() { return this.maps.some((m) => m.state && m.state.lost === null); }
}
