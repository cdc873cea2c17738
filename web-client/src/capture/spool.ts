// The spool: what was recorded and has not been confirmed by the server, in IndexedDB. A part's bytes and its facts are
// written in one transaction, and every write is on the disk before it counts.
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from "idb";
import { anchoredNow, steadyNow } from "./clock";
import type { Break, NewPart, Pairing, SpooledEvent, SpooledPart, SpooledSession } from "./types";

interface Schema extends DBSchema {
  settings: { key: string; value: unknown };
  sessions: { key: string; value: SpooledSession };
  parts: { key: [string, number]; value: SpooledPart };
  bytes: { key: [string, number]; value: ArrayBuffer };
  events: { key: number; value: SpooledEvent; indexes: { session: string } };
}
type Name = StoreNames<Schema>;
type Transaction = IDBPTransaction<Schema, Name[], "readwrite">;

const partsOf = (session: string) => IDBKeyRange.bound([session, 0], [session, Infinity]);

export class Spool {
  private constructor(private readonly db: IDBPDatabase<Schema>) {}

  static async open(): Promise<Spool> {
    const db = await openDB<Schema>("trainar-capture", 1, {
      upgrade(db) {
        db.createObjectStore("settings");
        db.createObjectStore("sessions", { keyPath: "key" });
        db.createObjectStore("parts", { keyPath: ["session", "part"] });
        db.createObjectStore("bytes");
        db.createObjectStore("events", { keyPath: "number", autoIncrement: true }).createIndex("session", "session");
      },
    });
    return new Spool(db);
  }

  setting = <T>(key: string): Promise<T | undefined> => this.db.get("settings", key) as Promise<T | undefined>;
  keepSetting = (key: string, value: unknown) => this.write(["settings"], (tx) => tx.objectStore("settings").put(value, key));

  session = (key: string) => this.db.get("sessions", key);

  /** All sessions, the oldest first. */
  async sessions(): Promise<SpooledSession[]> {
    return (await this.db.getAll("sessions")).sort((a, b) => a.begun - b.begun);
  }

  /** A new session, for whom the device works now, about a task if one is given. */
  async beginSession(task?: { id: string; title: string }): Promise<SpooledSession> {
    const { seat_id, user_name, tenant_name } = (await this.setting<Pairing>("pairing")) ?? {};
    const wall = steadyNow();
    const key = crypto.randomUUID();
    const session: SpooledSession = {
      key, begun: wall, anchor: { clock: 0, wall }, state: "recording", recorded_to: 0, stretches: [], paused_seconds: 0, parts: 0, runs: 0, bytes: 0, sent: 0, missing: [],
    };
    if (task) session.task = task;
    if (seat_id && user_name !== undefined && tenant_name !== undefined) session.seat = { seat_id, user_name, tenant_name };
    await this.write(["sessions"], (tx) => tx.objectStore("sessions").add(session));
    return session;
  }

  /** Changes a session; `undefined` when it is no longer there. */
  change = (key: string, how: (session: SpooledSession) => void) => this.write(["sessions"], (tx) => changed(tx, key, how));

  /** Number of a new run. */
  async beginRun(key: string): Promise<number> {
    const session = await this.change(key, (session) => void (session.runs += 1));
    if (!session) throw new Error("the session is no longer in the spool");
    return session.runs;
  }

  /** Adds a part under the next number of its session. */
  addPart = (key: string, { bytes, ...facts }: NewPart) =>
    this.write(["sessions", "parts", "bytes"], async (tx) => {
      const session = await changed(tx, key, (session) => {
        session.parts += 1;
        session.bytes += bytes.byteLength;
        session.anchor = anchoredNow(session.anchor);
        const to = facts.start_ms + facts.duration_ms;
        const last = (session.stretches ??= []).at(-1);
        if (last?.run === facts.run) last.to = to;
        else session.stretches.push({ run: facts.run, from: facts.start_ms, to });
        session.recorded_to = Math.max(session.recorded_to, (facts.start_ms + facts.duration_ms) / 1000);
      });
      if (!session) throw new Error("the session is no longer in the spool");
      await tx.objectStore("parts").add({ ...facts, session: key, part: session.parts, bytes: bytes.byteLength });
      await tx.objectStore("bytes").add(bytes, [key, session.parts]);
      return session;
    });

  /** Notes an event for the server together with what it changes in the session. */
  addEvent = (key: string, event: Break, how: (session: SpooledSession) => void) =>
    this.write(["sessions", "events"], async (tx) => {
      await tx.objectStore("events").add({ ...event, session: key } as SpooledEvent);
      return changed(tx, key, how);
    });

  /** Deletes every part that touches the stretch (seconds on the session's clock), and notes that for the server. */
  deleteStretch = (key: string, from: number, to: number) =>
    this.write(["sessions", "parts", "bytes", "events"], async (tx) => {
      const gone: SpooledPart[] = [];
      for (const part of await tx.objectStore("parts").getAll(partsOf(key))) {
        if (part.start_ms < to * 1000 && part.start_ms + part.duration_ms > from * 1000) gone.push(part);
      }
      for (const part of gone) await removed(tx, part);
      await tx.objectStore("events").add({ kind: "deletions", from_seconds: from, to_seconds: to, session: key } as SpooledEvent);
      return changed(tx, key, (session) => {
        session.missing = union(session.missing, gone.map((part) => part.part));
        session.bytes -= gone.reduce((sum, part) => sum + part.bytes, 0);
      });
    });

  events = (key: string) => this.db.getAllFromIndex("events", "session", key);
  removeEvent = (number: number) => this.write(["events"], (tx) => tx.objectStore("events").delete(number));

  /** A session's parts without their bytes, in order. */
  parts = (key: string) => this.db.getAll("parts", partsOf(key));
  bytes = (part: SpooledPart) => this.db.get("bytes", [part.session, part.part]);

  /** The first or the last part of a session that the server has not refused. */
  async nextPart(key: string, newest: boolean): Promise<SpooledPart | undefined> {
    const store = this.db.transaction("parts").store;
    for (let at = await store.openCursor(partsOf(key), newest ? "prev" : "next"); at; at = await at.continue()) {
      if (!at.value.refused) return at.value;
    }
    return undefined;
  }

  /** Removes a part that the server has. */
  confirm = (part: SpooledPart) =>
    this.write(["sessions", "parts", "bytes"], async (tx) => {
      if (await removed(tx, part)) await changed(tx, part.session, (session) => void (session.sent += part.bytes));
    });

  /** Removes a part that will never arrive: deleted by somebody, or unreadable. */
  giveUp = (part: SpooledPart) =>
    this.write(["sessions", "parts", "bytes"], async (tx) => {
      if (!(await removed(tx, part))) return;
      await changed(tx, part.session, (session) => {
        session.missing = union(session.missing, [part.part]);
        session.bytes -= part.bytes;
      });
    });

  /** The part stays, and is not tried again for now. */
  refuse = (part: SpooledPart, why: string) =>
    this.write(["sessions", "parts"], async (tx) => {
      const parts = tx.objectStore("parts");
      if (!(await parts.getKey([part.session, part.part]))) return;
      await parts.put({ ...part, refused: why });
      await changed(tx, part.session, (session) => void (session.part_refused = why));
    });

  /** Tries again what was refused: another pairing, or another day. */
  async forgetRefusals(): Promise<void> {
    await this.write(["sessions", "parts"], async (tx) => {
      for (let at = await tx.objectStore("sessions").openCursor(); at; at = await at.continue()) {
        const { refused, part_refused, ...session } = at.value;
        if (refused || part_refused) await at.update(session);
      }
      for (let at = await tx.objectStore("parts").openCursor(); at; at = await at.continue()) {
        const { refused, ...part } = at.value;
        if (refused) await at.update(part);
      }
    });
  }

  removeSession = (key: string) => this.write(["sessions"], (tx) => tx.objectStore("sessions").delete(key));

  /** What waits of each session. */
  async waiting(): Promise<Map<string, { parts: number; bytes: number }>> {
    const waiting = new Map<string, { parts: number; bytes: number }>();
    for (const { key, bytes, sent } of await this.sessions()) {
      waiting.set(key, { parts: await this.db.count("parts", partsOf(key)), bytes: bytes - sent });
    }
    return waiting;
  }

  private async write<T>(stores: Name[], work: (tx: Transaction) => Promise<T>): Promise<T> {
    const tx = this.db.transaction(stores, "readwrite", { durability: "strict" });
    // Both are waited for: a full disk says so only at the end of the transaction.
    const [result] = await Promise.all([work(tx), tx.done]);
    return result;
  }
}

async function changed(tx: Transaction, key: string, how: (session: SpooledSession) => void) {
  const session = await tx.objectStore("sessions").get(key);
  if (!session) return undefined;
  how(session);
  await tx.objectStore("sessions").put(session);
  return session;
}

/** False when it had gone already: deleted by the engineer while it was sent. */
async function removed(tx: Transaction, part: SpooledPart): Promise<boolean> {
  if (!(await tx.objectStore("parts").getKey([part.session, part.part]))) return false;
  await tx.objectStore("parts").delete([part.session, part.part]);
  await tx.objectStore("bytes").delete([part.session, part.part]);
  return true;
}

const union = (some: number[], more: number[]) => [...new Set([...some, ...more])].sort((a, b) => a - b);
