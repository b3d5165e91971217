/* Live pages: a snapshot over HTTP, then numbered changes over one socket.

   connect({
     streams: {
       personas: {
         snapshot: "/api/v1/…",          // JSON with "seq", the stream's number
         onSnapshot(data) {},            // show all of it
         onChange(ops) {},               // absolute values; the same may come twice
       },
     },
     statusElement,                      // else all with data-live-status
   });

   Numbers have no gaps. Whoever misses one asks for what came since; when the
   server says "resync", the snapshot is read again. While there is no socket the
   snapshot is read every five seconds. All parts of a page share one socket. */

import { LiveSocket, RIGHT_LOST, SIGN_IN } from "./live-socket.js";
import { LiveStatus } from "./live-status.js";

const TICK = 500; // All times are milliseconds.
const POLL_AFTER = 3_000;
const POLL_EVERY = 5_000;
const SHOW_AFTER = 5_000;
const SHOW_READING_AFTER = 1_000;
/* So long frames may take that a heartbeat has announced. */
const LAG = 1_000;
const RETRY = 2_000;
const LONGEST_RETRY = 10_000;
const MOST_FRAMES = 500;

const followers = new Map(); // stream → Set of Follower
const heads = new Map(); // stream → the highest number heard of
const unanswered = new Set(); // streams whose subscription is not confirmed
const asked = new Map(); // stream → when it was last subscribed
let socket = null;
let status = null;
let behindSince = null; // since when the server itself is behind
let polledAt = 0;

/** Somebody has to sign in before anything can be read. */
export class SignedOut extends Error {}

/** fetch, but a redirect to the sign-in page is SignedOut; other failures raise. */
export async function read(url, accept, { signal } = {}) {
  const response = await fetch(url, { headers: { Accept: accept }, cache: "no-store", signal });
  if (response.status === 401 || response.redirected) throw new SignedOut(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return response;
}

/* One reader of a stream. It has a position: the number that it is as new as. */
class Follower {
  unreadSince = null;

  #stream;
  #load;
  #change;
  #position;
  #isLoading = false;
  #loadAgain = false;
  #losses = 0;
  #frames = [];
  #fails = 0;
  #timer = 0;

  constructor({ stream, load, change, position }) {
    this.#stream = stream;
    this.#load = load;
    this.#change = change;
    this.#position = position;
  }

  get position() {
    return this.#position;
  }

  /** Whether numbers up to head are missing. */
  lacks(head) {
    return this.#position !== null && !this.#isLoading && this.#position < head;
  }

  /** Changes were lost, or numbers count anew; read everything once the server
      has said from where it tells now. */
  lose() {
    this.#losses += 1;
    this.#position = null;
    this.#frames = [];
    this.unreadSince ??= Date.now();
    this.#loadAgain = true;
  }

  /** Read everything; once more, if asked to while reading. */
  async load() {
    if (this.#isLoading) {
      this.#loadAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#isLoading = true;
    this.unreadSince ??= Date.now();
    do {
      this.#loadAgain = false;
      await this.#loadOnce();
    } while (this.#loadAgain);
    this.#isLoading = false;
    for (const frame of this.#frames.splice(0)) this.take(frame);
    if (this.lacks(heads.get(this.#stream) ?? 0)) askSoon(this.#stream);
  }

  async #loadOnce() {
    const losses = this.#losses;
    // What was heard of by now is committed, so that it will be in the answer.
    const heard = Math.max(heads.get(this.#stream) ?? 0, this.#position ?? 0);
    try {
      const { seq = heard, show } = await this.#load();
      if (losses !== this.#losses) return;
      // A process that is a moment behind must not turn the page back.
      if (this.#position === null || seq >= this.#position) {
        show();
        this.#position = seq;
      }
      this.#fails = 0;
      this.unreadSince = null;
      clearTimeout(this.#timer);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    if (error instanceof SignedOut) {
      socket.stop(SIGN_IN);
      return;
    }
    console.warn(error);
    const wait = Math.min(LONGEST_RETRY, RETRY * 2 ** this.#fails);
    this.#fails += 1;
    this.#timer = setTimeout(() => this.load(), wait * (0.5 + Math.random() / 2));
  }

  /** One frame of changes. */
  take(frame) {
    const [from, to] = frame.seq;
    if (this.#isLoading || this.#position === null) {
      if (this.#frames.push(frame) > MOST_FRAMES) {
        this.#frames = [];
        this.#loadAgain = true;
      }
      return;
    }
    if (to <= this.#position) return;
    if (from > this.#position + 1) {
      askSoon(this.#stream);
      return;
    }
    this.#position = to;
    try {
      this.#change(frame.ops);
    } catch (error) {
      reportError(error);
    }
  }
}

/**
 * Follow a stream in one's own way; returns {load, close}.
 *
 * load() reads everything and resolves to {seq, show}: show() puts it on the page;
 * seq is its number, or left out if it is as new as what was committed by then.
 * change(ops) is called with each frame. position: the number that the page was
 * made with, if known; then nothing is read before something changes.
 */
export function follow(stream, { load, change, position = null }) {
  const follower = new Follower({ stream, load, change, position });
  const others = followers.get(stream) ?? new Set();
  followers.set(stream, others.add(follower));
  start();
  subscribe(stream);
  return {
    load: () => follower.load(),
    close() {
      others.delete(follower);
      if (others.size) return;
      followers.delete(stream);
      socket.send({ unsub: stream });
    },
  };
}

/** Follow streams by snapshots; returns {close}. See the top of this file. */
export function connect({ streams, statusElement }) {
  start(statusElement);
  const following = Object.entries(streams).map(([stream, on]) =>
    follow(stream, {
      async load() {
        const response = await read(on.snapshot, "application/json");
        const data = await response.json();
        return { seq: data.seq, show: () => on.onSnapshot(data) };
      },
      change: on.onChange,
    }),
  );
  return { close: () => following.forEach((one) => one.close()) };
}

/** Somebody has signed in again: go on as if nothing had happened. */
export function resume() {
  socket?.resume();
}

function start(statusElement) {
  if (socket) return;
  const chips = document.querySelectorAll("[data-live-status]");
  status = new LiveStatus(statusElement ? [statusElement] : chips);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new LiveSocket({
    url: `${scheme}://${location.host}/ws/live/`,
    onReady() {
      [...followers.keys()].forEach(subscribe);
      showStatus(Date.now());
    },
    onMessage: hear,
  });
  setInterval(tick, TICK);
}

function everybody() {
  return [...followers.values()].flatMap((some) => [...some]);
}

/* From where the last of its followers is; who knows nothing yet reads a snapshot
   when the server has confirmed, since nothing after that can be missed. */
function subscribe(stream) {
  const known = [...followers.get(stream)]
    .map((follower) => follower.position)
    .filter((position) => position !== null);
  unanswered.add(stream);
  asked.set(stream, Date.now());
  socket.send({ sub: stream, since: known.length ? Math.min(...known) : null });
}

/* Something is missing. Frames on their way may still bring it. */
const waiting = new Set();
function askSoon(stream) {
  if (waiting.has(stream)) return;
  waiting.add(stream);
  const wait = Math.max(0, (asked.get(stream) ?? 0) + LAG - Date.now());
  setTimeout(() => {
    waiting.delete(stream);
    const head = heads.get(stream) ?? 0;
    const some = [...(followers.get(stream) ?? [])];
    if (some.some((follower) => follower.lacks(head))) subscribe(stream);
  }, wait);
}

function hear(message) {
  if (message.hb) {
    behindSince = null;
    for (const [stream, head] of Object.entries(message.hb)) hearHead(stream, head);
  } else if (message.error) {
    hearError(message.error);
  } else if (message.resync) {
    hearResync(message.stream);
  } else if (message.seq) {
    heads.set(message.stream, Math.max(heads.get(message.stream) ?? 0, message.seq[1]));
    for (const follower of followers.get(message.stream) ?? []) follower.take(message);
  }
}

function hearResync(stream) {
  heads.delete(stream);
  for (const follower of followers.get(stream) ?? []) follower.lose();
  if (followers.has(stream)) subscribe(stream);
}

function hearHead(stream, head) {
  heads.set(stream, Math.max(heads.get(stream) ?? 0, head));
  const isConfirmed = unanswered.delete(stream);
  for (const follower of followers.get(stream) ?? []) {
    if (isConfirmed && follower.position === null) follower.load();
    else if (follower.lacks(head)) setTimeout(() => lagged(stream, follower, head), LAG);
  }
}

function lagged(stream, follower, head) {
  if (follower.lacks(head)) askSoon(stream);
}

function hearError({ code, detail }) {
  if (code === "behind") behindSince ??= Date.now();
  else if (code === "unavailable") setTimeout(() => [...unanswered].forEach(retry), RETRY);
  else console.warn(`Live updates: ${detail} (${code})`);
}

function retry(stream) {
  if (unanswered.has(stream) && followers.has(stream)) subscribe(stream);
}

function tick() {
  const now = Date.now();
  showStatus(now);
  if (socket.stoppedBy !== null || socket.downSince === null || document.hidden) return;
  if (now - socket.downSince < POLL_AFTER || now - polledAt < POLL_EVERY) return;
  polledAt = now;
  for (const follower of everybody()) follower.load();
}

function showStatus(now) {
  const { stoppedBy, downSince } = socket;
  const pausedSince = downSince ?? behindSince;
  const unread = everybody().map((follower) => follower.unreadSince ?? now);
  if (stoppedBy === SIGN_IN) status.show("signed-out");
  else if (stoppedBy === RIGHT_LOST) status.show("right-lost");
  else if (pausedSince !== null && now - pausedSince >= SHOW_AFTER) {
    status.show("paused", Math.round((now - pausedSince) / 1000));
  } else if (now - Math.min(now, ...unread) >= SHOW_READING_AFTER) {
    status.show("reading");
  } else if (downSince === null) status.show("live");
}
