/* One socket to the server that comes back by itself: after a restart, a lost
   network, a laptop's sleep. What is said on it is no business of this file. */

const FIRST_WAIT = 250; // All times are milliseconds.
const LONGEST_WAIT = 10_000;
const TICK = 250;
const OPEN_WITHIN = 5_000;
/* A dead connection looks like a quiet one. Asked after so long, the server has
   so long to answer; together with a reconnect they stay below five seconds. */
const QUIET = 2_000;
const ANSWER_WITHIN = 1_500;

export const SIGN_IN = 4401;
export const RIGHT_LOST = 4403;

/* Close codes after which trying again at once would make things worse. */
const WAITS = new Map([
  [1008, LONGEST_WAIT],
  [1009, LONGEST_WAIT],
  [1013, 5_000],
  [4429, 10_000],
]);

export class LiveSocket {
  /* Why it will not come back (SIGN_IN, RIGHT_LOST), or null. */
  stoppedBy = null;
  /* Since when nothing can be heard; null while it is open. */
  downSince = Date.now();

  #url;
  #onReady;
  #onMessage;
  #socket = null;
  #attempts = 0;
  #openAt = 0;
  #mayHurry = true;
  #openedAt = 0;
  #heardAt = 0;
  #askedAt = 0;
  #heartbeat = 20_000;
  #pings = 0;

  /**
   * onReady() is called when the server has greeted, each time;
   * onMessage(message) with each other message.
   */
  constructor({ url, onReady, onMessage }) {
    this.#url = url;
    this.#onReady = onReady;
    this.#onMessage = onMessage;
    setInterval(() => this.#tick(), TICK);
    window.addEventListener("online", () => this.#hurry());
    window.addEventListener("offline", () => this.#ask());
    window.addEventListener("pageshow", () => this.#hurry());
    document.addEventListener("visibilitychange", () => this.#hurry());
    this.#open();
  }

  /** Send a message; nothing happens while it is down. */
  send(message) {
    if (this.downSince === null) this.#socket.send(JSON.stringify(message));
  }

  /** Come back after giving up: whatever stood against it is mended. */
  resume() {
    if (this.stoppedBy === null) return;
    this.stoppedBy = null;
    this.#attempts = 0;
    this.#openAt = 0;
  }

  /** Give up for good, as if the server had closed with this code. */
  stop(code) {
    this.stoppedBy = code;
    this.#drop();
  }

  #open() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#openedAt = Date.now();
    this.#askedAt = 0;
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#hear(JSON.parse(data));
    });
    socket.addEventListener("close", ({ code }) => {
      if (socket === this.#socket) this.#closed(code);
    });
  }

  #hear(message) {
    this.#heardAt = Date.now();
    this.#askedAt = 0;
    if (message.hello) {
      this.#heartbeat = message.hello.heartbeat_s * 1000;
      this.downSince = null;
      this.#onReady();
      return;
    }
    // Greeted is not enough: a server may greet and close again and again.
    if (message.hb) this.#attempts = 0;
    this.#onMessage(message);
  }

  #drop() {
    const socket = this.#socket;
    if (socket === null) return;
    // A lost connection would take long to close; its end is not awaited.
    this.#socket = null;
    socket.close();
    this.#closed(1006);
  }

  #closed(code) {
    this.#socket = null;
    this.downSince ??= Date.now();
    if (code === SIGN_IN || code === RIGHT_LOST) this.stoppedBy = code;
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts);
    this.#attempts += 1;
    this.#mayHurry = !WAITS.has(code);
    // At random, so that not all pages come at once after a restart.
    const wait = (WAITS.get(code) ?? 0) + Math.random() * longest;
    this.#openAt = Date.now() + wait;
  }

  #tick() {
    if (this.stoppedBy !== null) return;
    const now = Date.now();
    if (this.#socket === null) {
      if (now >= this.#openAt) this.#open();
    } else if (this.downSince !== null) {
      if (now - this.#openedAt > OPEN_WITHIN) this.#drop();
    } else if (this.#askedAt) {
      if (now - this.#askedAt > ANSWER_WITHIN) this.#drop();
    } else if (now - this.#heardAt > this.#patience()) {
      this.#ask();
    }
  }

  /* Nobody looks at a hidden page: two missed heartbeats are soon enough. */
  #patience() {
    return document.hidden ? 2 * this.#heartbeat + ANSWER_WITHIN : QUIET;
  }

  #ask() {
    if (this.downSince !== null || this.#askedAt) return;
    this.#askedAt = Date.now();
    this.#pings += 1;
    this.send({ ping: this.#pings });
  }

  #hurry() {
    if (document.hidden || this.stoppedBy !== null) return;
    if (this.#socket !== null) this.#ask();
    else if (this.#mayHurry) this.#open();
  }
}
