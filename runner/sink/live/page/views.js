// SPDX-License-Identifier: Apache-2.0
// The views of a map beside its table. Each has draw(), which reads what there is now, and remove().
import * as charts from "./charts.js";
import { duration, inUnit, visible, secondsOf, short } from "./format.js";
import { perBucket, quantile } from "./model.js";

export function el(tag, attributes = {}, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
		else if (name in e && name !== "role") e[name] = value;
		else e.setAttribute(name, value);
	}
	e.append(...children.filter((c) => c !== null && c !== undefined));
	return e;
}

const nameOf = (row) => visible(row.map.key.map((f) => {
	const column = row.map.columns.find((c) => c.path === f.path), value = column.get(row);
	return typeof value === "string" ? value : `${f.path} ${value}`;
}).join(" ") || row.map.name);

class Chart {
	constructor(parent, page) {
		this.page = page;
		this.legend = el("div", { className: "legend" });
		this.canvas = el("canvas");
		this.root = el("div", { className: "chart" }, this.legend, this.canvas);
		parent.append(this.root);
		this.watch = new ResizeObserver(() => this.draw());
		this.watch.observe(this.root);
		this.draw();
	}
	remove() { this.watch.disconnect(); this.root.remove(); }
	names(items) {
		this.legend.replaceChildren(...items.map(([name, color]) => {
			const mark = el("i");
			if (color) mark.style.background = color;
			return el("span", {}, color ? mark : null, name);
		}));
	}
}

// The busiest rows over time, or the whole stream.
export class Trend extends Chart {
	draw() {
		const { map } = this.page, unit = map.gauge ? map.families[0].unit : null;
		if (map.stream) {
			this.names([["events a second", charts.SERIES[0]]]);
			charts.lines(this.canvas, [{ color: charts.SERIES[0], values: map.past.read(map.tick - 1, map.seconds, 0) }], null);
			return;
		}
		const rows = this.page.shown(), cursor = this.page.current();
		const busiest = [...rows].sort((a, b) => b.rate(0) - a.rate(0) || Number(b.values[0]) - Number(a.values[0])).slice(0, charts.SERIES.length);
		if (cursor && !busiest.includes(cursor)) busiest.splice(-1, 1, cursor);
		const series = busiest.map((row, i) => ({ name: nameOf(row), color: charts.SERIES[i], values: row.trend(map.seconds) }));
		this.names([...series.map((s) => [s.name, s.color]), [map.gauge ? "" : "a second", null]]);
		charts.lines(this.canvas, series, unit);
	}
}

function sumOf(rows) {
	const counts = new Map();
	for (const row of rows) for (const [bound, n] of perBucket(row.values[0])) counts.set(bound, (counts.get(bound) ?? 0) + n);
	return counts;
}
function asHistogram(counts) {
	let sum = 0;
	const buckets = [...counts].sort((a, b) => a[0] - b[0]).map(([le, n]) => ({ le: le === Infinity ? "+Inf" : le, count: sum += n }));
	return { count: sum, buckets };
}

// The open row, or all rows that are shown.
const charted = (page) => page.chosen() ? [page.chosen()] : page.shown();
const rowsName = (rows) => [rows.length === 1 ? nameOf(rows[0]) : `all ${rows.length} rows`, null];

export class Histogram extends Chart {
	draw() {
		const { map } = this.page, rows = charted(this.page), counts = sumOf(rows);
		const all = asHistogram(counts), unit = map.families[0].unit;
		this.names([rowsName(rows), [`${short(all.count)} counted`, null]]);
		charts.bars(this.canvas, counts, unit, [["p50", quantile(all, 0.5)], ["p90", quantile(all, 0.9)], ["p99", quantile(all, 0.99)]]);
	}
}

export class Heat extends Chart {
	draw() {
		const { map } = this.page, rows = charted(this.page), byTick = new Map();
		for (const row of rows) for (const column of row.heat ?? []) {
			const into = byTick.get(column.tick) ?? { tick: column.tick, counts: new Map() };
			for (const [b, n] of column.counts) into.counts.set(b, (into.counts.get(b) ?? 0) + n);
			byTick.set(column.tick, into);
		}
		this.names([rowsName(rows), ["stronger color: larger count", null]]);
		charts.heat(this.canvas, [...byTick.values()], map.tick - 1, map.seconds, map.families[0].unit);
	}
}

// Stacks of all rows that are shown, weighed by their first value or their number.
export class Flame {
	constructor(parent, page) {
		this.page = page;
		this.canvas = el("canvas");
		this.tip = el("div", { className: "tip", hidden: true });
		this.root = el("div", {}, this.canvas, this.tip);
		this.canvas.style.width = "100%";
		this.canvas.style.display = "block";
		parent.classList.add("scrolls");
		parent.append(this.root);
		this.canvas.addEventListener("mousemove", (e) => this.hover(e));
		this.canvas.addEventListener("mouseleave", () => { this.tip.hidden = true; });
		this.canvas.addEventListener("click", (e) => { const f = this.at?.(e.offsetX, e.offsetY); this.zoom = !f || f === this.zoom ? null : f; this.draw(); });
		this.watch = new ResizeObserver(() => this.draw());
		this.watch.observe(parent);
		this.draw();
	}
	hover(e) {
		const f = this.at?.(e.offsetX, e.offsetY);
		this.tip.hidden = !f;
		if (!f) return;
		this.tip.textContent = `${visible(f.name)}\n${short(f.value)} of ${short(this.tree.value)}: ${(f.value / this.tree.value * 100).toFixed(1)} %`;
		this.tip.style.left = Math.min(e.offsetX + 12, this.root.clientWidth - 260) + "px";
		this.tip.style.top = e.offsetY + 18 + "px";
	}
	draw() {
		const { map } = this.page, stacks = new Map();
		for (const row of this.page.shown()) {
			if (row.note) continue;
			const stack = map.stacks.map((c) => c.get(row))
				.filter((s) => s && !/^\[[^;]*\]$/.test(s)).join(";"); // "[not in the kernel]" is not a frame
			if (!stack) continue;
			stacks.set(stack, (stacks.get(stack) ?? 0) + (map.stream ? 1 : map.families[0].amount(row.values[0])));
		}
		const path = [];
		for (let f = this.zoom; f; f = f.parent) path.unshift(f.name);
		this.tree = charts.frames(stacks);
		const link = (f) => { for (const child of f.children.values()) { child.parent = f; link(child); } };
		link(this.tree);
		let zoom = this.tree;
		for (const name of path.slice(1)) zoom = zoom?.children.get(name);
		this.zoom = zoom === this.tree ? null : zoom ?? null;
		this.at = charts.flame(this.canvas, this.tree, this.zoom);
	}
	remove() { this.watch.disconnect(); this.root.remove(); }
}

const TRACES = 50, SPANS = 200;

// Spans by trace, newest trace first; children under their parents.
export class Waterfall {
	constructor(parent, page) {
		this.page = page;
		this.root = el("div", { className: "fall" });
		parent.classList.add("scrolls");
		parent.append(this.root);
		this.draw();
	}
	draw() {
		const traces = new Map();
		for (const row of this.page.shown()) {
			if (row.note) continue;
			const id = row.line.trace_id;
			if (!traces.has(id)) traces.set(id, []);
			traces.get(id).push(row);
		}
		// Other maps, also of other programs, have parts of the same traces.
		for (const map of this.page.model.maps) {
			if (map === this.page.map || map.kind !== "spans") continue;
			for (const row of map.events) if (!row.note) traces.get(row.line.trace_id)?.push(row);
		}
		const newest = [...traces].map(([id, rows]) => ({ id, rows, start: Math.min(...rows.map((r) => secondsOf(r.line.start))),
			end: Math.max(...rows.map((r) => secondsOf(r.line.end))) })).sort((a, b) => b.start - a.start).slice(0, TRACES);
		if (!newest.length) { this.root.replaceChildren(el("div", { className: "empty" }, "no spans yet")); return; }
		this.root.replaceChildren(...newest.flatMap((trace) => this.trace(trace)));
	}
	trace({ id, rows, start, end }) {
		const whole = Math.max(end - start, 1e-9), byId = new Map(rows.map((r) => [r.line.span_id, r])), children = new Map(), tops = [];
		for (const row of rows) {
			const above = row.line.parent_span_id, list = above && byId.has(above) && above !== row.line.span_id ? above : null;
			if (list === null) tops.push(row); else if (children.has(list)) children.get(list).push(row); else children.set(list, [row]);
		}
		const failed = rows.filter((r) => r.line.status === "error").length;
		const all = [el("div", { className: "trace" }, el("b", {}, id), el("span", {}, `${rows.length} span${rows.length === 1 ? "" : "s"}`), el("span", {}, duration(whole * 1e9)),
			failed ? el("span", { className: "bad" }, `${failed} failed`) : null)];
		const byStart = (a, b) => secondsOf(a.line.start) - secondsOf(b.line.start), done = new Set();
		const add = (row, depth) => {
			if (all.length > SPANS || done.has(row)) return;
			done.add(row);
			const from = (secondsOf(row.line.start) - start) / whole, missing = depth === 0 && row.line.parent_span_id;
			const bar = el("i");
			bar.style.left = from * 100 + "%";
			bar.style.width = Math.max(row.line.duration_ns / 1e9 / whole * 100, 0.2) + "%";
			all.push(el("div", { className: "span" + (row.line.status === "error" ? " error" : "") + (row === this.page.chosen() ? " cursor" : ""),
				onclick: () => this.page.open(row), title: missing ? "its parent was not seen" : "" },
			el("div", { className: "name" }, "  ".repeat(depth) + (missing ? "… " : "") + visible(row.line.name)),
			el("div", { className: "bar" }, bar), el("div", { className: "time" }, duration(row.line.duration_ns))));
			for (const child of (children.get(row.line.span_id) ?? []).sort(byStart)) add(child, depth + 1);
		};
		for (const row of tops.sort(byStart)) add(row, 0);
		return all;
	}
	remove() { this.root.remove(); }
}

// All maps, small.
export class Overview {
	constructor(parent, model, open) {
		this.model = model;
		this.open = open;
		this.root = el("div", { className: "cards" });
		parent.classList.add("scrolls");
		parent.append(this.root);
		this.cards = new Map();
		this.draw();
	}
	card(map) {
		const canvas = el("canvas"), big = el("div", { className: "big" }), sub = el("div", { className: "sub" });
		const root = el("button", { type: "button", className: "card", onclick: () => this.open(map) },
			el("span", { className: "title" }, el("b", {}, visible((this.model.several ? map.program + " · " : "") + map.name)), el("span", { className: "kind" }, map.kind)),
			big, sub, canvas);
		return { root, canvas, big, sub, map };
	}
	draw() {
		const wanted = this.model.maps;
		if (wanted.length !== this.cards.size || wanted.some((m) => this.cards.get(m.id)?.map !== m)) {
			this.cards = new Map(wanted.map((m) => [m.id, this.card(m)]));
			this.root.replaceChildren(...[...this.cards.values()].map((c) => c.root));
		}
		for (const { canvas, big, sub, map } of this.cards.values()) {
			const past = map.past.read(map.tick - 1, 60, 0), last = past[past.length - 1];
			big.textContent = map.gauge ? `${map.size} row${map.size === 1 ? "" : "s"}` : `${short(last)}/s`;
			sub.textContent = [map.help ? visible(map.help) : null, map.gauge ? null : `${short(map.size)} ${map.stream ? "events kept" : map.size === 1 ? "row" : "rows"}`,
				map.lost ? `${map.lost} lost` : null].filter(Boolean).join(" · ");
			sub.classList.toggle("bad", map.lost > 0);
			charts.spark(canvas, map.gauge ? [] : past, 260, 44);
		}
	}
	remove() { this.root.remove(); }
}

// All of a row, in the pane beside the table.
export function details(row, map, close) {
	const list = (object, prefix = "") => Object.entries(object ?? {}).flatMap(([name, value]) => {
		const path = prefix + name;
		if (value && typeof value === "object" && !Array.isArray(value)) return list(value, path + ".");
		const column = map.columns.find((c) => c.path === path), unit = column?.unit;
		const raw = Array.isArray(value) ? value.map((v) => typeof v === "object" ? JSON.stringify(v) : String(v)).join(", ") : String(value);
		const shown = unit && typeof value === "number" ? `${inUnit(value, unit)}  (${value} ${unit})`
			: /stack$/.test(column?.is ?? "") ? visible(raw).replaceAll(";", "\n") : visible(raw);
		return [el("dt", {}, visible(path)), el("dd", {}, shown)];
	});
	const part = (title, object) => { const all = list(object); return all.length ? [el("h3", {}, title), el("dl", {}, ...all)] : []; };
	const button = el("button", { type: "button", title: "close (Esc)", onclick: close }, "Close");
	const head = el("h2", {}, visible(map.name), button);
	if (row.note) return [head, el("p", { className: "bad" }, row.note)];
	if (map.stream) {
		const { fields, key, events, links, kind, program, map: name, ...rest } = row.line;
		return [head, ...part(kind === "span" ? "Span" : "Event", rest), ...part("Key", key), ...part("Fields", fields),
			...(events ?? []).flatMap((e) => part("Event in it", e)), ...(links ?? []).flatMap((l) => part("Link", l))];
	}
	const canvas = el("canvas"), all = [head, ...part("Key", row.key)];
	map.families.forEach((f, i) => {
		const value = row.values[i];
		if (f.type === "histogram") {
			const counts = el("canvas");
			all.push(el("h3", {}, f.name || "histogram"), el("dl", {}, ...list({ count: value.count, ...(value.sum === undefined ? {} : { sum: f.unit ? `${inUnit(value.sum, f.unit)}  (${value.sum} ${f.unit})` : value.sum }),
				...Object.fromEntries([0.5, 0.9, 0.99].map((q) => [`p${q * 100}`, inUnit(Math.round(quantile(value, q) ?? 0), f.unit)])) })), counts);
			requestAnimationFrame(() => charts.bars(counts, perBucket(value), f.unit));
		} else {
			all.push(el("h3", {}, f.name || f.type), el("dl", {}, el("dt", {}, "value"), el("dd", {}, f.unit ? `${inUnit(value, f.unit)}  (${value} ${f.unit})` : String(value)),
				...(f.type === "gauge" ? [] : [el("dt", {}, "a second"), el("dd", {}, short(row.rate(i)))])));
		}
	});
	all.push(el("h3", {}, map.gauge ? "over time" : "a second, over time"), canvas);
	requestAnimationFrame(() => charts.lines(canvas, [{ color: charts.SERIES[0], values: row.trend(map.seconds) }], map.gauge ? map.families[0].unit : null));
	return all;
}
