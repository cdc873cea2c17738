// A run: one stream of the MediaRecorder without a break, which comes in pieces of two seconds.
import { AUDIO_BITS_PER_SECOND, VIDEO_BITS_PER_SECOND } from "./camera";

const PIECE_MS = 2000;
const STALLED_MS = 6000;
/** A recorder that has stalled may never say that it has stopped. */
const STOP_WITHIN_MS = 3000;

/** What the recorder gives: where it lies on the session's clock, in seconds. */
export interface Piece {
  blob: Blob;
  from: number;
  to: number;
}

export class Run {
  /** When the last piece came, in milliseconds of the page. */
  heardAt = performance.now();
  private readonly recorder: MediaRecorder;
  private from = 0;
  private readonly stopped: Promise<void>;

  constructor(stream: MediaStream, format: string, clock: () => number, keep: (piece: Piece) => void, failed: () => void) {
    // A keyframe for each piece, where the browser lets us: MP4 comes in pieces that begin with one, and gaps end at one.
    const options: MediaRecorderOptions & { videoKeyFrameIntervalDuration: number } = {
      mimeType: format,
      videoKeyFrameIntervalDuration: PIECE_MS,
      videoBitsPerSecond: VIDEO_BITS_PER_SECOND,
      audioBitsPerSecond: AUDIO_BITS_PER_SECOND,
    };
    this.recorder = new MediaRecorder(stream, options);
    this.recorder.ondataavailable = ({ data }) => {
      if (data.size === 0) return;
      this.heardAt = performance.now();
      const to = clock();
      keep({ blob: data, from: this.from, to });
      this.from = to;
    };
    this.recorder.onerror = failed;
    this.stopped = new Promise((done) => (this.recorder.onstop = () => done()));
    this.from = clock();
    this.recorder.start(PIECE_MS);
  }

  /** Milliseconds without a piece after which it has stalled. Some browsers give MP4 in longer pieces than they are asked for. */
  get patience(): number {
    return this.filetype === "video/mp4" ? 2 * STALLED_MS : STALLED_MS;
  }

  get filetype(): "video/webm" | "video/mp4" {
    return this.recorder.mimeType.startsWith("video/mp4") ? "video/mp4" : "video/webm";
  }

  /** Resolves once the last piece has been given, or will never be. */
  async end(): Promise<void> {
    if (this.recorder.state !== "inactive") this.recorder.stop();
    await Promise.race([this.stopped, new Promise((done) => setTimeout(done, STOP_WITHIN_MS))]);
  }
}
