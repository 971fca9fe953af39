// SPDX-License-Identifier: GPL-2.0-only
"use strict";
const PERIOD_MS = 2000, POINTS = 90;
let token = "", last = null, timer = 0;

// What is drawn: a counter's rate or a gauge's value.
const CHARTS = [
	{ title: "Traffic from containers", name: "sidecar_wireguard_receive_bytes_total", rate: 8, unit: "bit/s" },
	{ title: "Traffic to containers", name: "sidecar_wireguard_transmit_bytes_total", rate: 8, unit: "bit/s" },
	{ title: "Drops", name: "sidecar_drops_total", rate: 1, unit: "packets/s" },
	{ title: "Peers with a fresh handshake", name: "sidecar_peers_up", unit: "" },
	{ title: "Peers", name: "sidecar_peers", unit: "" },
	{ title: "API answers", name: "sidecar_api_answers_total", rate: 1, unit: "/s" },
];

// Prometheus' text: sums by name, and drops by reason.
function parse(text) {
	const sums = {}, drops = {};
	for (const line of text.split("\n")) {
		const m = /^([a-z_]+)(?:\{([^}]*)\})? ([0-9.e+]+)$/.exec(line);
		if (!m)
			continue;
		sums[m[1]] = (sums[m[1]] || 0) + Number(m[3]);
		const reason = m[1] === "sidecar_drops_total" && /reason="([^"]*)"/.exec(m[2]);
		if (reason)
			drops[reason[1]] = Number(m[3]);
	}
	return { at: performance.now(), sums, drops };
}

function short(n) {
	const units = ["", "k", "M", "G", "T"];
	let i = 0;
	for (; n >= 1000 && i < units.length - 1; i++)
		n /= 1000;
	return (i ? n.toFixed(1) : Math.round(n)) + " " + units[i];
}

function build(chart) {
	const figure = document.createElement("figure");
	const caption = document.createElement("figcaption");
	chart.value = document.createElement("div");
	chart.value.className = "value";
	caption.textContent = chart.title;
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	svg.setAttribute("viewBox", "0 0 " + (POINTS - 1) + " 100");
	svg.setAttribute("preserveAspectRatio", "none");
	svg.setAttribute("aria-hidden", "true");
	chart.path = document.createElementNS("http://www.w3.org/2000/svg", "path");
	svg.append(chart.path);
	figure.append(caption, chart.value, svg);
	figure.className = "card";
	chart.points = [];
	$("charts").append(figure);
}

function draw(chart, value) {
	chart.points.push(value);
	if (chart.points.length > POINTS)
		chart.points.shift();
	const top = Math.max(1, ...chart.points);
	const from = POINTS - chart.points.length;
	chart.path.setAttribute("d", chart.points.map((v, i) =>
		(i ? "L" : "M") + (from + i) + " " + (98 - 96 * v / top).toFixed(1)).join(""));
	chart.value.textContent = short(value) + chart.unit;
}

function table(now, seconds) {
	const body = $("drops");
	body.replaceChildren();
	for (const [reason, n] of Object.entries(now.drops)) {
		const row = body.insertRow();
		const before = last ? last.drops[reason] || 0 : n;
		cell(row, reason);
		cell(row, n, "number");
		cell(row, last ? ((n - before) / seconds).toFixed(1) : "", "number");
	}
}

async function turn() {
	const now = parse(await api("GET", "/metrics", token));
	const seconds = last ? (now.at - last.at) / 1000 : 1;
	for (const chart of CHARTS) {
		const v = now.sums[chart.name] || 0;
		if (!chart.rate)
			draw(chart, v);
		else if (last)
			draw(chart, Math.max(0, v - (last.sums[chart.name] || 0)) * chart.rate / seconds);
	}
	table(now, seconds);
	last = now;
	$("figures").hidden = false;
}

async function again() {
	try {
		await turn();
		$("error").textContent = "";
	} catch (problem) {
		$("error").textContent = problem.message;
	}
	timer = setTimeout(again, PERIOD_MS);
}

act($("open"), "submit", $("error"), async () => {
	clearTimeout(timer);
	token = $("token").value.trim();
	if (!$("charts").children.length)
		CHARTS.forEach(build);
	await turn();
	timer = setTimeout(again, PERIOD_MS);
});
