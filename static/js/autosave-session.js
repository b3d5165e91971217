/* Requests of a page on which somebody types for hours: the network goes, the
   session ends, signing in again changes the CSRF token. Nothing here gives up. */

const PATIENCE = 30_000; // All times are milliseconds.
const TOKEN = "csrfmiddlewaretoken";

/** There was no answer, or none that says anything: trying again may help. The
    message says why, in a few words. */
export class Unanswered extends Error {}

/** Somebody has to sign in. */
export class SignedOut extends Error {}

/** The server understood and refused; `problem` is its JSON, if it gave any. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? "This is too large, or cannot be read.");
    this.status = status;
    this.problem = problem;
  }
}

const TRANSIENT = new Set([408, 425, 429]);

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, {
      cache: "no-store",
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(PATIENCE),
      ...options,
    });
  } catch {
    throw new Unanswered("no connection");
  }
  if (answer.status === 401 || answer.redirected) throw new SignedOut(url);
  if (answer.status >= 500 || TRANSIENT.has(answer.status)) {
    throw new Unanswered("the server has trouble");
  }
  let body = {};
  try {
    body = await answer.json();
  } catch {
    // Cut off on its way, or no JSON, as what refuses a request unread.
    if (answer.ok) throw new Unanswered("no connection");
  }
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

/** Put a token into every form of the page. */
function spread(token) {
  for (const input of document.querySelectorAll(`input[name=${TOKEN}]`)) input.value = token;
  for (const element of document.querySelectorAll("[hx-headers]")) {
    const headers = JSON.parse(element.getAttribute("hx-headers"));
    if (!("X-CSRFToken" in headers)) continue;
    element.setAttribute("hx-headers", JSON.stringify({ ...headers, "X-CSRFToken": token }));
  }
}

export class Session {
  #form;
  #url;

  /** `url` tells by GET how the draft stands, with a token of the session. */
  constructor(form, { url }) {
    this.#form = form;
    this.#url = url;
  }

  /** How the draft stands: revision, saved_by, saved_at. */
  async standing() {
    const { csrf_token: token, ...standing } = await ask(this.#url);
    spread(token);
    return standing;
  }

  /**
   * POST pairs of names and values; the answer's JSON.
   *
   * Raises Unanswered, SignedOut or Refused. `mayOutlive`: also while the page
   * is being left.
   */
  async post(url, entries, { headers = {}, mayOutlive = false } = {}) {
    const send = () => {
      const body = new FormData();
      body.append(TOKEN, this.#form.elements[TOKEN].value);
      for (const [name, value] of entries) body.append(name, value);
      const options = { method: "POST", body, keepalive: mayOutlive };
      return ask(url, { ...options, headers: { Accept: "application/json", ...headers } });
    };
    try {
      return await send();
    } catch (error) {
      if (error.problem?.code !== "csrf_failed") throw error;
    }
    await this.standing();
    return send();
  }
}
