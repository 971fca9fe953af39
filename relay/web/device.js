// SPDX-License-Identifier: GPL-2.0-only
"use strict";
$("code").value = new URLSearchParams(location.search).get("code") || "";
let token = "", code = "";

act($("open"), "submit", $("error"), async () => {
	$("shown").hidden = true;
	$("done").textContent = "";
	token = $("token").value.trim();
	const d = await api("POST", "/v1/device/lookup", token, { user_code: $("code").value });
	code = d.user_code;
	$("d_code").textContent = d.user_code;
	$("d_client").textContent = d.client_id || "not named";
	$("d_address").textContent = d.address;
	$("d_age").textContent = d.age < 60 ? d.age + " s ago" : Math.floor(d.age / 60) + " min ago";
	$("d_scope").textContent = d.scope;
	$("d_tier").textContent = d.tier || "none";
	$("d_account").textContent = d.account + " (" + d.account_tier + ")";
	$("shown").hidden = false;
	$("approve").focus();
});

async function answer(approve) {
	await api("POST", "/v1/device/approve", token, { user_code: code, approve });
	$("shown").hidden = true;
	$("done").className = "state done " + (approve ? "good" : "bad");
	$("done").textContent = approve ? "Approved: the device gets its token now." : "Denied.";
}

act($("approve"), "click", $("error"), () => answer(true));
act($("deny"), "click", $("error"), () => answer(false));
