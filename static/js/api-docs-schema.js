/* What a JSON schema says, in words and as an example. Pure: no document here.
   `root` is the whole OpenAPI description, in which references are looked up. */

const MOST_LEVELS = 8;

/** The schema that a reference stands for; other schemas as they are. */
export function resolve(schema, root) {
  if (!schema?.$ref) return schema ?? {};
  const path = schema.$ref.slice(2).split("/");
  return path.reduce((here, step) => here?.[step], root) ?? {};
}

/** Alternatives of a schema without null, and whether null is one of them. */
function alternatives(schema, root) {
  const kinds = (schema.anyOf ?? schema.oneOf ?? []).map((kind) => resolve(kind, root));
  const others = kinds.filter((kind) => kind.type !== "null");
  return { others, isNullable: others.length < kinds.length };
}

function typesOf(schema) {
  return [schema.type ?? []].flat();
}

/** The one schema that matters: references and "or null" are looked through. */
export function core(schema, root) {
  const found = resolve(schema, root);
  const { others } = alternatives(found, root);
  const { anyOf, oneOf, allOf, ...own } = found;
  if (others.length === 1) return { ...core(others[0], root), ...own };
  if (allOf?.length === 1) return { ...core(allOf[0], root), ...own };
  return found;
}

const FORMATS = {
  "date-time": "time (RFC 3339)",
  date: "date",
  uri: "address",
  uuid: "UUID",
  binary: "file",
};

const NAMES = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  object: "object",
  null: "null",
};

function nameOf(type, schema, root, level) {
  if (type === "array") return `list of ${typeName(schema.items ?? {}, root, level + 1)}`;
  if (type === "string" && FORMATS[schema.format]) return FORMATS[schema.format];
  return NAMES[type] ?? type;
}

/** The type in words: "list of text", "whole number or null". */
export function typeName(schema, root, level = 0) {
  if (level > MOST_LEVELS) return "…";
  const found = resolve(schema, root);
  const { others, isNullable } = alternatives(found, root);
  if (others.length) {
    const names = others.map((kind) => typeName(kind, root, level + 1));
    if (isNullable) names.push("null");
    return [...new Set(names)].join(" or ");
  }
  if (found.allOf?.length === 1) return typeName(found.allOf[0], root, level + 1);
  if (found.enum ?? found.const) return "one of these";
  const types = typesOf(found);
  if (!types.length) return found.properties ? "object" : "anything";
  return types.map((type) => nameOf(type, found, root, level)).join(" or ");
}

function range(least, most, unit) {
  if (least !== undefined && most !== undefined) {
    return least === most ? `${least} ${unit}` : `${least} to ${most} ${unit}`;
  }
  if (most !== undefined) return `at most ${most} ${unit}`;
  return least !== undefined ? `at least ${least} ${unit}` : "";
}

/** What values must keep to, as a list of short texts. */
export function limitsOf(schema, root) {
  const found = core(schema, root);
  const values = found.enum ?? (found.const === undefined ? [] : [found.const]);
  return [
    values.map((value) => JSON.stringify(value)).join(", "),
    range(found.minimum, found.maximum, "").trim(),
    found.exclusiveMinimum === undefined ? "" : `above ${found.exclusiveMinimum}`,
    found.exclusiveMaximum === undefined ? "" : `below ${found.exclusiveMaximum}`,
    range(found.minLength, found.maxLength, "characters"),
    range(found.minItems, found.maxItems, "items"),
    found.pattern ? `matches ${found.pattern}` : "",
    isWorthSaying(found.default) ? `${JSON.stringify(found.default)} unless given` : "",
  ].filter(Boolean);
}

/* Nothing, an empty text, list or object are what everybody expects. */
function isWorthSaying(value) {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** The fields of an object, or of the objects in a list: {name, schema, isRequired}. */
export function fieldsOf(schema, root) {
  const found = core(schema, root);
  if (found.items) return fieldsOf(found.items, root);
  const { others } = alternatives(found, root);
  if (others.length > 1) return others.flatMap((kind) => fieldsOf(kind, root));
  return Object.entries(found.properties ?? {}).map(([name, inner]) => ({
    name,
    schema: inner,
    isRequired: found.required?.includes(name) ?? false,
  }));
}

const SAMPLES = { string: "…", integer: 1, number: 1, boolean: true, null: null };

/** A small value that the schema accepts: what is required, and no more. */
export function sampleOf(schema, root, level = 0) {
  const found = core(schema, root);
  if (found.example !== undefined) return found.example;
  if (found.examples?.length) return found.examples[0];
  if (found.enum) return found.enum[0];
  if (found.const !== undefined) return found.const;
  if (isWorthSaying(found.default)) return found.default;
  const { others } = alternatives(found, root);
  if (others.length) return sampleOf(others[0], root, level);
  if (level > MOST_LEVELS) return null;
  const type = typesOf(found)[0] ?? (found.properties ? "object" : "string");
  if (type === "array") return [sampleOf(found.items ?? {}, root, level + 1)];
  if (type === "object") {
    const required = fieldsOf(found, root).filter((field) => field.isRequired);
    return Object.fromEntries(
      required.map(({ name, schema: inner }) => [name, sampleOf(inner, root, level + 1)]),
    );
  }
  if (found.format === "date-time") return "2026-01-31T12:00:00Z";
  return found.minimum ?? SAMPLES[type] ?? null;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A curl call that works once KEY is set and the words in capitals are filled in.
 *
 * `operation` is OpenAPI's; `method` is in lower case.
 */
export function curlOf({ path, method, operation, origin, root }) {
  const parameters = operation.parameters ?? [];
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name) => name.toUpperCase());
  const query = parameters
    .filter((parameter) => parameter.in === "query" && parameter.required)
    .map(({ name }) => `${encodeURIComponent(name)}=${name.toUpperCase()}`);
  const url = quoted(origin + address + (query.length ? `?${query.join("&")}` : ""));
  const lines = [method === "get" ? `curl ${url}` : `curl -X ${method.toUpperCase()} ${url}`];
  if (operation["x-scope"]) lines.push('-H "Authorization: Bearer $KEY"');
  const content = operation.requestBody?.content ?? {};
  if (content["application/json"]) {
    const sample = sampleOf(content["application/json"].schema, root);
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(sample))}`);
  } else if (content["multipart/form-data"]) {
    lines.push("-F 'file=@FILE'");
  }
  return lines.join(" \\\n  ");
}
