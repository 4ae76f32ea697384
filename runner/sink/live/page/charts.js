// SPDX-License-Identifier: Apache-2.0
// Charts on canvases. Each is drawn anew from its data.
import { inUnit, short, visible } from "./format.js";

let colors = null;
export function forgetColors() { colors = null; }
function color(name) {
	if (!colors) {
		const style = getComputedStyle(document.documentElement);
		colors = Object.fromEntries(["chart", "text", "dim", "line", "raised"]
			.map((n) => [n, style.getPropertyValue("--" + n).trim()]));
	}
	return colors[name];
}
export const SERIES = ["#f5b301", "#4f9dff", "#3fb56b", "#e5604d", "#b07be8", "#2bb3b8", "#d96fa8"];

// A cleared context that draws in CSS pixels.
function begin(canvas, w, h) {
	const scale = devicePixelRatio || 1, width = Math.round(w * scale), height = Math.round(h * scale);
	if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
	const c = canvas.getContext("2d");
	c.setTransform(scale, 0, 0, scale, 0, 0);
	c.clearRect(0, 0, w, h);
	c.font = "11px system-ui, sans-serif";
	return c;
}
const sized = (canvas) => [Math.max(canvas.clientWidth, 50), Math.max(canvas.clientHeight, 40)];

function empty(c, w, h, text) {
	c.fillStyle = color("dim");
	c.font = "13px system-ui, sans-serif";
	c.textAlign = "center";
	c.fillText(text, w / 2, h / 2);
}

// Small bars, the newest on the right.
export function spark(canvas, values, w = 160, h = 26) {
	const c = begin(canvas, w, h), n = values.length;
	let most = 0;
	for (const v of values) if (v > most) most = v;
	if (!most) { c.fillStyle = color("line"); c.fillRect(0, h - 4, w, 1); return; }
	c.fillStyle = color("chart");
	for (let i = 0; i < n; i++) {
		const tall = values[i] > 0 ? Math.max(1, values[i] / most * (h - 9)) : 0;
		if (tall) c.fillRect(i * w / n, h - 4 - tall, Math.max(w / n - 0.7, 1), tall);
	}
}

// 0, and steps of 1, 2 or 5.
function steps(most, n) {
	const raw = most / n, power = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].find((s) => s * power >= raw) * power;
	const all = [];
	for (let v = 0; v <= most * 1.0001; v += step) all.push(v);
	return all;
}

const LEFT = 62, BOTTOM = 20;

function frame(c, w, h, most, text) {
	c.textAlign = "right";
	c.textBaseline = "middle";
	for (const v of steps(most, Math.max(2, Math.floor(h / 60)))) {
		const y = Math.round(h - BOTTOM - v / most * (h - BOTTOM - 8)) + 0.5;
		c.strokeStyle = color("line");
		c.beginPath(); c.moveTo(LEFT, y); c.lineTo(w, y); c.stroke();
		c.fillStyle = color("dim");
		c.fillText(text(v), LEFT - 8, y);
	}
}

function seconds(c, w, h, n) {
	c.textAlign = "center";
	c.textBaseline = "alphabetic";
	c.fillStyle = color("dim");
	const every = n > 90 ? 30 : n > 40 ? 20 : 10;
	for (let s = 0; s < n; s += every) {
		const x = w - 14 - s / n * (w - LEFT - 14);
		c.fillText(s ? `-${s}s` : "now", x, h - 5);
	}
}

// series: { name, color, values } with a value for each second, newest last.
export function lines(canvas, series, unit) {
	const [w, h] = sized(canvas), c = begin(canvas, w, h);
	const most = Math.max(...series.map((s) => Math.max(...s.values)), 0);
	if (!series.length || !(most > 0)) { empty(c, w, h, series.length ? "nothing in this time" : "no rows"); return; }
	const n = series[0].values.length;
	frame(c, w, h, most * 1.05, (v) => unit ? inUnit(v, unit) : short(v));
	seconds(c, w, h, n);
	series.forEach((s) => {
		const x = (i) => LEFT + (i + 1) / n * (w - LEFT - 14), y = (v) => h - BOTTOM - v / (most * 1.05) * (h - BOTTOM - 8);
		c.strokeStyle = s.color;
		c.lineWidth = 1.6;
		c.lineJoin = "round";
		c.beginPath();
		s.values.forEach((v, i) => { if (i) c.lineTo(x(i), y(v)); else c.moveTo(x(i), y(v)); });
		c.stroke();
		if (series.length === 1) {
			c.lineTo(x(n - 1), h - BOTTOM); c.lineTo(x(0), h - BOTTOM); c.closePath();
			c.globalAlpha = 0.14; c.fillStyle = s.color; c.fill(); c.globalAlpha = 1;
		}
	});
}

const bound = (b, unit) => b === Infinity ? "more" : inUnit(b, unit);

// counts: a Map from a bucket's bound to its own count. marks: [[name, value]], on the same axis.
export function bars(canvas, counts, unit, marks = []) {
	const [w, h] = sized(canvas), c = begin(canvas, w, h);
	const all = [...counts].sort((a, b) => a[0] - b[0]);
	while (all.length && !all[0][1] && !all[1]?.[1]) all.shift();
	const most = Math.max(...all.map((b) => b[1]), 0);
	if (!most) { empty(c, w, h, "nothing was counted"); return; }
	const step = (w - LEFT - 14) / all.length;
	frame(c, w, h, most * 1.08, short);
	c.textAlign = "center";
	c.textBaseline = "alphabetic";
	const every = Math.ceil(58 / step);
	all.forEach(([b, count], i) => {
		const tall = count / (most * 1.08) * (h - BOTTOM - 8);
		c.fillStyle = color("chart");
		c.fillRect(LEFT + i * step + 1, h - BOTTOM - tall, Math.max(step - 2, 1), tall);
		c.fillStyle = color("dim");
		const text = "≤" + bound(b, unit), x = LEFT + (i + 0.5) * step;
		if ((all.length - 1 - i) % every === 0) c.fillText(text, Math.min(x, w - c.measureText(text).width / 2), h - 5);
	});
	for (const [name, value] of marks) {
		const i = all.findIndex(([b]) => b >= value);
		if (value === undefined || i < 0) continue;
		const low = i ? all[i - 1][0] : 0, high = all[i][0], part = high === Infinity || high === low ? 0.5 : (value - low) / (high - low);
		const x = Math.round(LEFT + (i + part) * step) + 0.5;
		c.strokeStyle = color("text");
		c.setLineDash([3, 3]);
		c.beginPath(); c.moveTo(x, 16); c.lineTo(x, h - BOTTOM); c.stroke();
		c.setLineDash([]);
		c.fillStyle = color("text");
		c.textAlign = x > w - 90 ? "right" : "left";
		c.fillText(`${name} ${inUnit(value, unit)}`, x + (x > w - 90 ? -4 : 4), 14 + 13 * marks.findIndex((m) => m[0] === name));
	}
}

// columns: [{ tick, counts }] as in model.js; the last one is of second `tick`.
export function heat(canvas, columns, tick, n, unit) {
	const [w, h] = sized(canvas), c = begin(canvas, w, h);
	const shown = columns.filter((col) => col.tick > tick - n), bounds = [...new Set(shown.flatMap((col) => [...col.counts.keys()]))].sort((a, b) => a - b);
	if (!bounds.length) { empty(c, w, h, "nothing in this time"); return; }
	const tall = (h - BOTTOM - 8) / bounds.length, wide = (w - LEFT - 14) / n;
	const most = Math.max(...shown.flatMap((col) => [...col.counts.values()]));
	c.fillStyle = color("chart");
	for (const col of shown) {
		const x = LEFT + (n - 1 - (tick - col.tick)) * wide;
		for (const [b, count] of col.counts) {
			c.globalAlpha = 0.12 + 0.88 * Math.sqrt(count / most);
			c.fillRect(x, 8 + (bounds.length - 1 - bounds.indexOf(b)) * tall, Math.max(wide - 0.6, 1), Math.max(tall - 0.6, 1));
		}
	}
	c.globalAlpha = 1;
	c.fillStyle = color("dim");
	c.textAlign = "right";
	c.textBaseline = "middle";
	const every = Math.ceil(16 / tall);
	bounds.forEach((b, i) => { if (i % every === 0) c.fillText("≤" + bound(b, unit), LEFT - 8, 8 + (bounds.length - 0.5 - i) * tall); });
	seconds(c, w, h, n);
}

// A tree of frames from a Map of "outermost;...;innermost" to a number.
export function frames(stacks) {
	const root = { name: "all", value: 0, children: new Map() };
	for (const [stack, value] of stacks) {
		let at = root;
		root.value += value;
		for (const frame of stack.split(";").slice(0, 256)) {
			const name = frame.replace(/\+0x[0-9a-f]+$/, ""); // one function is one frame
			let child = at.children.get(name);
			if (!child) at.children.set(name, child = { name, value: 0, children: new Map() });
			child.value += value;
			at = child;
		}
	}
	return root;
}

const FRAME = 20;

// Returns a function that says which frame is at a point. zoom: a frame of the tree, or null.
export function flame(canvas, root, zoom) {
	const depth = (f) => 1 + Math.max(0, ...[...f.children.values()].map(depth)), top = zoom ?? root;
	const h = Math.max(depth(top) * FRAME + 8, 60), w = Math.max(canvas.parentElement.clientWidth, 100);
	canvas.style.height = h + "px";
	const c = begin(canvas, w, h), boxes = [];
	if (!root.value) { empty(c, w, 60, "no stacks"); return () => null; }
	c.textBaseline = "middle";
	const draw = (f, x, wide, level) => {
		if (wide < 0.6) return;
		let hash = 0;
		for (const ch of f.name) hash = (hash * 31 + ch.charCodeAt(0)) | 0;
		c.fillStyle = level ? `hsl(${28 + Math.abs(hash) % 26} ${62 + Math.abs(hash >> 8) % 25}% ${55 + Math.abs(hash >> 16) % 12}%)` : color("raised");
		c.fillRect(x, level * FRAME, Math.max(wide - 0.7, 0.6), FRAME - 1);
		boxes.push({ x, wide, y: level * FRAME, f });
		if (wide > 34) {
			c.save();
			c.beginPath(); c.rect(x, level * FRAME, wide - 4, FRAME); c.clip();
			c.fillStyle = level ? "#231a05" : color("text");
			c.textAlign = "left";
			c.fillText(visible(f.name), x + 5, level * FRAME + FRAME / 2);
			c.restore();
		}
		let at = x;
		for (const child of [...f.children.values()].sort((a, b) => b.value - a.value)) {
			const part = wide * child.value / f.value;
			draw(child, at, part, level + 1);
			at += part;
		}
	};
	draw(top, 0, w, 0);
	return (x, y) => boxes.find((b) => x >= b.x && x < b.x + b.wide && y >= b.y && y < b.y + FRAME)?.f ?? null;
}
