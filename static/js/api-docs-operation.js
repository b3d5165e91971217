/* One call of the API as an element that opens. */

import { code, element, paragraphs, prose } from "./api-docs-elements.js";
import { core, curlOf, fieldsOf, limitsOf, typeName } from "./api-docs-schema.js";

const MOST_LEVELS = 6;
const KINDS = {
  get: "info",
  post: "success",
  put: "warning",
  patch: "warning",
  delete: "danger",
};
const PLACES = [
  ["path", "In the address"],
  ["query", "Query parameters"],
  ["header", "Headers"],
];

// -- Fields --------------------------------------------------------------------

function limits(schema, root) {
  const found = limitsOf(schema, root);
  if (!found.length) return "";
  return element("p", { css: "api-field__limits", text: found.join(" · ") });
}

function field({ name, schema, isRequired }, root, level) {
  const { description } = core(schema, root);
  const inner = level < MOST_LEVELS ? fieldsOf(schema, root) : [];
  const head = element(
    "p",
    { css: "api-field__head" },
    element("code", { css: "api-field__name", text: name }),
    element("span", { css: "api-field__type", text: typeName(schema, root) }),
    isRequired && element("span", { css: "api-field__required", text: "required" }),
  );
  return element(
    "li",
    { css: "api-field" },
    head,
    description && element("p", { css: "api-field__text" }, ...prose(description)),
    limits(schema, root),
    inner.length && foldedFields(inner, root, level + 1),
  );
}

function fields(list, root, level = 0) {
  const items = list.map((one) => field(one, root, level));
  return element("ul", { css: "api-fields", role: "list" }, ...items);
}

function foldedFields(list, root, level) {
  const text = list.length === 1 ? "1 field" : `${list.length} fields`;
  const made = element("details", { css: "api-fields__more" }, element("summary", { text }));
  made.append(fields(list, root, level));
  return made;
}

// -- Parts ---------------------------------------------------------------------

function part(title, ...content) {
  return element("section", { css: "api-part" }, element("h3", { text: title }), ...content);
}

function parameters(operation, root) {
  return PLACES.map(([place, title]) => {
    const found = (operation.parameters ?? []).filter((one) => one.in === place);
    const list = found.map((one) => ({
      name: one.name,
      schema: { description: one.description, ...one.schema },
      isRequired: one.required,
    }));
    return list.length ? part(title, fields(list, root)) : "";
  });
}

function body(operation, root) {
  const [first] = Object.entries(operation.requestBody?.content ?? {});
  if (!first) return "";
  const [type, { schema }] = first;
  const found = fieldsOf(schema, root);
  const shown = found.length
    ? fields(found, root)
    : element("p", { text: typeName(schema, root) });
  return part("Body", element("p", { css: "muted small", text: type }), shown);
}

function callers(operation) {
  const scope = operation["x-scope"];
  const role = operation["x-role"];
  if (!scope && !role) return element("p", { css: "muted", text: "Anybody may call this." });
  return element(
    "p",
    { css: "api-callers" },
    scope ? "Bots: scope " : "No bot key opens this.",
    scope && element("span", { css: "badge badge--accent", text: scope }),
    role ? " People: from the role " : " Not for people.",
    role && element("span", { css: "badge", text: role }),
  );
}

function curl(call, id) {
  const header = element(
    "figcaption",
    { css: "prompt__header" },
    element("span", { css: "prompt__title", text: "curl" }),
    element("span", {
      css: "prompt__meta",
      text: "KEY holds your key; fill in what is in capitals.",
    }),
    element("button", {
      css: "button button--small button--quiet",
      type: "button",
      "data-copy": `#${id}`,
      text: "Copy",
    }),
  );
  const text = element("pre", { css: "prompt__text", id, tabindex: "0", text: curlOf(call) });
  return element("figure", { css: "prompt" }, header, text);
}

// -- Answers -------------------------------------------------------------------

/** The problem codes that the description of an answer names. */
export function codesIn(response) {
  const names = response.description.split("; ").map((said) => said.split(":")[0]);
  return names.filter((name) => /^\w+$/.test(name));
}

function problems(response, known) {
  const names = codesIn(response).filter((name) => known[name]);
  if (!names.length) return element("p", { css: "muted", text: "Its code says why." });
  const items = names.map((name) =>
    element("li", {}, element("a", { href: `#${name}` }, code(name)), ` ${known[name].title}`),
  );
  return element("ul", { css: "api-codes", role: "list" }, ...items);
}

function answerBody([type, { schema }], root) {
  const found = fieldsOf(schema, root);
  const text = found.length ? type : `${type}: ${typeName(schema, root)}`;
  return element(
    "div",
    {},
    element("p", { css: "muted", text }),
    found.length && foldedFields(found, root, 1),
  );
}

function success(response, root) {
  const content = Object.entries(response.content ?? {});
  const said = response.description || (content.length ? "" : "No body.");
  return [
    said && element("p", {}, ...prose(said)),
    ...content.map((one) => answerBody(one, root)),
  ];
}

function answer([status, response], root) {
  const isProblem = Number(status) >= 400;
  const shown = isProblem
    ? [problems(response, root.info["x-problems"])]
    : success(response, root);
  const badge = `badge badge--${isProblem ? "warning" : "success"}`;
  return element(
    "div",
    { css: "api-answer" },
    element("p", {}, element("span", { css: badge, text: status })),
    element("div", { css: "api-answer__body" }, ...shown),
  );
}

// -- The whole -----------------------------------------------------------------

function details(call, id) {
  const { operation, root } = call;
  const answers = Object.entries(operation.responses).map((one) => answer(one, root));
  return element(
    "div",
    { css: "api-operation__body" },
    ...paragraphs(operation.description ?? ""),
    callers(operation),
    curl(call, `${id}-curl`),
    ...parameters(operation, root),
    body(operation, root),
    part("Answers", ...answers),
  );
}

/** `call` is {path, method, operation, origin, root}; root the whole description. */
export function drawOperation(call) {
  const { path, method, operation } = call;
  const id = `op-${operation.operationId}`;
  const badge = `badge badge--${KINDS[method]} api-method`;
  const head = element(
    "summary",
    { css: "api-operation__head" },
    element("span", { css: badge, text: method.toUpperCase() }),
    element("code", { css: "api-operation__path", text: path }),
    element("span", { css: "api-operation__summary", text: operation.summary ?? "" }),
  );
  const made = element("details", { css: "api-operation", id }, head);
  // Drawn when it is opened, since the whole would be some thousand elements.
  made.addEventListener("toggle", () => made.append(details(call, id)), { once: true });
  return made;
}
