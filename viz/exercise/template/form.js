
"use strict";
// Counts and checks the fields, and saves them as the JSON file that `handgrad exercise --check` reads.

const NUMBER = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?$/i;
const model = JSON.parse(document.getElementById("model").textContent);
const fields = [...document.querySelectorAll("[data-place]")];
const status = document.getElementById("status");
let saved = true;

function isNumber(text) {
  const plain = text.replace(/\s/g, "").replace("−", "-");
  return NUMBER.test(plain) || NUMBER.test(plain.replace(",", ".")) && !plain.includes(".");
}

function check() {
  for (const field of fields) {
    const wrong = field.value.trim() !== "" && !isNumber(field.value);
    field.setAttribute("aria-invalid", wrong);
    field.title = wrong ? "Write a number such as -0.0123" : "";
  }
  const filled = fields.filter((field) => field.value.trim() !== "").length;
  const wrong = fields.filter((field) => field.getAttribute("aria-invalid") === "true").length;
  const remark = wrong === 0 ? "" : wrong === 1 ? " 1 is not a number." : ` ${wrong} are not numbers.`;
  status.textContent = `${filled} of ${fields.length} filled in.${remark}`;
}

function save() {
  const answers = structuredClone(model);
  answers.name = document.getElementById("name").value.trim();
  for (const field of fields) {
    const [group, ...indices] = field.dataset.place.split(".");
    const last = indices.pop();
    indices.reduce((list, index) => list[index], answers[group])[last] = field.value.trim();
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(answers, null, 1) + "\n"], { type: "application/json" }));
  link.download = ["answers", ...(answers.name.match(/[\p{L}\p{N}]+/gu) ?? [])].join("-") + ".json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  saved = true;
  status.textContent += ` Saved as ${link.download}.`;
}

document.addEventListener("input", () => { saved = false; check(); });
document.getElementById("save").addEventListener("click", save);
addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
check();
