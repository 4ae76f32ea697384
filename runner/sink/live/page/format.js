// SPDX-License-Identifier: Apache-2.0
// Values as text for people. All functions take values as they are in the JSON.

const NS = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

function digits(value) {
	const abs = Math.abs(value);
	return String(+value.toFixed(abs >= 100 ? 0 : abs >= 10 ? 1 : 2));
}

export function duration(ns) {
	const abs = Math.abs(ns);
	if (abs < 1e3) return digits(ns) + "ns";
	if (abs < 1e6) return digits(ns / 1e3) + "µs";
	if (abs < 1e9) return digits(ns / 1e6) + "ms";
	if (abs < 60e9) return digits(ns / 1e9) + "s";
	const s = Math.round(abs / 1e9), sign = ns < 0 ? "-" : "";
	if (s < 3600) return `${sign}${Math.floor(s / 60)}m${String(s % 60).padStart(2, "0")}s`;
	return `${sign}${Math.floor(s / 3600)}h${String(Math.floor(s / 60) % 60).padStart(2, "0")}m`;
}

export function bytes(n) {
	const units = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
	let i = 0;
	while (Math.abs(n) >= 1024 && i < 6) { n /= 1024; i++; }
	return digits(n) + units[i];
}

// A number in few characters: 1.25k, 31M.
export function short(n) {
	const units = ["", "k", "M", "G", "T", "P", "E"];
	if (!Number.isFinite(n)) return "?";
	if (Math.abs(n) < 0.995 && n !== 0) return n.toPrecision(2);
	let i = 0;
	while (Math.abs(n) >= 1000 && i < 6) { n /= 1000; i++; }
	return digits(n) + units[i];
}

export function inUnit(value, unit) {
	if (NS[unit]) return duration(Number(value) * NS[unit]);
	if (unit === "bytes") return bytes(Number(value));
	return typeof value === "number" && !Number.isInteger(value) ? String(+value.toPrecision(6)) : String(value);
}

// The text of a cell.
export function cell(value, column) {
	if (value === undefined || value === null) return "";
	if (column.rate) return value === 0 ? "0" : column.unit && column.unit !== "events"
		? inUnit(value, column.unit) : short(value);
	if (column.is === "time") return time(value);
	if (typeof value === "number" || typeof value === "bigint") return inUnit(value, column.unit);
	if (Array.isArray(value)) return value.map((v) => cell(v, column)).join(", ");
	return visible(String(value));
}

// Makes control characters visible, so that they cannot reverse the text.
export function visible(text) {
	return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
		(c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

// 12:34:56.123456 of an RFC 3339 time, in the zone of the browser.
export function time(text) {
	const ms = Date.parse(text);
	if (!Number.isFinite(ms)) return visible(String(text));
	const d = new Date(ms), fraction = /\.(\d+)/.exec(text)?.[1] ?? "0";
	const two = (n) => String(n).padStart(2, "0");
	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${fraction.padEnd(6, "0").slice(0, 6)}`;
}

// The rows of a sweep all have the same time.
let lastText = "", lastSeconds = 0;
export function secondsOf(text) {
	if (text === lastText) return lastSeconds;
	const fraction = /\.(\d+)Z/.exec(text);
	lastText = text;
	lastSeconds = Math.floor(Date.parse(text) / 1000) + (fraction ? Number("0." + fraction[1]) : 0);
	return lastSeconds;
}

export const nsIn = (unit) => NS[unit];
