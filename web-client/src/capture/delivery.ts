// Brings the spool to the server, one request at a time: what the running session has to say and its newest part first,
// then the oldest session. Nothing leaves the spool before the server has confirmed it.
import { call, NoNetwork, Refused, Revoked } from "./api";
import { clockAt } from "./clock";
import { sendPart, sha256 } from "./send-part";
import type { Spool } from "./spool";
import { isOurs, type Pairing, type SpooledEvent, type SpooledPart, type SpooledSession } from "./types";

/** Seconds between tries without a network, doubled up to the last. */
const FIRST_WAIT = 1;
const LONGEST_WAIT = 30;
const IDLE_SECONDS = 60;
/** More than this long ago is not believed: the device's clock was wrong. */
const OLDEST_START_SECONDS = 30 * 86_400;
/** After so long a session counts as one that took place, and is taken however many minutes are left. */
const NO_MINUTES_WAIT_MS = 125_000;

export interface Outcome {
  network?: "reached" | "lost";
  /** The server's words for why it can't at the moment. */
  busy?: string;
  revoked?: true;
  /** What waits has changed. */
  changed?: true;
  /** A session has been delivered and left the spool. */
  delivered?: string;
  /** The server takes no new session. What is recorded stays, and is sent later. */
  noMinutes?: true;
}

export class Delivery {
  /** Something came into the spool since the last look. */
  private news = false;
  private idle = false;
  private failures = 0;
  private wake: () => void = () => {};
  private readonly reconciled = new Set<string>();
  /** Sessions that are not offered before then. */
  private readonly later = new Map<string, number>();

  constructor(
    private readonly spool: Spool,
    private readonly pairing: () => Pairing | undefined,
    private readonly tell: (outcome: Outcome) => void,
  ) {
    addEventListener("online", () => this.retryNow());
    void this.run();
  }

  /** Something new is in the spool. A wait for the network goes on. */
  nudge(): void {
    this.news = true;
    if (this.idle) this.wake();
  }

  /** The network may be back, or the device was paired again: no waiting. */
  retryNow(): void {
    this.news = true;
    this.failures = 0;
    this.wake();
  }

  private async run(): Promise<never> {
    for (;;) {
      this.news = false;
      try {
        if (await this.step()) {
          this.failures = 0;
          this.tell({ network: "reached" });
        } else if (!this.news) await this.rest(IDLE_SECONDS, true);
      } catch (error) {
        const seconds = this.judge(error);
        this.failures += 1;
        await this.rest(seconds, false);
      }
    }
  }

  private rest(seconds: number, idle: boolean): Promise<void> {
    return new Promise((done) => {
      const timer = Number.isFinite(seconds) ? setTimeout(() => this.wake(), seconds * 1000) : 0;
      this.idle = idle;
      this.wake = () => {
        clearTimeout(timer);
        this.idle = false;
        this.wake = () => {};
        done();
      };
    });
  }

  /** Seconds to wait after a failure that is not about one thing in the spool. */
  private judge(error: unknown): number {
    if (error instanceof Revoked) {
      this.tell({ network: "reached", revoked: true });
      return Infinity;
    }
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures);
    if (!(error instanceof NoNetwork)) {
      console.error(error);
      return wait;
    }
    this.tell({ network: "lost", ...(error.detail ? { busy: error.detail } : {}) });
    return Math.max(wait, error.retryAfter);
  }

  /** Does the next thing; false when there is nothing to do. */
  private async step(): Promise<boolean> {
    const pairing = this.pairing();
    if (!pairing) return false;
    const { token } = pairing;
    const sessions = (await this.spool.sessions()).filter((session) => !session.refused && isOurs(session, pairing) && (this.later.get(session.key) ?? 0) <= Date.now());
    const running = sessions.filter((session) => session.state !== "stopped");
    for (const session of [...running, ...sessions.filter((session) => session.state === "stopped")]) {
      if (await this.advance(session, token)) return true;
    }
    return false;
  }

  private async advance(session: SpooledSession, token: string): Promise<boolean> {
    if (!session.id) return this.start(session, token);
    const [event] = await this.spool.events(session.key);
    if (event) return this.say(session, event, token);
    if (!this.reconciled.has(session.key)) return this.reconcile(session, token);
    const part = await this.spool.nextPart(session.key, session.state !== "stopped");
    if (part) return this.send(session, part, token);
    if (session.state !== "stopped" || (await this.spool.parts(session.key)).length > 0) return false;
    await this.spool.removeSession(session.key);
    this.tell({ changed: true, delivered: session.key });
    return true;
  }

  private async start(session: SpooledSession, token: string): Promise<boolean> {
    const body = {
      started_seconds_ago: Math.min(clockAt(session.anchor), OLDEST_START_SECONDS),
      ...(session.task ? { task_id: session.task.id } : {}),
    };
    try {
      const started = await call<{ id?: string }>("POST", "/api/v1/sessions", { token, body, headers: { "idempotency-key": session.key } });
      const { id } = started;
      if (!id) throw new NoNetwork("this is not the server's answer");
      await this.spool.change(session.key, (session) => void (session.id = id));
    } catch (error) {
      // The task is there no more: the recording is worth more than its name.
      if (error instanceof Refused && error.status === 404 && session.task) {
        await this.spool.change(session.key, (session) => void delete session.task);
        return true;
      }
      if (!(error instanceof Refused) || error.kind !== "no-minutes") return this.refuseSession(session, error);
      this.later.set(session.key, Date.now() + NO_MINUTES_WAIT_MS);
      this.tell({ network: "reached", noMinutes: true });
    }
    return true;
  }

  private async say(session: SpooledSession, event: SpooledEvent, token: string): Promise<boolean> {
    const { kind, session: key, number, ...body } = event;
    try {
      const facts = kind === "stop" ? { ...body, ...(await this.made(key)) } : body;
      const answer = await call<{ parts?: number[] } | undefined>("POST", `/api/v1/sessions/${session.id}/${kind}`, { token, body: facts });
      const gone = kind === "deletions" ? answer?.parts : undefined;
      if (gone) await this.spool.change(key, (session) => void (session.missing = [...new Set([...session.missing, ...gone])]));
      if (kind === "stop") await this.spool.change(key, (session) => void (session.announced = session.missing.length));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // What the recording is worth does not hang on a pause; its end does, and a deletion must not be forgotten.
      if (kind === "stop" || kind === "deletions" || error.status === 404) return this.refuseSession(session, error);
      console.error(`${kind} was refused: ${error.detail}`);
    }
    await this.spool.removeEvent(number);
    return true;
  }

  /** How many parts a stopped session has, and which of them will never come. */
  private async made(key: string): Promise<{ parts: number; missing: number[] }> {
    const { parts = 0, missing = [] } = (await this.spool.session(key)) ?? {};
    return { parts, missing };
  }

  /** After a reload: what the server has already need not be sent. */
  private async reconcile(session: SpooledSession, token: string): Promise<boolean> {
    if (await this.spool.nextPart(session.key, false)) {
      const has = await this.partsAt(session, token);
      for (const part of await this.spool.parts(session.key)) {
        const there = has.get(part.part);
        if (there?.state === "complete" && there.sha256 === part.sha256) await this.spool.confirm(part);
        if (there?.state === "deleted") await this.spool.giveUp(part);
      }
    }
    this.reconciled.add(session.key);
    this.tell({ changed: true });
    return true;
  }

  private async partsAt(session: SpooledSession, token: string): Promise<Map<number, { state: string; sha256: string | null }>> {
    type Answer = { parts?: { part: number; state: string; sha256: string | null }[]; next?: number | null };
    const all: NonNullable<Answer["parts"]> = [];
    for (let after: number | null = 0; after !== null; ) {
      const { parts, next = null }: Answer = await call<Answer>("GET", `/api/v1/sessions/${session.id}/parts?after=${after}`, { token });
      if (!parts) throw new NoNetwork("this is not the server's answer");
      all.push(...parts);
      after = next;
    }
    return new Map(all.map((part) => [part.part, part]));
  }

  private async send(session: SpooledSession, part: SpooledPart, token: string): Promise<boolean> {
    const bytes = await this.spool.bytes(part).catch(() => undefined);
    if (!bytes) return this.lose(session, part);
    try {
      const hash = await sendPart(part, bytes, `/api/v1/sessions/${session.id}/uploads`, token);
      const kept = hash ?? (await this.partsAt(session, token)).get(part.part)?.sha256;
      if (kept !== part.sha256) throw new NoNetwork("the server has not confirmed the part");
      await this.spool.confirm(part);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 410 && error.kind === "part-deleted") await this.spool.giveUp(part);
      else if (error.status === 460 && (await sha256(bytes)) !== part.sha256) return this.lose(session, part);
      else if (error.status === 460 || error.status === 410 || (error.status === 409 && error.kind === "offset-mismatch")) throw new NoNetwork(error.detail);
      else if (error.status === 404) return this.refuseSession(session, error);
      else await this.spool.refuse(part, error.detail);
    }
    this.tell({ changed: true });
    return true;
  }

  /** The disk gives the part's bytes no longer as they were: it is told as missing. */
  private async lose(session: SpooledSession, part: SpooledPart): Promise<boolean> {
    await this.spool.giveUp(part);
    const abnormal = session.abnormal ?? false;
    if (session.announced !== undefined) await this.spool.addEvent(session.key, { kind: "stop", at_seconds: session.held_at ?? 0, abnormal }, () => {});
    this.tell({ changed: true });
    return true;
  }

  private async refuseSession(session: SpooledSession, error: unknown): Promise<boolean> {
    if (!(error instanceof Refused)) throw error;
    await this.spool.change(session.key, (session) => void (session.refused = error.detail));
    this.tell({ changed: true });
    return true;
  }
}
