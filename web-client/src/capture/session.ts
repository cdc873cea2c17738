// The running session: start, pause, resume, delete the last minute, stop, and going on after a reload. Every step is in
// the spool before it counts.
import { anchoredNow, clockAt, steadyNow } from "./clock";
import { Recorder, type RecorderHost } from "./recorder";
import type { Spool } from "./spool";
import type { NewPart, SpooledSession } from "./types";

/** A session that nobody went on with for so long is over. */
const LONGEST_BREAK_MS = 4 * 3_600_000;
const LAST_MINUTE_SECONDS = 60;

export interface SessionHost {
  /** The session, or what is recorded of it, has changed. */
  changed(): void;
  trouble(what: "stalled" | "disk" | undefined): void;
  full(): void;
  opened(stream: MediaStream): void;
}

export class RunningSession {
  current: SpooledSession | undefined;
  private recorder: Recorder | undefined;
  /** One step after another, however fast somebody taps. */
  private steps: Promise<unknown> = Promise.resolve();

  constructor(private readonly spool: Spool, private readonly host: SessionHost) {}

  /** The session found running in the spool. One that is too old is ended as abnormal and only delivered. */
  async recover(): Promise<SpooledSession | undefined> {
    for (const session of await this.spool.sessions()) {
      if (session.state === "stopped") continue;
      const tooOld = Math.abs(steadyNow() - session.anchor.wall) > LONGEST_BREAK_MS;
      if (this.current || tooOld) await this.end(session.key, session.held_at ?? session.recorded_to, true);
      else this.current = await this.spool.change(session.key, (session) => void (session.anchor = anchoredNow(session.anchor)));
    }
    return this.current;
  }

  /** Seconds without the pauses. */
  get elapsed(): number {
    return this.current ? this.lastAt() - this.current.paused_seconds : 0;
  }

  /** Starts a session: recording is live when it resolves. */
  start = (stream: MediaStream, format: string, task?: { id: string; title: string }) =>
    this.step(async () => {
      if (this.current) return;
      this.current = await this.spool.beginSession(task);
      await this.record(stream, format);
    });

  /** Goes on with the session after a reload, as a new run. */
  goOn = (stream: MediaStream, format: string) =>
    this.step(async () => {
      if (this.current?.state === "recording") await this.record(stream, format);
    });

  pause = () =>
    this.step(async () => {
      if (this.current?.state !== "recording") return;
      await this.recorder?.stop();
      const at = this.lastAt();
      await this.note(this.spool.addEvent(this.current.key, { kind: "pause", at_seconds: at }, (session) => {
        session.state = "paused";
        session.held_at = at;
      }));
    });

  /** Goes on after a pause; after a reload it needs the camera. */
  resume = (stream: MediaStream, format: string) =>
    this.step(async () => {
      if (this.current?.state !== "paused") return;
      const at = this.clock();
      await this.note(this.spool.addEvent(this.current.key, { kind: "resume", at_seconds: at }, (session) => {
        session.state = "recording";
        session.paused_seconds += at - (session.held_at ?? at);
        delete session.held_at;
      }));
      await this.record(stream, format);
    });

  /** Deletes the last minute that was recorded, here and at the server: pauses do not count. `false` when nothing is recorded. */
  deleteLastMinute = () =>
    this.step(async () => {
      const session = this.current;
      if (!session) return false;
      // What is being recorded touches the stretch: its run ends, and goes up to its last piece.
      await this.recorder?.stop();
      const stretches = (await this.spool.session(session.key))?.stretches ?? [];
      const from = beginOfLast(LAST_MINUTE_SECONDS * 1000, stretches);
      if (from !== undefined) await this.note(this.spool.deleteStretch(session.key, from / 1000, this.lastAt()));
      if (session.state === "recording") await this.recorder?.start();
      return from !== undefined;
    });

  stop = () =>
    this.step(async () => {
      const session = this.current;
      if (!session) return;
      // Stopped after a reload, it ended where recording did.
      await this.recorder?.stop();
      const at = this.recorder ? this.lastAt() : (session.held_at ?? session.recorded_to);
      this.recorder?.close();
      await this.end(session.key, at, false);
      this.current = undefined;
      this.recorder = undefined;
      this.host.changed();
    });

  /** Where recording is on the session's clock, or was when it was paused. */
  private lastAt = () => (this.current?.state === "paused" ? (this.current.held_at ?? 0) : this.clock());
  private clock = () => (this.current ? clockAt(this.current.anchor) : 0);

  private async record(stream: MediaStream, format: string): Promise<void> {
    this.recorder ??= new Recorder(stream, format, this.recorderHost());
    await this.recorder.start(stream);
    this.host.changed();
  }

  private recorderHost(): RecorderHost {
    const key = this.current?.key ?? "";
    return {
      clock: this.clock,
      beginRun: () => this.spool.beginRun(key),
      keep: (part: NewPart) => this.note(this.spool.addPart(key, part)),
      trouble: (what) => this.host.trouble(what),
      full: () => this.host.full(),
      opened: (stream) => this.host.opened(stream),
    };
  }

  private end = (key: string, at: number, abnormal: boolean) =>
    this.spool.addEvent(key, { kind: "stop", at_seconds: at, abnormal }, (session) => {
      session.state = "stopped";
      session.held_at = at;
      session.abnormal = abnormal;
    });

  /** Takes over what a change has made of the session. */
  private async note(change: Promise<SpooledSession | undefined>): Promise<void> {
    const session = await change;
    if (session && session.key === this.current?.key) this.current = session;
    this.host.changed();
  }

  private step<T>(work: () => Promise<T>): Promise<T> {
    const done = this.steps.then(work);
    this.steps = done.catch(() => {});
    return done;
  }
}

/** Where the last so many milliseconds of these stretches begin; `undefined` without any. */
function beginOfLast(length: number, stretches: { from: number; to: number }[]): number | undefined {
  let left = length;
  for (const { from, to } of [...stretches].reverse()) {
    if (to - from >= left) return to - left;
    left -= to - from;
  }
  return stretches[0]?.from;
}
