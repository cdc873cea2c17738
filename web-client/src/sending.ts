// One file on its way by tus: goes on after every break, renews its ticket, and says how it is.
import { DetailedError, Upload, type HttpRequest } from "tus-js-client";

/** What the server gives to whoever may send a file. */
export interface Permission {
  session_id: string;
  session_url: string;
  session_name: string;
  endpoint: string;
  upload_url: string | null;
  ticket: string;
  ticket_seconds: number;
}

/** What becomes of it. */
export interface Told {
  sent: (bytes: number) => void;
  waiting: (why: string) => void;
  paused: () => void;
  done: () => void;
  failed: (why: string) => void;
}

/** Bytes of one request: a ticket is asked for at its beginning. */
const CHUNK = 64 * 1024 * 1024;
/** Milliseconds between attempts, for about half a day. */
const PAUSES = [0, 1000, 2000, 5000, 10_000, ...Array<number>(1500).fill(30_000)];
/** Milliseconds before its end at which a ticket is renewed. */
const EARLY = 60_000;
/** Milliseconds without a byte after which a connection counts as dead: one that vanished does not always say so. */
const DEAD_AFTER = 30_000;
/** The same while the server works on what was sent. */
const SLOW_AFTER = 300_000;

export class Sending {
  private readonly upload: Upload;
  private ticket: string;
  private renewAt: number;
  private isWaiting = false;
  private watch = 0;

  constructor(
    file: File,
    permission: Permission,
    private readonly renew: () => Promise<Permission>,
    private readonly told: Told,
  ) {
    this.ticket = permission.ticket;
    this.renewAt = Date.now() + permission.ticket_seconds * 1000 - EARLY;
    this.upload = new Upload(file, {
      endpoint: new URL(permission.endpoint, location.href).href,
      ...(permission.upload_url ? { uploadUrl: new URL(permission.upload_url, location.href).href } : {}),
      metadata: { filename: file.name, filetype: file.type },
      chunkSize: CHUNK,
      retryDelays: PAUSES,
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => this.permit(request),
      onShouldRetry: (error) => this.again(error),
      onProgress: (bytes) => {
        this.isWaiting = false;
        this.look(bytes === file.size || bytes % CHUNK === 0 ? SLOW_AFTER : DEAD_AFTER);
        told.sent(bytes);
      },
      onSuccess: () => {
        this.stopLooking();
        told.done();
      },
      onError: (error) => {
        this.stopLooking();
        told.failed(reason(error));
      },
    });
    // The network is back: no need to wait for the next attempt.
    addEventListener("online", () => this.isWaiting && void this.anew());
  }

  goOn(): void {
    this.look(DEAD_AFTER);
    this.upload.start();
  }

  async pause(): Promise<void> {
    this.isWaiting = false;
    this.stopLooking();
    await this.upload.abort();
    this.told.paused();
  }

  /** Breaks the connection off and goes on from where the server is. */
  private async anew(): Promise<void> {
    await this.upload.abort();
    this.goOn();
  }

  private look(limit: number): void {
    this.stopLooking();
    this.watch = window.setTimeout(() => {
      this.told.waiting("Nothing gets through. Trying again…");
      void this.anew();
    }, limit);
  }

  private stopLooking(): void {
    clearTimeout(this.watch);
  }

  private async permit(request: HttpRequest): Promise<void> {
    if (Date.now() >= this.renewAt) {
      const fresh = await this.renew();
      this.ticket = fresh.ticket;
      this.renewAt = Date.now() + fresh.ticket_seconds * 1000 - EARLY;
    }
    request.setHeader("Authorization", `Bearer ${this.ticket}`);
  }

  private again(error: Error): boolean {
    const status = statusOf(error);
    // The ticket is not taken any more: a new one is asked for before the next request.
    if (status === 401) this.renewAt = 0;
    const passes = status === 0 || status >= 500 || [401, 408, 409, 423, 429, 460].includes(status);
    if (!passes) return false;
    this.isWaiting = true;
    this.stopLooking(); // it waits by itself
    const cause = error instanceof DetailedError ? error.causingError : null;
    const words = cause?.name === "Refused" ? cause.message : "";
    if (status === 507) this.told.waiting("The server has no room left. It goes on as soon as there is.");
    else if (status !== 409) this.told.waiting(words || "The connection broke. It goes on by itself as soon as it is back.");
    return true;
  }
}

function statusOf(error: Error): number {
  return error instanceof DetailedError ? (error.originalResponse?.getStatus() ?? 0) : 0;
}

/** A sentence about what ended it. */
function reason(error: Error): string {
  const status = statusOf(error);
  if (error instanceof DetailedError && status >= 400) {
    try {
      const { detail } = JSON.parse(error.originalResponse?.getBody() ?? "") as { detail?: string };
      if (detail) return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
    } catch {
      // Not in the server's words.
    }
    return `The server refused the file (${status}).`;
  }
  // Reading failed: the file was changed or its drive is gone.
  return "The file cannot be read any more. Was it changed, or its card or drive taken out?";
}
