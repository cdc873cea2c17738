// What the spool holds. Seconds and milliseconds are on the session's clock unless said otherwise.
import type { Anchor } from "./clock";

/** Who the device works for, as the server said when it was paired. */
export interface Pairing {
  token: string;
  device_id: string;
  seat_id: string;
  role: string;
  user_name: string;
  tenant_name: string;
}

/** Whose device it is, or was. */
export type Seat = Omit<Pairing, "token" | "device_id" | "role">;

export interface SpooledSession {
  /** The device's own id; the server knows it as the Idempotency-Key of the start. */
  key: string;
  /** Whose device it was then: nobody else may have the session. */
  seat?: Seat;
  /** The task that it is about. */
  task?: { id: string; title: string };
  /** The server's id, once it has been told of the session. */
  id?: string;
  /** Steady time in milliseconds. */
  begun: number;
  anchor: Anchor;
  state: "recording" | "paused" | "stopped";
  /** Where the clock stood when it was paused or stopped. */
  held_at?: number;
  /** Where the last part ends, in seconds. */
  recorded_to: number;
  /** From where to where each run goes, in milliseconds. */
  stretches: { run: number; from: number; to: number }[];
  /** Seconds of all pauses that are over. */
  paused_seconds: number;
  /** Parts made so far; the last one's number. */
  parts: number;
  /** Runs begun so far. */
  runs: number;
  /** Bytes made so far without those deleted, and how many of them the server has. */
  bytes: number;
  sent: number;
  /** Numbers of the parts that will never come. */
  missing: number[];
  /** Nobody said stop: the device had crashed. */
  abnormal?: boolean;
  /** How many missing parts the server was told of when it was told of the stop. */
  announced?: number;
  /** Why the server does not take it. */
  refused?: string;
  /** Why the server does not take one of its parts. */
  part_refused?: string;
}

/** Whether the session was recorded for whom the device works now. */
export const isOurs = ({ seat }: SpooledSession, pairing: Pairing | undefined) => !seat || !pairing || seat.seat_id === pairing.seat_id;

/** A part as the recorder made it. */
export interface NewPart {
  run: number;
  start_ms: number;
  duration_ms: number;
  /** 64 hex digits. */
  sha256: string;
  filetype: "video/webm" | "video/mp4";
  bytes: ArrayBuffer;
}

/** A part in the spool, without its bytes. */
export interface SpooledPart extends Omit<NewPart, "bytes"> {
  session: string;
  part: number;
  /** How many. */
  bytes: number;
  refused?: string;
}

/** What the server is told of a session besides its parts. */
export type Break =
  | { kind: "pause"; at_seconds: number }
  | { kind: "resume"; at_seconds: number }
  | { kind: "deletions"; from_seconds: number; to_seconds: number }
  | { kind: "stop"; at_seconds: number; abnormal: boolean };

export type SpooledEvent = Break & { session: string; number: number };
