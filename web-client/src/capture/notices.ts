// What the organisation says about being recorded, as the server told it last: shown and spoken without a network, too.
import { call, NoNetwork, Refused } from "./api";
import type { ServerFacts } from "./preflight";
import type { Spool } from "./spool";
import type { Pairing } from "./types";

export interface Notices {
  /** Whose: another seat is told anew. */
  seat_id: string;
  /** Shown and spoken when recording begins; empty where none stands. */
  recording: string;
  /** In which language that is spoken: BCP 47. */
  language: string;
  /** What the wearer accepts before the first session, and after every change. */
  consent: { version: number; text: string; accepted: boolean } | undefined;
}

const KEY = "notices";

/** As the server told it last, for this seat. */
export async function known(spool: Spool, pairing: Pairing | undefined): Promise<Notices | undefined> {
  const kept = await spool.setting<Notices>(KEY);
  return kept && kept.seat_id === pairing?.seat_id ? kept : undefined;
}

/** What the server says now, kept for when it can't be reached. */
export async function told(spool: Spool, pairing: Pairing, facts: ServerFacts): Promise<Notices> {
  const { consent } = facts;
  const notices: Notices = {
    seat_id: pairing.seat_id,
    recording: facts.recording_notice?.text ?? "",
    language: facts.recording_notice?.language ?? "en",
    consent: consent ? { version: consent.version, text: consent.text, accepted: consent.accepted_at !== null } : undefined,
  };
  await spool.keepSetting(KEY, notices).catch(() => {});
  return notices;
}

/** Whether the wearer has something to accept before recording. */
export const needsConsent = (notices: Notices | undefined) => notices?.consent?.accepted === false;

/** Tells the server that the wearer agrees; why not, in words, when that did not work. */
export async function accept(spool: Spool, pairing: Pairing, notices: Notices): Promise<string> {
  if (!notices.consent) return "";
  try {
    await call("POST", "/api/v1/consent", { token: pairing.token, body: { version: notices.consent.version } });
  } catch (error) {
    if (error instanceof Refused) return "The text was changed. Read it again.";
    return error instanceof NoNetwork ? "No network. Your consent is noted with the office: try again when there is one." : String(error);
  }
  notices.consent.accepted = true;
  await spool.keepSetting(KEY, notices).catch(() => {});
  return "";
}
