// What the page knows, and which screen that makes.
import { needsConsent, type Notices } from "./notices";
import type { Check, Reached } from "./preflight";
import type { RunningSession } from "./session";
import type { Task } from "./tasks";
import { isOurs, type Pairing, type SpooledSession } from "./types";

export type Screen =
  | "opening" | "insecure" | "unsupported" | "elsewhere" | "pairing" | "camera" | "ready" | "recording" | "interrupted" | "uploading";

export interface Model {
  /** What this browser lacks; empty when it can record. */
  lacking: string[];
  /** Whether this is the tab that records. */
  leads: boolean;
  pairing: Pairing | undefined;
  /** The server has shut the device out. */
  revoked: boolean;
  /** A code that waits for a tap, as the device is paired already; empty without one. */
  newCode: string;
  canScan: boolean;
  scanning: boolean;
  session: RunningSession | undefined;
  /** A reload interrupted the session, and it needs a tap to go on. */
  interrupted: boolean;
  stream: MediaStream | undefined;
  noCamera: "denied" | "absent" | "busy" | undefined;
  /** After a stop, until somebody wants to go on. */
  afterStop: boolean;
  network: "unknown" | "reached" | "lost";
  /** The server's words for why it can't take anything now. */
  busy: string;
  reached: Reached;
  notices: Notices | undefined;
  /** Why the consent was not noted. */
  consentProblem: string;
  checks: Check[];
  /** What the engineer can begin, and the id of what is chosen; empty for none. */
  tasks: Task[];
  task: string;
  sessions: SpooledSession[];
  waiting: Map<string, { parts: number; bytes: number }>;
  trouble: string;
  notice: string;
  /** Said when storage is nearly full. */
  room: string;
  /** The next tap deletes. */
  deleteArmed: boolean;
  canListen: boolean;
  listensLocally: boolean;
}

export const emptyModel = (): Model => ({
  lacking: [], leads: false, pairing: undefined, revoked: false, newCode: "", canScan: false, scanning: false, session: undefined,
  interrupted: false, stream: undefined, noCamera: undefined, afterStop: false, network: "unknown", busy: "", reached: undefined, notices: undefined, consentProblem: "",
  checks: [], tasks: [], task: "", sessions: [], waiting: new Map(), trouble: "", notice: "", room: "", deleteArmed: false, canListen: false, listensLocally: false,
});

export function screenOf(model: Model): Screen {
  if (!isSecureContext) return "insecure";
  if (model.lacking.length > 0) return "unsupported";
  if (!model.session) return model.leads ? "opening" : "elsewhere";
  if (model.session.current) {
    if (model.interrupted) return model.noCamera ? "camera" : "interrupted";
    return model.noCamera ? "camera" : "recording";
  }
  if (!model.pairing || model.revoked || model.newCode) return "pairing";
  if (model.noCamera) return "camera";
  return model.afterStop ? "uploading" : "ready";
}

/** Bytes and sessions of the paired seat that are still on the device, and what of it the server has. */
export function totals(model: Model): { sessions: number; bytes: number; sent: number; refused: string | undefined } {
  const sessions = model.sessions.filter((session) => isOurs(session, model.pairing));
  const bytes = sessions.reduce((sum, { key }) => sum + (model.waiting.get(key)?.bytes ?? 0), 0);
  const sent = sessions.reduce((sum, session) => sum + session.sent, 0);
  return { sessions: sessions.length, bytes, sent, refused: sessions.map((session) => session.refused ?? session.part_refused).find(Boolean) };
}

/** Nothing can be recorded now. */
export const cannotStart = (model: Model) => outOfMinutes(model) || needsConsent(model.notices);

/** The server takes no new session. */
export const outOfMinutes = ({ reached }: Model) => typeof reached === "object" && reached.facts.minutes_left === 0;
