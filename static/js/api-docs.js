/* The page of the API: draws its OpenAPI description, and searches it. */

import "./copy.js";
import { code, element, paragraphs, table } from "./api-docs-elements.js";
import { codesIn, drawOperation } from "./api-docs-operation.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

const page = document.querySelector("[data-api-docs]");

function callsIn(root) {
  return Object.entries(root.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => ({
      path,
      method,
      operation: methods[method],
      origin: location.origin,
      root,
    })),
  );
}

/** Calls by their tag: [[tag, calls], …], in the order of the alphabet. */
function byTag(root) {
  const groups = new Map();
  for (const call of callsIn(root)) {
    const tag = call.operation.tags?.[0] ?? "other";
    groups.set(tag, [...(groups.get(tag) ?? []), call]);
  }
  return [...groups].sort(([one], [other]) => one.localeCompare(other));
}

function titled(tag) {
  return tag.charAt(0).toUpperCase() + tag.slice(1);
}

function wordsOf({ path, method, operation }) {
  const names = (operation.parameters ?? []).map(({ name }) => name);
  const codes = Object.values(operation.responses).flatMap(codesIn);
  const { summary, description } = operation;
  const words = [method, path, summary, description, operation["x-scope"], ...names, ...codes];
  return words.join(" ").toLowerCase();
}

function groupOf([tag, calls]) {
  const operations = calls.map((call) => {
    const made = drawOperation(call);
    made.dataset.words = wordsOf(call);
    return made;
  });
  const title = element("h2", { id: `tag-${tag}`, text: titled(tag) });
  return element("section", { css: "section" }, title, ...operations);
}

function navigation(groups) {
  const links = [
    ["introduction", "How it works"],
    ...groups.map(([tag]) => [`tag-${tag}`, titled(tag)]),
    ["limits", "Limits"],
    ["problems", "Problem codes"],
    ["field-errors", "Field error codes"],
  ].map(([id, text]) =>
    element("li", {}, element("a", { css: "sidebar__link", href: `#${id}`, text })),
  );
  const list = element("ul", { css: "sidebar__list", role: "list" }, ...links);
  return element("nav", { css: "sidebar", "aria-label": "On this page" }, list);
}

function chapter(id, title, ...content) {
  return element("section", { css: "section" }, element("h2", { id, text: title }), ...content);
}

function limits(info) {
  const number = new Intl.NumberFormat("en-GB");
  const rows = info["x-limits"].map((one) => ({
    cells: [one.name, `${number.format(one.number)} ${one.unit}`],
  }));
  return chapter("limits", "Limits", table("Limits", ["Limit", "At most"], rows));
}

function problems(info) {
  const rows = Object.entries(info["x-problems"]).map(([name, { status, title }]) => ({
    id: name,
    cells: [code(name), String(status), title],
  }));
  const titles = ["Code", "Status", "Meaning"];
  return chapter("problems", "Problem codes", table("Problem codes", titles, rows));
}

function fieldErrors(info) {
  const rows = Object.entries(info["x-field-errors"]).map(([name, meaning]) => ({
    cells: [code(name), meaning],
  }));
  const made = table("Field error codes", ["Code", "Meaning"], rows);
  return chapter("field-errors", "Field error codes", made);
}

/** Hide what does not hold all words; the number of calls left. */
function narrow(groups, words) {
  let count = 0;
  for (const group of groups) {
    const operations = [...group.querySelectorAll("[data-words]")];
    for (const one of operations) {
      one.hidden = !words.every((word) => one.dataset.words.includes(word));
    }
    const shown = operations.filter((one) => !one.hidden).length;
    group.hidden = shown === 0;
    count += shown;
  }
  return count;
}

function search(groups) {
  const input = element("input", {
    type: "search",
    id: "api-search",
    placeholder: "Path, parameter, scope or code",
    autocomplete: "off",
    spellcheck: "false",
  });
  const found = element("p", { css: "muted small", role: "status" });
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const count = narrow(groups, words);
    const text = count === 1 ? "1 call found" : `${count || "No"} calls found`;
    found.textContent = words.length ? text : "";
  });
  const text = "Search the calls";
  const label = element("label", { css: "field__label", for: input.id, text });
  return element("div", { css: "field api-search" }, label, input, found);
}

function show(root) {
  const tagged = byTag(root);
  const groups = tagged.map(groupOf);
  const introduction = chapter(
    "introduction",
    "How it works",
    element("div", { css: "prose" }, ...paragraphs(root.info["x-introduction"])),
  );
  const content = element(
    "div",
    { css: "api-docs__content" },
    introduction,
    search(groups),
    ...groups,
    limits(root.info),
    problems(root.info),
    fieldErrors(root.info),
  );
  page.replaceChildren(navigation(tagged), content);
  page.classList.add("sidebar-layout");
  page.removeAttribute("aria-busy");
}

/** Open and show what the address names, once it is drawn. */
function goToHash() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target || !page.contains(target)) return;
  if (target.matches("details")) target.open = true;
  for (const old of page.querySelectorAll(".is-target")) old.classList.remove("is-target");
  if (target.matches("details, tr")) target.classList.add("is-target");
  target.scrollIntoView();
}

async function load() {
  const headers = { Accept: "application/json" };
  const response = await fetch(page.dataset.apiDocs, { headers });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

function fail() {
  const template = document.querySelector("[data-api-docs-failed]");
  page.replaceChildren(template.content.cloneNode(true));
  page.removeAttribute("aria-busy");
}

async function begin() {
  let root;
  try {
    root = await load();
  } catch {
    fail();
    return;
  }
  show(root);
  goToHash();
}

addEventListener("hashchange", goToHash);
begin();
