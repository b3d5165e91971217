/* Posting to the import pages: tried again while the network or the server is
   away, told plainly when that does not help. */

import { Refused, SignedOut, Unanswered } from "./autosave-session.js";

const TRANSIENT = new Set([408, 425, 429]);
const PAUSES = [1000, 3000, 8000]; // Milliseconds before each further try.

const SIGNED_OUT = "You are signed out. Sign in again in another tab, then go on here.";
const LOST = "The server cannot be reached. Nothing that arrived is lost; go on when it is back.";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function once(url, body, signal) {
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      body,
      signal,
      cache: "no-store",
      headers: { Accept: "application/json" },
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unanswered("no connection");
  }
  if (answer.status === 401 || answer.redirected) throw new SignedOut(url);
  if (answer.status >= 500 || TRANSIENT.has(answer.status)) throw new Unanswered("trouble");
  let found = {};
  try {
    found = await answer.json();
  } catch {
    if (answer.ok) throw new Unanswered("no connection");
  }
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

/** POST; `makeBody(attempt)` gives the form, attempt 0 first. The answer's JSON. */
export async function post(url, makeBody, { signal } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once(url, makeBody(attempt), signal);
    } catch (error) {
      const mayHelp = error instanceof Unanswered && attempt < PAUSES.length;
      if (!mayHelp || signal?.aborted) throw error;
    }
    await pause(PAUSES[attempt]);
  }
}

/** What went wrong, for the person. */
export function wordsFor(error) {
  if (error instanceof SignedOut) return SIGNED_OUT;
  if (error instanceof Unanswered) return LOST;
  if (error instanceof Refused) return error.message;
  throw error;
}
