// Records a session in runs and puts every piece into the spool. A recorder or a camera that stalls is started again as
// a new run; the session goes on.
import { closeCamera, openCamera } from "./camera";
import { Run, type Piece } from "./run";
import { sha256 } from "./send-part";
import type { NewPart } from "./types";

/** Milliseconds with a muted camera or microphone after which the run is started again. */
const MUTED_MS = 6000;
const LOOK_EVERY_MS = 500;
const AGAIN_AFTER_MS = 2000;
/** So many pieces wait in memory for room on the disk before recording pauses. */
const MOST_HELD = 20;

export interface RecorderHost {
  /** Seconds on the session's clock. */
  clock(): number;
  beginRun(): Promise<number>;
  keep(part: NewPart): Promise<unknown>;
  /** What is wrong at the moment; `undefined` when all is well again. */
  trouble(what: "stalled" | "disk" | undefined): void;
  /** There is no room left and too much waits for it: recording has to pause. */
  full(): void;
  /** The stream was replaced. */
  opened(stream: MediaStream): void;
}

export class Recorder {
  private run: Run | undefined;
  private wanted = false;
  private restarting = false;
  /** Counts starts and stops: a restart that was overtaken by one of them gives up. */
  private turn = 0;
  private readonly watch = setInterval(() => void this.look(), LOOK_EVERY_MS);
  private mutedAt: number | undefined;
  private held = 0;
  /** Pieces are kept one after another, so that their numbers are in their order. */
  private kept: Promise<unknown> = Promise.resolve();

  constructor(private stream: MediaStream, private readonly format: string, private readonly host: RecorderHost) {}

  /** Begins a run. */
  async start(stream?: MediaStream): Promise<void> {
    if (stream) this.stream = stream;
    this.wanted = true;
    this.turn += 1;
    this.restarting = false;
    this.setEnabled(true);
    await this.begin();
  }

  /** Ends the run; resolves once everything of it is in the spool. */
  async stop(): Promise<void> {
    this.wanted = false;
    this.turn += 1;
    const run = this.run;
    this.run = undefined;
    await run?.end();
    await this.kept;
    if (!this.wanted) this.setEnabled(false);
  }

  /** Looks after nothing any longer. */
  close(): void {
    clearInterval(this.watch);
  }

  private async begin(): Promise<void> {
    const number = await this.host.beginRun();
    const run: Run = new Run(this.stream, this.format, () => this.host.clock(), (piece) => this.take(number, run.filetype, piece), () => void this.restart());
    this.mutedAt = undefined;
    this.run = run;
  }

  private take(run: number, filetype: NewPart["filetype"], { blob, from, to }: Piece): void {
    this.held += 1;
    if (this.held > MOST_HELD && this.wanted) this.host.full();
    this.kept = this.kept.then(async () => {
      const bytes = await blob.arrayBuffer();
      const start_ms = Math.round(from * 1000);
      const part = { run, filetype, bytes, start_ms, duration_ms: Math.round(to * 1000) - start_ms, sha256: await sha256(bytes) };
      await this.keep(part);
      this.held -= 1;
    });
  }

  /** Tries until there is room: a piece is let go only when it is in the spool. */
  private async keep(part: NewPart): Promise<void> {
    for (;;) {
      try {
        await this.host.keep(part);
        if (this.held > 1) this.host.trouble(undefined);
        return;
      } catch (error) {
        console.error("the spool did not take a part", error);
        this.host.trouble("disk");
        await pause(AGAIN_AFTER_MS);
      }
    }
  }

  private async look(): Promise<void> {
    if (!this.wanted || this.restarting || !this.run) return;
    const tracks = this.stream.getTracks();
    const now = performance.now();
    this.mutedAt = tracks.some((track) => track.muted) ? (this.mutedAt ?? now) : undefined;
    const muted = this.mutedAt !== undefined && now - this.mutedAt > MUTED_MS;
    const silent = now - this.run.heardAt > this.run.patience;
    if (muted || silent || tracks.some((track) => track.readyState === "ended")) await this.restart();
  }

  /** Ends what stalls and begins again, until it goes or nobody wants it any longer. */
  private async restart(): Promise<void> {
    if (this.restarting || !this.wanted) return;
    this.restarting = true;
    const { turn, run } = this;
    const overtaken = () => this.turn !== turn;
    this.host.trouble("stalled");
    this.run = undefined;
    await run?.end();
    while (!overtaken()) {
      closeCamera(this.stream);
      try {
        const stream = await openCamera();
        if (overtaken()) return closeCamera(stream);
        this.stream = stream;
        this.host.opened(stream);
        await this.begin();
        this.restarting = false;
        this.host.trouble(undefined);
        return;
      } catch (error) {
        console.error("the camera did not start again", error);
        await pause(AGAIN_AFTER_MS);
      }
    }
  }

  private setEnabled(on: boolean): void {
    for (const track of this.stream.getTracks()) track.enabled = on;
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
